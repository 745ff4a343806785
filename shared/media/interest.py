"""Where a picture has something to see, so that a crop keeps it. Pixels in, a place out; pure."""

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.media.picture import Plane

_LONG_SIDE = 160  # pixels of the small picture that is looked at
_FLAT = 6.0  # mean square of a gradient below which there is nothing but noise
_HELD = 0.95  # of all there is to see: a crop about the centre that holds it stays there
_BIAS = 0.12  # what the far end of the margin costs
_SOFT = 0.04  # places whose scores differ by no more are blended: no peak of texture decides
_STEPS = 8  # places there are: a clip that goes on from another mostly gets the same


def crop_share(luma: Plane, width: int, height: int) -> float:
    """Which share of the margin to leave at the left (or top) of a crop as wide or as high.

    One of the crop's sides is the picture's own; 0.5 is the centre.
    """
    across = luma.shape[1] - width > luma.shape[0] - height
    kept = width / luma.shape[1] if across else height / luma.shape[0]
    energy = _energy(luma)
    if kept >= 1 or energy.mean() < _FLAT:
        return 0.5
    return _best(energy.sum(axis=0 if across else 1), kept)


def _energy(luma: Plane) -> NDArray[np.float32]:
    """How much changes at each place: strong edges count far more than texture."""
    scale = min(1.0, _LONG_SIDE / max(luma.shape))
    size = [max(2, round(side * scale)) for side in luma.shape[::-1]]
    small = cv2.resize(np.ascontiguousarray(luma), size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small.astype(np.float32), (0, 0), 1)
    down, across = (cv2.Sobel(soft, cv2.CV_32F, x, 1 - x, scale=1 / 4) for x in (0, 1))
    return np.asarray(cv2.GaussianBlur(down**2 + across**2, (0, 0), 1.5), np.float32)


def _best(profile: NDArray[np.float32], kept: float) -> float:
    """The place along a line of energies whose window shows most of it, and that in its middle."""
    count = len(profile)
    window = min(count - 1, max(1, round(count * kept)))
    share = profile.astype(np.float64) / profile.sum()
    held = np.convolve(share, np.ones(window), "valid")
    if held[(count - window) // 2] >= _HELD:
        return 0.5
    hat = 1 - 0.5 * np.linspace(-1, 1, window) ** 2
    places = np.linspace(0, 1, count - window + 1)
    score = np.convolve(share, hat, "valid") - _BIAS * (2 * places - 1) ** 2
    weight = np.exp((score - score.max()) / _SOFT)
    return round(float(places @ weight / weight.sum()) * _STEPS) / _STEPS
