"""The input of one run: filled from what a job wants, checked against the catalog. Pure.

A wish that a model can't fulfil is left out and noted. What it can't do without is an error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.engines.replicate.catalog import pick
from shared.engines.replicate.fields import check_input
from shared.engines.replicate.form import Form, fill_fields, follow_rules
from shared.engines.replicate.models import Model, Use
from shared.engines.replicate.wanted import Wanted, read_wanted
from shared.jobs.job import Job
from shared.story.errors import PermanentError
from shared.story.kinds import Order


@dataclass(frozen=True)
class Payload:
    """All that one run is made of."""

    model: Model
    input: Mapping[str, Any]
    """Every field but those that carry files."""
    files: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Field → the name of the job's file that belongs there, or several where it takes a list."""
    cancel_after_seconds: int = 900
    notes: tuple[str, ...] = ()
    """What was wished for and could not be had, in words for the receipt and the log."""

    def complete(self, urls: Mapping[str, str]) -> dict[str, Any]:
        """Return the input with the address of each file in its place, checked once more."""
        placed = {
            name: urls[names] if isinstance(names, str) else [urls[each] for each in names]
            for name, names in self.files.items()
        }
        whole = {**self.input, **placed}
        check_input(self.model, whole)
        return whole


def build(job: Job, order: Order, model: Model) -> Payload:
    """Return the checked input with which a model does a job; raises PermanentError."""
    return fill(model, read_wanted(job, order))


def fill(model: Model, wanted: Wanted) -> Payload:
    """Return the checked input with which a model does what is wanted; raises PermanentError."""
    form = Form(model, wanted)
    values = follow_rules(form, fill_fields(form))
    check_input(model, values)
    files = {name for name in values if model.fields[name].type in ("file", "files")}
    return Payload(
        model,
        input={name: value for name, value in values.items() if name not in files},
        files={name: value for name, value in values.items() if name in files},
        cancel_after_seconds=model.cancel_after_seconds,
        notes=tuple(form.notes),
    )


def choose(job: Job, order: Order) -> tuple[Model, ...]:
    """Return the models that can do a job, in turn: as its request wishes, then their fallbacks.

    Raises BadInput where the request names none that there is, PermanentError where none can.
    """
    return choose_for(read_wanted(job, order), job.spec.models)


def choose_for(wanted: Wanted, wish: Sequence[str] = ()) -> tuple[Model, ...]:
    """Return the models that can do what is wanted, in turn.

    A model that the request names comes first, whatever it lacks. Of the others, those come first
    that can use every picture there is.
    """
    chain = pick(wanted.kind, wish)
    refusals = {model.name: _find_refusal(model, wanted) for model in chain}
    able = [model for model in chain if refusals[model.name] is None]
    if not able:
        raise next(refusal for refusal in refusals.values() if refusal)
    unused = _count_unused(wanted)
    return tuple(sorted(able, key=lambda model: (model.name not in wish, unused(model))))


def _find_refusal(model: Model, wanted: Wanted) -> PermanentError | None:
    try:
        fill(model, wanted)
    except PermanentError as refusal:
        return refusal
    return None


def _count_unused(wanted: Wanted) -> Callable[[Model], int]:
    pictures: tuple[Use, ...] = ("first_frame", "last_frame", "references")
    wished = [use for use in pictures if wanted.asks_for(use)]
    return lambda model: sum(not model.has(use) for use in wished)
