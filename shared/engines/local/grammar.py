"""The words of each language that the planner can read, from its file in `languages/`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

FILES = ("en", "es", "fr", "de", "it", "pt")

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
"""A word, with what a mark joins to it."""
_NEVER = "(?!)"  # a pattern that matches nothing: for what a language does not have


@dataclass(frozen=True, eq=False)  # there is one of each language, so its identity is enough
class Grammar:
    """One language: its patterns by name, and the words that show a place or a hero."""

    code: str
    table: Mapping[str, Any]
    scene_of: Mapping[str, str]
    hero_of: Mapping[str, str]
    weather_of: Mapping[str, str]
    diagram_of: Mapping[str, str]

    @property
    def noun_is_last(self) -> bool:
        """Tell whether what a thing is like stands before it: "a small lamp"."""
        return self.code in ("en-us", "de")

    def any_of(self, *names: str) -> str:
        """Return a pattern for any alternative of these values."""
        parts = [part for name in names if (part := _join(self.table[name]))]
        return f"(?:{'|'.join(parts)})" if parts else _NEVER

    def text(self, name: str) -> str:
        """Return a value that is plain text."""
        return str(self.table[name])

    def has(self, name: str, word: str) -> bool:
        """Tell whether this word, in any case, is one of the value's alternatives."""
        return _compile(self, name).fullmatch(word) is not None

    def is_thing(self, word: str) -> bool:
        """Tell whether this word, in any case, shows a place or a hero."""
        lower = word.lower()
        return lower in self.scene_of or lower in self.hero_of

    def shows(self, word: str) -> bool:
        """Tell the same of weather too, whose words are verbs as well: "it rains"."""
        return self.is_thing(word) or word.lower() in self.weather_of

    def words(self, name: str) -> frozenset[str]:
        """Return the words of a value that is a list of words."""
        return _split(self, name)

    def pairs(self, name: str) -> list[tuple[str, str]]:
        """Return (old, new) for a value like "del=el|al=el" or ["my|our"]."""
        value = self.table[name]
        rows = value if isinstance(value, list) else value.split("|") if value else []
        return [_pair(row) for row in rows]


def _join(value: object) -> str:
    return "|".join(value) if isinstance(value, list) else str(value)


def _pair(row: str) -> tuple[str, str]:
    old, equals, new = row.rpartition("=")
    if not equals:
        old, _, new = row.partition("|")
    return old, new


@cache
def _compile(grammar: Grammar, name: str) -> re.Pattern[str]:
    return re.compile(grammar.any_of(name), re.IGNORECASE)


@cache
def _split(grammar: Grammar, name: str) -> frozenset[str]:
    return frozenset(str(grammar.table[name]).split())


@cache
def grammars() -> Mapping[str, Grammar]:
    """Return every language that has a file, by its code."""
    found = (_load(name) for name in FILES)
    return {grammar.code: grammar for grammar in found}


def grammar_of(language: str) -> Grammar | None:
    """Return a language's grammar; None for one that is only told in the user's own words."""
    return grammars().get(language)


def _load(name: str) -> Grammar:
    text = files(__package__).joinpath(f"languages/{name}.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    # of a diagram only its name, which prompts of pictures have, is a hero
    heroes = {**table["heroes"], **table["animals"], **dict.fromkeys(table["diagrams"], "")}
    shows = (table["scenes"], heroes, table["weather"], table["diagrams"])
    return Grammar(table["code"], table, *map(_turn, shows))


def _turn(table: Mapping[str, str]) -> dict[str, str]:
    """Return word → row, for one look-up a word; where two rows share a word, the first has it."""
    turned: dict[str, str] = {}
    for row, words in table.items():
        for word in (*words.split(), row):
            turned.setdefault(word, row)
    return turned
