"""The plan: from a brief to beats."""

from shared.story.brief import Brief
from shared.story.events import BeatsPlanned, Failed
from shared.story.kinds.kind import Kind, Order, Stage, Success, call


class PlanOrder(Order):
    """The brief to plan for."""

    video_id: str
    brief: Brief


class PlanFailed(Failed):
    """No plan could be made."""


def _planned(done: Success[PlanOrder]) -> BeatsPlanned:
    made = done.facts("brief", "title", "beats", "chunks", "truncation")
    # a plan is about a revision as a whole: it has no place of its own
    whole = {name: value for name, value in made.items() if name not in ("beat", "n", "take")}
    return BeatsPlanned.model_validate(whole | {"rev": done.spec.take})


PLAN = Kind(
    name="plan",
    order=PlanOrder,
    ready=BeatsPlanned,
    failed=PlanFailed,
    build=_planned,
    stage=Stage.PLAN,
    called=call("the plan"),
    deadline_seconds=300,
    takes_by="rev",
)
