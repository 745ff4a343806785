"""A plan without a language model: by our own rules, from a prompt or from a script's moments."""

from shared.engines.planning import fit, story_seconds
from shared.engines.scenes import tell
from shared.jobs.outcomes import Made
from shared.story.kinds import PlanOrder

NAME = "built-in planner"
"""Stands in place of a model's name where no model was asked."""


def plan_plainly(order: PlanOrder) -> Made:
    """Return all that BeatsPlanned carries, from the user's brief."""
    from shared.engines.local.plan import plan  # its words of six languages are read only here

    brief = order.brief
    if order.picks:
        return fit(order, tell(order.title, order.picks))
    return fit(order, plan(brief.prompt, brief.style, story_seconds(brief), brief.seed))
