"""What is counted of a cut that has ended."""

from shared.base import telemetry
from shared.story.events import Event
from shared.story.kinds import VideoCut


def report(event: Event) -> None:
    """Count how long a cut took, for each second of film."""
    if isinstance(event, VideoCut) and event.seconds > 0:
        seconds = event.times.work_ms / 1000
        telemetry.CUT_RATIO.observe(seconds / event.seconds, telemetry.name_video(event.video_id))
