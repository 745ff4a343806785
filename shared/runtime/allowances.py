"""What whoever runs Storywave allows to videos and their owners."""

from dataclasses import dataclass, field

from shared.jobs.turns import Room
from shared.story.brief import ClipCheck

PAID_CLIPS, FREE_CLIPS = 3, 6
"""Clips at once of one video, where nothing else is said: paid ones cost money while they wait."""


@dataclass(frozen=True)
class Allowances:
    """Bounds, and what holds for a request that leaves something open."""

    clips_at_once: int = FREE_CLIPS
    """Of a request that does not say how many; 0 is no limit."""
    most_priority: int = 10
    """No video weighs more, whatever its owner asks for."""
    clip_check: ClipCheck = "warn"
    """Of a request that says nothing of it."""
    room: Room = field(default_factory=Room)


STANDARD = Allowances()
"""What is allowed where nothing is set."""
