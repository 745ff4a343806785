"""Tells how far a picture looks like another one that it should have come from.

A clip may begin closer by, a little aside, in another shape or within a border, and darker: so the
one picture is looked for inside the other, at several sizes, and only their structure counts.
"""

from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Grey: TypeAlias = NDArray[np.uint8]

LONG_SIDE = 64
_FINE_SIDE = 192  # of the picture that is resized to each size: the same detail in all of them
_CLOSER = tuple(1 + 0.03 * step for step in range(14))
_FARTHER = (1.0, 0.97, 0.94, 0.9, 0.85, 0.8)
_FLAT = 3.0  # levels: what deviates by less than this shows nothing
_BROAD = 10.0  # pixels: differences over more than this are light and shade, not things


def read_grey(path: Path) -> Grey | None:
    """Return a picture upright, grey and small; None where it can't be read as one."""
    try:
        with Image.open(path) as image:
            image.draft("L", (2 * _FINE_SIDE, 2 * _FINE_SIDE))
            image.thumbnail((2 * _FINE_SIDE, 2 * _FINE_SIDE), Image.Resampling.BOX)
            grey = np.asarray(ImageOps.exif_transpose(image).convert("L"), np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    return _resize(grey, _FINE_SIDE / max(grey.shape))


def measure_likeness(shown: Grey, start: Grey) -> float:
    """Return how alike the two are: 1 for the same picture, about 0.3 for unrelated ones."""
    if min(shown.std(), start.std()) < _FLAT:  # one that shows nothing is like another such one
        return float(max(shown.std(), start.std()) < 2 * _FLAT)
    has_things = min(_flatten(picture).std() for picture in (shown, start)) >= _FLAT
    whole = [has / wanted for has, wanted in zip(shown.shape, start.shape, strict=True)]
    sizes = [max(whole) * zoom for zoom in _CLOSER] + [min(whole) * zoom for zoom in _FARTHER]
    return max(_compare(shown, _resize(start, size), has_things) for size in sizes)


def _compare(one: Grey, other: Grey, has_things: bool) -> float:
    """Return how well the one is found in the other, whichever of them is the larger."""
    large, small = (one, other) if one.size >= other.size else (other, one)
    if any(room < side for room, side in zip(large.shape, small.shape, strict=True)):
        return 0.0
    if has_things:
        found = cv2.matchTemplate(_flatten(large), _flatten(small), cv2.TM_CCOEFF_NORMED)
    else:
        found = cv2.matchTemplate(large, small, cv2.TM_CCOEFF_NORMED)
    return float(np.nan_to_num(found).max())


def _flatten(picture: Grey) -> NDArray[np.float32]:
    """Return a picture without its light and shade, which are alike in many pictures."""
    fine = picture.astype(np.float32)
    return fine - cv2.GaussianBlur(fine, (0, 0), _BROAD)


def _resize(picture: Grey, scale: float) -> Grey:
    high, wide = (max(2, round(side * scale)) for side in picture.shape)
    return np.asarray(cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA), np.uint8)
