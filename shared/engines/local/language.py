"""Guesses the language of a text: by its script, and for Latin by its words. Pure.

The guess chooses a voice, so languages have the names that espeak-ng gives them.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from shared.engines.local.grammar import grammars

ENGLISH = "en-us"
UNSPACED = frozenset(("ja", "cmn", "th"))
"""Languages that put no space between words."""

# Kana and Hangul before Han: Japanese mixes kana with Han characters.
_SCRIPTS = (
    ("HIRAGANA", "ja"),
    ("KATAKANA", "ja"),
    ("HANGUL", "ko"),
    ("CJK", "cmn"),
    ("CYRILLIC", "ru"),
    ("GREEK", "el"),
    ("ARABIC", "ar"),
    ("HEBREW", "he"),
    ("DEVANAGARI", "hi"),
    ("BENGALI", "bn"),
    ("TAMIL", "ta"),
    ("TELUGU", "te"),
    ("THAI", "th"),
    ("GEORGIAN", "ka"),
    ("ARMENIAN", "hy"),
)
_OWN_WORDS = {
    "nl": ("de het een en van met op in is voor te die dat aan zijn", ""),
    "tr": ("bir ve bu için icin ile çok cok her ama gibi daha kadar sonra olan", "ğış"),
    "pl": (
        "się nie jest że jak od dla przez ale oraz i w z jego jej "
        "zrób zróbcie stwórz utwórz nagraj nakręć przygotuj opowiedz wyjaśnij dlaczego "
        "nasz nasza nasze naszej naszego naszą nowy nowa krótki filmik proszę bez oraz czy",
        "ąćęłńśźż",
    ),
}
"""Languages told in their user's own words only: small words, and letters that no other has."""
_NAME = re.compile(r"(?<=[a-zà-ÿ,&\d] )[A-ZÀ-Þ][^\W\d_]+")
"""A word with a capital amid a sentence."""
_WISHES = ("voice", "music", "screen", "people", "without")
_SMALL, _OTHER, _LETTER = 3, 2, 1  # what a small word, another known one and a letter count


def language_of(text: str) -> str:
    """Return the language to read this text in; English, unless the text looks like another."""
    if text.isascii():
        return _latin_language(text)
    names = (unicodedata.name(letter, "") for letter in text if letter.isalpha())
    # "CJK UNIFIED IDEOGRAPH-6D77", "LATIN SMALL LETTER A": a name begins with the script.
    scripts = Counter(name.split(" ")[0].split("-")[0] for name in names)
    # A foreign name or two does not make a text foreign: its script needs half of the letters.
    known = [language for name, language in _SCRIPTS if scripts[name]]
    if known and scripts["LATIN"] < scripts.total() / 2:
        return known[0]
    return _latin_language(text)


def _latin_language(text: str) -> str:
    """Return the language whose words and letters are most frequent in the text."""
    # "1450 W" is no Polish
    words = re.findall(r"[^\W\d_]+", re.sub(r"\d\s?[^\W\d_](?!\w)", " ", text))
    names = {*_NAME.findall(text)}
    # "Lake Como" is no Spanish; but in German all nouns have a capital
    score = dict.fromkeys(_vocabularies(), 0)
    for word in words:
        for language, weight in _speakers().get(word.lower(), ()):
            if language == "de" or word not in names:
                score[language] += weight
    letters = {*text.lower()}
    for language, own, weight in _letters():
        score[language] += weight * len(letters & own)
    best = max(score, key=lambda language: score[language])
    return best if score[best] > score[ENGLISH] else ENGLISH


@cache
def _speakers() -> Mapping[str, Sequence[tuple[str, int]]]:
    """Return for each known word the languages that have it, with what it counts there."""
    found: dict[str, list[tuple[str, int]]] = {}
    for language, weights in _vocabularies().items():
        for word, weight in weights.items():
            found.setdefault(word, []).append((language, weight))
    return found


@cache
def _letters() -> Sequence[tuple[str, frozenset[str], int]]:
    """Return each language's own letters, with what one of them counts."""
    told = [(code, frozenset(g.text("letters")), _LETTER) for code, g in grammars().items()]
    own = [(code, frozenset(letters), _OTHER) for code, (_, letters) in _OWN_WORDS.items()]
    return told + own


@cache
def _vocabularies() -> Mapping[str, Mapping[str, int]]:
    """Return for each language what each of its known words counts.

    Small words count most, because every sentence has some. A short wish may have none: then it is
    told by its verb ("explique") or by what it shows ("renard").
    """
    found = {code: dict.fromkeys(own.split(), _SMALL) for code, (own, _) in _OWN_WORDS.items()}
    for language, grammar in grammars().items():
        shown = (word.split("_") for word in (*grammar.scene_of, *grammar.hero_of))
        others = {*grammar.words("occasions")}.union(*shown)
        for name in (
            "make",
            "announce",
            "explain",
            "call",
            "ask",
            "offer_word",
            "articles",
            "media",
        ):
            others |= {*re.findall(r"[^\W\d_]{2,}", grammar.any_of(name).lower())}
        wishes = grammar.table["directions"]
        others |= {word for name in _WISHES for word in str(wishes[name]).split()}
        weights = dict.fromkeys(others, _OTHER)
        found[language] = weights | dict.fromkeys(grammar.words("small"), _SMALL)
    return found
