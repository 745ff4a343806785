"""Finds in a text the place to draw and the hero to show, by tables of words. Pure."""

import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import zip_longest
from typing import Any, Literal, cast, get_args

from shared.engines.local.grammar import WORD, Grammar, grammar_of, grammars
from shared.engines.local.hues import drop_hues

Scene = Literal[
    "hills", "city", "sea", "forest", "mountains", "desert", "space", "room", "table", "stage",
    "garden", "underwater", "street", "snow", "shapes", "leaves", "sky", "volcano", "ruins",
]  # fmt: skip

Weather = Literal["storm", "rain", "snow", "fog"]
WEATHERS: tuple[Weather, ...] = get_args(Weather)
"""From the strongest on: where a beat names several, the first of them is seen."""

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
LIVING: frozenset[Hero] = PEOPLE | UNDRAWN | frozenset((
    "cat", "dog", "fox", "bear", "rabbit", "bird", "whale", "robot", "bee",
))  # fmt: skip

_OTHERWISE = re.compile(
    r"\d\s*[Uu]hr\b|\bSun(?=\.?\s\d)|\b[Ww]ir laden\b|\bladen wir\b"
    r"|\bleaves(?=\s+(?:at|for|home|us|me|him|her|his|the|its|from)\b)"
)
"""No clock, no sun, no shop, no leaves."""
_MARKS = ".,:;!?…\"'()"
_SHORTEST_START, _SHORTEST_HEAD = 3, 5  # letters of the parts of a long word
_NEAR = 2  # words between a weather and what says that it has ended
_DENIED = re.compile(
    r"(?<!\w)(?:without|no|sin|sans|aucune?|ohne|keine?n?|senza|sem|nenhuma?)\s+(?:any\s+)?[\w'’-]+"
    r"(?:(?:\s*,|\s+(?:or|nor|and|y|o|ni|ou|et|oder|und|e))\s+[\w'’-]+(?=\s*(?:[,.!]|$)))*",
    re.IGNORECASE,
)
_LIKENED = re.compile(
    r"(?<!\w)(?:(?:like|as|como|comme|come|wie)\s+(?:an?|the|une?|uno|um|uma|una|eine?)|like)"
    r"\s+[\w'’-]+",
    re.IGNORECASE,
)

FEATURING = "featuring"
"""The word before the hero in a beat's prompt, so that all beats of a video draw the same one."""

BESIDE = ", together with "
"""The words between the hero and who acts with it."""

NOBODY = "nothing but the place"
"""What stands there if the video has no hero."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without punctuation."""
    return WORD.findall(text.lower())


def scene_of(text: str, language: str = ENGLISH, besides: Collection[Scene] = ()) -> Scene | None:
    """Return the first place that the text names, also by something that belongs there.

    "A grandmother flies a kite on the beach" is at the sea: who is at home in a room may be
    elsewhere, what flies may fly anywhere, and a house stands somewhere. `besides` are places that
    don't count.
    """
    grammar = _grammar(language)
    words = _list_words(drop_hues(text, grammar))
    named = [word for word in words if word in grammar.scene_of]
    weak = PEOPLE.union(("house",))
    places = [word for word in named if grammar.hero_of.get(word) not in weak]
    ground = [word for word in places if grammar.scene_of[word] != "sky"]
    found = [cast(Scene, grammar.scene_of[word]) for word in ground or places or named]
    return next((scene for scene in found if scene not in besides), None)


@lru_cache(maxsize=256)  # beats without words of their own show the same again
def hero_of(text: str, language: str = ENGLISH) -> tuple[Hero, str] | None:
    """Return the hero that the text names, and the word for it; living ones before things."""
    # "A fox reads a book" is about the fox, wherever the book stands; but "A gym for people" is not
    # about the people.
    grammar = _grammar(language)
    named = _list_heroes(text, grammar)
    alone = [pair for pair in named if pair[1] not in grammar.words("crowd")]
    return next(iter(_choose_living(named, grammar) or alone or named), None)


