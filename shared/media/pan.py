"""A slow push into a still picture, smooth below the pixel: plane by plane, nothing decoded."""

from collections.abc import Iterator

import av
import cv2
import numpy as np

from shared.media.picture import Planes, from_planes, planes
from shared.story.formats import FPS

_ZOOM_A_SECOND = 0.012


def pushed_in(still: av.VideoFrame, count: int) -> Iterator[av.VideoFrame]:
    """`count` frames that start as the still itself and move in ever so gently."""
    parts = planes(still)
    for index in range(count):
        yield zoomed(parts, 1 + _ZOOM_A_SECOND * _eased(index / FPS))


def _eased(seconds: float) -> float:
    """Time that starts slowly: half a second of acceleration, then steady."""
    return seconds * seconds if seconds < 0.5 else seconds - 0.25


def zoomed(parts: Planes, zoom: float) -> av.VideoFrame:
    """The picture enlarged about its centre."""
    if zoom == 1.0:
        return from_planes(parts)
    y, u, v = (_warped(plane, zoom) for plane in parts)
    return from_planes((y, u, v))


def _warped(plane: np.ndarray, zoom: float) -> np.ndarray:
    height, width = plane.shape
    x, y = (width - 1) / 2 * (1 - zoom), (height - 1) / 2 * (1 - zoom)
    matrix = np.array([[zoom, 0, x], [0, zoom, y]], np.float64)
    return cv2.warpAffine(
        plane, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
