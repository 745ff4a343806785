"""The one canonical shape of everything we encode: sizes by aspect and quality, and the frame grid.

Times in events are seconds; a segment's frames are the difference of its rounded *boundaries*, so
that rounding never adds up: the sum over a video is exactly round(duration * FPS).
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
    """The size for an aspect and quality: the short side decides (720p or 1080p)."""
    across, down = _SHAPES[aspect]
    unit = _SHORT_SIDE[quality] // min(across, down)
    return Canvas(across * unit, down * unit)


def frame_at(seconds: float) -> int:
    """The index of the first frame shown at or after this time."""
    return round(seconds * FPS)


def frames_between(start: float, end: float) -> int:
    """How many frames lie between two boundaries; telescopes over neighbours."""
    return frame_at(end) - frame_at(start)
