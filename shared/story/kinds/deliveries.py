"""Deliveries: telling a webhook of one thing that has happened to a video.

They cost nothing, and the video does not wait for them: neither its end, nor its deadline, nor its
deletion.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from shared.story.events import Failed, JobEnd
from shared.story.kinds.kind import Kind, Order, RetryRules, Stage, Success, name_always

_SECOND, _MINUTE = 1_000, 60_000

OVER_A_DAY = RetryRules(
    tries_a_model=57,
    backoff_ms=(10 * _SECOND, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, 27 * _MINUTE),
)
"""At first soon, then twice an hour (no job waits for longer), for 24 hours in all."""


class DeliveryOrder(Order):
    """What a webhook is to be told."""

    webhook: str
    message: str
    """Its id, the same for each try and each replay, so that who hears it twice can tell."""
    event: str
    at: int = 0
    """When it happened."""
    data: Mapping[str, Any] = Field(default_factory=dict)


class DeliveryMade(JobEnd):
    """A webhook was told, and said that it has heard."""

    status: int = 0
    """The HTTP status that it answered with."""


class DeliveryFailed(Failed):
    """A webhook could not be told."""


def _build_made(done: Success[DeliveryOrder]) -> DeliveryMade:
    return DeliveryMade.model_validate(done.facts("status"))


DELIVERY = Kind(
    name="delivery",
    order=DeliveryOrder,
    ready=DeliveryMade,
    failed=DeliveryFailed,
    build=_build_made,
    stage=Stage.CUT,
    name_item=name_always("the delivery"),
    deadline_seconds=10,
    is_counted=False,
    passes_gate=False,
    retries=OVER_A_DAY,
    is_awaited=False,
)
