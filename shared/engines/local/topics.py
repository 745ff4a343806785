"""Finds in a text the place to draw and the hero to show, by tables of words. Pure."""

import re
import tomllib
from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from typing import Any, Literal, cast, get_args

from shared.engines.local.grammar import Grammar, grammar_of, grammars

Scene = Literal[
    "hills", "city", "sea", "forest", "mountains", "desert", "space", "room", "table", "stage",
    "garden", "underwater", "street", "snow", "shapes", "leaves", "sky", "volcano", "ruins",
]  # fmt: skip

Hero = str
"""What is shown: a row of `heroes` in the files of the languages. Each of them can be drawn."""

ENGLISH = "en-us"
_BEGINS_WORDS = re.compile(r"[a-z\u0370-\u052f\u0900-\u097f]")
"""The first letter of a stem in Latin, Greek, Cyrillic or Devanagari: others may stand anywhere."""

# The order counts: pictures without a place of their own are drawn from it by number.
SCENES: tuple[Scene, ...] = get_args(Scene)
NOWHERE: frozenset[Scene] = frozenset(("stage", "shapes"))
"""Where products and ideas are shown, and nobody lives."""
PEOPLE: frozenset[Hero] = frozenset(("person", "child", "elder", "grandmother"))
UNDRAWN: frozenset[Hero] = frozenset((
    "mouse", "rat", "hamster", "squirrel", "hedgehog", "badger", "raccoon", "otter", "beaver",
    "marmot", "armadillo", "sloth", "bat", "horse", "donkey", "cow", "pig", "sheep", "goat",
    "llama", "camel", "deer", "monkey", "gorilla", "elephant", "giraffe", "zebra", "hippo",
    "kangaroo", "flamingo", "frog", "turtle", "snake", "lizard", "crocodile", "dinosaur",
    "snail", "spider", "ant", "butterfly", "ladybird", "octopus", "crab", "seal", "unicorn",
))  # fmt: skip
"""Animals that nobody here can draw: who asks others for pictures names them."""
LIVING: frozenset[Hero] = PEOPLE | UNDRAWN.union(
    (
        "cat",
        "dog",
        "fox",
        "bear",
        "rabbit",
        "bird",
        "whale",
        "robot",
        "bee",
    )
)

_OTHERWISE = re.compile(
    r"\d\s*[Uu]hr\b|\bSun(?=\.?\s\d)|\b[Ww]ir laden\b|\bladen wir\b"
    r"|\bleaves(?=\s+(?:at|for|home|us|me|him|her|his|the|its|from)\b)"
)
"""No clock, no sun, no shop, no leaves."""
_MARKS = ".,:;!?…\"'()"
_DENIED = re.compile(
    r"(?<!\w)(?:without|no|sin|sans|aucune?|ohne|keine?n?|senza|sem|nenhuma?)\s+(?:any\s+)?[\w'’-]+"
    r"(?:(?:\s*,|\s+(?:or|nor|and|y|o|ni|ou|et|oder|und|e))\s+[\w'’-]+(?=\s*(?:[,.!]|$)))*",
    re.IGNORECASE,
)

FEATURING = "featuring"
"""The word before the hero in a beat's prompt, so that all beats of a video draw the same one."""

NOBODY = "nothing but the place"
"""What stands there if the video has no hero."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation."""
    return re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.lower())


def scene_of(text: str, language: str = ENGLISH, besides: Collection[Scene] = ()) -> Scene | None:
    """Return the first place that the text names, also by something that belongs there.

    "A grandmother flies a kite on the beach" is at the sea: who is at home in a room may be
    elsewhere, what flies may fly anywhere, and a house stands somewhere. `besides` are places that
    don't count.
    """
    grammar = _grammar(language)
    named = [word for word in _list_words(text) if word in grammar.scene_of]
    weak = PEOPLE.union(("house",))
    places = [word for word in named if grammar.hero_of.get(word) not in weak]
    ground = [word for word in places if grammar.scene_of[word] != "sky"]
    found = [cast(Scene, grammar.scene_of[word]) for word in ground or places or named]
    return next((scene for scene in found if scene not in besides), None)


