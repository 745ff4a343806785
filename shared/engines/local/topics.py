"""Finds in a text the place to draw and the hero to show, by tables of words. Pure."""

import re
from collections.abc import Iterable
from typing import Literal, cast, get_args

from shared.engines.local.grammar import Grammar, grammar_of, grammars

Scene = Literal[
    "hills", "city", "sea", "forest", "mountains", "desert", "space", "room", "table", "stage",
    "garden", "underwater", "street", "snow", "shapes", "leaves", "sky", "volcano", "ruins",
]  # fmt: skip

Hero = Literal[
    "person", "child", "elder", "grandmother",
    "cat", "dog", "fox", "bear", "rabbit", "bird", "whale", "robot",
    "cup", "bottle", "phone", "box", "car", "boat", "shoe", "book", "rocket", "plant",
    "bee", "bicycle", "lamp", "coin", "heart", "tree", "house",
    "loaf", "cake", "pizza", "bowl", "yogi", "shop", "camera", "guitar", "laptop", "dumbbell",
    "sofa", "watch",
]  # fmt: skip

ENGLISH = "en-us"

# The order counts: pictures without a place of their own are drawn from it by number.
SCENES: tuple[Scene, ...] = get_args(Scene)
PEOPLE: frozenset[Hero] = frozenset(("person", "child", "elder", "grandmother"))
LIVING: frozenset[Hero] = PEOPLE.union(
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

FEATURING = "featuring"
"""The word before the hero in a beat's prompt, so that all beats of a video draw the same one."""

NOBODY = "nothing but the place"
"""What stands there if the video has no hero."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation."""
    return re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.lower())


def scene_of(text: str, language: str = ENGLISH) -> Scene | None:
    """Return the first place that the text names, also by something that belongs there.

    "A grandmother flies a kite on the beach" is at the sea: who is at home in a room may be
    elsewhere, what flies may fly anywhere, and a house stands somewhere.
    """
    grammar = _grammar(language)
    named = [word for word in _list_words(text) if word in grammar.scene_of]
    weak = PEOPLE.union(("house",))
    places = [word for word in named if grammar.hero_of.get(word) not in weak]
    ground = [word for word in places if grammar.scene_of[word] != "sky"]
    return next((cast(Scene, grammar.scene_of[word]) for word in ground or places or named), None)


def hero_of(text: str, language: str = ENGLISH) -> tuple[Hero, str] | None:
    """Return the hero that the text names, and the word for it; living ones before things."""
    # "A fox reads a book" is about the fox, wherever the book stands.
    table = _grammar(language).hero_of
    named = [(cast(Hero, table[word]), word) for word in _list_words(text) if word in table]
    living = [pair for pair in named if pair[0] in LIVING]
    return next(iter(living or named), None)


def _grammar(language: str) -> Grammar:
    return grammar_of(language) or grammars()[ENGLISH]


def _list_words(text: str) -> Iterable[str]:
    """Yield the words of a text, and pairs of them as "black_hole".

    "L'ape" is also "ape", "coffee-shop" also "coffee".
    """
    words = words_of(text)
    for at, word in enumerate(words):
        yield "_".join(words[at : at + 2])
        yield word
        if len(parts := re.split(r"['’-]", word)) > 1:
            yield from parts


def hero_of_beat(beat_prompt: str) -> Hero | None:
    """Return the hero that the planner wrote into a beat's prompt, or else that its words name."""
    _, marked, hero = beat_prompt.rpartition(f" {FEATURING} ")
    if marked and hero == NOBODY:
        return None  # things may be named in its place, but the beat is not about them
    found = hero_of(hero) if marked else None
    found = found or hero_of(beat_prompt)
    if found is None and marked:
        return "person"  # of whom a script tells nothing but the name
    return found[0] if found else None
