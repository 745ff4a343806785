"""Guesses the language of a text: by its script, and for Latin by its small words. Pure.

The guess chooses a voice, so languages have the names that espeak-ng gives them.
"""

import re
import unicodedata
from collections import Counter

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
# Small words, because every sentence has some, and no two languages have all of them in common.
_SMALL_WORDS = {
    ENGLISH: "the a an and of to in is with for on that this who how it our my at from by",
    "es": "el la los las un una de y que en con por para es su del al como se más",
    "fr": "le la les un une des et de du que qui en dans avec pour est sur sa son au ses",
    "de": "der die das ein eine einen und von mit auf den dem ist im für zu nicht wie sich zum",
    "it": "il lo la gli un una di e che in con per è del della nel come sono suo alla",
    "pt": "o os um uma de e que em com por para é do da no na como seu sua ao",
    "nl": "de het een en van met op in is voor te die dat aan zijn",
}
_VOCABULARY = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}


def language_of(text: str) -> str:
    """Return the language to read this text in; English, unless the text looks like another."""
    names = (unicodedata.name(letter, "") for letter in text if letter.isalpha())
    # "CJK UNIFIED IDEOGRAPH-6D77", "LATIN SMALL LETTER A": a name begins with the script.
    scripts = Counter(name.split(" ")[0].split("-")[0] for name in names)
    # A foreign name or two does not make a text foreign: its script needs half of the letters.
    known = [language for name, language in _SCRIPTS if scripts[name]]
    if known and scripts["LATIN"] < scripts.total() / 2:
        return known[0]
    return _latin_language(text)


def _latin_language(text: str) -> str:
    """Return the language whose small words are most frequent in the text."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    score = {
        language: sum(word in vocabulary for word in words)
        for language, vocabulary in _VOCABULARY.items()
    }
    best = max(score, key=lambda language: score[language])
    return best if score[best] > score[ENGLISH] else ENGLISH
