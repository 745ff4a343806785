"""A plan without a language model: by our own rules, of a prompt, a script or a product."""

import asyncio

from shared.engines.mending import add_history
from shared.engines.planning import fit, story_seconds
from shared.engines.scenes import tell
from shared.jobs.job import Job
from shared.jobs.outcomes import Made, Produced
from shared.story.kinds import PlanOrder

NAME = "built-in planner"
"""Stands in place of a model's name where no model was asked."""


def plan_plainly(order: PlanOrder) -> Made:
    """Return all that BeatsPlanned carries, from the user's brief."""
    # their words of six languages are read only here
    from shared.engines.local.ads import advertise
    from shared.engines.local.plan import plan

    brief = order.brief
    if order.picks:
        return fit(order, tell(order.title, order.picks))
    if brief.product:
        return fit(order, advertise(brief, story_seconds(brief), order.look))
    return fit(order, plan(brief.prompt, brief.style, story_seconds(brief), brief.seed))


async def take_over(job: Job, order: PlanOrder) -> Produced:
    """Return the plan where language models were asked in vain: it costs nothing, and says so."""
    made = await asyncio.to_thread(plan_plainly, order)
    return Produced(add_history(made, job, by_rules=True))
