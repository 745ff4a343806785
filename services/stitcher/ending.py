"""The two ends of a video: it is completed, or it has failed."""

from shared.story.codes import Code
from shared.story.durations import find_generation_ms
from shared.story.events import (
    AttemptSettled,
    BeatsPlanned,
    VideoCompleted,
    VideoFailed,
    VideoRequested,
    WavesCompleted,
)
from shared.story.fact import Micros
from shared.story.kinds import ANIMATIC, CLIP, IMAGE, KINDS, REFERENCE, VideoCut
from shared.story.notes import list_notes
from shared.story.reviews import list_storyboard
from shared.story.view import View


def complete(
    view: View, plan: BeatsPlanned, waves: WavesCompleted, cut: VideoCut
) -> VideoCompleted | None:
    """Return the good end; None while a cost is still unknown here."""
    request = view.one(VideoRequested)
    # the film can be cut before every reference is made, and what they cost belongs to its end
    awaited = [*IMAGE.jobs(plan), *REFERENCE.jobs(plan), *plan.stopped]
    if request is None or not all(view.end(job) for job in awaited):
        return None
    return VideoCompleted(
        video_id=plan.video_id,
        rev=plan.rev,
        key=cut.key,
        poster_key=cut.poster_key,
        outputs=cut.outputs,
        seconds=cut.seconds,
        total=waves.total,
        succeeded=waves.succeeded,
        failed=waves.failed,
        notes=tuple(note.message for note in list_notes(view, plan, KINDS)),
        cost=_sum_costs(view, plan, waves),
        chunk_keys=waves.keys,
        # the time of a revision begins with its plan: before that, a finished video lay there
        generation_ms=cut.at - (request.at if plan.job else plan.at),
    )


def complete_without_film(view: View, plan: BeatsPlanned) -> VideoCompleted | None:
    """Return the good end of a video that was to have no film; None while it is not known here
    when it was asked for, or what it has cost.
    """
    request = view.one(VideoRequested)
    # what was stopped may have cost something
    if request is None or not all(view.end(job) for job in plan.stopped):
        return None
    costs = (end.cost for end in view.ends.values())
    ends = [view.end(job) for job in (*list_storyboard(plan), *ANIMATIC.jobs(plan))]
    last = max([plan.at, *(end.at for end in ends if end)])
    return VideoCompleted(
        video_id=plan.video_id,
        rev=plan.rev,
        workflow=plan.brief.workflow,
        key="",
        poster_key="",
        seconds=0.0,
        total=0,
        succeeded=0,
        notes=tuple(note.message for note in list_notes(view, plan, KINDS)),
        cost=sum(costs) + _sum_by_hand(view),
        generation_ms=last - (request.at if plan.job else plan.at),
    )


def fail(
    view: View,
    rev: int,
    phase: str,
    error: str,
    code: Code,
    *,
    item: str = "",
    waves: WavesCompleted | None = None,
) -> VideoFailed:
    """Return the bad end."""
    return VideoFailed(
        video_id=view.video_id,
        rev=rev,
        phase=phase,
        item=item,
        error=error,
        code=code,
        total=waves.total if waves else 0,
        succeeded=waves.succeeded if waves else 0,
        failed=waves.failed if waves else (),
        cost=_sum_by_hand(view) + sum(end.cost for end in view.ends.values()),
        generation_ms=find_generation_ms(view, rev),
    )


def _sum_costs(view: View, plan: BeatsPlanned, waves: WavesCompleted) -> Micros:
    """Return the cost of all jobs, each counted once: this plan's clips as the waves did."""
    # a clip that failed may be known to the waves, and not have been heard of here yet
    clips = set(CLIP.jobs(plan))
    others = sum(end.cost for job, end in view.ends.items() if job not in clips)
    return waves.cost + others + _sum_by_hand(view)


def _sum_by_hand(view: View) -> Micros:
    """Return what attempts cost of which only a person could say it."""
    return sum(settled.cost for settled in view.all(AttemptSettled))
