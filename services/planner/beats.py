"""From drafted beats to timed ones: validate, truncate, rescale. Pure.

Every beat lasts at least five seconds, only the last may be shorter; together they fill their
time exactly. Boundaries are whole milliseconds, so that sums of them stay exact.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shared.story.beats import BadPlan, Beat
from shared.story.brief import EndCard

MIN_BEAT_SECONDS = 5.0
CARD_SHARE = 0.25
MIN_CARD_SECONDS = 1.0


@dataclass(frozen=True)
class Draft:
    """A beat before it has its time; `seconds` is how long its author would like it."""

    prompt: str
    narration: str = ""
    seconds: float = MIN_BEAT_SECONDS
    characters: tuple[str, ...] = ()
    setting: str = ""


def fitted_card(card: EndCard | None, duration: float) -> EndCard | None:
    """The card at a length that leaves the story most of a short video, or none."""
    if card is None:
        return None
    seconds = round(min(card.seconds, duration * CARD_SHARE), 3)
    return card.model_copy(update={"seconds": seconds}) if seconds >= MIN_CARD_SECONDS else None


def max_beats(seconds: float) -> int:
    """How many beats fit at most."""
    return math.ceil(seconds / MIN_BEAT_SECONDS)


def timed(drafts: Sequence[Draft], seconds: float) -> tuple[Beat, ...]:
    """The beats that fit, in order, filling these seconds exactly."""
    kept = drafts[: max_beats(seconds)]
    _validate(kept)
    starts = _starts([draft.seconds for draft in kept], seconds)
    return tuple(
        Beat(
            index=index,
            start=starts[index],
            duration=round(starts[index + 1] - starts[index], 3),
            prompt=draft.prompt.strip(),
            narration=draft.narration.strip(),
            characters=draft.characters,
            setting=draft.setting,
        )
        for index, draft in enumerate(kept)
    )


def _validate(drafts: Sequence[Draft]) -> None:
    if not drafts:
        raise BadPlan("the plan has no beats: describe at least one thing to see")
    for index, draft in enumerate(drafts):
        if not draft.prompt.strip():
            raise BadPlan(f"beat {index} has an empty prompt: there is nothing to draw")


def _starts(hints: Sequence[float], seconds: float) -> list[float]:
    """Where each beat starts, and where the last one ends."""
    at, starts = 0.0, [0.0]
    for duration in _durations(hints, seconds):
        at += duration
        starts.append(round(at, 3))
    return [*starts[:-1], round(seconds, 3)]


def _durations(hints: Sequence[float], seconds: float) -> list[float]:
    """In proportion to the hints, but none below its least: what is above shares the rest."""
    weights = [max(hint, 0.1) for hint in hints]
    least = [MIN_BEAT_SECONDS] * (len(hints) - 1)
    least.append(min(MIN_BEAT_SECONDS, seconds - sum(least)))
    wish = [weight * seconds / sum(weights) for weight in weights]
    above = [max(0.0, want - floor) for want, floor in zip(wish, least, strict=True)]
    share = (seconds - sum(least)) / sum(above) if sum(above) else 0.0
    return [floor + share * extra for floor, extra in zip(least, above, strict=True)]
