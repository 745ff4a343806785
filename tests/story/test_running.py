"""How long a video has been running, and when it is given up."""

from shared.story.events import RevisionRequested, VideoRequested, VideoSteered
from shared.story.running import find_overdue
from shared.story.view import View
from tests.histories import VIDEO, plan, requested

LIMIT = 10_000


def steer(rev: int, at: int, desired: str) -> VideoSteered:
    return VideoSteered.model_validate(
        {"video_id": VIDEO, "rev": rev, "at": at, "desired": desired}
    )


def test_a_video_is_overdue_once_it_has_run_for_longer_than_the_limit() -> None:
    view = View(VIDEO, [requested()])
    began = view.all(VideoRequested)[0].at
    assert find_overdue(view, began + LIMIT, LIMIT) is None
    late = find_overdue(view, began + LIMIT + 1, LIMIT)
    assert late is not None and (late.rev, late.running_ms) == (1, LIMIT + 1)


def test_time_that_its_user_paused_it_does_not_count() -> None:
    facts = [requested(), steer(1, 2_000, "paused"), steer(2, 90_000, "running")]
    view = View(VIDEO, facts)
    assert find_overdue(view, 89_000, LIMIT) is None, "it is paused"
    # a second before the pause, and the rest after it
    assert find_overdue(view, 90_000 + LIMIT - 1_000, LIMIT) is None
    assert find_overdue(view, 90_001 + LIMIT - 1_000, LIMIT) is not None


def test_each_revision_has_its_own_time() -> None:
    asked = RevisionRequested(video_id=VIDEO, rev=2, at=500_000, action="skip")
    view = View(VIDEO, [requested(), plan(), asked])
    assert find_overdue(view, 500_000 + LIMIT, LIMIT) is None
    late = find_overdue(view, 500_001 + LIMIT, LIMIT)
    assert late is not None and late.rev == 2


def test_a_revision_whose_wish_was_not_heard_of_yet_has_its_own_time_too() -> None:
    second = plan(rev=2).model_copy(update={"at": 500_000, "job": None})
    view = View(VIDEO, [requested(), plan(), second])
    assert find_overdue(view, 500_000 + LIMIT, LIMIT) is None


def test_what_nobody_asked_for_is_never_overdue() -> None:
    assert find_overdue(View(VIDEO), 10**12, LIMIT) is None
