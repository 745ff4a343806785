"""The time of a job is counted apart: waiting for its turn, being worked on, being stored."""

from shared.jobs import signals as s
from shared.jobs.job import Job, Rules, State
from shared.jobs.machine import advance
from shared.jobs.rows import from_doc, to_doc
from shared.story.events import Times
from shared.story.kinds import CLIP
from shared.story.view import JobSpec

RULES = Rules()
SPEC = JobSpec(kind=CLIP.name, video_id="v", beat=1, n=2)


def follow(*steps: tuple[int, s.Signal]) -> Job:
    """Return a job, created at 1,000, after these signals at these times."""
    job = Job(spec=SPEC, created_at=1_000, tag=1.0)
    for at, signal in steps:
        # as in earnest, where each signal is written and read again
        job = from_doc(to_doc(advance(job, signal, at, RULES)))
    return job


def test_work_at_a_provider_waits_runs_and_is_stored() -> None:
    job = follow(
        (3_000, s.Claimed()),
        (3_500, s.Posted(10, "fast")),
        (4_000, s.Accepted("p1")),
        (9_000, s.Claimed()),
        (9_500, s.Produced({"key": "u"}, cost=7)),
        (9_700, s.Finished({"key": "k"}, cost=7)),
        (10_000, s.Settled()),
    )
    assert job.state is State.DONE
    assert job.times == Times(waiting_ms=2_000, running_ms=6_500, storing_ms=500)
    assert job.times.all_ms == (job.finished_at or 0) - job.created_at


def test_the_time_between_two_tries_is_waiting() -> None:
    job = follow(
        (2_000, s.Claimed()),
        (5_000, s.Broke("no luck")),
        (11_000, s.Claimed()),
        (12_000, s.Finished({"key": "k"})),
    )
    assert job.times == Times(waiting_ms=7_000, running_ms=4_000, storing_ms=0)


def test_what_is_made_and_kept_in_one_step_says_how_long_the_keeping_took() -> None:
    job = follow((1_500, s.Claimed()), (4_500, s.Finished({"key": "k"}, storing_ms=400)))
    assert job.times == Times(waiting_ms=500, running_ms=2_600, storing_ms=400)


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    job = follow((900, s.Claimed()), (800, s.Finished({"key": "k"})))
    assert job.times == Times()


def test_a_row_of_before_counts_from_its_creation() -> None:
    row = to_doc(follow((2_000, s.Claimed())))
    for name in ("since", "waiting_ms"):
        del row[name]
    job = advance(from_doc(row), s.Finished({"key": "k"}), 6_000, RULES)
    assert job.times.all_ms == job.times.running_ms == 5_000
