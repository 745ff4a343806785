"""How long a video has been running, and when it is given up."""

from collections.abc import Iterable

from shared.story.events import Event, RevisionRequested, VideoSteered
from shared.story.running import LONGEST_STEP_MS, NOT_YET, Running, count, find_overdue
from shared.story.view import View
from tests.histories import VIDEO, plan, requested

LIMIT = 10_000
PLANNED = (requested(), plan())


def steer(rev: int, desired: str) -> VideoSteered:
    return VideoSteered.model_validate({"video_id": VIDEO, "rev": rev, "desired": desired})


def run(facts: Iterable[Event], *times: int, is_at_work: bool = True) -> Running:
    """Count at each of these times."""
    view, running = View(VIDEO, facts), NOT_YET
    for now in times:
        running = count(running, view, now, is_at_work=is_at_work)
    return running


def test_a_video_is_overdue_once_it_has_run_for_longer_than_the_limit() -> None:
    view = View(VIDEO, PLANNED)
    assert find_overdue(view, run(PLANNED, 1_000, 11_000), 11_000, LIMIT) is None
    late = find_overdue(view, run(PLANNED, 1_000, 11_001), 11_001, LIMIT)
    assert late is not None and (late.rev, late.running_ms) == (1, LIMIT + 1)


def test_the_time_of_planning_counts_and_what_nobody_asked_for_has_none() -> None:
    assert run([requested()], 1_000, 50_000) == Running(1, 49_000, 50_000)
    assert run([], 1_000, 50_000) == Running(0, 0, 50_000)


def test_time_in_which_nobody_is_at_work_does_not_count() -> None:
    assert run(PLANNED, 1_000, 50_000, is_at_work=False).ms == 0


def test_time_that_its_user_paused_it_does_not_count() -> None:
    assert run([*PLANNED, steer(1, "paused")], 1_000, 50_000).ms == 0
    assert run([*PLANNED, steer(1, "paused"), steer(2, "running")], 1_000, 50_000).ms == 49_000


def test_a_night_in_which_the_machine_was_off_is_one_step_at_most() -> None:
    assert run(PLANNED, 1_000, 10 * 3_600_000).ms == LONGEST_STEP_MS


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    assert run(PLANNED, 1_000, 6_000, 3_000, 5_000).ms == 7_000


def test_each_revision_has_its_own_time() -> None:
    running = run(PLANNED, 1_000, 9_000)
    asked = RevisionRequested(video_id=VIDEO, rev=2, at=500_000, action="skip")
    again = count(running, View(VIDEO, [*PLANNED, asked]), 500_000)
    assert again == Running(2, 0, 500_000)
