"""How a batch is handed to its handler: what both buses do alike."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from shared.base import telemetry
from shared.bus.retry import wait_seconds
from shared.ports import Heard, Unread
from shared.story.errors import InfrastructureError

log = logging.getLogger("storywave.bus")


async def hand_over(service: str, size: int, work: Callable[[], Awaitable[None]]) -> bool:
    """Do this work over a batch; return whether it went well. Else the batch is to come again."""
    about = {"stage": service, "action": "retry"}
    try:
        await work()
        return True
    except InfrastructureError as error:
        log.warning("%d events come again: %s", size, error, extra=about)
    except Exception:
        # The handler sets bad data aside itself: whatever else it raises must not lose events.
        log.exception("%d events come again", size, extra=about)
    telemetry.REPEATED.labels(service).inc()
    return False


async def pause(failures: int, stopping: asyncio.Event, chance: random.Random) -> None:
    """Wait before a batch comes again; a stop ends the waiting."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), wait_seconds(failures, chance.random()))


def note_unread(service: str, batch: Sequence[Heard]) -> None:
    """Tell and count what this version can't read: a video may wait for an upgrade."""
    for each in batch:
        if isinstance(each, Unread):
            telemetry.UNREAD.labels(service).inc()
            about = {"video_id": each.video_id, "stage": service, "action": "unread"}
            log.warning("%s is of a newer version: kept for it, unread", each.id, extra=about)
