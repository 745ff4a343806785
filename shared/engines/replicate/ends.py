"""What a run that has ended means for its job: its output, its price, or its failure. Pure."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from shared.engines import mending, planning
from shared.engines.replicate.errors import Asked, judge_failure
from shared.engines.replicate.models import Model
from shared.engines.replicate.outputs import is_silent, join_text, name_files, read_words
from shared.jobs.job import Job
from shared.jobs.outcomes import Ended, Made, Produced
from shared.story.errors import StorywaveError
from shared.story.fact import Micros
from shared.story.kinds import CLIP, PLAN, Order, PlanOrder
from shared.story.kinds.clips import ASKED_SECONDS, MADE_WITHOUT

log = logging.getLogger("storywave.replicate")

Run = Mapping[str, Any]

ENDED = frozenset({"succeeded", "failed", "canceled", "aborted"})

Price = Callable[[Mapping[str, Any], bool], Micros]
"""Returns what a run came to, from the quantities that it reports; and whether it made anything."""


def judge_end(kind: str, order: Order, run: Run, asked: Asked, price: Price) -> Produced | Ended:
    """Return what an ended run means for a job of this kind."""
    metrics = run.get("metrics") or {}
    match run.get("status"):
        case "succeeded":
            # of what was removed meanwhile we know nothing but that it was made
            has_output = bool(run.get("output") or run.get("data_removed"))
            return _judge_success(kind, order, run, asked, price(metrics, has_output))
        case "aborted":  # it never began, and costs nothing
            return Ended(f"{asked.model} did not start in time", code="timeout")
        case "canceled":
            ended = Ended(f"{asked.model} was stopped at Replicate", cancelled=True)
        case _:
            ended = judge_failure(run.get("error"), asked)
    has_run = bool(metrics or run.get("started_at"))
    return replace(ended, cost=price(metrics, False) if has_run else 0)


_STARTS = {"last_frame": "the last frame of the clip before it", "image": "its storyboard image"}
"""The files that a clip starts from, in words that follow "was made without"."""


def describe_clip(end: Produced | Ended, job: Job, model: Model, run: Run) -> Produced | Ended:
    """Return a clip with what its run's input says of it: its length, and what it lacks."""
    given = run.get("input")
    # an hour after its end the provider shows no input any more
    if job.spec.kind != CLIP.name or not isinstance(end, Produced) or not isinstance(given, dict):
        return end
    seconds, lack = _read_seconds(model, given), _find_lack(job, model, given)
    said = {ASKED_SECONDS: seconds, MADE_WITHOUT: lack}
    data = {**end.made.data, **{name: value for name, value in said.items() if value}}
    return replace(end, made=replace(end.made, data=data))


def describe_plan(end: Produced | Ended, job: Job) -> Produced | Ended:
    """Return a plan with how it came about."""
    if job.spec.kind != PLAN.name or not isinstance(end, Produced):
        return end
    return replace(end, made=mending.add_history(end.made, job))


def _read_seconds(model: Model, given: Run) -> float | None:
    """Return the length that a model was asked for: many have only a few."""
    name = model.field_for("seconds")
    asked = given.get(name) if name else None
    if name is None or not isinstance(asked, (int, float)):
        return model.seconds
    return asked / model.fields[name].a_second


def _find_lack(job: Job, model: Model, given: Run) -> str:
    name = next((name for name in _STARTS if name in job.spec.files), None)
    field = model.field_for("first_frame")
    if name is None or not given or field in given:
        return ""
    why = f"{model.name} starts from no picture" if field is None else "it was gone"
    return f"{_STARTS[name]}: {why}"


def _judge_success(
    kind: str, order: Order, run: Run, asked: Asked, cost: Micros
) -> Produced | Ended:
    output = run.get("output")
    if isinstance(order, PlanOrder):
        if text := join_text(output):
            return _judge_plan(order, text, cost)
    elif kind == "words":
        # who has listened and heard nothing would hear nothing again, and be paid for it again
        if (words := read_words(output)) or is_silent(output):
            return Produced(Made(data={"words": words}), cost=cost)
    elif urls := name_files(output):
        return Produced(urls=urls, cost=cost)
    if run.get("data_removed"):
        gone = f"what {asked.model} made was removed there before it was fetched"
        return Ended(gone, code="storage", cost=cost)
    return Ended(f"{asked.model} finished without an output", cost=cost)


def _judge_plan(order: PlanOrder, text: str, cost: Micros) -> Produced | Ended:
    """Return the plan that a language model has written, or why it is none."""
    try:
        return Produced(planning.read(text, order), cost=cost)
    except planning.Flagged as error:
        return Ended(str(error), code="flagged", at_fault="prompt", permanent=True, cost=cost)
    except StorywaveError as error:
        return Ended(str(error), cost=cost, answer=text)
    except Exception:  # whatever is wrong with it, it has been made, and has its price
        log.exception("a plan can't be read", extra={"action": "provider"})
        return Ended("the language model's answer can't be used", cost=cost, answer=text)
