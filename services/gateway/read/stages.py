"""The progress of each stage of a video, counted from its plan and from the jobs that have ended.

Percent never goes back within a revision: only facts count, and facts are only ever added. So a
stage that is over counts as a whole, whatever it lacks, and each stage has a fixed weight.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from shared.story.brief import Workflow
from shared.story.codes import Code, read_code
from shared.story.events import (
    BeatsPlanned,
    Event,
    Failed,
    RevisionRequested,
    VideoCompleted,
    VideoFailed,
    VideoRequested,
    WavesCompleted,
)
from shared.story.fact import Fact
from shared.story.goals import GOALS
from shared.story.kinds import KINDS, OF_SCRIPTS, PLANNING, AnyKind, Kinds, Stage, list_skipped
from shared.story.phases import PHASES
from shared.story.plan import active_chunks, min_clips
from shared.story.reviews import goal_of
from shared.story.view import View
from shared.story.wishes import find_rev

StageStatus = Literal["waiting", "running", "completed", "failed", "skipped", "stopped"]

ACCEPTED = 5
"""Percent that a video has the moment it is accepted."""

MARKS: Mapping[Stage, float] = {
    Stage.SCRIPT: 10,
    Stage.CHARACTERS: 10,
    Stage.SETTINGS: 10,
    Stage.SELECTION: 10,
    Stage.PLAN: 40,
    Stage.IMAGES: 25,
    Stage.SOUNDTRACK: 0,
    Stage.CLIPS: 25,
    Stage.CUT: 5,
}
"""Percent of each stage until enough videos were measured: 45 planned, 70 images, 95 clips. Of a
script, 15, 25, 35 and 45 are the marks of its own stages, and the plan made of them counts nothing.

