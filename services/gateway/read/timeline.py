"""The timeline of a video: which job waited, ran and was stored when, and what held up the film.

All of it is read from the rows of the jobs. Nothing here has a list of kinds: what a job waited for
is found by the files that it was given, since each names the attempt that made it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from services.gateway.read.assets import find_beat, find_chunk, find_files
from services.gateway.read.stages import make_moment
from shared.jobs.job import Job, State
from shared.story.codes import Code, read_code
from shared.story.events import (
    BeatsPlanned,
    RevisionRequested,
    VideoCompleted,
    VideoFailed,
    VideoRequested,
)
from shared.story.fact import Fact
from shared.story.kinds import CLIP, PLANNING, Item, Kinds, Stage
from shared.story.money import Dollars
from shared.story.view import View
from shared.story.wishes import FIRST_REV, find_rev

BarState = Literal["waiting", "running", "storing", "done", "failed", "cancelled"]

_STATES: Mapping[State, BarState] = {
    State.NEW: "waiting",
    State.SUBMITTING: "running",
    State.RUNNING: "running",
    State.STORING: "storing",
    State.SETTLING: "storing",
    State.DONE: "done",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
}


class Bar(Fact):
    """One job on the timeline: it waits, runs and, made at a provider, is stored."""

    job: str
    kind: str
    stage: Stage
    item: str = Field(description="What it makes, as a person calls it: clip 3, the music.")
    beat: int | None = None
    chunk: int | None = None
    take: int
    state: BarState
    wave: int | None = Field(
        None, description="Of a clip: with which release it was asked for, from 1."
    )
    after: str | None = Field(None, description="The job whose end set it free, where it is known.")
    is_critical: bool = Field(False, description="On the path that the whole video waited for.")
    queued_at: datetime
    started_at: datetime | None = None
    stored_from: datetime | None = None
    ended_at: datetime | None = None
    waiting_ms: int
    running_ms: int
    storing_ms: int
    tries: int
    model: str = ""
    cost: Dollars = 0
    reused: bool = False
    error: str = ""
    error_code: Code | None = Field(None, description="Why it failed, in a word for programs.")


class Timeline(Fact):
    """The work on one revision of a video, job by job, in the order in which it was asked for."""

    video_id: str
    rev: int
    began_at: datetime
    ended_at: datetime | None = None
    now: datetime = Field(description="The clock that all of these times are of.")
    waves: int = Field(0, description="How often clips were released.")
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class _Span:
    """The time from when a revision was asked for until it ended, or the next one was."""

    began: int
    ended: int | None
    until: int | None


def build_timeline(
    view: View, jobs: Iterable[Job], now: int, kinds: Kinds, rev: int | None = None
) -> Timeline:
    """Return the timeline of a revision: the latest one, unless another is named."""
    shown = rev or max(find_rev(view), FIRST_REV)
    span, plan = _find_span(view, shown), view.latest(BeatsPlanned)
    work = sorted(
        (job for job in jobs if _is_shown(job, span, kinds)),
        key=lambda job: (job.created_at, job.started_at or now, job.id),
    )
    causes = _find_causes(work, kinds)
    path = _find_path(work, causes) if span.ended else frozenset[str]()
    waves = _number_waves(work)
    return Timeline(
        video_id=view.video_id,
        rev=shown,
        began_at=make_moment(span.began),
        ended_at=None if span.ended is None else make_moment(span.ended),
        now=make_moment(now),
        waves=len(set(waves.values())),
        bars=tuple(
            _build_bar(job, now, plan, kinds).model_copy(
                update={
                    "wave": waves.get(job.id),
                    "after": causes.get(job.id),
                    "is_critical": job.id in path,
                }
            )
            for job in work
        ),
    )


def _find_span(view: View, rev: int) -> _Span:
    request = view.one(VideoRequested)
    starts = {FIRST_REV: request.at if request else 0}
    starts |= {asked.rev: asked.at for asked in view.all(RevisionRequested)}
    ends = [*view.all(VideoCompleted), *view.all(VideoFailed)]
    ended = max((end.at for end in ends if end.rev == rev), default=None)
    later = [at for other, at in starts.items() if other > rev]
    return _Span(starts.get(rev, starts[FIRST_REV]), ended, min(later, default=None))


def _is_shown(job: Job, span: _Span, kinds: Kinds) -> bool:
    """Tell whether a job belongs to a revision, and is of a kind that the film waits for."""
    known = {kind.name for kind in kinds if kind.is_awaited}
    in_time = span.began <= job.created_at and (span.until is None or job.created_at < span.until)
    return in_time and job.spec.kind in known


def _build_bar(job: Job, now: int, plan: BeatsPlanned | None, kinds: Kinds) -> Bar:
    spec, kind = job.spec, kinds[job.spec.kind]
    started, stored_from, end = _find_times(job)
    waiting, running, storing = _split_time(job, now)
    return Bar(
        job=job.id,
        kind=kind.name,
        stage=kind.stage,
        item=kind.name_item(Item(spec.beat, spec.n), plan),
        beat=find_beat(kind, spec),
        chunk=find_chunk(kind, spec),
        take=spec.take,
        state=_STATES[job.state],
        queued_at=make_moment(job.created_at),
        started_at=None if started is None else make_moment(started),
        stored_from=None if stored_from is None else make_moment(stored_from),
        ended_at=None if end is None else make_moment(end),
        waiting_ms=waiting,
        running_ms=running,
        storing_ms=storing,
        tries=job.tries,
        model=job.model or "",
        cost=job.cost,
        reused=job.reused,
        error=job.error or "",
        error_code=read_code(job.code or "") if job.state is State.FAILED else None,
    )


def _find_times(job: Job) -> tuple[int | None, int | None, int | None]:
    """Return when a job's latest attempt began, when it was left to be stored, and its end."""
    # rows of before know neither; a job that waits again has not begun
    started = None if job.state is State.NEW else job.started_at or job.posted_at
    return started, job.produced_at if started else None, job.finished_at


