"""How much a moving picture shakes: where a mark is in each frame, against a smooth path."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.story.formats import Canvas

Luma = NDArray[np.uint8]

_SMOOTH = 7  # the degree of the path: it follows any easing, and no shake


def mark(canvas: Canvas) -> NDArray[np.uint8]:
    """A soft bright disc on a dark ground, away from the middle, where zooms would not move it."""
    picture = np.full((canvas.height, canvas.width, 3), 40, np.uint8)
    place = (canvas.width // 4, canvas.height // 3)
    cv2.circle(picture, place, canvas.width // 9, (230, 230, 230), -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2), np.uint8)


def places(lumas: Iterable[Luma]) -> NDArray[np.float64]:
    """The mark's centre of gravity in each frame: (x, y), below the pixel."""
    return np.array([_centre(luma) for luma in lumas])


def _centre(luma: Luma) -> tuple[float, float]:
    weight = np.clip(luma.astype(np.float64) - 60, 0, None)
    columns, rows = weight.sum(axis=0), weight.sum(axis=1)
    across, down = np.arange(len(columns)), np.arange(len(rows))
    return float(columns @ across / weight.sum()), float(rows @ down / weight.sum())


def shake(path: NDArray[np.float64]) -> float:
    """The farthest that the mark is ever off its smooth path, in pixels."""
    time = np.linspace(-1, 1, len(path))
    smooth = [np.polyval(np.polyfit(time, axis, _SMOOTH), time) for axis in path.T]
    return float(np.abs(path - np.stack(smooth, axis=1)).max())