The soundtrack counts nothing, because it is made beside the images and clips, and sooner."""


class StageRecord(Fact):
    """One stage of a video."""

    name: Stage
    status: StageStatus
    percent: int
    done: int
    failed: int = 0
    skipped: int = Field(0, description="What its user wants to do without.")
    total: int | None = None
    error: str | None = Field(None, description="Why something of it failed: the first that did.")
    error_code: Code | None = Field(None, description="The same in a word for programs.")
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Progress:
    """The stage that a video is in, its percent, and the record of every stage."""

    stage: Stage
    percent: int
    records: tuple[StageRecord, ...]


@dataclass(frozen=True)
class _Tally:
    """A count of the jobs that a stage wants, and of the ends that are known of them."""

    total: int | None
    """None while there is no plan to count from."""
    ends: tuple[Event, ...]
    start: int | None
    closed_at: int | None = None
    """The time at which something later showed that nothing more will come in this stage."""
    needed: int = 0
    """With fewer results than this the stage is never complete: the video fails in it."""

    @property
    def failures(self) -> int:
        """Return how many jobs failed."""
        return sum(isinstance(end, Failed) for end in self.ends)

    @property
    def done(self) -> int:
        """Return how many jobs ended well."""
        return len(self.ends) - self.failures

    @property
    def is_settled(self) -> bool:
        """Tell whether all jobs have ended."""
        return len(self.ends) == self.total

    @property
    def is_closed(self) -> bool:
        """Tell whether the stage is over: nothing more comes, and it has not failed."""
        enough = self.total is None or self.total - self.failures >= self.needed
        return self.closed_at is not None or (self.is_settled and enough)

    @property
    def share(self) -> float:
        """Return the part that is made, 0 to 1; what failed counts once the stage is over."""
        if self.is_closed:
            return 1.0
        return self.done / self.total if self.total else 0.0

    @property
    def end(self) -> int | None:
        """Return when its last job ended; where some never end, when that was known."""
        if self.is_settled:
            return max((end.at for end in self.ends), default=self.start)
        return self.closed_at


def measure_progress(
    view: View, failure: VideoFailed | None = None, kinds: Kinds = KINDS
) -> Progress:
    """Return the record of every stage, the percent, and the first stage that is not over."""
    tallies = _tally_stages(view, kinds)
    left = (stage for stage, tally in tallies.items() if not tally.is_closed)
    open_ = next(left, next(reversed(tallies)))
    # a deadline, say, is no phase of its own: the video failed in the stage that it was in
    failed = PHASES.get(failure.phase, open_) if failure else None
    weights, skipped = _choose_weights(view), _count_skipped(view, kinds)
    percent = ACCEPTED + sum(weights[stage] * tally.share for stage, tally in tallies.items())
    return Progress(
        stage=failed or open_,  # where it failed is the last that is said of it
        # a stage that is complete must reach its mark whatever floats make of it
        percent=min(100, int(percent + 1e-6)),
        records=tuple(
            _build_record(stage, tally, failure if stage is failed else None, skipped[stage])
            for stage, tally in tallies.items()
        ),
    )


def measure_weights(records: Iterable[Iterable[StageRecord]]) -> dict[str, float]:
    """Return the percent of each stage, by the time that it took in completed videos."""
    spent = dict[Stage, float]()
    for record in (record for video in records for record in video):
        spent.setdefault(record.name, 0.0)
        if record.started_at and record.ended_at:
            spent[record.name] += (record.ended_at - record.started_at).total_seconds()
    whole = sum(spent.values())
    if whole <= 0:
        return {}
    # they share what the acceptance of a video leaves of 100
    return {stage.value: (100 - ACCEPTED) * part / whole for stage, part in spent.items()}


def _choose_weights(view: View) -> Mapping[Stage, float]:
    # A video keeps the weights that it was accepted with: with newer ones it could go back.
    request, shown = view.one(VideoRequested), list_stages(view)
    measured = request.stage_weights if request else {}
    known = {stage: measured.get(stage, 0.0) for stage in shown}
    whole = sum(known.values())
    if whole > 0 and all(stage in measured for stage in shown):
        return {stage: (100 - ACCEPTED) * part / whole for stage, part in known.items()}
    marks = {stage: MARKS[stage] for stage in shown}
    if Stage.SCRIPT in shown:
        marks[Stage.PLAN] = 0.0
    # of a video that ends sooner, its stages share what the others would have
    return {s: (100 - ACCEPTED) * mark / sum(marks.values()) for s, mark in marks.items()}


def list_stages(view: View) -> list[Stage]:
    """Return the stages that a video has: those of scripts only where there is one, and none
    beyond the point to which it is to go.
    """
    request = view.one(VideoRequested)
    has_script = request is not None and bool(request.brief.script)
    goal = GOALS[find_workflow(view, request)]
    return [
        stage
        for stage in Stage
        if (has_script or stage not in OF_SCRIPTS) and goal_of(stage) <= goal
    ]


def find_workflow(view: View, request: VideoRequested | None) -> Workflow:
    """Return how much of a video is to be made: as it was asked for, or continued since."""
    asked = [request.brief.workflow] if request else []
    asked += [each.workflow for each in view.all(RevisionRequested) if each.workflow]
    return max(asked, key=GOALS.__getitem__, default="full")


def _count_skipped(view: View, kinds: Kinds) -> Counter[Stage]:
    """Return how much of each stage the user wants to do without."""
    plan = view.latest(BeatsPlanned)
    return Counter(kind.stage for kind, _ in list_skipped(plan, kinds)) if plan else Counter()


def _build_record(
    stage: Stage, tally: _Tally, failure: VideoFailed | None, skipped: int
) -> StageRecord:
    # where nothing of a stage has failed the video may have, in it: at its deadline, say
    lost = min((end for end in tally.ends if isinstance(end, Failed)), key=_order, default=failure)
    return StageRecord(
        name=stage,
        status="failed" if failure else _choose_status(tally),
        percent=int(100 * tally.share + 1e-6),
        done=tally.done,
        failed=tally.failures,
        skipped=skipped,
        error=lost.error if lost else None,
        error_code=read_code(lost.code) if lost else None,
        total=tally.total,
        started_at=None if tally.start is None else make_moment(tally.start),
        ended_at=None if tally.end is None else make_moment(tally.end),
    )


def _order(end: Failed) -> tuple[int, str]:
    return end.at, end.job


def _choose_status(tally: _Tally) -> StageStatus:
    if tally.total == 0:
        return "skipped"
    if tally.is_closed:
        return "completed"
    return "waiting" if tally.start is None else "running"


def make_moment(ms: int) -> datetime:
    """Return a time of the store's clock, in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


