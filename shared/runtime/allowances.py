"""What whoever runs Storywave allows to videos and their owners."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.jobs.turns import Room
from shared.runtime.defaults import STANDARD as STANDARD_DEFAULTS

PAID_CLIPS, FREE_CLIPS = 3, 6
"""Clips at once of one video, where nothing else is said: paid ones cost money while they wait."""


@dataclass(frozen=True)
class Allowances:
    """Bounds, and what holds for a request that leaves something open."""

    clips_at_once: int = FREE_CLIPS
    """Of a request that does not say how many; 0 is no limit."""
    most_priority: int = 10
    """No video weighs more, whatever its owner asks for."""
    defaults: Mapping[str, Any] = field(default_factory=lambda: STANDARD_DEFAULTS)
    """Field of a request → the value that it has where it is left open."""
    room: Room = field(default_factory=Room)


STANDARD = Allowances()
"""What is allowed where nothing is set."""
