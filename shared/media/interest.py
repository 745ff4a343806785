"""Finds where a picture has something to see, so that a crop keeps it. Pure.

A crop that follows every detail would jump between clips that show nearly the same. So the centre
is preferred, places of nearly the same worth are blended, and there are few places to choose from.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.media.picture import Plane

_LONG_SIDE = 160  # pixels of the small picture that is looked at
_FLAT = 6.0  # mean square of a gradient; below it there is nothing but noise
_ENOUGH = 0.95  # a crop about the centre that shows this much of all there is to see stays there
_BIAS = 0.12  # what is taken off the score of a place at the far end
_SOFT = 0.04  # scores that differ by no more are blended, so that no detail of texture decides
_STEPS = 8  # the places to choose from: clips that go on from each other mostly get the same


def choose_crop(luma: Plane, width: int, height: int) -> float:
    """Return where to crop a picture to a size: the share of what is removed at the left or top.

    One of the crop's sides is the picture's own, so there is one direction to choose in; 0.5 is
    the centre.
    """
    across = luma.shape[1] - width > luma.shape[0] - height
    kept = width / luma.shape[1] if across else height / luma.shape[0]
    energy = _measure_energy(luma)
    if kept >= 1 or energy.mean() < _FLAT:
        return 0.5
    return _find_best(energy.sum(axis=0 if across else 1), kept)


def _measure_energy(luma: Plane) -> NDArray[np.float32]:
    """Return how much the picture changes at each place of a small copy."""
    scale = min(1.0, _LONG_SIDE / max(luma.shape))
    size = [max(2, round(side * scale)) for side in luma.shape[::-1]]
    small = cv2.resize(np.ascontiguousarray(luma), size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small.astype(np.float32), (0, 0), 1)
    down, across = (cv2.Sobel(soft, cv2.CV_32F, x, 1 - x, scale=1 / 4) for x in (0, 1))
    # Squared, so that strong edges, which outline things, count far more than texture.
    return np.asarray(cv2.GaussianBlur(down**2 + across**2, (0, 0), 1.5), np.float32)


def _find_best(profile: NDArray[np.float32], kept: float) -> float:
    """Return where on a line of energies a window shows most; its middle counts more."""
    count = len(profile)
    window = min(count - 1, max(1, round(count * kept)))
    share = profile.astype(np.float64) / profile.sum()
    shown = np.convolve(share, np.ones(window), "valid")
    if shown[(count - window) // 2] >= _ENOUGH:
        return 0.5
    # What is shown at the window's edge counts half: a subject should not touch the border.
    hat = 1 - 0.5 * np.linspace(-1, 1, window) ** 2
    places = np.linspace(0, 1, count - window + 1)
    score = np.convolve(share, hat, "valid") - _BIAS * (2 * places - 1) ** 2
    weight = np.exp((score - score.max()) / _SOFT)
    return round(float(places @ weight / weight.sum()) * _STEPS) / _STEPS
