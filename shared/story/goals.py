"""How far a video is to go: to its plan, to its storyboard, or to the film. Pure."""

from collections.abc import Mapping
from enum import IntEnum

from shared.story.brief import Brief, Review, Workflow


class Goal(IntEnum):
    """The point at which a video is finished, or waits. A later one includes those before it."""

    PLAN = 1
    STORYBOARD = 2
    FILM = 3


GOALS: Mapping[Workflow, Goal] = {
    "plan_only": Goal.PLAN,
    "storyboard_only": Goal.STORYBOARD,
    "video_only": Goal.FILM,
    "full": Goal.FILM,
}

REVIEWS: Mapping[Review, Goal] = {"plan": Goal.PLAN, "storyboard": Goal.STORYBOARD}
"""What is approved → how far a video goes before that. In the order in which they come."""


def find_goal(brief: Brief) -> Goal:
    """Return how far a video is to go."""
    return GOALS[brief.workflow]


def list_reviews(brief: Brief) -> list[Review]:
    """Return what is to be approved on the way, in order: the end itself needs no approval."""
    goal = find_goal(brief)
    return [review for review, at in REVIEWS.items() if review in brief.review and at < goal]


def wants_animatic(brief: Brief) -> bool:
    """Tell whether somebody is to watch the storyboard before there is a film, or without one."""
    return find_goal(brief) is Goal.STORYBOARD or "storyboard" in list_reviews(brief)
