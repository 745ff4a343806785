"""Gives the words of a narration the times at which somebody heard them. Pure.

Who listens writes down what it hears: other spellings, numbers as digits, a word too many. So what
was heard is matched with what was written, and only the times are taken over.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from shared.story.beats import Word

ENOUGH = 0.5
"""The share of the written words that must have been heard: else something else was."""


def match_words(written: Sequence[Word], heard: Sequence[Word]) -> list[Word]:
    """Return the written words, which come with estimated times, at the times they were heard.

    A word that was not heard keeps its place between those that were.
    """
    pairs = _pair([_fold(word.text) for word in written], [_fold(word.text) for word in heard])
    if len(pairs) < ENOUGH * len(written):
        return list(written)
    times = {at: (heard[other].start, heard[other].end) for at, other in pairs}
    # the estimates tell how the time between two heard words is shared out
    known = [moment for at in times for moment in (written[at].start, written[at].end)]
    found = [moment for pair in times.values() for moment in pair]
    return [
        _at(word, *times.get(i, tuple(_move([word.start, word.end], known, found))))
        for i, word in enumerate(written)
    ]


def _pair(written: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Return which word is which: two lists that keep their order."""
    blocks = SequenceMatcher(None, written, heard, autojunk=False).get_matching_blocks()
    return [(block.a + i, block.b + i) for block in blocks for i in range(block.size)]


def _fold(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _move(moments: Sequence[float], known: Sequence[float], found: Sequence[float]) -> list[float]:
    """Return these moments of one clock on another, by moments known on both."""
    first, last = found[0] - known[0], found[-1] - known[-1]
    # before the first known moment, and after the last, both clocks run side by side
    outside = [-1e6, *known, 1e6], [-1e6 + first, *found, 1e6 + last]
    return [float(moment) for moment in np.interp(moments, *outside)]


def _at(word: Word, start: float, end: float) -> Word:
    start = round(max(0.0, start), 3)
    return Word(text=word.text, start=start, end=round(max(start, end), 3))
