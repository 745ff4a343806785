"""The planner's log line and counter, once a plan is a fact."""

import logging

from shared.base import telemetry
from shared.story.events import BeatsPlanned, Event

log = logging.getLogger("storywave.planner")


def report(event: Event) -> None:
    """Log and count that a plan had more beats than its duration carries."""
    if not isinstance(event, BeatsPlanned) or event.truncation is None:
        return
    telemetry.TRUNCATIONS.inc()
    cut, seconds = event.truncation, sum(beat.duration for beat in event.beats)
    log.warning(
        "%d beats are too many for %g s: the first %d are kept and fill it",
        cut.before,
        seconds,
        cut.after,
        extra={
            "video_id": event.video_id,
            "stage": "plan",
            "action": "truncate",
            "before": cut.before,
            "after": cut.after,
        },
    )
