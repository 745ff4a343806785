"""The two ends of a video: what it is, what it lacks, what it came to."""

from shared.story.events import (
    BeatsPlanned,
    VideoCompleted,
    VideoFailed,
    VideoRequested,
    WavesCompleted,
)
from shared.story.fact import Micros
from shared.story.kinds import CLIP, IMAGE, KINDS, REFERENCE, VideoCut
from shared.story.notes import notes
from shared.story.view import View


def complete(
    view: View, plan: BeatsPlanned, waves: WavesCompleted, cut: VideoCut
) -> VideoCompleted | None:
    """Return the good end; None while a bill is still on its way here."""
    request = view.one(VideoRequested)
    if request is None or not _all_billed(view, plan):
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
        notes=tuple(note.message for note in notes(view, plan, KINDS)),
        cost=_cost(view, plan, waves),
        chunk_keys=waves.keys,
        # a revision was not being made while its video was finished
        generation_ms=cut.at - (request.at if plan.job else plan.at),
    )


def fail(
    view: View,
    rev: int,
    phase: str,
    error: str,
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
        total=waves.total if waves else 0,
        succeeded=waves.succeeded if waves else 0,
        failed=waves.failed if waves else (),
        cost=sum(end.cost for end in view.ends.values()),
    )


# ── what it came to ─────────────────────────────────────────────────────────────────────────────


def _all_billed(view: View, plan: BeatsPlanned) -> bool:
    """Tell whether all costs are known: the cut does not wait for images and references."""
    jobs = [*IMAGE.wanted_jobs(plan), *REFERENCE.wanted_jobs(plan)]
    return all(view.end(job) for job in jobs)


def _cost(view: View, plan: BeatsPlanned, waves: WavesCompleted) -> Micros:
    """Sum up every job once: the clips of this plan as the waves counted them, then the rest."""
    clips = set(CLIP.wanted_jobs(plan))
    return waves.cost + sum(end.cost for job, end in view.ends.items() if job not in clips)
