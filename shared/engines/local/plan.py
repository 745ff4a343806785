"""The rule-based planner: it turns any prompt into a story in beats. Pure.

The same prompt and seed give the same story. It says only what the prompt says: each sentence of a
script is a beat; a wish is said in the words in which it was made. Beats for which there are no
words are silent, and show more of what it is about.
"""

import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from shared.engines.local.brief import read
from shared.engines.local.cast import describe_characters
from shared.engines.local.grammar import Grammar, grammar_of
from shared.engines.local.pace import speaking_seconds
from shared.engines.local.phrases import MOVES, ROUTES, SETTINGS, SHOTS, WEATHER
from shared.engines.local.reading import Kind, Line, Reading
from shared.engines.local.seen import choose_characters, find_diagram, name_seen
from shared.engines.local.sentences import ENDS, LONGEST_LINE, finish
from shared.engines.local.sketches import sketches
from shared.engines.local.styles import style_of
from shared.engines.local.telling import offer_pattern, split_offer
from shared.engines.local.titles import title_of
from shared.engines.local.topics import (
    FEATURING,
    NOWHERE,
    Scene,
    scene_of,
    weather_of,
)
from shared.engines.local.wish import is_call
from shared.story.drafts import SHORTEST_LAST, Draft, Story
from shared.story.shape import SHORTEST, expect_beats

_ROOM = 2  # silent beats: with no more, an opening would only delay the sentence
_SILENT = -2  # the group of a beat for which there are no words
_STAGE: frozenset[Scene] = frozenset(("stage",))
_BESIDES: Mapping[Kind, Collection[Scene]] = {"tale": NOWHERE, "product": ()}
"""Places that words alone don't tell of, where it is not about a product: a stage for it."""
_OFFERED = 3
"""How much a line of an ad matters that says its name, its offer or its price."""
_SHORT_OFFER = 6  # words: more are too many beside a name


def plan(prompt: str, style: str, seconds: float, seed: int) -> Story:
    """Return a story of about `seconds`; a long script gives all the beats that it has."""
    style_of(style)  # an unknown style is refused here, before anything is drawn
    reading = read(prompt)
    lines = _fit(_fill(reading, seconds), seconds)
    if reading.kind == "product":
        lines = _shorten_ad(lines, reading, seconds)
    title = title_of(reading) or "Storywave"
    return Story(
        title=title,
        headline=reading.name if reading.kind == "product" and reading.name else title,
        cta=reading.call,
        beats=tuple(_make_beats(reading, lines, seconds, random.Random(seed))),
        looks=describe_characters(reading, style, seed),
    )


# ── what is said ────────────────────────────────────────────────────────────────────────────────


def _fill(reading: Reading, seconds: float) -> list[Line]:
    """Return the line of each beat: the story's own, and silent ones between and after them."""
    wanted = expect_beats(seconds)
    lines = [*reading.lines] or [Line("", reading.topic)]
    if reading.opening and wanted - len(lines) > _ROOM:
        lines.insert(0, Line(reading.opening, reading.opening.strip(ENDS), -1))
    # A script that lacks a single beat stays as it is: one silent beat alone would stick out.
    if len(lines) > 1 and wanted - len(lines) == 1:
        wanted = len(lines)
    closed = _close(reading, lines) if wanted >= len(lines) else None
    if closed:
        last = closed[-1]
        # the last beat is what the others leave: where its words need more, there is one less
        fits = speaking_seconds(last.text) <= seconds - SHORTEST * (wanted - 1)
        count = max(len(closed), wanted if fits else wanted - 1)
        return [*_spread(closed[:-1], count - 1, reading.topic), last]
    return _spread(lines, wanted, reading.topic)


def _fit(lines: Sequence[Line], seconds: float) -> list[Line]:
    """Return the lines for which there is time: silent ones go first, then short ones are joined.

    What is said is left to whoever gives beats their time, where even that does not help.
    """
    fitting = [*lines]
    while _measure(fitting) > seconds and any(line.group == _SILENT for line in fitting):
        last = max(at for at, line in enumerate(fitting) if line.group == _SILENT)
        del fitting[last]
    joined = fitting
    while _measure(joined) > seconds and (shorter := _join_shortest(joined)):
        joined = shorter
    return joined if _measure(joined) <= seconds else fitting


def _measure(lines: Sequence[Line]) -> float:
    """Return the seconds that these lines need: the last beat may be shorter than the others."""
    *others, last = (speaking_seconds(line.text) for line in lines)
    return sum(max(SHORTEST, each) for each in others) + max(SHORTEST_LAST, last)


def _join_shortest(lines: Sequence[Line]) -> list[Line] | None:
    """Return the lines with one less: two that can be said in one beat; None without such."""
    texts = {at: f"{a.text} {b.text}" for at, (a, b) in enumerate(pairwise(lines))
             if a.text and b.text}  # fmt: skip
    at = min(texts, key=lambda at: speaking_seconds(texts[at]), default=None)
    if at is None or speaking_seconds(texts[at]) > LONGEST_LINE:
        return None
    shown = ", ".join(line.shows for line in lines[at : at + 2] if line.shows)
    return [*lines[:at], Line(texts[at], shown, lines[at].group), *lines[at + 2 :]]


def _shorten_ad(lines: Sequence[Line], reading: Reading, seconds: float) -> list[Line]:
    """Return the lines of an ad for which there is time: what only describes is left out first.

    So there is time for its name, its offer and its price, wherever they stand.
    """
    kept = [*lines]
    while _measure(kept) > seconds and len(kept) > 1:
        name = reading.name if reading.name not in kept[0].text else ""
        worth = {at: _weigh(line, name, reading) for at, line in enumerate(kept) if at}
        least = min(worth.values())
        if least >= _OFFERED:
            break
        del kept[max(at for at in worth if worth[at] == least)]
        kept = _fit(kept, seconds)
    return kept


