"""How long a voice takes to say a text, before it has said it. Pure.

The rates are measured (`make measure-voices`): what a letter adds, a comma, the end of a sentence,
and what every text takes at its ends.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from shared.story.speech.numbers import ENGLISH
from shared.story.speech.rates import RATES
from shared.story.speech.spoken import say

NEURAL, ESPEAK = "joe", "espeak"
"""The voices: the neural one speaks English, espeak-ng all that it does not."""

NORMAL = 150
"""Words a minute at which rates are measured."""

STRETCH = 1.08
"""So much faster a voice may be made afterwards, and still sound as it should."""

_DIGIT = 4  # letters that a digit has when it is said, about
_VOWEL_MARKS = frozenset("ुूृेैॅ")
"""Of Devanagari, those that take no room of their own."""
_ENDS = re.compile(r"[.!?…؟।]+(?=[\"'”’»)\]]*\s)|[。！？](?=.)")
_PAUSES = re.compile(r"[,;:،؛](?=\s)|[、，；：]|\s[—–-]\s|—")
# English writes what it does not say: a last e, a second letter of the same, two for one sound.
_UNSAID = (
    (re.compile(r"(?<=[a-z]{2})e(s?)\b"), r"\1"),
    (re.compile(r"(.)\1"), r"\1"),
    (re.compile(r"th|sh|ch|ph|wh|gh|ck|ng|qu"), "x"),
    (re.compile(r"[aeiouy]{2,}|[aeo]w"), "o"),
)


class Counts(NamedTuple):
    """What of a text takes time: its letters, its pauses, the sentences that end within it."""

    letters: int
    pauses: int
    ends: int


def count(text: str, language: str, names: Mapping[str, str] | None = None) -> Counts:
    """Return what of a text takes time to say."""
    said = say(text.strip(), language, names).text.lower()
    pauses, ends = len(_PAUSES.findall(said)), len(_ENDS.findall(said))
    for pattern, sound in _UNSAID if language == ENGLISH else ():
        said = pattern.sub(sound, said)
    is_sounded = str.isalpha if said.isascii() else _is_sounded  # looked up fast where it can be
    letters = sum(map(is_sounded, said)) + _DIGIT * sum(map(str.isdigit, said))
    return Counts(letters, pauses, ends)


def _is_sounded(char: str) -> bool:
    """Tell whether a character is a letter, or a vowel that some scripts write as a mark."""
    return char.isalpha() or unicodedata.category(char) == "Mc" or char in _VOWEL_MARKS


def choose_voice(language: str) -> str:
    """Return the voice that speaks a language where nobody has chosen one."""
    return NEURAL if language == ENGLISH else ESPEAK


def speaking_seconds(
    text: str,
    language: str,
    voice: str,
    *,
    words_a_minute: float = NORMAL,
    names: Mapping[str, str] | None = None,
) -> float:
    """Return how long this voice takes for a text; a voice that is not known is taken as usual."""
    counts = count(text, language, names)
    if not counts.letters:
        return 0.0
    rates = RATES.get((voice, language)) or RATES.get((ESPEAK, language)) or RATES[ESPEAK, "*"]
    letter, pause, end, start = rates
    seconds = start + letter * counts.letters + pause * counts.pauses + end * counts.ends
    return seconds * NORMAL / words_a_minute
