"""The timeline is read from rows: what set each job free, and what the film waited for."""

from typing import Any

from services.gateway.read.timeline import Timeline, build_timeline
from shared.jobs.job import Job, State
from shared.story.events import BeatsPlanned, RevisionRequested
from shared.story.kinds import CLIP, CONFORM, CUT, IMAGE, KINDS, VOICE, AnyKind
from shared.story.kinds.plans import plan_job
from tests.histories import completed, plan, requested, spec, view

PLANNED = plan(beats=2, narration="Words.")


def ran(kind: AnyKind, start: int, end: int, *, beat: int = 0, n: int = 0, **files: str) -> Job:
    """A job that was asked for at one time and ended at another; its file bears its name."""
    key = f"{kind.name}-{beat}-{n}"
    asked = spec(PLANNED, kind, beat=beat, n=n).model_copy(update={"files": files})
    stored = {"key": {"key": key, "size": 1, "sha256": ""}}
    return make(asked, start, end, result={"key": key, "stored": stored})


def make(asked: Any, start: int, end: int, **known: Any) -> Job:
    return Job(
        spec=asked, state=State.DONE, created_at=start, started_at=start, finished_at=end, **known
    )


def planning() -> Job:
    return make(plan_job(PLANNED.video_id, PLANNED.brief, 1), 1_000, 2_000)


def build(jobs: list[Job], plan: BeatsPlanned = PLANNED) -> Timeline:
    done = completed(plan).model_copy(update={"at": 9_000})
    return build_timeline(view([requested(), plan, done]), jobs, 10_000, KINDS)


WHOLE = [
    planning(),
    ran(IMAGE, 2_001, 3_000),
    ran(IMAGE, 2_001, 4_000, beat=1),
    ran(VOICE, 2_001, 5_500),
    ran(CLIP, 3_001, 5_000, image="image-0-0"),
    ran(CLIP, 4_001, 6_000, beat=1, n=1, image="image-1-0"),
    ran(CONFORM, 5_501, 6_200, clip="clip-0-0"),
    ran(CONFORM, 6_001, 7_000, beat=1, n=1, clip="clip-1-1"),
    ran(CUT, 7_001, 8_500, a="conform-0-0", b="conform-1-1"),
]


def causes(timeline: Timeline) -> dict[str, str | None]:
    names = {
        bar.job: f"{bar.kind} {bar.chunk if bar.chunk is not None else bar.beat}"
        for bar in timeline.bars
    }
    return {names[bar.job]: names.get(bar.after or "") for bar in timeline.bars}


def test_each_job_names_the_last_of_those_that_it_waited_for() -> None:
    assert causes(build(WHOLE)) == {
        "plan None": None,
        "image 0": "plan None",
        "image 1": "plan None",
        "voice 0": "plan None",
        "clip 0": "image 0",
        "clip 1": "image 1",
        "conform 0": "voice 0",  # its clip was there before
        "conform 1": "clip 1",
        "cut None": "conform 1",
    }


def test_the_path_that_the_film_waited_for_is_marked() -> None:
    path = [(bar.kind, bar.beat) for bar in build(WHOLE).bars if bar.is_critical]
    assert path == [("plan", None), ("image", 1), ("clip", 1), ("conform", 1), ("cut", None)]


def test_clips_that_were_released_together_are_one_wave() -> None:
    jobs = [planning(), *(ran(CLIP, 3_000, 4_000, beat=n, n=n) for n in (0, 1))]
    timeline = build([*jobs, ran(CLIP, 5_000, 6_000, beat=2, n=2)])
    assert [bar.wave for bar in timeline.bars] == [None, 1, 1, 2]
    assert timeline.waves == 2


def test_a_revision_shows_its_own_jobs_only() -> None:
    second = plan(beats=2, rev=2)
    asked = RevisionRequested(video_id=PLANNED.video_id, rev=2, action="retry", at=8_600)
    facts = [requested(), PLANNED, asked, second]
    again = ran(CUT, 8_700, 9_000)
    latest = build_timeline(view(facts), [*WHOLE, again], 10_000, KINDS)
    assert [(bar.kind, bar.job) for bar in latest.bars] == [("cut", again.id)]
    first = build_timeline(view(facts), [*WHOLE, again], 10_000, KINDS, rev=1)
    assert len(first.bars) == len(WHOLE)


def test_a_job_that_is_at_work_grows_with_the_clock_and_marks_no_path() -> None:
    asked = spec(PLANNED, IMAGE)
    running = Job(spec=asked, state=State.RUNNING, created_at=2_000, started_at=3_000)
    facts = [requested(), PLANNED]
    [bar] = build_timeline(view(facts), [running], 7_500, KINDS).bars
    assert (bar.state, bar.waiting_ms, bar.running_ms, bar.ended_at) == (
        "running",
        1_000,
        4_500,
        None,
    )
    assert not bar.is_critical


def test_rows_of_before_know_no_start_and_still_have_their_time() -> None:
    old = Job(
        spec=spec(PLANNED, IMAGE),
        state=State.DONE,
        created_at=2_000,
        finished_at=3_000,
        posted_at=2_400,
    )
    [bar] = build([old]).bars
    assert (bar.waiting_ms, bar.running_ms, bar.storing_ms) == (400, 600, 0)
