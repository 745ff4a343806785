"""What webhooks are told of: one table, and the deliveries that follow from a view. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from shared.story.budget import explain_excess, find_block
from shared.story.events import (
    BudgetExceeded,
    Event,
    VideoCompleted,
    VideoFailed,
    VideoRequested,
)
from shared.story.kinds import DELIVERY, DeliveryOrder
from shared.story.money import say_dollars
from shared.story.reviews import Awaited, explain_awaited, find_awaited
from shared.story.view import JobSpec, View


@dataclass(frozen=True)
class Occasion:
    """Something that a webhook may be told of, each time that it happens."""

    name: str
    event: type[Event] | type[Awaited]
    fields: Sequence[str]
    """What of the event is told."""
    find: Callable[[View], Iterable[Any]] | None = None
    """Returns the events that are told; by default all of this type."""
    slot: Callable[[Any], str] = lambda event: event.slot
    """Tells two of them apart: what has the same slot is told once."""
    message: Callable[[Any], str] | None = None
    """Says all of it in a sentence."""


def _list_blocks(view: View) -> list[BudgetExceeded]:
    found = find_block(view)
    return [found] if found else []  # with `on_cap: finish` the video may go on all the same


def _list_awaited(view: View) -> list[Awaited]:
    found = find_awaited(view)
    return [found] if found else []


OCCASIONS = (
    Occasion(
        "video.completed",
        VideoCompleted,
        ("rev", "workflow", "seconds", "total", "succeeded", "cost", "generation_ms"),
    ),
    Occasion(
        "video.failed",
        VideoFailed,
        ("rev", "phase", "item", "error", "code", "total", "succeeded", "cost"),
    ),
    Occasion(
        "video.awaiting_approval",
        Awaited,
        ("rev", "what"),
        find=_list_awaited,
        slot=lambda awaited: f"{awaited.what}/{awaited.rev}",
        message=explain_awaited,
    ),
    Occasion(
        "video.budget_exceeded",
        BudgetExceeded,
        ("current", "estimate", "cap"),
        find=_list_blocks,
        slot=lambda event: str(event.cap),  # not once more for each job that finds no money
        message=explain_excess,
    ),
)
"""One row for each thing that is told. The API, the page of the docs and the tests read it."""

MONEY = frozenset({"cost", "current", "estimate", "cap"})
"""The fields that are amounts: they are told in dollars, as everywhere in the API."""

NAMES = tuple(occasion.name for occasion in OCCASIONS)


def list_deliveries(view: View, occasions: Sequence[Occasion] = OCCASIONS) -> tuple[JobSpec, ...]:
    """Return a job for each thing that a webhook of the video is to be told."""
    request = view.one(VideoRequested)
    if request is None or not request.webhooks:
        return ()
    return tuple(
        _ask(request, webhook, occasion, event)
        for occasion in occasions
        for event in _find_events(view, occasion)
        for webhook, names in request.webhooks.items()
        if occasion.name in names
    )


def _find_events(view: View, occasion: Occasion) -> Iterable[Any]:
    if occasion.find:
        return occasion.find(view)
    return view.all(occasion.event) if issubclass(occasion.event, Event) else ()


def _ask(
    request: VideoRequested, webhook: str, occasion: Occasion, event: Event | Awaited
) -> JobSpec:
    told = (request.video_id, webhook, occasion.name, occasion.slot(event))
    number = blake2b("\n".join(told).encode(), digest_size=7).digest()
    order = DeliveryOrder(
        webhook=webhook,
        message=f"msg_{number.hex()}",
        event=occasion.name,
        at=event.at,
        data=_describe(request, occasion, event),
    )
    # not by `DELIVERY.ask`: that takes all it needs from a plan, and there may be none
    return JobSpec(
        kind=DELIVERY.name,
        video_id=request.video_id,
        owner=request.brief.owner,
        n=int.from_bytes(number[:6]),  # a number that every store and every JSON takes
        input=order.model_dump(mode="json"),
        seconds=0.1,
        reuse=False,
    )


def _describe(
    request: VideoRequested, occasion: Occasion, event: Event | Awaited
) -> Mapping[str, Any]:
    """Return what is told: what came of it, and what its client wrote on the video."""
    known = event.model_dump(mode="json")
    here = f"/v1/videos/{request.video_id}"
    links = {"self": here}
    if isinstance(event, Awaited):
        links[event.what] = f"{here}/{event.what}"
    if isinstance(event, VideoCompleted) and event.key:
        links["media"] = f"{here}/media?rev={event.rev}"
    return {
        "video_id": request.video_id,
        **{name: _show(name, known[name]) for name in occasion.fields},
        **({"message": occasion.message(event)} if occasion.message else {}),
        "metadata": dict(request.metadata),
        "links": links,
    }


def _show(name: str, value: Any) -> Any:
    return say_dollars(value) if name in MONEY and value is not None else value
