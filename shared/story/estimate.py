"""What a video will cost at most, item by item, before anything of it is made. Pure.

Whoever runs a job says what one attempt can cost; the plan says how many jobs there will be. So
the sum is a ceiling for a video in which nothing is tried twice.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

from pydantic import Field

from shared.story.errors import BadInput, PermanentError
from shared.story.events import BeatsPlanned
from shared.story.fact import Fact, Micros
from shared.story.goals import Goal, find_goal
from shared.story.kinds import KINDS, Kinds, plan_job
from shared.story.money import Dollars
from shared.story.plan import active_beats, active_chunks
from shared.story.reviews import list_kinds
from shared.story.view import JobSpec


class Price(Protocol):
    """What one more attempt would cost at most, and at which model."""

    @property
    def ceiling(self) -> Micros | None: ...
    @property
    def model(self) -> str: ...


Ask = Callable[[JobSpec], Price]
"""Returns the price of a first attempt at a job; raises PermanentError where none can be made."""


class Line(Fact):
    """All items of one kind at one model."""

    kind: str
    model: str = Field("", description="Empty where it is made here, without a provider.")
    items: int
    ceiling: Dollars = Field(description="The most that the dearest one can cost, in dollars.")
    total: Dollars = Field(description="The most that all of them can cost, in dollars.")


class Estimate(Fact):
    """What a video will cost at most, where nothing has to be tried twice."""

    lines: tuple[Line, ...] = ()
    total: Dollars
    seconds: float = Field(description="How long the film will be.")
    clips: int
    notes: tuple[str, ...] = ()
    is_complete: bool = Field(True, description="false: something has no ceiling, and is not run.")


def estimate_plan(plan: BeatsPlanned, ask: Ask, kinds: Kinds = KINDS) -> Estimate:
    """Return what the items of a plan will cost; the plan itself is there already."""
    return _add_up(plan, _list_jobs(plan, kinds), ask)


def estimate_jobs(plan: BeatsPlanned, ids: Collection[str], ask: Ask, kinds: Kinds) -> Estimate:
    """Return what those jobs of a plan will cost that have these ids."""
    jobs = [job for job in _list_jobs(plan, kinds) if job.id in ids]
    return _add_up(plan, jobs, ask)


def estimate_video(shape: BeatsPlanned, ask: Ask, kinds: Kinds = KINDS) -> Estimate:
    """Return what a video of this shape will cost, the planning of it included."""
    first = plan_job(shape.video_id, shape.brief, shape.rev)
    jobs = _list_jobs(shape, kinds)
    if shape.history:  # it is planned already, by hand
        return _add_up(shape, jobs, ask)
    return _add_up(shape, [first, *jobs], ask, (NOT_YET_PLANNED,))


def _list_jobs(plan: BeatsPlanned, kinds: Kinds) -> list[JobSpec]:
    """Return all jobs that a plan wants, by how far its video is to go."""
    return [job for kind in list_kinds(plan, kinds) for job in kind.expect(plan)]


def price_request(shape: BeatsPlanned, ask: Ask, kinds: Kinds = KINDS) -> Estimate:
    """Return what a video will cost that is asked for now, as `estimate_video` does.

    Raises BadInput where its request wishes for models that there are not.
    """
    refusals = list[BadInput]()

    def listen(job: JobSpec) -> Price:
        """Return the price of a job, and note what its request has wrong."""
        try:
            return ask(job)
        except BadInput as refusal:
            refusals.append(refusal)
            raise

    priced = estimate_video(shape, listen, kinds)
    if refusals:
        said = dict.fromkeys(map(str, refusals))  # of many clips each says the same
        raise BadInput("; ".join(said), refusals[0].field)
    return priced


NOT_YET_PLANNED = (
    "The plan decides how many clips there are. What it comes to is compared with the budget "
    "before anything but the plan is paid for."
)


def list_prices(jobs: Iterable[JobSpec], ask: Ask) -> list[Micros]:
    """Return the ceiling of each job; of those that will not be run it is nothing."""
    return [price.ceiling or 0 for job in jobs if not isinstance(price := _ask(job, ask), str)]


def _add_up(
    plan: BeatsPlanned, jobs: Sequence[JobSpec], ask: Ask, notes: tuple[str, ...] = ()
) -> Estimate:
    prices: dict[tuple[str, str], list[Micros]] = {}
    faults = dict[str, None]()  # a fault that all items of a kind share is said once
    for job in jobs:
        price = _ask(job, ask)
        if isinstance(price, str):
            faults[f"{job.kind}: {price}"] = None
        elif price.ceiling is None:
            faults[f"{job.kind}: {price.model} {_NO_CEILING}"] = None
        else:
            prices.setdefault((job.kind, price.model), []).append(price.ceiling)
    return Estimate(
        lines=tuple(
            Line(kind=kind, model=model, items=len(each), ceiling=max(each), total=sum(each))
            for (kind, model), each in prices.items()
        ),
        total=sum(map(sum, prices.values())),
        seconds=_measure_seconds(plan),
        clips=len(active_chunks(plan)) if find_goal(plan.brief) is Goal.FILM else 0,
        notes=(*faults, *notes),
        is_complete=not faults,
    )


_NO_CEILING = "has no known ceiling, so no budget could be kept: it is not run"


class _Free(NamedTuple):
    ceiling: Micros | None = 0
    model: str = ""


def _ask(job: JobSpec, ask: Ask) -> Price | str:
    """Return the price of a job, or why there is none: then it fails, and costs nothing."""
    if job.is_given:
        return _Free()  # nobody is asked to make it
    try:
        return ask(job)
    except PermanentError as error:
        return error.message


def _measure_seconds(plan: BeatsPlanned) -> float:
    card = plan.brief.end_card
    spoken = sum(beat.duration for beat in active_beats(plan))
    return round(spoken + (card.seconds if card else 0.0), 3)
