"""Gives beats lengths that need fewer clips. Pure.

Models bill a clip of 2.75 s as one of five: five beats of 5.5 s would cost ten clips, and with four
of exactly five seconds they cost six.
"""

import math
from collections.abc import Sequence

_NEARLY = 1e-6  # of a clip: a beat of one clip's length is one clip, whatever floats say


def count_clips(seconds: float, clip_seconds: float) -> int:
    """Return how many clips of at most so many seconds a beat needs."""
    return max(1, math.ceil(seconds / clip_seconds - _NEARLY))


def save_clips(
    seconds: Sequence[float], least: Sequence[float], clip_seconds: float
) -> list[float]:
    """Return these lengths, changed where this saves clips; none is shorter than its least.

    What beats have beyond whole clips is taken from them. It fills up the last clips of those that
    can't do without; what is left then goes to the beats with the most to say, a clip to each.
    """
    changed = [_drop_rest(*each, clip_seconds) for each in zip(seconds, least, strict=True)]
    left = sum(seconds) - sum(changed)
    for at, length in enumerate(changed):
        room = count_clips(length, clip_seconds) * clip_seconds - length
        changed[at] += min(left, room)
        left -= min(left, room)
    # of equals the last one: it is seen before the end card, and may rest there
    wishes = sorted(range(len(changed)), key=lambda at: (least[at], seconds[at], at), reverse=True)
    while left > _NEARLY:  # a clip for each: one long beat would be no cheaper
        for at in wishes:
            changed[at] += min(left, clip_seconds)
            left -= min(left, clip_seconds)
    return min([*seconds], changed, key=lambda each: _count_all(each, clip_seconds))


def _drop_rest(seconds: float, least: float, clip_seconds: float) -> float:
    """Return the length without what it has beyond whole clips, if its least is within these."""
    whole = math.floor(seconds / clip_seconds + _NEARLY) * clip_seconds
    return whole if max(least, clip_seconds) <= whole + _NEARLY else seconds


def _count_all(seconds: Sequence[float], clip_seconds: float) -> int:
    return sum(count_clips(each, clip_seconds) for each in seconds)
