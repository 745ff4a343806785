"""The rule-based planner: any prompt becomes a story in beats, the same for the same seed. Pure.

A prompt of several sentences is a script: each sentence is a beat. A short prompt gets a story
around it. A prompt that is not English is told in its own words alone.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.engines.local.brief import DANGLING, JOINING, Kind, Reading, read, title_of
from shared.engines.local.language import UNSPACED, language_of
from shared.engines.local.phrases import (
    PRODUCT,
    QUESTION_OPENING,
    ROUTES,
    SETTINGS,
    SHOTS,
    TALE,
    TOPIC,
    Voice,
)
from shared.engines.local.styles import style_of
from shared.engines.local.topics import FEATURING, Scene, scene_of
from shared.story.errors import BadInput

WORDS_A_SECOND = 2.3
SHORTEST = 5.0
_LAST = 2.5  # seconds that a short last beat may have
_LONGEST_BEAT = 8.0  # of a sentence; what takes longer to say is parted
_QUIET_BEAT = 8.0
_BREATH = 0.3  # seconds around a line
_SHORTEST_PART = 4  # words: fewer are torn from what they belong to
_PAUSES = (",", ";", ":", "—", "–", "、", "，", "；", " ")
_ENDS = " .,;:!?…。、！？"

_VOICES: dict[Kind, Voice] = {
    "tale": TALE,
    "product": PRODUCT,
    "topic": TOPIC,
    "question": TOPIC,
    "foreign": TOPIC,
}


@dataclass(frozen=True)
class PlannedBeat:
    """One thought: what is seen, what is said, how long it would like to be."""

    prompt: str
    narration: str
    seconds: float
    setting: str


@dataclass(frozen=True)
class _Line:
    """What is said in a beat; `told` by the user, or ours."""

    text: str
    told: bool = False


@dataclass(frozen=True)
class LocalPlan:
    """A whole video, before anyone has timed it."""

    title: str
    headline: str
    cta: str
    beats: tuple[PlannedBeat, ...]


def plan(prompt: str, style: str, seconds: float, seed: int) -> LocalPlan:
    """Plan `seconds` of story; a long script gives as many beats as it has."""
    style_of(style)  # an unknown one is refused here, before anything is drawn
    if not prompt.strip():
        raise BadInput("the prompt is empty: say what the video is about", field="prompt")
    reading = read(prompt)
    lines = _lines(reading, seconds, random.Random(seed))
    title = title_of(reading)
    return LocalPlan(
        title=title,
        headline=reading.name or title,
        cta=_VOICES[reading.kind].call_to_action if reading.kind != "foreign" else "",
        beats=tuple(_beats(reading, lines, seconds)),
    )


# ── what is said ────────────────────────────────────────────────────────────────────────────────


def _lines(reading: Reading, seconds: float, chance: random.Random) -> list[_Line]:
    """The narration of each beat."""
    wanted = _beat_count(seconds)
    told = [part for sentence in reading.sentences for part in _speakable(sentence)]
    if reading.kind == "foreign":
        wanted = max(len(told), math.ceil(seconds / _QUIET_BEAT))
        return [_Line(part, True) for part in told] + [_Line("")] * (wanted - len(told))
    if len(reading.sentences) == 1:
        return [_Line(text) for text in _story(reading, wanted, chance)]
    more = _more(reading, wanted - len(told), chance) if len(told) < wanted - 1 else []
    return [_Line(part, True) for part in told] + [_Line(text) for text in more]


def _beat_count(seconds: float) -> int:
    """Beats of about five seconds in a short video, longer ones in a long video."""
    full, rest = divmod(seconds, SHORTEST)
    fitting = int(full) + (rest >= _LAST)
    return max(1, min(fitting, 4 + round(seconds / 14)))


def _story(reading: Reading, wanted: int, chance: random.Random) -> list[str]:
    voice = _VOICES[reading.kind]
    openings = QUESTION_OPENING if reading.kind == "question" else voice.opening
    opening = _speakable(_filled(chance.choice(openings), reading))
    middle = _middle(reading, max(0, wanted - len(opening) - 1), chance)
    ending = [chance.choice(voice.ending)] if wanted > len(opening) else []
    return [*opening, *middle, *ending]


def _more(reading: Reading, count: int, chance: random.Random) -> list[str]:
    """What follows a script of too few sentences."""
    middle = _middle(reading, count - 1, chance)
    return [*middle, chance.choice(_VOICES[reading.kind].ending)]


def _middle(reading: Reading, count: int, chance: random.Random) -> list[str]:
    """So many lines out of the middle, in its order, spread over all of it."""
    pool = _VOICES[reading.kind].middle
    count = min(count, len(pool))
    places = [(2 * i + 1) * len(pool) // (2 * count) for i in range(count)]
    return [_filled(chance.choice(pool[place]), reading) for place in places]


def _filled(line: str, reading: Reading) -> str:
    called = reading.called
    return line.format(topic=reading.topic, hero=called, Hero=called[:1].upper() + called[1:])


def _speakable(sentence: str) -> list[str]:
    """The sentence in parts that can each be said within a beat."""
    longest = round(_LONGEST_BEAT * WORDS_A_SECOND)
    if language_of(sentence) in UNSPACED:
        letters = _parted(list(sentence), longest * 3, _SHORTEST_PART * 3)
        return [part for run in letters if (part := "".join(run).strip())]
    return [" ".join(run) for run in _parted(sentence.split(), longest, _SHORTEST_PART)]


def _parted(words: Sequence[str], longest: int, shortest: int) -> list[Sequence[str]]:
    """Even runs, cut where a speaker might pause: the cheapest of all ways to cut."""
    if len(words) <= longest:
        return [words] if words else []
    even = len(words) / math.ceil(len(words) / longest)
    best: list[tuple[float, int]] = [(0.0, 0)]  # up to each word: the cost, and the last cut
    for end in range(1, len(words) + 1):
        starts = range(max(0, end - longest), max(0, end - shortest + 1))
        ways = ((best[at][0] + ((end - at) / even - 1) ** 2, at) for at in starts)
        cost, at = min(ways, default=(math.inf, 0))
        best.append((cost + _torn(words, end), at))
    runs, end = [], len(words)
    while end:
        start = best[end][1]
        runs.append(words[start:end])
        end = start
    return runs[::-1]


def _torn(words: Sequence[str], at: int) -> float:
    """What a cut before this word costs: nothing at the end, little at a pause."""
    if at == len(words):
        return 0.0
    if words[at - 1].endswith(_PAUSES):
        return 0.1
    if words[at - 1].lower() in DANGLING:
        return 0.8
    return 0.25 if words[at].lower() in JOINING else 0.6


def _length(text: str) -> float:
    """In words as long as English ones take to say."""
    return len(text) / 3 if language_of(text) in UNSPACED else len(text.split())


# ── what is seen ────────────────────────────────────────────────────────────────────────────────


def _beats(reading: Reading, lines: Sequence[_Line], seconds: float) -> Iterator[PlannedBeat]:
    hints = _hints([line.text for line in lines], seconds)
    for index, (line, scene) in enumerate(zip(lines, _scenes(reading, lines), strict=True)):
        setting = SETTINGS[scene]
        shown = line.text if line.told else reading.topic
        # The place first, the hero last: whoever draws it finds both, in every beat.
        prompt = f"{SHOTS[index % len(SHOTS)]} {setting}: {shown.strip(_ENDS)}, {FEATURING} "
        yield PlannedBeat(prompt + reading.featured, line.text, hints[index], setting)


def _scenes(reading: Reading, lines: Sequence[_Line]) -> list[Scene]:
    """A script names its places itself; a story starts in one place, leaves it and comes back."""
    route = ROUTES[reading.scene]
    scenes: list[Scene] = []
    for index, line in enumerate(lines):
        named = scene_of(line.text) if line.told else None
        wandering = (
            reading.scene if index % 3 == 0 else route[(index - index // 3 - 1) % len(route)]
        )
        scenes.append(named or wandering)
    return scenes


def _hints(lines: Sequence[str], seconds: float) -> list[float]:
    """As long as it takes to say them, but at least the shortest; an ending may be shorter."""
    said = [_length(line) / WORDS_A_SECOND + _BREATH for line in lines]
    hints = [max(SHORTEST, needed) for needed in said]
    rest = seconds - sum(hints[:-1])
    if _LAST <= rest < SHORTEST and said[-1] <= rest:
        hints[-1] = rest
    return [round(hint, 3) for hint in hints]
