"""What is said where something is written: "$19.99" is "nineteen dollars and ninety-nine cents".

Pure. English is written out here, because its voice reads words only; in other languages espeak-ng
says numbers by itself. Pronunciations that a user gives hold in every language.

Each part that is said otherwise than written keeps its place in the text, so that captions show
what is written at the time when it is said.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from shared.story.speech.numbers import ENGLISH
from shared.story.speech.rules import RULES, Rule


@dataclass(frozen=True)
class Cut:
    """Where a part begins, in what is said and in what is written; is it said as written?"""

    said: int
    written: int
    is_same: bool


@dataclass(frozen=True)
class SpokenText:
    """Words to say, in parts that know where they are written."""

    text: str
    cuts: tuple[Cut, ...]

    def find_written(self, at: int) -> int:
        """Return where in the written text the word stands that is said at this place."""
        cut = self.cuts[max(0, bisect_right(self.cuts, at, key=lambda cut: cut.said) - 1)]
        return cut.written + (at - cut.said if cut.is_same else 0)


@dataclass(frozen=True)
class _Part:
    """A part of the written text, and how it is said; None as it is written."""

    start: int
    end: int
    said: str | None = None


def say(text: str, language: str = ENGLISH, names: Mapping[str, str] | None = None) -> SpokenText:
    """Return the words to say for a text; `names` are words and how they are pronounced."""
    parts = [_Part(0, len(text))]
    if names:
        parts = [*_apply(text, parts, _rule_of(names))]
    for rule in _list_rules(text) if language == ENGLISH else ():
        if rule.pattern.search(text):  # most rules find nothing in a text
            parts = [*_apply(text, parts, rule)]
    return _join(text, parts)


def _list_rules(text: str) -> Iterable[Rule]:
    """Return the rules that may find something in a text."""
    return RULES if _FIGURE.search(text) else _WITHOUT_FIGURES


_FIGURE = re.compile(r"\d")
_WITHOUT_FIGURES = [rule for rule in RULES if not rule.is_of_figures]


def _rule_of(names: Mapping[str, str]) -> Rule:
    """Return the rule that says these names as they are pronounced, in any case of letters."""
    said = {name.casefold(): sound for name, sound in names.items()}
    # the longest first: "Air Flex Pro" before "Air Flex"
    either = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    pattern = re.compile(rf"(?<![\w.@/])(?:{either})(?!\w|\.\w)", re.IGNORECASE)
    return Rule(pattern, lambda found: said.get(found[0].casefold()))


def _apply(text: str, parts: Iterable[_Part], rule: Rule) -> Iterator[_Part]:
    """Yield the parts, those still as written cut where the rule says otherwise."""
    for part in parts:
        at = part.start
        # the whole text is looked at, so that a rule sees what stands before and after a part
        for found in rule.pattern.finditer(text, part.start) if part.said is None else ():
            if found.start() >= part.end:
                break
            words = rule.said(found) if found.end() <= part.end else None
            if words is not None:
                yield _Part(at, found.start())
                yield _Part(found.start(), found.end(), words)
                at = found.end()
        yield _Part(at, part.end, part.said)


def _join(text: str, parts: Iterable[_Part]) -> SpokenText:
    said = ""
    cuts: list[Cut] = []
    for part in parts:
        words = text[part.start : part.end] if part.said is None else part.said
        if not words:
            continue
        # "A4" is two words when its number is one
        if said and said[-1].isalnum() and words[0].isalnum():
            said += " "
        cuts.append(Cut(len(said), part.start, part.said is None))
        said += words
    return SpokenText(said, tuple(cuts) or (Cut(0, 0, True),))
