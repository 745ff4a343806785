"""The rule-based planner: it turns any prompt into a story in beats. Pure.

The same prompt and seed give the same story. A prompt of several sentences is a script: each
sentence becomes a beat. A short prompt gets a story around it. A prompt that is not English is told
in its own words only, because all our sentences are English.
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
from shared.story.drafts import SHORTEST_LAST, Draft, Story
from shared.story.errors import BadInput
from shared.story.shape import SHORTEST, expect_beats

WORDS_A_SECOND = 2.3

_LONGEST_LINE = 8.0  # seconds; a sentence that takes longer to say is split
_QUIET_BEAT = 8.0  # seconds of a beat in which nothing is said
_BREATH = 0.3  # seconds around a line
_FEWEST_WORDS = 4  # of a part of a sentence: fewer say nothing by themselves
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
class _Line:
    """The narration of a beat; `from_user` if it is part of the prompt."""

    text: str
    from_user: bool = False


def plan(prompt: str, style: str, seconds: float, seed: int) -> Story:
    """Return a story of about `seconds`; a long script gives all the beats that it has."""
    style_of(style)  # an unknown style is refused here, before anything is drawn
    if not prompt.strip():
        raise BadInput("the prompt is empty: say what the video is about", field="prompt")
    reading = read(prompt)
    lines = _write_lines(reading, seconds, random.Random(seed))
    title = title_of(reading)
    return Story(
        title=title,
        headline=reading.name or title,
        cta=_VOICES[reading.kind].call_to_action if reading.kind != "foreign" else "",
        beats=tuple(_make_beats(reading, lines, seconds)),
    )


# ── what is said ────────────────────────────────────────────────────────────────────────────────


def _write_lines(reading: Reading, seconds: float, rng: random.Random) -> list[_Line]:
    """Return the line of each beat."""
    wanted = expect_beats(seconds)
    script = [part for sentence in reading.sentences for part in _split_sentence(sentence)]
    if reading.kind == "foreign":
        wanted = max(len(script), math.ceil(seconds / _QUIET_BEAT))
        return [_Line(part, True) for part in script] + [_Line("")] * (wanted - len(script))
    if len(reading.sentences) == 1:
        return [_Line(text) for text in _write_story(reading, wanted, rng)]
    # A script that lacks a single beat stays as it is: one of our sentences alone would stick out.
    missing, more = wanted - len(script), list[str]()
    if missing > 1:
        middle = _choose_middle(reading, missing - 1, rng)
        more = [*middle, rng.choice(_VOICES[reading.kind].ending)]
    return [_Line(part, True) for part in script] + [_Line(text) for text in more]


def _write_story(reading: Reading, wanted: int, rng: random.Random) -> list[str]:
    """Return an opening that names the topic, sentences from the middle, and an ending."""
    voice = _VOICES[reading.kind]
    openings = QUESTION_OPENING if reading.kind == "question" else voice.opening
    opening = _split_sentence(_fill_in(rng.choice(openings), reading))
    middle = _choose_middle(reading, max(0, wanted - len(opening) - 1), rng)
    ending = [rng.choice(voice.ending)] if wanted > len(opening) else []
    return [*opening, *middle, *ending]


def _choose_middle(reading: Reading, count: int, rng: random.Random) -> list[str]:
    """Return so many sentences from the middle, in its order, spread over all of it."""
    pool = _VOICES[reading.kind].middle
    count = min(count, len(pool))
    places = [(2 * i + 1) * len(pool) // (2 * count) for i in range(count)]
    return [_fill_in(rng.choice(pool[place]), reading) for place in places]


def _fill_in(line: str, reading: Reading) -> str:
    hero = reading.spoken_name
    return line.format(topic=reading.topic, hero=hero, Hero=hero[:1].upper() + hero[1:])


def _split_sentence(sentence: str) -> list[str]:
    """Return the sentence in parts that can each be said within a beat."""
    longest = round(_LONGEST_LINE * WORDS_A_SECOND)
    if language_of(sentence) in UNSPACED:
        # No spaces, no words to count: three letters take as long as an English word.
        letters = _split_evenly(list(sentence), longest * 3, _FEWEST_WORDS * 3)
        return [part for run in letters if (part := "".join(run).strip())]
    return [" ".join(run) for run in _split_evenly(sentence.split(), longest, _FEWEST_WORDS)]


def _split_evenly(words: Sequence[str], longest: int, shortest: int) -> list[Sequence[str]]:
    """Return the words in parts of about the same length, split where a speaker might pause."""
    if len(words) <= longest:
        return [words] if words else []
    even = len(words) / math.ceil(len(words) / longest)
    # The cheapest of all ways, found word by word: for the words up to each place, the cost of the
    # best way to split them, and where its last part starts.
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(words) + 1):
        starts = range(max(0, end - longest), max(0, end - shortest + 1))
        ways = ((best[at][0] + ((end - at) / even - 1) ** 2, at) for at in starts)
        cost, at = min(ways, default=(math.inf, 0))
        best.append((cost + _cost_of_split(words, end), at))
    runs, end = [], len(words)
    while end:
        start = best[end][1]
        runs.append(words[start:end])
        end = start
    return runs[::-1]


def _cost_of_split(words: Sequence[str], at: int) -> float:
    """Return what it costs to split before this word: nothing at the end, little at a pause."""
    if at == len(words):
        return 0.0
    if words[at - 1].endswith(_PAUSES):
        return 0.1
    if words[at - 1].lower() in DANGLING:
        return 0.8
    return 0.25 if words[at].lower() in JOINING else 0.6


# ── what is seen ────────────────────────────────────────────────────────────────────────────────


def _make_beats(reading: Reading, lines: Sequence[_Line], seconds: float) -> Iterator[Draft]:
    """Yield a beat for each line."""
    lengths = _choose_lengths([line.text for line in lines], seconds)
    for index, (line, scene) in enumerate(zip(lines, _choose_scenes(reading, lines), strict=True)):
        setting = SETTINGS[scene]
        # Our own sentences name nothing that could be drawn: for them, the topic is shown.
        shown = line.text if line.from_user else reading.topic
        # The place comes first and the hero last: whoever draws it finds both in every beat.
        prompt = f"{SHOTS[index % len(SHOTS)]} {setting}: {shown.strip(_ENDS)}, {FEATURING} "
        prompt += reading.drawn_name
        yield Draft(prompt, line.text, lengths[index], setting=setting)


def _choose_scenes(reading: Reading, lines: Sequence[_Line]) -> list[Scene]:
    """Return the place of each beat.

    A script may name its places itself. Other beats start in the main place, leave it for others,
    and come back to it every third time.
    """
    route = ROUTES[reading.scene]
    scenes: list[Scene] = []
    for index, line in enumerate(lines):
        named = scene_of(line.text) if line.from_user else None
        away = route[(index - index // 3 - 1) % len(route)]
        scenes.append(named or (away if index % 3 else reading.scene))
    return scenes


def _choose_lengths(lines: Sequence[str], seconds: float) -> list[float]:
    """Return for each beat the seconds that its line takes to say, and at least the shortest."""
    spoken = [_count_words(line) / WORDS_A_SECOND + _BREATH for line in lines]
    lengths = [max(SHORTEST, needed) for needed in spoken]
    # The last beat may be shorter, if then all of it fits the duration exactly.
    rest = seconds - sum(lengths[:-1])
    if SHORTEST_LAST <= rest < SHORTEST and spoken[-1] <= rest:
        lengths[-1] = rest
    return [round(length, 3) for length in lengths]


def _count_words(text: str) -> float:
    """Return the length of a text in words that take as long to say as English ones."""
    return len(text) / 3 if language_of(text) in UNSPACED else len(text.split())
