"""What is told of an event that its service can do nothing with: so that its video does not wait.

The service that ends videos hears it, and ends this one with what it says.
"""

from collections.abc import Iterable

from shared.story.errors import TOLD
from shared.story.events import DeadLettered, Event, VideoCompleted, VideoFailed

_LAST_WORDS = (DeadLettered, VideoCompleted, VideoFailed)
"""A letter about a letter would have no end; and a video that has ended waits for nothing."""


def write_letters(
    events: Iterable[Event], service: str, now: int, error: str
) -> list[DeadLettered]:
    """Return a letter about each of these events, over which this service is stuck."""
    return [
        DeadLettered(
            video_id=event.video_id,
            at=now,
            service=service,
            topic=type(event).__name__,
            position=event.slot,
            error=error[:TOLD],
            body=event.model_dump_json()[:TOLD],
            stuck=True,
        )
        for event in events
        if not isinstance(event, _LAST_WORDS)
    ]