def thing_of(text: str, language: str = ENGLISH) -> tuple[Hero, str] | None:
    """Return the first thing that the text names, and the word for it: of "hamster food", food."""
    named = _list_heroes(text, _grammar(language))
    return next((pair for pair in named if pair[0] not in LIVING), None)


def living_of(text: str, language: str = ENGLISH) -> list[tuple[Hero, str]]:
    """Return all living heroes who act in a text; not whom one is like: "fast like a lion"."""
    grammar = _grammar(language)
    return _choose_living(_list_heroes(_LIKENED.sub(" ", drop_denied(text)), grammar), grammar)


def _list_heroes(text: str, grammar: Grammar) -> list[tuple[Hero, str]]:
    """Return all that a text names; of "desk lamp" and "washing machine" the whole alone."""
    table, heads = grammar.hero_of, grammar.words("heads")
    named: list[tuple[Hero, str]] = []
    within: set[str] = set()
    for word in _list_words(drop_hues(text, grammar)):
        if word in within:
            continue
        within |= {*word.split("_")} if "_" in word and word in table else set()
        known = word if word in table else _find_head(word, heads) if "_" not in word else ""
        if known and word in heads and named and f"{named[-1][1]} {word}" in text.lower():
            named.pop()
        if known:
            named.append((table[known], word))
    return named


def _find_head(word: str, heads: frozenset[str]) -> str:
    """Return the product with which a word ends; empty for a word that is none, or all of it."""
    ends = (word[at:] for at in range(_SHORTEST_START, len(word) - _SHORTEST_HEAD + 1))
    return next((end for end in ends if end in heads), "")


def _choose_living(named: Sequence[tuple[Hero, str]], grammar: Grammar) -> list[tuple[Hero, str]]:
    crowd = grammar.words("crowd")
    return [pair for pair in named if pair[0] in LIVING and pair[1] not in crowd]


@lru_cache(maxsize=256)
def weather_of(text: str, language: str = ENGLISH) -> Weather | None:
    """Return the weather that the text names; not one that is over: "after the rain"."""
    grammar = _grammar(language)
    told = re.sub(grammar.any_of("figurative"), " ", drop_denied(text), flags=re.IGNORECASE)
    words = [part for word in words_of(told) for part in re.split(r"['’]", word)]
    found = {
        grammar.weather_of[word]
        for at, word in enumerate(words)
        if word in grammar.weather_of and not _is_over(words, at, grammar)
    }
    return next((weather for weather in WEATHERS if weather in found), None)


def _is_over(words: Sequence[str], at: int, grammar: Grammar) -> bool:
    """Tell whether the words beside one say that it has ended."""
    before, behind = words[max(0, at - _NEAR) : at], words[at + 1 : at + 1 + _NEAR]
    ended = grammar.words("afterwards").intersection(before)
    return bool(ended or grammar.words("ended").intersection(behind))


def diagram_of(text: str, language: str = ENGLISH) -> Hero | None:
    """Return the diagram of what a text says of its subject: that it comes back, or grows."""
    table = _grammar(language).diagram_of
    found = {table[word] for word in _list_words(text) if word in table}
    return next((diagram for diagram in dict.fromkeys(table.values()) if diagram in found), None)


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
    return hero_of_words(hero.partition(BESIDE)[0])


def companion_of_beat(beat_prompt: str) -> Hero | None:
    """Return who acts together with the hero of a beat, in the words of its prompt."""
    hero = hero_of_words(words) if (words := companion_words(beat_prompt)) else None
    return hero if hero in LIVING else None


def companion_words(beat_prompt: str) -> str:
    """Return the words for who acts together with the hero of a beat; empty if nobody does."""
    return beat_prompt.rpartition(f" {FEATURING} ")[2].partition(BESIDE)[2]


def hero_of_words(words: str) -> Hero | None:
    """Return whom the words for a hero stand for; None for an animal that nobody can draw."""
    # "Captain Pico the parrot" is no captain
    found = hero_of(words.rpartition(" the ")[2]) or hero_of(words)
    if found and found[0] in UNDRAWN:
        return None
    # of whom a script tells nothing but the name is no house, even in a counting-house
    return found[0] if found else "person"
