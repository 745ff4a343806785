"""From drafts to beats: leave out those that do not fit, and give each its time. Pure.

Every beat lasts at least five seconds, only the last may be shorter; together they fill their
time exactly. Boundaries are whole milliseconds, so that sums of them stay exact.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from shared.story.beats import BadPlan, Beat
from shared.story.brief import EndCard
from shared.story.lengths import save_clips

MIN_BEAT_SECONDS = 5.0
SHORTEST_LAST = 2.5
"""Seconds of a last beat that is worth having."""
CARD_SHARE = 0.25
MIN_CARD_SECONDS = 1.0


@dataclass(frozen=True)
class Draft:
    """A beat before it has its time; `seconds` is how long its author would like it.

    `least` are the seconds without which it can't be, as what is said in it takes so long; 0 is not
    known.
    """

    prompt: str
    narration: str = ""
    seconds: float = MIN_BEAT_SECONDS
    characters: tuple[str, ...] = ()
    setting: str = ""
    camera: str = ""
    speaker: str = ""
    why: str = ""
    sound: str = ""
    least: float = 0.0


@dataclass(frozen=True)
class Story:
    """A whole video as its author wrote it: what there is to see and to say, and the end card."""

    title: str
    headline: str
    cta: str
    beats: tuple[Draft, ...]
    looks: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Who or what comes again in it, by name, and how that looks."""


def fit_card(card: EndCard | None, duration: float) -> EndCard | None:
    """Return the card, shorter where the video is short; None where there is no time for it."""
    if card is None:
        return None
    seconds = round(min(card.seconds, duration * CARD_SHARE), 3)
    return card.model_copy(update={"seconds": seconds}) if seconds >= MIN_CARD_SECONDS else None


def max_beats(seconds: float) -> int:
    """Return how many beats fit at most."""
    # rounded up: the last beat may be shorter than the others
    return math.ceil(seconds / MIN_BEAT_SECONDS)


def count_worthwhile(seconds: float) -> int:
    """Return how many beats fit, without a last one that is over before it is seen."""
    full, rest = divmod(seconds, MIN_BEAT_SECONDS)
    return max(1, int(full) + (rest >= SHORTEST_LAST))


def time_beats(
    drafts: Sequence[Draft], seconds: float, clip_seconds: float = 0.0
) -> tuple[Beat, ...]:
    """Return the beats that fit, in order; together they fill these seconds exactly.

    With `clip_seconds` they are made of few clips of at most so many seconds.
    """
    _check_drafts(drafts)
    kept = drafts[: _count_fitting(drafts, seconds)]
    durations = _share_time(kept, seconds)
    if clip_seconds and not any(draft.sound for draft in kept):  # a user's clip is as long as it is
        durations = save_clips(durations, _list_least(kept, seconds), clip_seconds)
    # each boundary is rounded, never a length: so what rounding adds to one beat the next one loses
    bounds = [round(at, 3) for at in accumulate(durations[:-1], initial=0.0)] + [round(seconds, 3)]
    return tuple(
        Beat(
            index=index,
            start=bounds[index],
            duration=round(bounds[index + 1] - bounds[index], 3),
            prompt=draft.prompt.strip(),
            narration=draft.narration.strip(),
            characters=draft.characters,
            setting=draft.setting,
            camera=draft.camera,
            speaker=draft.speaker,
            why=draft.why,
            sound=draft.sound,
        )
        for index, draft in enumerate(kept)
    )


def _check_drafts(drafts: Sequence[Draft]) -> None:
    if not drafts:
        raise BadPlan("the plan has no beats: describe at least one thing to see")
    for index, draft in enumerate(drafts):
        if not draft.prompt.strip():
            raise BadPlan(f"beat {index} has an empty prompt: there is nothing to draw")


def find_missing(drafts: Sequence[Draft], seconds: float) -> float:
    """Return how many seconds these beats lack, if each is to have its least."""
    return round(sum(_list_least(drafts, seconds)) - seconds, 3)


def _count_fitting(drafts: Sequence[Draft], seconds: float) -> int:
    """Return how many of the first drafts fit: each has its least time, and time to be said."""
    most = min(len(drafts), max_beats(seconds))
    fitting = (n for n in range(most, 1, -1) if _fits(drafts[:n], seconds))
    return next(fitting, 1)


def _fits(drafts: Sequence[Draft], seconds: float) -> bool:
    """Tell whether there is time for all of these, and for the last to be seen if it is silent."""
    *others, last = drafts
    is_seen = last.least or last.narration or _sum_least(others) + SHORTEST_LAST <= seconds
    return bool(is_seen) and find_missing(drafts, seconds) <= 0


def _sum_least(drafts: Sequence[Draft]) -> float:
    return sum(max(MIN_BEAT_SECONDS, draft.least) for draft in drafts)


def _list_least(drafts: Sequence[Draft], seconds: float) -> list[float]:
    """Return the least time of each beat; only the last may be shorter than the others."""
    least = [max(MIN_BEAT_SECONDS, draft.least) for draft in drafts[:-1]]
    last = min(MIN_BEAT_SECONDS, max(0.0, seconds - sum(least)))
    return [*least, max(last, drafts[-1].least)]


def _share_time(drafts: Sequence[Draft], seconds: float) -> list[float]:
    """Return the time of each beat: its least, and of the rest as its author would like it."""
    if len(drafts) == 1:
        return [seconds]
    # no hint is taken as nothing: the sum below must not be zero
    weights = [max(draft.seconds, 0.1) for draft in drafts]
    least = _list_least(drafts, seconds)
    wish = [weight * seconds / sum(weights) for weight in weights]
    above = [max(0.0, want - floor) for want, floor in zip(wish, least, strict=True)]
    left = seconds - sum(least)
    if not sum(above):  # nobody wishes for more: all get an equal part of it
        return [floor + left / len(least) for floor in least]
    share = left / sum(above)
    return [floor + share * extra for floor, extra in zip(least, above, strict=True)]
