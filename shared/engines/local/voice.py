"""Speaks a text: writes a WAV file, and tells when each of the words sounds.

English has a neural voice, where it can be installed; all else is spoken by espeak-ng.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from shared.engines.local import espeak, neural
from shared.engines.local.language import UNSPACED, language_of
from shared.engines.local.optional import has_neural_voice
from shared.engines.local.recording import (
    Mark,
    Recording,
    Sound,
    block_samples,
    measure_levels,
    shift_pitch,
    trim,
    write,
)
from shared.engines.local.styles import VoiceChoice
from shared.story.errors import BadInput
from shared.story.speech.spoken import SpokenText, say

_LONGEST = 4_000  # characters
# Chinese characters. In Chinese, espeak-ng reads them; in Japanese, it says "Chinese letter".
_HAN = re.compile(r"[\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SpokenWord:
    """A word as it is written, with its punctuation, and when it sounds (seconds)."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class SpokenWords:
    """A recording's length and its words in order."""

    seconds: float
    words: tuple[SpokenWord, ...]


def speak(
    text: str,
    voice: VoiceChoice,
    out: Path,
    rate: float = 1.0,
    *,
    seed: int = 0,
    names: Mapping[str, str] | None = None,
) -> SpokenWords:
    """Write the spoken text as 22.05 kHz mono WAV and return its words.

    A `rate` of 1.1 speaks a tenth faster. `names` are words and how they are pronounced.
    """
    text = " ".join(text.split())
    language = language_of(text)
    _refuse_text(text, language)
    said = say(text, language, names)
    recording = trim(_record(said, language, voice, rate, seed))
    if not recording.marks or not recording.sound.any():
        raise BadInput(f"no voice can read {text!r}", field="narration")
    write(recording, out)
    seconds = len(recording.sound) / recording.rate
    return SpokenWords(seconds, tuple(_time_words(text, language, recording)))


def _refuse_text(text: str, language: str) -> None:
    """Refuse a text that no voice can speak."""
    if not any(letter.isalnum() for letter in text):
        raise BadInput(f"nothing to say in {text!r}: a narration needs words", field="narration")
    if len(text) > _LONGEST:
        raise BadInput(
            f"a narration may have {_LONGEST:,} characters, not {len(text):,}", field="narration"
        )
    if language == "ja" and _HAN.search(text):
        raise BadInput("no voice can read kanji here: write them as kana", field="narration")


def _record(
    said: SpokenText, language: str, voice: VoiceChoice, rate: float, seed: int
) -> Recording:
    """Return what the voice of this language says, its words where they are written."""
    recording = None
    if language == neural.LANGUAGE and has_neural_voice():
        recording = _try_neural(said.text, voice, rate, seed)
    if recording is None:
        recording = espeak.record(said.text, language, voice, rate)
    marks = tuple((said.find_written(place), sample) for place, sample in recording.marks)
    return replace(recording, marks=marks)


def _try_neural(text: str, voice: VoiceChoice, rate: float, seed: int) -> Recording | None:
    """Return what the neural voice says; None where its libraries fail on this machine."""
    try:
        spoken = neural.record(text, voice, rate / voice.shift, seed)
        return shift_pitch(spoken, voice.shift)
    except (ImportError, OSError, RuntimeError) as error:
        _tell_once(str(error))
        return None


@cache
def _tell_once(reason: str) -> None:
    log.warning("the neural voice does not run here, espeak-ng speaks: %s", reason)


def _time_words(text: str, language: str, recording: Recording) -> list[SpokenWord]:
    """Return the words of the text with their times."""
    # espeak-ng marks only where a word begins. It ends with the last sound before the next mark.
    tokens = _cut_at_marks(text, recording.marks, language not in UNSPACED)
    levels = measure_levels(recording.sound, recording.rate)
    block = block_samples(recording.rate) / recording.rate
    limits = [sample / recording.rate for _, sample in tokens]
    limits.append(len(recording.sound) / recording.rate)
    words = []
    for (token, _), (start, limit) in zip(tokens, pairwise(limits), strict=True):
        if limit > start:
            words.append(SpokenWord(token, start, _find_end(levels, block, start, limit)))
        elif words:
            # Two words with one time: a caption can't light one without the other.
            words[-1] = SpokenWord(f"{words[-1].text} {token}", words[-1].start, words[-1].end)
    return words


def _cut_at_marks(text: str, marks: Sequence[Mark], is_spaced: bool) -> list[tuple[str, int]]:
    """Return the words of the text, each with the sample where it begins.

    A word such as "well-known" has several marks, so only scripts that write without spaces are
    cut at every mark. What has no mark, such as a dash, stays with the word before it.
    """
    cuts: list[Mark] = []
    for match in re.finditer(r"\S+", text):
        inside = [mark for mark in marks if match.start() <= mark[0] < match.end()]
        if inside:
            first = (match.start(), inside[0][1])
            cuts += _keep_rising(cuts, [first] if is_spaced else [first, *inside[1:]])
    starts = [0, *(place for place, _ in cuts[1:]), len(text)]
    words = [text[a:b].strip() for a, b in pairwise(starts)]
    return [(word, sample) for word, (_, sample) in zip(words, cuts, strict=True) if word]


def _keep_rising(cuts: Sequence[Mark], marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks that go on in the text and in time; Japanese ones repeat their place."""
    kept: list[Mark] = []
    for place, sample in marks:
        before = (kept or cuts)[-1] if kept or cuts else (-1, -1)
        if place > before[0] and sample >= before[1]:
            kept.append((place, sample))
    return kept


def _find_end(levels: Sound, block: float, start: float, limit: float) -> float:
    """Return when the last sound between two times ends; `block` is the seconds of a level."""
    # the last block is left out: the next word begins within it
    first, last = int(start / block), int(limit / block)
    heard = np.flatnonzero(levels[first:last])
    return max(start, min(limit, (first + int(heard[-1]) + 1) * block)) if len(heard) else limit
