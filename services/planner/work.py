"""The plan job where no language model is asked: the rule-based planner writes the story."""

from collections.abc import Mapping

from shared.engines.local.plan import plan
from shared.engines.planning import fit, story_seconds
from shared.jobs.engine import Work, Workspace
from shared.jobs.outcomes import Made
from shared.story.kinds import PLAN, AnyKind, PlanOrder


def make_plan(order: PlanOrder, space: Workspace) -> Made:
    """Return all that BeatsPlanned carries, from the user's brief."""
    brief = order.brief
    return fit(order, plan(brief.prompt, brief.style, story_seconds(brief), brief.seed))


WORK: Mapping[AnyKind, Work] = {PLAN: make_plan}
