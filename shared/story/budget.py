"""The budget of a video: is what it will cost within its cap, and if not, what would be? Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

from shared.story.brief import Brief, Tier
from shared.story.estimate import (
    Ask,
    Estimate,
    Price,
    estimate_plan,
    estimate_video,
    list_prices,
)
from shared.story.events import (
    BeatsPlanned,
    BudgetExceeded,
    Fit,
    RevisionRequested,
    VideoRequested,
    VideoSteered,
)
from shared.story.fact import Micros
from shared.story.goals import Goal, find_goal
from shared.story.kinds import CLIP, KINDS, Kinds
from shared.story.money import say_dollars
from shared.story.plan import active_chunks, min_clips
from shared.story.shape import expect_plan
from shared.story.stale import list_parts
from shared.story.view import JobSpec, View

SHORTEST, STEP = 5, 5
"""Seconds of the shortest video, and between two lengths that are tried."""
TIERS: tuple[str, ...] = get_args(Tier)[::-1]
"""The best one first."""


@dataclass(frozen=True)
class Check:
    """A comparison of a whole plan with its cap: all that is said of it, passed or not."""

    current: Micros
    estimate: Micros
    cap: Micros | None
    passed: bool


def find_cap(view: View, brief: Brief) -> Micros | None:
    """Return the most that a video may cost now; None where nobody has said."""
    steered = view.latest(VideoSteered)
    # a wish that names no cap leaves the cap as it was
    return brief.budget if steered is None or steered.cap is None else steered.cap


def check_plan(plan: BeatsPlanned, cap: Micros | None, priced: Estimate) -> Check:
    """Return whether all that a plan wants fits under a cap, beside what planning has cost.

    Every service decides this from the plan and the cap alone, and so every one in the same way.
    """
    passed = priced.total == 0 or (cap is not None and plan.cost + priced.total <= cap)
    return Check(plan.cost, priced.total, cap, passed)


def find_excess(
    plan: BeatsPlanned, check: Check, ask: Ask, kinds: Kinds = KINDS
) -> BudgetExceeded | None:
    """Return the event that stops a video at its plan; None where it goes on.

    With `on_cap: finish` it goes on as long as the clips that fit are enough for a film.
    """
    if check.passed:
        return None
    room = (check.cap or 0) - check.current
    clips = _count_fitting(plan, room, ask, kinds)
    is_film = find_goal(plan.brief) is Goal.FILM
    enough = is_film and clips >= max(1, min_clips(plan, len(active_chunks(plan))))
    if plan.brief.on_cap == "finish" and check.cap is not None and enough:
        return None
    return BudgetExceeded(
        video_id=plan.video_id,
        rev=plan.rev,
        cap=check.cap,
        current=check.current,
        estimate=check.estimate,
        fits=Fit(
            clips=clips if is_film else 0,
            duration=_find_duration(plan.brief, check.cap or 0, ask, kinds),
            tier=_find_tier(plan, room, ask, kinds),
        ),
    )


def _count_fitting(plan: BeatsPlanned, room: Micros, ask: Ask, kinds: Kinds) -> int:
    """Return how many clips can be paid for once all that is beside them is."""
    others = [job for kind in kinds if kind is not CLIP for job in kind.expect(plan)]
    room -= sum(list_prices(others, ask))
    count = 0
    for price in list_prices(CLIP.expect(plan), ask):
        room -= price
        if room < 0:
            break
        count += 1
    return count


def _find_duration(brief: Brief, cap: Micros, ask: Ask, kinds: Kinds) -> float | None:
    """Return the longest shorter video that the cap would be enough for."""
    low, high = 0, max(0, int((brief.duration - 1e-6) // STEP))
    # a longer video costs more: half of the lengths are ruled out at each look
    while low < high:
        middle = (low + high + 1) // 2
        shorter = brief.model_copy(update={"duration": float(middle * STEP)})
        priced = estimate_video(expect_plan("", shorter), ask, kinds)
        low, high = (middle, high) if priced.total <= cap else (low, middle - 1)
    return float(low * STEP) if low * STEP >= SHORTEST else None


def _find_tier(plan: BeatsPlanned, room: Micros, ask: Ask, kinds: Kinds) -> str | None:
    """Return the best tier at which all of the plan would fit."""
    for tier in TIERS:
        cheaper = estimate_plan(plan, partial(_ask_at, tier, ask), kinds)
        if cheaper.is_complete and cheaper.total <= room:
            return tier
    return None


def _ask_at(tier: str, ask: Ask, job: JobSpec) -> Price:
    return ask(job.model_copy(update={"models": (tier,)}))


def find_block(view: View) -> BudgetExceeded | None:
    """Return what a video waits for that has no money left; None while it goes on."""
    brief = _find_brief(view)
    found = max(view.all(BudgetExceeded), key=lambda each: each.at, default=None)
    if brief is None or found is None or found.cap != find_cap(view, brief):
        return None
    # money that was held may have come free
    if any(end.at > found.at for end in view.ends.values() if end.cost):
        return None
    # a change of the plan is looked at anew; but a job that it still wants waits on
    is_changed = any(asked.at > found.at for asked in view.all(RevisionRequested))
    return None if is_changed and not _is_wanted(view, found.item) else found


def _is_wanted(view: View, job: str) -> bool:
    """Tell whether the latest plan wants this job."""
    plan = view.latest(BeatsPlanned)
    parts = list_parts(plan, KINDS) if plan and job else ()
    return any(job == kind.job(plan, beat=item.beat, n=item.n) for kind, item in parts if plan)


def _find_brief(view: View) -> Brief | None:
    known = view.latest(BeatsPlanned) or view.one(VideoRequested)
    return known.brief if known else None


def explain_excess(found: BudgetExceeded) -> str:
    """Return in a sentence what was compared, what would fit, and what to do about it."""
    fits = _list_fits(found.fits) if found.fits else []
    would = f"; {_join(fits)} would fit" if fits else ""
    needed = say_dollars(found.current + found.estimate)
    return f"{_compare(found)}{would}: raise the budget to ${needed} or more"


def _compare(found: BudgetExceeded) -> str:
    current, estimate = say_dollars(found.current), say_dollars(found.estimate)
    if found.cap is None:
        return f"up to ${estimate} are still to be spent, and there is no budget"
    return (
        f"${current} spent or held and up to ${estimate} to come "
        f"are more than the budget of ${say_dollars(found.cap)}"
    )


def _list_fits(fits: Fit) -> list[str]:
    found = [f"{fits.clips} clip{'s' * (fits.clips != 1)}"] if fits.clips else []
    found += [f"a video of {fits.duration:g} s"] if fits.duration else []
    return [*found, *([f"the tier {fits.tier}"] if fits.tier else [])]


def _join(parts: Sequence[str]) -> str:
    *others, last = parts
    return f"{', '.join(others)} or {last}" if others else last