# ── the jobs of each stage ──────────────────────────────────────────────────────────────────────


def _tally_stages(view: View, kinds: Kinds) -> dict[Stage, _Tally]:
    """Return the tally of each stage, at the latest revision."""
    request, plan = view.one(VideoRequested), view.latest(BeatsPlanned)
    asked = request.at if request else None
    over_at = _find_end(view)
    shown = list_stages(view)
    steps = _tally_steps(view, plan, asked) if Stage.SCRIPT in shown else {}
    ready = max((tally.end or 0 for tally in steps.values()), default=0) or asked
    if plan is None or plan.rev < find_rev(view):
        # jobs that have ended can't be counted before it is known which ones there should be
        unknown = _Tally(None, (), None, over_at)
        planning = _Tally(1, (), ready if all(t.is_closed for t in steps.values()) else None)
        planning = replace(planning, closed_at=over_at)
        return dict.fromkeys(shown, unknown) | steps | {Stage.PLAN: planning}
    # all chains are settled: nothing more comes of the images and clips
    waves_at = _find_waves_end(view, plan) or over_at
    jobs = {
        stage: [job for kind in kinds.of_stage(stage) for job in kind.jobs(plan)] for stage in Stage
    }
    clips = jobs[Stage.CLIPS]
    # a stage starts when the first thing that it needs is there: nothing tells when a job was begun
    made = _tally_jobs(view, clips, _find_first_end(view, jobs[Stage.IMAGES]), waves_at)
    found = {
        **steps,
        Stage.PLAN: _Tally(1, (plan,), ready if steps else asked),
        Stage.IMAGES: _tally_jobs(view, jobs[Stage.IMAGES], plan.at, waves_at),
        Stage.SOUNDTRACK: _tally_jobs(view, jobs[Stage.SOUNDTRACK], plan.at, over_at),
        Stage.CLIPS: replace(made, needed=min_clips(plan, len(active_chunks(plan)))),
        Stage.CUT: _tally_jobs(view, jobs[Stage.CUT], _find_first_end(view, clips), over_at),
    }
    return {stage: tally for stage, tally in found.items() if stage in shown}


def _tally_steps(view: View, plan: BeatsPlanned | None, asked: int | None) -> dict[Stage, _Tally]:
    """Return the tally of each step from a script to its plan: one job each, done once."""
    found: dict[Stage, _Tally] = {}
    start = asked
    for kind in (kind for kind in PLANNING if kind.stage in OF_SCRIPTS):
        end = _find_step_end(view, kind)
        before = [tally.end for tally in found.values()]
        # characters and settings both start from the script, the selection from both of them
        if kind.stage is not Stage.SETTINGS:
            start = max((at or 0 for at in before), default=asked) if all(before) else None
        closed_at = plan.at if plan else None
        found[kind.stage] = _Tally(1, (end,) if end else (), start, closed_at)
    return found


def _find_step_end(view: View, kind: AnyKind) -> Event | None:
    """Return how a step ended: well at any revision, or badly at the latest."""
    made = view.all(kind.ready)
    failed = [end for end in view.all(kind.failed) if end.take == find_rev(view)]
    return next(iter((*made, *failed)), None)


def _tally_jobs(view: View, jobs: list[str], start: int | None, closed_at: int | None) -> _Tally:
    # a stage without jobs never starts: it is skipped
    return _Tally(len(jobs), _find_ends(view, jobs), start if jobs else None, closed_at)


def _find_end(view: View) -> int | None:
    """Return when the video of this revision was finished."""
    done = view.latest(VideoCompleted)
    return done.at if done and done.rev >= find_rev(view) else None


def _find_waves_end(view: View, plan: BeatsPlanned) -> int | None:
    """Return when all chains of this revision were settled, with clips enough to go on with."""
    waves = view.latest(WavesCompleted)
    if waves is None or waves.rev < find_rev(view):
        return None
    return waves.at if waves.succeeded >= min_clips(plan, waves.total) else None


def _find_ends(view: View, jobs: list[str]) -> tuple[Event, ...]:
    return tuple(end for job in jobs if (end := view.end(job)))


def _find_first_end(view: View, jobs: list[str]) -> int | None:
    return min((end.at for end in _find_ends(view, jobs)), default=None)