def _weigh(line: Line, name: str, reading: Reading) -> int:
    """Return how much a line of an ad matters; what to do stands on its end card, too."""
    grammar = grammar_of(reading.language)
    if name and name in line.text:
        return _OFFERED
    if grammar and _offers(line.text, grammar):
        return _OFFERED
    if grammar and is_call(line.text, grammar):
        return 1
    return 2 if any(map(str.isdigit, line.text)) else 0


def _offers(text: str, grammar: Grammar) -> bool:
    """Tell whether a line has a price, a discount or a word for one."""
    word = rf"(?<![\w-]){grammar.any_of('offer_word')}(?!\w)"
    return bool(offer_pattern(grammar).search(text) or re.search(word, text, re.IGNORECASE))


def _close(reading: Reading, lines: Sequence[Line]) -> list[Line] | None:
    """Return the lines of an ad with its name and its offer as the last one; None without both.

    What is on offer is said once, where it is remembered: at the end.
    """
    grammar = grammar_of(reading.language)
    if reading.kind != "product" or not reading.name or grammar is None:
        return None
    alone = [line for line in lines if _is_offer(line.text, grammar)]
    if not alone or len(lines) == 1:
        return None
    offer = alone[-1].text
    if grammar.has("articles", offer.split()[0]) or grammar.has("offer_lead", offer.split()[0]):
        offer = offer[0].lower() + offer[1:]
    others = [line for line in lines if line is not alone[-1]]
    last = Line(finish(f"{reading.name}: {offer}"), reading.topic, len(lines) + 1)
    if is_call(others[-1].text, grammar):  # what to do comes after why
        return [*others[:-1], last, replace(others[-1], group=last.group + 1)]
    return [*others, last]


def _is_offer(text: str, grammar: Grammar) -> bool:
    """Tell whether a line is an offer and nothing else."""
    head, offer = split_offer(text, grammar)
    return bool(offer) and not head.strip(ENDS) and len(offer.split()) <= _SHORT_OFFER


def _spread(lines: Sequence[Line], wanted: int, topic: str) -> list[Line]:
    """Return the lines with silent beats between their groups, as evenly as can be."""
    missing = wanted - len(lines)
    if missing <= 0:
        return [*lines]
    last_of_group = [
        n for n, line in enumerate(lines) if n + 1 == len(lines) or lines[n + 1].group != line.group
    ]
    spread: list[Line] = []
    for number, line in enumerate(lines):
        spread.append(line)
        if number in last_of_group:
            done = last_of_group.index(number) + 1
            due = missing * done // len(last_of_group)
            quiet = due - sum(not each.text and each.group < 0 for each in spread)
            spread += [Line("", line.shows or topic, _SILENT)] * quiet
    return spread


# ── what is seen ────────────────────────────────────────────────────────────────────────────────


def _make_beats(
    reading: Reading, lines: Sequence[Line], seconds: float, rng: random.Random
) -> Iterator[Draft]:
    """Yield a beat for each line."""
    lengths = _choose_lengths([line.text for line in lines], seconds)
    turn = rng.randrange(len(MOVES))
    for index, (line, scene) in enumerate(zip(lines, _choose_scenes(reading, lines), strict=True)):
        diagram = find_diagram(reading, line)
        setting = SETTINGS["shapes" if diagram else scene]
        shot, move = SHOTS[index % len(SHOTS)], MOVES[(index + turn) % len(MOVES)]
        seen = choose_characters(reading, line)
        if index == len(lines) - 1:  # all come together at the end
            seen += tuple(name for name in reading.characters if name not in seen)
        # The place comes first and the hero last: whoever draws it finds both in every beat.
        shows = line.shows or reading.topic
        place = f"{setting}{WEATHER[weather_of(shows, reading.language)]}"
        prompt = f"{shot} {place}, {move}: {shows}, {FEATURING} "
        prompt += sketches()[diagram].called if diagram else name_seen(reading, line, seen)
        yield Draft(
            prompt,
            line.text,
            lengths[index],
            characters=seen,
            setting=setting,
            camera=f"{shot.lower()}, {move}",
            least=speaking_seconds(line.text),
        )


def _choose_scenes(reading: Reading, lines: Sequence[Line]) -> list[Scene]:
    """Return the place of each beat.

    A script may name its places itself. Other beats start in the main place, leave it for others,
    and come back to it every third time.
    """
    route = ROUTES[reading.scene]
    scenes: list[Scene] = []
    for index, line in enumerate(lines):
        own = line.text or line.shows != reading.topic
        named = None
        if own and reading.is_script:
            # a bottle in a tale stands on no stage
            besides = _BESIDES.get(reading.kind, _STAGE)
            named = scene_of(line.shows, reading.language, besides)
        away = route[(index - index // 3 - 1) % len(route)]
        scenes.append(named or (away if index % 3 else reading.scene))
    return scenes


def _choose_lengths(lines: Sequence[str], seconds: float) -> list[float]:
    """Return for each beat the seconds that its line takes to say, and at least the shortest."""
    spoken = [speaking_seconds(line) for line in lines]
    lengths = [max(SHORTEST, needed) for needed in spoken]
    # The last beat may be shorter, if then all of it fits the duration exactly.
    rest = seconds - sum(lengths[:-1])
    if SHORTEST_LAST <= rest < SHORTEST and spoken[-1] <= rest:
        lengths[-1] = rest
    return [round(length, 3) for length in lengths]
