"""The running time of a video: the time in which its user did not hold it up."""

from itertools import pairwise

from shared.story.events import (
    BeatsPlanned,
    RevisionRequested,
    VideoOverdue,
    VideoRequested,
    VideoSteered,
)
from shared.story.view import View

FIRST = 1
"""The revision that the request itself asks for."""


def find_overdue(view: View, now: int, limit_ms: int) -> VideoOverdue | None:
    """Return the event that gives a video up, once its latest revision has run for too long."""
    rev, started = _find_start(view)
    if started is None:
        return None
    running = _count_running_ms(view, started, now)
    if running <= limit_ms:
        return None
    return VideoOverdue(
        video_id=view.video_id, rev=rev, at=now, running_ms=running, limit_ms=limit_ms
    )


def _find_start(view: View) -> tuple[int, int | None]:
    """Return the revision that is being made, and since when."""
    asked = view.latest(RevisionRequested)
    plan = view.latest(BeatsPlanned)
    # each revision has its own time: an old video that is changed is not overdue at once
    if asked is not None and (plan is None or asked.rev >= plan.rev):
        return asked.rev, asked.at
    if plan is not None and plan.job is None:  # a revision whose wish has not been heard here yet
        return plan.rev, plan.at
    request = view.one(VideoRequested)
    return plan.rev if plan else FIRST, request.at if request else None


def _count_running_ms(view: View, started: int, now: int) -> int:
    """Return the time since the start in which the user wanted the video to run."""
    # by number: their times may come from clocks that are a little apart
    wishes = sorted(view.all(VideoSteered), key=lambda wish: wish.rev)
    changes = [(0, True), *((wish.at, wish.desired == "running") for wish in wishes), (now, False)]
    return sum(
        max(0, end - max(begin, started))
        for (begin, is_wanted), (end, _) in pairwise(changes)
        if is_wanted
    )
