"""The running time of a video: the time in which somebody was at work on it.

It is added up in steps, as the shell comes to look at the video, and not taken from a calendar. So
it does not count while the video queues, is paused, is out of money or waits for an approval, and
neither while the machine is off: nobody is at work then, and nobody looks.
"""

from typing import NamedTuple

from shared.story.budget import find_block
from shared.story.events import (
    BeatsPlanned,
    RevisionRequested,
    VideoOverdue,
    VideoRequested,
)
from shared.story.reviews import find_awaited
from shared.story.view import View
from shared.story.wishes import find_desired

LONGEST_STEP_MS = 6 * 60_000
"""Looks are five minutes apart at most: in a longer gap nobody was there to look."""


class Running(NamedTuple):
    """How long a revision has run, and when that was counted last."""

    rev: int = 0
    ms: int = 0
    at: int = 0


NOT_YET = Running()


def count(running: Running, view: View, now: int, *, is_at_work: bool = True) -> Running:
    """Return the running time with the step up to now."""
    rev = _find_rev(view)
    # each revision has its own time: an old video may be changed
    if rev == 0 or rev != running.rev:
        return Running(rev, 0, now)
    step = min(max(now - running.at, 0), LONGEST_STEP_MS)
    waits = find_block(view) is not None or find_awaited(view) is not None
    counts = is_at_work and find_desired(view) == "running" and not waits
    return Running(rev, running.ms + (step if counts else 0), now)


def find_overdue(view: View, running: Running, now: int, limit_ms: int) -> VideoOverdue | None:
    """Return the event that gives a video up, once its revision has run for too long."""
    if running.ms <= limit_ms:
        return None
    return VideoOverdue(
        video_id=view.video_id, rev=running.rev, at=now, running_ms=running.ms, limit_ms=limit_ms
    )


def _find_rev(view: View) -> int:
    """Return the revision that is being made; 0 where nobody has asked for the video."""
    numbered = (view.latest(BeatsPlanned), view.latest(RevisionRequested))
    first = 1 if view.one(VideoRequested) else 0
    return max([first, *(each.rev for each in numbered if each)])
