"""Breaks a text into lines: at spaces, and within scripts that write without them. Pure."""

import re
import unicodedata
from itertools import pairwise

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, kana and Han."""

_NEVER_FIRST = frozenset(
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ\u0e30\u0e32\u0e33\u0eb0\u0eb2\u0eb3\u0ebd"
)
"""Small kana, and the vowels that Thai and Lao write after their consonant."""

_NEVER_LAST = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4\u1039\u17d2")
"""The vowels that they write before it, and the signs that put a consonant under another."""


def split_at_breaks(text: str) -> list[str]:
    """Return the parts that stay on one line, each with the space that follows it."""
    parts: list[str] = []
    for word in text.split():
        breaks = [at for at in range(1, len(word)) if _may_break(word[at - 1], word[at])]
        parts += (word[start:end] for start, end in pairwise([0, *breaks, len(word)]))
        parts[-1] += " "
    return parts


def _may_break(before: str, after: str) -> bool:
    """Tell whether a line may end between two characters of one word."""
    # scripts with spaces break only there: hyphens would need a dictionary for each language
    if not (_UNSPACED.match(before) or _UNSPACED.match(after)):
        return False
    # an opening mark ends no line
    if before in _NEVER_LAST or unicodedata.category(before) in {"Ps", "Pi"}:
        return False
    # a closing mark, or a sign of the letter before, begins none
    closes = unicodedata.category(after) in {"Pe", "Pf", "Po", "Lm", "Mn", "Mc"}
    return not closes and after not in _NEVER_FIRST
