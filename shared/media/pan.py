"""Zooms slowly into a still picture, smooth below the pixel, on the planes of the frame itself."""

from collections.abc import Iterator

import av
import cv2
import numpy as np

from shared.media.picture import Planes, from_planes, planes
from shared.story.formats import FPS

_ZOOM_A_SECOND = 0.012


def push_in(still: av.VideoFrame, count: int) -> Iterator[av.VideoFrame]:
    """Yield `count` frames that start as the still itself and move in slowly."""
    parts = planes(still)
    for index in range(count):
        yield zoom_in(parts, 1 + _ZOOM_A_SECOND * _ease(index / FPS))


def _ease(seconds: float) -> float:
    """Return the time since the start as a motion counts it that gathers speed for half a second.

    After a clip that stood still, a zoom at full speed would start with a jerk.
    """
    return seconds * seconds if seconds < 0.5 else seconds - 0.25


def zoom_in(parts: Planes, zoom: float) -> av.VideoFrame:
    """Return the picture enlarged about its centre."""
    if zoom == 1.0:
        return from_planes(parts)
    y, u, v = (_enlarge(plane, zoom) for plane in parts)
    return from_planes((y, u, v))


def _enlarge(plane: np.ndarray, zoom: float) -> np.ndarray:
    height, width = plane.shape
    # The centre lies between pixels: about (width - 1) / 2, nothing moves sideways, and the planes
    # of colour stay over the plane of brightness.
    x, y = (width - 1) / 2 * (1 - zoom), (height - 1) / 2 * (1 - zoom)
    matrix = np.array([[zoom, 0, x], [0, zoom, y]], np.float64)
    return cv2.warpAffine(
        plane, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
