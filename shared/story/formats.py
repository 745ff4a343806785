"""The canonical form of everything we encode: sizes by aspect and quality, and the frame grid.

Times in events are seconds. A segment's frames are the difference of its rounded *boundaries*, so
that rounding errors never add up: all frames of a video are exactly round(duration * FPS).
"""

from dataclasses import dataclass
from typing import Literal

Aspect = Literal["9:16", "16:9", "1:1"]
Quality = Literal["draft", "full"]

FPS = 30
TIMEBASE = 15360  # ticks a second: a whole number of ticks for 30, 24, 25 and 60 fps

_SHORT_SIDE: dict[Quality, int] = {"draft": 720, "full": 1080}
_SHAPES: dict[Aspect, tuple[int, int]] = {"9:16": (9, 16), "16:9": (16, 9), "1:1": (1, 1)}


@dataclass(frozen=True)
class Canvas:
    """The pixels of one video."""

    width: int
    height: int


def canvas(aspect: Aspect, quality: Quality) -> Canvas:
    """Return the size for an aspect and quality: the short side decides (720p or 1080p)."""
    across, down = _SHAPES[aspect]
    unit = _SHORT_SIDE[quality] // min(across, down)
    return Canvas(across * unit, down * unit)


def frame_at(seconds: float) -> int:
    """Return the number of the frame that starts nearest to this time."""
    return round(seconds * FPS)


def measure_frames(start: float, end: float) -> int:
    """Return how many frames lie between two times."""
    # each time is rounded, never the length: so neighbours add up without a frame too many
    return frame_at(end) - frame_at(start)
