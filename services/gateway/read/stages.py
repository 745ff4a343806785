"""How far each stage of a video is, counted from its plan and from what has settled."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from shared.story.events import (
    BeatsPlanned,
    Event,
    Failed,
    Numbered,
    RevisionRequested,
    VideoCompleted,
    VideoFailed,
    VideoRequested,
    WavesCompleted,
)
from shared.story.fact import Fact
from shared.story.kinds import KINDS, Kinds, Stage
from shared.story.plan import min_clips
from shared.story.view import View

StageStatus = Literal["waiting", "running", "completed", "failed", "skipped", "stopped"]

ACCEPTED = 5
"""Percent that a video has the moment it is accepted."""

MARKS: Mapping[Stage, float] = {
    Stage.PLAN: 40,
    Stage.IMAGES: 25,
    Stage.SOUNDTRACK: 0,
    Stage.CLIPS: 25,
    Stage.CUT: 5,
}
"""Percent of each stage until enough videos were measured: 45 planned, 70 images, 95 clips."""

PHASES: Mapping[str, Stage] = {
    "plan": Stage.PLAN,
    "images": Stage.IMAGES,
    "clips": Stage.CLIPS,
    "conform": Stage.CUT,
    "cut": Stage.CUT,
    "planner": Stage.PLAN,
    "storyboard": Stage.IMAGES,
    "soundtrack": Stage.SOUNDTRACK,
    "chunker": Stage.CLIPS,
    "stitcher": Stage.CUT,
}
"""In which stage a video failed, by the phase that VideoFailed names."""


class StageRecord(Fact):
    """One stage of a video."""

    name: Stage
    status: StageStatus
    percent: int
    done: int
    failed: int = 0
    total: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Progress:
    """How far a video is."""

    stage: Stage
    percent: int
    records: tuple[StageRecord, ...]


@dataclass(frozen=True)
class _Tally:
    """The jobs that a stage wants, and how those that are settled ended."""

    total: int | None
    ends: tuple[Event, ...]
    start: int | None
    closed_at: int | None = None
    """When something later showed that nothing more will come in this stage."""
    needed: int = 0
    """With fewer results than this the stage is never complete: the video fails in it."""

    @property
    def failed(self) -> int:
        return sum(isinstance(end, Failed) for end in self.ends)

    @property
    def done(self) -> int:
        return len(self.ends) - self.failed

    @property
    def settled(self) -> bool:
        return len(self.ends) == self.total

    @property
    def closed(self) -> bool:
        enough = self.total is None or self.total - self.failed >= self.needed
        return self.closed_at is not None or (self.settled and enough)

    @property
    def share(self) -> float:
        """Return its part that is made; what failed counts once the stage is over without it."""
        return 1.0 if self.closed else self.done / self.total if self.total else 0.0

    @property
    def end(self) -> int | None:
        """Return when its last job ended; where some are missing, when that was known."""
        if self.settled:
            return max((end.at for end in self.ends), default=self.start)
        return self.closed_at


_REVISED: tuple[type[Numbered], ...] = (
    RevisionRequested,
    BeatsPlanned,
    WavesCompleted,
    VideoCompleted,
    VideoFailed,
)


def rev(view: View) -> int:
    """Return the latest revision that was asked for, or that any service has answered with."""
    return max((fact.rev for cls in _REVISED if (fact := view.latest(cls))), default=0)


def is_over(view: View) -> bool:
    """Tell whether the video has ended, and no later revision goes on."""
    ends = (view.latest(VideoCompleted), view.latest(VideoFailed))
    return any(end is not None and end.rev >= rev(view) for end in ends)


def progress(view: View, failed_phase: str | None = None, kinds: Kinds = KINDS) -> Progress:
    """Return how far every stage is, and the first that is not over."""
    tallies = _tallies(view, kinds)
    open_ = next((stage for stage, tally in tallies.items() if not tally.closed), Stage.CUT)
    # a deadline, say, is no phase of its own: the video failed in the stage that it was in
    failed = PHASES.get(failed_phase, open_) if failed_phase else None
    return Progress(
        stage=failed or open_,  # where it failed is the last that is said of it
        percent=_percent(tallies, _weights(view)),
        records=tuple(_record(stage, tally, failed) for stage, tally in tallies.items()),
    )


def measure_weights(records: Iterable[Iterable[StageRecord]]) -> dict[str, float]:
    """Return stage weights from the times of completed videos: what ACCEPTED leaves, shared out."""
    spent = dict.fromkeys(Stage, 0.0)
    for record in (record for video in records for record in video):
        if record.started_at and record.ended_at:
            spent[record.name] += (record.ended_at - record.started_at).total_seconds()
    whole = sum(spent.values())
    if whole <= 0:
        return {}
    return {stage.value: (100 - ACCEPTED) * part / whole for stage, part in spent.items()}


def _percent(tallies: Mapping[Stage, _Tally], weights: Mapping[Stage, float]) -> int:
    sofar = ACCEPTED + sum(weights[stage] * tally.share for stage, tally in tallies.items())
    # a stage that is complete must reach its mark whatever floats make of it
    return min(100, int(sofar + 1e-6))


def _weights(view: View) -> Mapping[Stage, float]:
    request = view.one(VideoRequested)
    if request is None or not request.stage_weights:
        return MARKS
    return {stage: request.stage_weights.get(stage, 0.0) for stage in Stage}


def _record(stage: Stage, tally: _Tally, failed: Stage | None) -> StageRecord:
    return StageRecord(
        name=stage,
        status="failed" if stage is failed else _status(tally),
        percent=int(100 * tally.share + 1e-6),
        done=tally.done,
        failed=tally.failed,
        total=tally.total,
        started_at=_moment(tally.start),
        ended_at=_moment(tally.end),
    )


def _status(tally: _Tally) -> StageStatus:
    if tally.total == 0:
        return "skipped"
    if tally.closed:
        return "completed"
    return "waiting" if tally.start is None else "running"


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


# ── what each stage consists of ─────────────────────────────────────────────────────────────────


def _tallies(view: View, kinds: Kinds) -> dict[Stage, _Tally]:
    request, plan = view.one(VideoRequested), view.latest(BeatsPlanned)
    asked = request.at if request else None
    over_at = _over_at(view)
    if plan is None or plan.rev < rev(view):
        # what has settled so far can't be counted before it is known what there should be
        unknown = _Tally(None, (), None, over_at)
        return dict.fromkeys(Stage, unknown) | {Stage.PLAN: _Tally(1, (), asked, over_at)}
    waves_at = _waves_at(view, plan) or over_at
    jobs = {stage: _jobs(plan, kinds, stage) for stage in Stage}
    clips = jobs[Stage.CLIPS]
    made = _tally(view, clips, _first(view, jobs[Stage.IMAGES]), waves_at)
    return {
        Stage.PLAN: _Tally(1, (plan,), asked),
        Stage.IMAGES: _tally(view, jobs[Stage.IMAGES], plan.at, waves_at),
        Stage.SOUNDTRACK: _tally(view, jobs[Stage.SOUNDTRACK], plan.at, over_at),
        Stage.CLIPS: replace(made, needed=min_clips(plan, len(clips))),
        Stage.CUT: _tally(view, jobs[Stage.CUT], _first(view, clips), over_at),
    }


def _jobs(plan: BeatsPlanned, kinds: Kinds, stage: Stage) -> list[str]:
    """Return the ids of the jobs that a stage consists of."""
    return [job for kind in kinds.of_stage(stage) for job in kind.jobs(plan)]


def _tally(view: View, jobs: list[str], start: int | None, closed_at: int | None) -> _Tally:
    return _Tally(len(jobs), _settled(view, jobs), start if jobs else None, closed_at)


def _over_at(view: View) -> int | None:
    """Return when the video of this revision was finished."""
    done = view.latest(VideoCompleted)
    return done.at if done and done.rev >= rev(view) else None


def _waves_at(view: View, plan: BeatsPlanned) -> int | None:
    """Return when all chains of this revision were settled, with clips enough to go on with."""
    waves = view.latest(WavesCompleted)
    if waves is None or waves.rev < rev(view):
        return None
    return waves.at if waves.succeeded >= min_clips(plan, waves.total) else None


def _settled(view: View, jobs: list[str]) -> tuple[Event, ...]:
    return tuple(end for job in jobs if (end := view.end(job)))


def _first(view: View, jobs: list[str]) -> int | None:
    return min((end.at for end in _settled(view, jobs)), default=None)