def _split_time(job: Job, now: int) -> tuple[int, int, int]:
    """Return the milliseconds that a job has waited, run, and been stored."""
    started, stored_from, end = _find_times(job)
    until = now if end is None else end
    begun = until if started is None else started
    stored = until if stored_from is None else stored_from
    return max(0, begun - job.created_at), max(0, stored - begun), max(0, until - stored)


# ── what waited for what ────────────────────────────────────────────────────────────────────────


def _find_causes(jobs: Sequence[Job], kinds: Kinds) -> dict[str, str]:
    """Return job → the job whose end set it free: of all that it needed, the last to end."""
    makers = {file["key"]: job for job in jobs for file in find_files(job).values()}
    causes = {}
    for job in jobs:
        needed = _list_needed(job, jobs, makers, kinds)
        ended = [one for one in needed if one.finished_at and one.finished_at <= job.created_at]
        if ended:
            causes[job.id] = max(ended, key=lambda one: one.finished_at or 0).id
    return causes


def _list_needed(
    job: Job, jobs: Sequence[Job], makers: Mapping[str, Job], kinds: Kinds
) -> Collection[Job]:
    """Return the jobs that one may have waited for."""
    kind, spec = kinds[job.spec.kind], job.spec
    found = [makers[key] for key in spec.files.values() if key in makers]
    beat = find_beat(kind, spec)
    if kind.order_of is None and beat is not None:
        # the work of a service itself also takes facts from its beat: the times of the words
        found += [one for one in jobs if find_beat(kinds[one.spec.kind], one.spec) == beat]
    planning = {kind.name for kind in PLANNING}
    return [*found, *(one for one in jobs if one.spec.kind in planning)]


def _find_path(jobs: Sequence[Job], causes: Mapping[str, str]) -> frozenset[str]:
    """Return the jobs that the end waited for: from the last one back, each after its cause."""
    last = max(jobs, key=lambda job: job.finished_at or 0, default=None)
    path, at = set[str](), last.id if last else None
    while at and at not in path:
        path.add(at)
        at = causes.get(at)
    return frozenset(path)


def _number_waves(jobs: Iterable[Job]) -> dict[str, int]:
    """Return clip job → its wave: all clips that one decision has released."""
    # one decision's jobs are inserted together, at one time of the store's clock
    clips = [job for job in jobs if job.spec.kind == CLIP.name]
    times = sorted({job.created_at for job in clips})
    return {job.id: times.index(job.created_at) + 1 for job in clips}
