"""Chooses who or what a beat shows: its hero, who acts with it, a diagram of what is said. Pure."""

import re
from collections.abc import Sequence

from shared.engines.local.grammar import grammar_of
from shared.engines.local.reading import Line, Reading, name_for_pictures
from shared.engines.local.topics import (
    BESIDE,
    FEATURING,
    LIVING,
    PEOPLE,
    Hero,
    Scene,
    diagram_of,
    hero_of,
    hero_of_beat,
    hero_of_words,
    living_of,
    scene_of,
)

_PLAIN: frozenset[Scene] = frozenset(("shapes", "room", "city", "stage"))
"""Places that show little of what is explained there."""


def choose_characters(reading: Reading, line: Line) -> tuple[str, ...]:
    """Return who is seen: the people whom a line names, else the hero.

    The first of them is the one who is drawn: beside an animal nobody of whom no word tells more.
    """
    hero = reading.characters[:1]
    named = tuple(name for name in reading.characters if _is_named(name, line.shows))
    is_person = hero_of_beat(f" {FEATURING} {reading.drawn_name}") == "person"
    if named and (is_person or reading.drawn[named[0]] != f"{named[0]}, a person"):
        return named
    return hero + tuple(name for name in named if name not in hero)


def _is_named(name: str, text: str) -> bool:
    """Tell whether a text names somebody, or by a part of the name: of "Captain Pico", "Pico"."""
    parts = "|".join(map(re.escape, [name, *name.split()[-1:]]))
    return re.search(rf"(?<!\w)(?:{parts})(?!\w)", text) is not None


def name_seen(reading: Reading, line: Line, seen: Sequence[str]) -> str:
    """Return the words for who is drawn: the hero, or the first of others, or the line's thing."""
    if reading.varies:
        found = hero_of(line.shows, reading.language)
        return name_for_pictures(found, reading.kind, (), reading.language, with_people=False)
    hero = reading.drawn[seen[0]] if seen else reading.drawn_name
    other = _name_companion(reading, line, seen, hero)
    return f"{hero}{BESIDE}{other}" if other else hero


def find_diagram(reading: Reading, line: Line) -> Hero | None:
    """Return the diagram of what a lesson says here, where nothing is named that has a picture."""
    if not _is_lesson(reading):
        return None
    shown = hero_of_beat(f" {FEATURING} {reading.drawn_name}")
    named = scene_of(line.shows, reading.language) or reading.scene
    if shown in LIVING or named not in _PLAIN or hero_of(line.shows, reading.language):
        return None
    told = (diagram_of(text, reading.language) for text in (line.shows, reading.topic))
    return next((diagram for diagram in told if diagram), None)


def _is_lesson(reading: Reading) -> bool:
    """Tell whether a text explains something: it asks, or is about an idea."""
    if reading.scene not in _PLAIN or reading.kind not in ("topic", "question"):
        return False  # a volcano shows itself
    grammar = grammar_of(reading.language)
    asks = grammar is not None and grammar.has("ask", reading.topic.split()[0])
    return asks or reading.kind == "question" or reading.scene == "shapes"


def _name_companion(reading: Reading, line: Line, seen: Sequence[str], hero: str) -> str:
    """Return the words for who acts together with the hero; empty where nobody does.

    Who has no name is another kind of being: of two people whom no name tells apart, one is most
    often what the other is.
    """
    kind = hero_of_words(hero)
    if kind not in LIVING:
        return ""
    named = (reading.drawn[name] for name in seen[1:] if _is_told(reading, name, kind))
    if found := next((words for words in named if hero_of_words(words) in LIVING), ""):
        return found
    text = line.shows
    for name in reading.characters:
        text = text.replace(name, " ")
    others = living_of(text, reading.language)
    other = next((each for each in others if _differ(kind, each[0])), None)
    return name_for_pictures(other, "tale", (), reading.language, with_people=True) if other else ""


def _is_told(reading: Reading, name: str, beside: Hero) -> bool:
    """Tell whether words say what somebody is: beside an animal it may be anything."""
    return beside == "person" or reading.drawn[name] != f"{name}, a person"


def _differ(one: Hero, other: Hero) -> bool:
    return other not in (one, "whale") and not {one, other} <= PEOPLE  # a fish is caught, or eaten
