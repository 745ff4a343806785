"""How one picture gives way to the next: blends of two frames' planes at a part of the way."""

from dataclasses import dataclass

import av
import cv2
import numpy as np

from shared.media.picture import BLACK_LUMA, NEUTRAL_CHROMA, Planes, from_planes, planes


@dataclass(frozen=True)
class Transition:
    """A joint that takes time: both sides have this many frames for it."""

    kind: str
    frames: int


def between(kind: str, before: av.VideoFrame, after: av.VideoFrame, part: float) -> av.VideoFrame:
    """The frame at `part` (0 to 1) of the way from one picture to the other."""
    old, new = planes(before), planes(after)
    if kind == "black":
        return from_planes(_through_black(old, new, part))
    if kind in {"wipe", "slide"}:
        eased = part * part * (3 - 2 * part)
        return _wiped(old, new, eased) if kind == "wipe" else _slid(old, new, eased)
    return from_planes(_mixed(old, new, part))  # whatever a later version may call it


def _mixed(old: Planes, new: Planes, part: float) -> Planes:
    y, u, v = (
        np.asarray(cv2.addWeighted(a, 1 - part, b, part, 0), np.uint8)
        for a, b in zip(old, new, strict=True)
    )
    return y, u, v


def _through_black(old: Planes, new: Planes, part: float) -> Planes:
    """Down to black by the middle, up from there."""
    source, light = (old, 1 - 2 * part) if part < 0.5 else (new, 2 * part - 1)
    floors = (BLACK_LUMA, NEUTRAL_CHROMA, NEUTRAL_CHROMA)
    y, u, v = (
        np.asarray(cv2.addWeighted(plane, light, plane, 0, floor * (1 - light)), np.uint8)
        for plane, floor in zip(source, floors, strict=True)
    )
    return y, u, v


def _edge(width: int, part: float) -> int:
    """Where the new picture begins, on an even pixel: it comes in from the right."""
    return round(width * (1 - part) / 2) * 2


def _wiped(old: Planes, new: Planes, part: float) -> av.VideoFrame:
    out = from_planes(old)
    edge = _edge(out.width, part)
    for target, plane, at in zip(planes(out), new, (edge, edge // 2, edge // 2), strict=True):
        target[:, at:] = plane[:, at:]
    return out


def _slid(old: Planes, new: Planes, part: float) -> av.VideoFrame:
    """Both pictures move left together."""
    out = from_planes(old)
    edge = _edge(out.width, part)
    pairs = zip(planes(out), old, new, (edge, edge // 2, edge // 2), strict=True)
    for target, leaving, coming, at in pairs:
        width = target.shape[1]
        target[:, :at] = leaving[:, width - at :]
        target[:, at:] = coming[:, : width - at]
    return out