def hero_of(text: str, language: str = ENGLISH) -> tuple[Hero, str] | None:
    """Return the hero that the text names, and the word for it; living ones before things."""
    # "A fox reads a book" is about the fox, wherever the book stands; but "A gym for people" is not
    # about the people.
    grammar = _grammar(language)
    table, crowd = grammar.hero_of, grammar.words("crowd")
    named = [(table[word], word) for word in _list_words(text) if word in table]
    alone = [pair for pair in named if pair[1] not in crowd]
    living = [pair for pair in alone if pair[0] in LIVING]
    return next(iter(living or alone or named), None)


def thing_of(text: str, language: str = ENGLISH) -> tuple[Hero, str] | None:
    """Return the first thing that the text names, and the word for it: of "hamster food", food."""
    table = _grammar(language).hero_of
    named = ((table[word], word) for word in _list_words(text) if word in table)
    return next((pair for pair in named if pair[0] not in LIVING), None)


def drop_denied(text: str) -> str:
    """Return a text without what it says there is none of: "without any people or cars"."""
    return _DENIED.sub(" ", text)


def drop_names(text: str, language: str) -> str:
    """Return a text without the words for places that are somebody's name: "our café Luna".

    Such a word stands behind the thing that has the name, or before it, and both are written large:
    "Moon Bakery". In German all things are written so.
    """
    if language == "de":
        return text
    grammar = _grammar(language)
    words = text.split(" ")
    things = [grammar.shows(word.strip(_MARKS)) for word in words]
    large = [word[:1].isupper() and not word.isupper() for word in words]
    kept = []
    for at, word in enumerate(words):
        behind = at > 0 and things[at - 1] and not large[at - 1] and words[at - 1][-1].isalpha()
        before = at + 1 < len(words) and things[at + 1] and large[at + 1] and word.isalpha()
        if not (large[at] and things[at] and (behind or before)):
            kept.append(word)
    return " ".join(kept)


def scene_elsewhere(text: str) -> Scene | None:
    """Return the place that a text in a language without a grammar names first."""
    return cast(Scene | None, _find_first(text, "scenes"))


def hero_elsewhere(text: str) -> tuple[Hero, str] | None:
    """Return the hero that a text in a language without a grammar names first, in English."""
    found = _find_first(text, "heroes")
    return (found, found) if found else None


def _find_first(text: str, table: str) -> str | None:
    found = _list_elsewhere(table).search(text.lower())
    return found.lastgroup if found else None


@cache
def _list_elsewhere(table: str) -> re.Pattern[str]:
    """Return a pattern with a group for each row of a table."""
    rows = load_elsewhere()[table]
    return re.compile("|".join(f"(?P<{row}>{_write_stems(words)})" for row, words in rows.items()))


@cache
def load_elsewhere() -> dict[str, Any]:
    """Return the words of languages that have no grammar."""
    told = files(__package__).joinpath("languages/elsewhere.toml").read_text(encoding="utf-8")
    return tomllib.loads(told)


def _write_stems(words: str) -> str:
    return "|".join(
        rf"(?<!\w){re.escape(word)}" if _BEGINS_WORDS.match(word) else re.escape(word)
        for word in words.split()
    )


def _grammar(language: str) -> Grammar:
    return grammar_of(language) or grammars()[ENGLISH]


def _list_words(text: str) -> Iterable[str]:
    """Yield the words of a text, and pairs of them as "black_hole".

    "L'ape" is also "ape", "coffee-shop" also "coffee".
    """
    words = words_of(_OTHERWISE.sub(" ", text))
    for word, following in zip_longest(words, words[1:]):
        yield f"{word}_{following}" if following else word
        yield word
        if not word.isalnum():
            yield from re.split(r"['’-]", word)


def hero_of_beat(beat_prompt: str) -> Hero | None:
    """Return the hero that the planner wrote into a beat's prompt, else what its words name."""
    _, marked, hero = beat_prompt.rpartition(f" {FEATURING} ")
    if marked and hero == NOBODY:
        return None  # things may be named in its place, but the beat is not about them
    if not marked:
        found = hero_of(beat_prompt)
        return found[0] if found and found[0] not in UNDRAWN else None
    # "Captain Pico the parrot" is no captain
    found = hero_of(hero.rpartition(" the ")[2]) or hero_of(hero)
    if found and found[0] in UNDRAWN:
        return None
    # of whom a script tells nothing but the name is no house, even in a counting-house
    return found[0] if found else "person"
