"""How a batch is handed to its handler: what both buses do alike."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from shared.base import telemetry
from shared.ports import Heard, Unread
from shared.story.errors import InfrastructureError

log = logging.getLogger("storywave.bus")


async def attempt(service: str, size: int, work: Callable[[], Awaitable[None]]) -> bool:
    """Do this work over a batch; return whether it went well, else the batch is to come again."""
    about = {"stage": service, "action": "retry"}
    try:
        await work()
    except InfrastructureError as error:
        log.warning("%d events come again: %s", size, error, extra=about)
        return False
    except Exception:
        # The handler sets bad data aside itself: whatever else it raises must not lose events.
        log.exception("%d events come again", size, extra=about)
        return False
    return True


def note_unread(service: str, batch: Sequence[Heard]) -> None:
    """Tell and count what this version can't read: someone may wait for an upgrade."""
    for each in batch:
        if isinstance(each, Unread):
            telemetry.UNREAD.labels(service).inc()
            about = {"video_id": each.video_id, "stage": service, "action": "unread"}
            log.warning("%s is of a newer version: kept for it, unread", each.id, extra=about)
