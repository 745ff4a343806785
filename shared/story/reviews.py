"""What a person has to approve before a video goes on, and how far it may go until then. Pure.

An approval names a revision. It holds for a later one too, as long as that shows nothing else: so
a retry, another shape or a beat left out asks nobody again, and another picture does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.story.beats import Beat
from shared.story.brief import Review
from shared.story.events import BeatsPlanned, VideoSteered
from shared.story.fact import Fact
from shared.story.goals import REVIEWS, Goal, find_goal, list_reviews
from shared.story.kinds import CARD, IMAGE, REFERENCE, Item, Kinds, Stage
from shared.story.plan import active_beats
from shared.story.view import View
from shared.story.wishes import build_steering, find_rev, is_over

_BEYOND_PLAN: Mapping[Stage, Goal] = {
    Stage.IMAGES: Goal.STORYBOARD,
    Stage.SOUNDTRACK: Goal.FILM,
    Stage.CLIPS: Goal.FILM,
    Stage.CUT: Goal.FILM,
}


class Awaited(Fact):
    """Something that is ready, and that nothing goes on without: `at` is since when."""

    what: Review
    rev: int
    at: int


def goal_of(stage: Stage) -> Goal:
    """Return the first goal that a stage belongs to."""
    return _BEYOND_PLAN.get(stage, Goal.PLAN)


def list_kinds(plan: BeatsPlanned, kinds: Kinds) -> Kinds:
    """Return the kinds that are made for a plan, by how far its video is to go."""
    goal = find_goal(plan.brief)
    return Kinds(*(kind for kind in kinds if goal_of(kind.stage) <= goal))


def find_review(view: View, plan: BeatsPlanned) -> Review | None:
    """Return the first thing of a plan that its user has not approved yet; None where all is."""
    wanted = list_reviews(plan.brief)
    return next((review for review in wanted if not is_approved(view, plan, review)), None)


def find_limit(view: View, plan: BeatsPlanned) -> Goal:
    """Return how far the video of a plan may go now."""
    review = find_review(view, plan)
    return REVIEWS[review] if review else find_goal(plan.brief)


def find_awaited(view: View) -> Awaited | None:
    """Return what waits for its user's approval now; None while it is being made, or none does."""
    plan = view.latest(BeatsPlanned)
    review = find_review(view, plan) if plan else None
    if plan is None or review is None or plan.rev < find_rev(view) or is_over(view):
        return None
    ends = [view.end(job) for job in list_storyboard(plan)] if review == "storyboard" else []
    if not all(ends):
        return None
    return Awaited(what=review, rev=plan.rev, at=max([plan.at, *(end.at for end in ends if end)]))


def explain_awaited(awaited: Awaited) -> str:
    """Return in a sentence what is waited for."""
    return f"the {awaited.what} of revision {awaited.rev} waits for your approval"


def list_storyboard(plan: BeatsPlanned) -> list[str]:
    """Return the jobs of all pictures that a plan wants."""
    return [job for kind in (REFERENCE, IMAGE, CARD) for job in kind.jobs(plan)]


def is_approved(view: View, plan: BeatsPlanned, review: Review) -> bool:
    """Tell whether this of a plan is approved, or nothing else than what was approved before."""
    steered = view.latest(VideoSteered)
    approved = read_approval(steered, review) if steered else None
    if approved is None or approved >= plan.rev:
        return approved is not None
    before = next((each for each in view.all(BeatsPlanned) if each.rev == approved), None)
    return before is not None and _shows_same(before, plan, review)


def read_approval(steered: VideoSteered, review: Review) -> int | None:
    """Return the revision of which this was approved."""
    return steered.approved_plan if review == "plan" else steered.approved_storyboard


def _shows_same(before: BeatsPlanned, after: BeatsPlanned, review: Review) -> bool:
    """Tell whether every beat of a plan was there, just so, in the one that was approved."""
    seen = {beat.index: _describe(before, beat, review) for beat in active_beats(before)}
    now: Sequence[Beat] = active_beats(after)
    return all(seen.get(beat.index) == _describe(after, beat, review) for beat in now)


def _describe(plan: BeatsPlanned, beat: Beat, review: Review) -> dict[str, Any]:
    """Return what a person sees of a beat. Where it begins follows from the others."""
    beside = {"start"} if review == "storyboard" else {"start", "image"}
    shown = beat.model_dump(exclude=beside)
    if review == "plan":
        return shown
    return {**shown, "take": IMAGE.take(plan, Item(beat.index))}


def build_approval(view: View, review: Review, rev: int) -> VideoSteered:
    """Return the user's next wish: all that was wanted before still is, and this is approved."""
    before = view.latest(VideoSteered)
    desired, meant = (before.desired, before.plan_rev) if before else ("running", rev)
    field = "approved_plan" if review == "plan" else "approved_storyboard"
    return build_steering(view, desired, meant).model_copy(update={field: rev})
