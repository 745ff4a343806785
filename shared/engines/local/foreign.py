"""Reads what is for us alone in languages that have no grammar: orders and wishes. Pure.

An order opens the first sentence: "Сделай видео о пчёлах" is told as "О пчёлах". A wish has no word
but those of voice, music, length and how they are to be.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from shared.engines.local.directions import THINGS, Settings
from shared.engines.local.sentences import finish
from shared.engines.local.topics import load_elsewhere, words_of

_ENDS = " .!?。！？।"
_PARTS = re.compile(r"\s*[,;]\s*")


def drop_order(sentence: str) -> str:
    """Return what a sentence asks a video about, as a sentence; else the sentence."""
    text = sentence.strip(_ENDS)
    for pattern, told in _list_orders():
        if match := pattern.fullmatch(text):
            return finish(told.format(what=match["what"]))
    return sentence


def split_wishes(sentence: str) -> tuple[str, str]:
    """Return a sentence without what is for us alone at its end, and that."""
    rest, dropped = sentence, ""
    while rest and is_wish(tail := _PARTS.split(rest)[-1]):
        head = rest[: len(rest) - len(tail)].rstrip(" ,;")
        rest, dropped = head, f"{tail.strip(_ENDS)}, {dropped}".strip(", ")
    return finish(rest) if dropped else rest, dropped


def is_wish(text: str) -> bool:
    """Tell whether a text only says how the video is to be made."""
    sorts = [_sort(word) for word in words_of(text)]
    if not sorts or None in sorts:
        return False
    things = {*THINGS, "seconds"}.intersection(sorts)
    if things <= {"people"}:
        return bool(things) and "without" in sorts
    return "how" in sorts or "without" in sorts or any(map(str.isdigit, text))


def read_wishes(wishes: Sequence[str]) -> Settings:
    """Return what these wishes ask for: a length, and what there must be none of."""
    seconds, without = None, set[str]()
    for part in (part for wish in wishes for part in _PARTS.split(wish)):
        sorts = [_sort(word) for word in words_of(part)]
        if "seconds" in sorts and (number := re.search(r"\d+", part)):
            seconds = float(number[0])
        if "without" in sorts:
            without |= {sort for sort in sorts if sort in THINGS and sort != "film"}
    return Settings(seconds=seconds, without=frozenset(without))


def _sort(word: str) -> str | None:
    """Return what a word is: a thing, "how", "without", "small"; None for any other."""
    if word.isdigit():
        return "small"
    table = _load_wishes()
    for sort in ("without", "small"):
        if word in table[sort]:
            return sort
    sorts = (*THINGS, "seconds", "how")
    return next((sort for sort in sorts if word.startswith(table[sort])), None)


@cache
def _load_wishes() -> Mapping[str, tuple[str, ...]]:
    return {sort: tuple(words.split()) for sort, words in load_elsewhere()["wishes"].items()}


@cache
def _list_orders() -> Sequence[tuple[re.Pattern[str], str]]:
    """Return each way to ask for a video, and how what it asks about is told."""
    orders = load_elsewhere()["orders"]
    ways = [*orders["told"], *((pattern, "{what}") for pattern in orders["patterns"])]
    return [(re.compile(pattern, re.IGNORECASE), told) for pattern, told in ways]
