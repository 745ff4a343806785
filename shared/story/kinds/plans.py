"""The plan: from a brief to beats."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from shared.story.brief import Brief
from shared.story.events import BeatsPlanned, Failed
from shared.story.kinds.kind import Kind, Order, Stage, Success, name_always
from shared.story.product import ProductLook
from shared.story.script.parts import Pick
from shared.story.view import JobSpec

TOOK_OVER = "the built-in planner took over"
"""Said in a plan's history where a language model was asked in vain."""


class PlanOrder(Order):
    """The brief to plan for; of a script, the moments that were selected."""

    PLACE = frozenset({"video_id"})

    video_id: str
    brief: Brief
    title: str = ""
    """Of the script."""
    picks: tuple[Pick, ...] = ()
    look: ProductLook | None = None
    """What was seen on the picture of the product."""
    looks: Mapping[str, str] = Field(default_factory=dict)
    """Of a script: who is in it, and what it says of how they look."""

    def wish(self) -> dict[str, Any]:
        """Return what decides the plan: it is the same whatever may be spent on it, say."""
        wish = super().wish()
        told = {name: each for name, each in wish["brief"].items() if name not in BESIDE}
        return {**wish, "brief": told}


class PlanFailed(Failed):
    """No plan could be made."""


BESIDE = frozenset(
    {
        "aspect", "quality", "music", "captions", "min_clips", "clips_at_once", "gaps",
        "transition", "transition_seconds", "clip_sound", "clip_check", "image_takes",
        "reuse", "budget", "on_cap", "tier", "models", "priority", "workflow", "review", "mood",
    }
)  # fmt: skip
"""The fields of a brief that say how a plan is carried out, and nothing of the plan itself."""


def _build_plan_event(done: Success[PlanOrder]) -> BeatsPlanned:
    names = ("brief", "title", "beats", "chunks", "truncation", "bible", "given", "history")
    made = done.facts(*names)
    # a plan is about a whole revision, and BeatsPlanned has no such fields: unknown ones would stay
    whole = {name: value for name, value in made.items() if name not in ("beat", "n", "take")}
    # the plan may be a copy of one that was made for a brief with another budget, say
    asked = done.order.brief.model_dump(mode="json", include=set(BESIDE))
    whole["brief"] = {**whole["brief"], **asked}
    if cut := whole.get("truncation"):
        # who plans knows no clock, and a copy names the video that it was made for
        whole["truncation"] = {**cut, "video_id": done.spec.video_id, "at": done.at}
    return BeatsPlanned.model_validate(whole | {"rev": done.spec.take})


PLAN = Kind(
    name="plan",
    order=PlanOrder,
    ready=BeatsPlanned,
    failed=PlanFailed,
    build=_build_plan_event,
    stage=Stage.PLAN,
    name_item=name_always("the plan"),
    deadline_seconds=300,
    takes_by="rev",
)


def plan_job(video_id: str, brief: Brief, rev: int, **known: Any) -> JobSpec:
    """Return the job that makes a plan, with what is known of it; its take is the revision."""
    order = PlanOrder(video_id=video_id, brief=brief, **known)
    # not by `PLAN.ask`: that takes all it needs from a plan, and there is none yet
    return JobSpec(
        kind=PLAN.name,
        video_id=video_id,
        owner=brief.owner,
        take=rev,
        input=order.model_dump(mode="json"),
        models=brief.wish_for(PLAN.name),
        priority=brief.priority,
        reuse=brief.reuse,
    )
