"""A plan against its cap: what stops it, what would fit, and when it goes on."""

from typing import Any

import pytest

from shared.jobs.outcomes import Quote
from shared.runtime.budgets import Budgets
from shared.story.budget import check_plan, explain_excess, find_block, find_cap, find_excess
from shared.story.estimate import estimate_plan
from shared.story.events import (
    BeatsPlanned,
    BudgetExceeded,
    RevisionRequested,
    VideoRequested,
    VideoSteered,
)
from shared.story.kinds import CLIP, IMAGE, KINDS
from tests.histories import VIDEO, done, plan, requested, spec, view
from tests.prices import CENT, ask

WHOLE = 2 + 4 * 4 + 4 * 1 + 4 * 25
"""Cents of four beats of one clip each, with what planning has cost."""


def planned(cap: int | None, **known: Any) -> BeatsPlanned:
    budget = None if cap is None else cap * CENT
    made = plan(4, 1, budget=budget, **known)
    return made.model_copy(update={"cost": 2 * CENT})


def excess(made: BeatsPlanned) -> BudgetExceeded | None:
    return find_excess(made, check_plan(made, made.brief.budget, estimate_plan(made, ask)), ask)


def test_a_plan_that_costs_exactly_its_cap_goes_on() -> None:
    assert excess(planned(WHOLE)) is None


def test_a_cent_less_stops_it_and_says_what_was_compared() -> None:
    found = excess(planned(WHOLE - 1))
    assert found is not None
    assert (found.current, found.estimate, found.cap) == (2 * CENT, 120 * CENT, 121 * CENT)
    said = explain_excess(found)
    for part in (
        "$0.02 spent",
        "$1.20 to come",
        "the budget of $1.21",
        "raise the budget to $1.22",
    ):
        assert part in said


def test_what_would_fit_is_true() -> None:
    found = excess(planned(80))
    assert found is not None and found.fits is not None
    # 80 - 2 - 20 leave 58 cents: two clips of 25
    assert found.fits.clips == 2
    assert found.fits.tier == "draft", "four clips of 5 cents"
    assert found.fits.duration == 10
    assert "2 clips, a video of 10 s or the tier draft would fit" in explain_excess(found)


def test_of_a_budget_that_is_enough_for_nothing_nothing_is_offered() -> None:
    found = excess(planned(3))
    assert found is not None and found.fits is not None
    assert (found.fits.clips, found.fits.duration, found.fits.tier) == (0, None, None)
    assert "would fit" not in explain_excess(found)


def test_without_any_cap_nothing_that_costs_goes_on() -> None:
    found = excess(planned(None))
    assert found is not None and "there is no budget" in explain_excess(found)


def test_without_any_cap_what_costs_nothing_goes_on() -> None:
    made = planned(None)
    free = estimate_plan(made, lambda job: Quote(0))
    assert check_plan(made, None, free).passed


@pytest.mark.parametrize(
    ("cap", "clips", "goes_on"), [(80, 2, True), (60, 1, False), (47, 1, True)]
)
def test_who_wants_to_finish_goes_on_with_clips_enough(cap: int, clips: int, goes_on: bool) -> None:
    made = planned(cap, on_cap="finish", min_clips=2 if clips == 2 or not goes_on else 1)
    assert (excess(made) is None) is goes_on


def test_a_change_of_what_has_begun_goes_on_though_all_of_it_anew_would_be_too_dear() -> None:
    first, budgets = planned(WHOLE), Budgets(ask, KINDS)
    longer = plan(5, 1, budget=WHOLE * CENT).model_copy(update={"rev": 2})
    assert budgets.find_excess(view([first]), first) is None
    assert budgets.find_excess(view([first, longer]), longer) is None, "the gate looks at the rest"
    tight = planned(WHOLE - 1)
    again = longer.model_copy(update={"brief": tight.brief})
    assert budgets.find_excess(view([tight, again]), again) is not None, "nothing has begun"
    shorter = plan(3, 1, budget=(WHOLE - 1) * CENT).model_copy(update={"rev": 2})
    assert Budgets(ask, KINDS).find_excess(view([tight, shorter]), shorter) is None


# ── what a video waits for ──────────────────────────────────────────────────────────────────────


STOPPED = BudgetExceeded(
    video_id=VIDEO, at=3_000, rev=1, cap=80 * CENT, current=0, estimate=90 * CENT
)
ASKED = VideoRequested(
    video_id=VIDEO, at=1_000, brief=requested().brief.model_copy(update={"budget": 80 * CENT})
)


def steered(rev: int, cap: int | None) -> VideoSteered:
    return VideoSteered(video_id=VIDEO, at=4_000, rev=rev, cap=cap and cap * CENT)


def test_a_video_waits_until_its_cap_is_another() -> None:
    assert find_block(view([ASKED, STOPPED])) == STOPPED
    assert find_block(view([ASKED, STOPPED, steered(1, 200)])) is None


def test_a_wish_that_names_no_cap_leaves_it_as_it_was() -> None:
    assert find_cap(view([ASKED, steered(1, None)]), ASKED.brief) == 80 * CENT
    assert find_block(view([ASKED, STOPPED, steered(1, None)])) == STOPPED


def test_the_second_time_it_waits_again() -> None:
    again = STOPPED.model_copy(update={"cap": 200 * CENT, "at": 5_000})
    assert find_block(view([ASKED, STOPPED, steered(1, 200), again])) == again


def test_a_later_paid_end_or_change_shows_that_it_went_on() -> None:
    paid = done(spec(plan(1, 1), IMAGE), cost=1, at=3_001)
    free = done(spec(plan(1, 1), IMAGE), cost=0, at=3_001)
    changed = RevisionRequested(video_id=VIDEO, at=3_001, rev=2, action="skip")
    assert find_block(view([ASKED, STOPPED, free])) == STOPPED
    assert find_block(view([ASKED, STOPPED, paid])) is None
    assert find_block(view([ASKED, STOPPED, changed])) is None


def test_what_a_change_leaves_wanted_still_waits_for_its_money() -> None:
    of = plan(1, 1).model_copy(update={"brief": ASKED.brief})
    changed = RevisionRequested(video_id=VIDEO, at=3_001, rev=2, action="edit")
    for item, is_blocked in ((spec(of, CLIP).id, True), (f"{VIDEO}/clip/0/0/7", False)):
        lack = STOPPED.model_copy(update={"rev": 0, "item": item})
        known = view([ASKED, of, lack, changed])
        assert (find_block(known) is not None) is is_blocked


def test_a_video_without_events_about_money_waits_for_none() -> None:
    assert find_block(view([ASKED])) is None
    assert find_block(view([])) is None
