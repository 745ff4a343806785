"""Reads what is for us alone: "Calm voice, no people." Pure.

Such a sentence is told by its words: it names the voice, the music, the film itself, a length, or
that there be no people, and has no word beside them but those for how these are to be. It is never
said. What it asks for becomes a setting, as far as there is one.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from shared.engines.local.grammar import Grammar
from shared.engines.local.topics import words_of

_LONGER = 3  # letters that a form of a word may have more
_STEM = 4  # letters of a word that may have other forms
_LONGEST = 600.0  # seconds that somebody may mean
_MOST_WORDS = 24
_BETWEEN = re.compile(r"\s*[,;]\s*|\s+[–—-]\s+")
_LENGTH = re.compile(r"(?<![\w.,])(\d+(?:[.,]\d+)?)[ -]?([^\W\d_]+)")
_DENIED = 3  # words before a mood: "not too fast", "pas de musique triste"
_AND = re.compile("and|or|but|y|o|pero|et|ou|mais|und|oder|aber|e|ma")
_PAIR = 2
_NOTHING = re.compile("nothing|nada|rien|nichts|niente")
_SPEAKERS = ("female", "male")
THINGS = ("voice", "music", "screen", "film", "people")


@dataclass(frozen=True)
class Settings:
    """What a prompt asks for beside its story; what it leaves open is empty, or None."""

    seconds: float | None = None
    mood: str = ""
    """Of the music."""
    tones: tuple[str, ...] = ()
    """Of the voice: a mood, female, male."""
    without: frozenset[str] = field(default_factory=frozenset)
    """What there must be none of: voice, music, screen (text on it), people."""


def is_direction(text: str, g: Grammar) -> bool:
    """Tell whether a text is for us alone."""
    words = words_of(text)
    if not 1 < len(words) <= _MOST_WORDS:
        return False
    told = set[str]()
    for word in words:
        if (sort := _sort(word, g)) is None:  # as in nearly all sentences, soon
            return False
        told.add(sort)
    things = told & {*THINGS, "length"}
    if not (things or _tells_how(text, told, g)):
        return False
    if things == {"people"}:
        return "without" in told
    # "Music and voices" alone asks for nothing
    exact = any(c.isdigit() for c in text)
    return exact or bool(told & {"mood", "manner", "without", "speaker"}) or _orders(text, g)


def _tells_how(text: str, told: Collection[str], g: Grammar) -> bool:
    """Tell whether a text says how all is to be: "Keep it light", "Don't be preachy"."""
    is_nothing = _NOTHING.match(text.strip().lower()) is not None and "mood" in told
    if is_nothing or {"manner", "without"}.issubset(told):
        return True
    return "plain" in told and bool({"mood", "manner"}.intersection(told)) and _orders(text, g)


def is_tone(text: str, g: Grammar) -> bool:
    """Tell whether two words name a tone, whatever it is like: "space vibes", "voix rauque"."""
    words = words_of(text)
    if len(words) != _PAIR:
        return False
    thing, like = words[::-1] if g.noun_is_last else words
    known = g.words("small") | g.words("dangling") | g.words("joining")
    return thing in _list(g, "tones") and like.isalpha() and like not in known


def is_manner(text: str, g: Grammar) -> bool:
    """Tell whether a text has only words for how something is: "friendly", "simply explained"."""
    sorts = {_sort(word, g) for word in words_of(text)}
    return bool(sorts & {"mood", "manner"}) and sorts <= {"mood", "manner", "plain", "without"}


def goes_on(sentence: str, beside: Sequence[str], g: Grammar) -> bool:
    """Tell whether a sentence is one of several that say what is not there: "No noise."."""
    denies = begins_without(sentence, g)
    return denies and any(begins_without(s, g) and not is_direction(s, g) for s in beside)


def begins_without(sentence: str, g: Grammar) -> bool:
    """Tell whether a text says first what there is none of."""
    words = words_of(sentence)
    return bool(words) and _sort(words[0], g) == "without"


def split_directions(sentence: str, g: Grammar) -> tuple[str, str]:
    """Return a sentence without what is for us alone at its end, and that."""
    rest, dropped = sentence, ""
    while places := list(_BETWEEN.finditer(rest)):
        head, tail = rest[: places[-1].start()], rest[places[-1].end() :]
        # "…, epic tone, without blood" is wholly for us
        goes_on = begins_without(tail, g) and is_direction(_BETWEEN.split(head)[-1], g)
        for_us = is_direction(tail, g) or is_tone(tail, g)
        told = not for_us or _belongs(head, tail, dropped, g)
        if told and not goes_on:
            break
        rest, dropped = head, f"{tail.strip(' .!')}, {dropped}"
    return rest, dropped.rstrip(", ")


def read_settings(directions: Sequence[str], g: Grammar) -> Settings:
    """Return what these texts ask for; of two that say the same, the first one counts."""
    parts = [words_of(part) for text in directions for part in _BETWEEN.split(text)]
    lengths = (seconds for text in directions if (seconds := find_seconds(text, g)))
    pairs = [pair for words in parts for pair in _pair_moods(words, g)]
    moods = (mood for mood, thing in pairs if thing in ("music", "film") and mood not in _SPEAKERS)
    tones = (mood for mood, thing in pairs if thing in ("voice", "film"))
    return Settings(
        seconds=next(lengths, None),
        mood=next(moods, ""),
        tones=tuple(dict.fromkeys(tones)),
        without=frozenset(thing for words in parts for thing in _list_without(words, g)),
    )


def list_numbers(g: Grammar) -> list[str]:
    """Return the words for numbers of which lengths are told: "twenty"."""
    return sorted(map(re.escape, _numbers(g)), key=len, reverse=True)


@cache
def list_units(g: Grammar) -> str:
    """Return a pattern for the words in which a length is told: "seconds", "min"."""
    return "|".join(sorted(map(re.escape, _lengths(g)), key=len, reverse=True))


def find_seconds(text: str, g: Grammar) -> float | None:
    """Return the length that a text names; None where it names none."""
    for number, unit in _LENGTH.findall(_write_figures(text.lower(), g)):
        scale = 1.0 if _is_form(unit, _list(g, "seconds")) else 60.0
        if scale == 60.0 and not _is_form(unit, _list(g, "minutes")):
            continue
        if 0 < (seconds := float(number.replace(",", ".")) * scale) <= _LONGEST:
            return seconds
    return None


# ── words ───────────────────────────────────────────────────────────────────────────────────────


@lru_cache(maxsize=4096)  # the words of all prompts are much the same
def _sort(word: str, g: Grammar) -> str | None:
    """Return what a word is: a thing, a mood, "without", …; None for any other word."""
    if word[0].isdigit():
        unit = re.fullmatch(r"\d+[-.,]?\d*-?([^\W\d_]*)", word)
        is_length = unit and unit[1] and _is_form(unit[1], _lengths(g))
        return "length" if is_length else "number" if unit and not unit[1] else None
    if _is_form(word, _lengths(g)):
        return "length"
    if word in _sorts(g):
        return _sorts(g)[word]
    if _find_mood(word, g):
        return "mood"
    return "plain" if word in _numbers(g) else None


def _find_mood(word: str, g: Grammar) -> str:
    if not _is_form(word, _stems_of_moods(g)):  # as nearly all words
        return ""
    return next(mood for mood, stems in _moods(g).items() if _is_form(word, stems))


def _is_form(word: str, stems: Collection[str]) -> bool:
    """Tell whether a word is one of these, or begins as one and has a few letters more."""
    shortest = max(_STEM, len(word) - _LONGER)
    return word in stems or any(word[:end] in stems for end in range(shortest, len(word)))


def _orders(text: str, g: Grammar) -> bool:
    """Tell whether a text begins or ends as a request does."""
    begins = rf"^{g.any_of('make', 'polite', 'use')}(?!\w)"
    ends = rf"(?<!\w){g.any_of('polite')}\W*$"
    return re.search(f"{begins}|{ends}", text.strip(), re.IGNORECASE) is not None


def _belongs(head: str, tail: str, dropped: str, g: Grammar) -> bool:
    """Tell whether the end of a sentence only goes on with it: "no roads, no people"."""
    sorts = {_sort(word, g) for word in words_of(tail)}
    if sorts & {"voice", "music", "screen", "film", "length"} or dropped:
        return False
    return any(_sort(word, g) == "without" for word in words_of(head))


def _write_figures(text: str, g: Grammar) -> str:
    numbers = _numbers(g)
    return re.sub(r"[^\W\d_]+(?:-[^\W\d_]+)?", lambda m: numbers.get(m[0], m[0]), text)


@cache
def _list(g: Grammar, name: str) -> frozenset[str]:
    return frozenset(str(g.table["directions"][name]).split())


@cache
def _lengths(g: Grammar) -> frozenset[str]:
    return _list(g, "seconds") | _list(g, "minutes")


@cache
def _sorts(g: Grammar) -> Mapping[str, str]:
    """Return what each word is that is told by itself; of a word in two lists, the first counts."""
    named = [(sort, sort) for sort in (*THINGS, "without", "manner", "plain")]
    named += [(name, "speaker") for name in _SPEAKERS]
    return {word: sort for name, sort in reversed(named) for word in _list(g, name)}


@cache
def _moods(g: Grammar) -> Mapping[str, frozenset[str]]:
    """Return the words of each mood, those of a speaker first."""
    speakers = {name: _list(g, name) for name in _SPEAKERS}
    moods = g.table["directions"]["moods"].items()
    return {**speakers, **{mood: frozenset(words.split()) for mood, words in moods}}


@cache
def _stems_of_moods(g: Grammar) -> frozenset[str]:
    return frozenset().union(*_moods(g).values())


@cache
def _numbers(g: Grammar) -> Mapping[str, str]:
    pairs = (pair.partition("=") for pair in _list(g, "numbers"))
    return {word: number for word, _, number in pairs}


# ── what is asked for ───────────────────────────────────────────────────────────────────────────


def _pair_moods(words: Sequence[str], g: Grammar) -> Iterator[tuple[str, str]]:
    """Yield each mood with the thing that is nearest to it: empty where it is for all."""
    things = [(at, str(_sort(word, g))) for at, word in enumerate(words) if _is_thing(word, g)]
    for at, word in enumerate(words):
        before = _list_before(words, at)
        if (mood := _find_mood(word, g)) and not any(_sort(w, g) == "without" for w in before):
            near = min(things, key=lambda thing: abs(thing[0] - at), default=(0, "film"))
            yield mood, near[1]


def _list_before(words: Sequence[str], at: int) -> Sequence[str]:
    """Return the words before a mood that go with it: of "no people and calm", none."""
    before = words[max(0, at - _DENIED) : at]
    joined = max((n for n, word in enumerate(before, 1) if _AND.fullmatch(word)), default=0)
    return before[joined:]


def _list_without(words: Sequence[str], g: Grammar) -> Iterator[str]:
    """Yield each thing that stands after a "no"; "no sad music" asks for other music."""
    denied = False
    for at, word in enumerate(words):
        if _is_thing(word, g):
            beside = (*words[at - 1 : at], *words[at + 1 : at + 2])
            if denied and not any(_find_mood(each, g) for each in beside):
                yield str(_sort(word, g))
            denied = False
        denied = denied or _sort(word, g) == "without"


def _is_thing(word: str, g: Grammar) -> bool:
    return _sort(word, g) in THINGS
