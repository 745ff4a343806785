"""What is wanted of a video: read from a set of facts, and in order among all wishes for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.story.events import Event, RevisionRequested, VideoFailed, VideoSteered
from shared.story.view import View
from shared.story.wishes import (
    UNTOUCHED,
    build_steering,
    find_wish,
    is_cancelled,
    is_over,
    number_wish,
)
from tests.histories import VIDEO, completed, plan, requested, retold

PLAN = plan(2, 1)
FAILED = VideoFailed(video_id=VIDEO, rev=1, phase="clips", error="too few")
RETRIED = RevisionRequested(video_id=VIDEO, rev=2, action="retry", again=())


def steered(rev: int, desired: str, plan_rev: int = 1) -> VideoSteered:
    known = {"video_id": VIDEO, "rev": rev, "desired": desired, "plan_rev": plan_rev}
    return VideoSteered.model_validate(known)


@pytest.mark.parametrize(
    ("facts", "desired"),
    [
        ([], "running"),
        ([requested(), PLAN], "running"),
        ([PLAN, steered(1, "paused")], "paused"),
        ([PLAN, steered(1, "paused"), steered(2, "running")], "running"),
        ([PLAN, FAILED], "cancelled"),
        ([PLAN, completed(PLAN)], "cancelled"),
        ([steered(1, "cancelled")], "cancelled"),
        ([PLAN, steered(1, "cancelled"), steered(2, "running")], "cancelled"),
        ([PLAN, steered(1, "cancelled"), RETRIED], "running"),
        ([PLAN, FAILED, RETRIED], "running"),
        ([PLAN, steered(1, "cancelled"), RETRIED, steered(2, "cancelled", 2)], "cancelled"),
        ([PLAN, steered(1, "cancelled"), RETRIED, steered(2, "paused", 2)], "paused"),
    ],
)
def test_what_may_go_on(facts: list[Event], desired: str) -> None:
    assert find_wish(View(VIDEO, facts)).desired == desired


def test_before_its_turn_a_video_rests() -> None:
    waiting = find_wish(View(VIDEO, [requested()]), has_turn=False)
    begun = find_wish(View(VIDEO, [requested()]))
    assert (waiting.desired, begun.desired) == ("paused", "running")
    assert waiting.number < begun.number == UNTOUCHED


FACTS: list[Event] = [
    requested(),
    PLAN,
    steered(1, "paused"),
    steered(2, "running"),
    steered(3, "cancelled"),
    RETRIED,
    plan(2, 1, rev=2),
    steered(4, "running", 2),
    steered(5, "paused", 2),
    VideoFailed(video_id=VIDEO, rev=2, phase="clips", error="too few"),
]


@given(st.permutations(FACTS), st.data())
def test_whoever_knows_more_has_a_higher_number_and_the_order_does_not_matter(
    facts: list[Event], data: st.DataObject
) -> None:
    wishes = [find_wish(View(VIDEO, facts[:n])) for n in range(len(facts) + 1)]
    numbers = [wish.number for wish in wishes]
    assert numbers == sorted(numbers)
    assert len(set(wishes)) == len(set(numbers)), "one number never means two things"
    assert find_wish(View(VIDEO, data.draw(retold(facts)))) == wishes[-1]


def test_a_wish_for_the_next_revision_comes_after_all_for_this_one() -> None:
    last = find_wish(View(VIDEO, [PLAN, FAILED, steered(7, "running")]))
    assert last.number < number_wish(2, 0)


def test_the_next_wish_says_all_that_was_wanted_before() -> None:
    before = steered(3, "running").model_copy(update={"cap": 5, "priority": 4})
    after = build_steering(View(VIDEO, [before]), "cancelled", 2)
    assert (after.rev, after.cap, after.priority) == (4, 5, 4)
    view = View(VIDEO, [before, after])
    assert is_cancelled(view) and is_over(view)
    assert not is_over(View(VIDEO, [before, after, plan(2, 1, rev=3)]))
