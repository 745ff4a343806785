"""How one picture gives way to the next: blends of two frames' planes at a part of the way."""

from dataclasses import dataclass

import av
import cv2
import numpy as np

from shared.media.picture import BLACK_LUMA, NEUTRAL_CHROMA, Plane, Planes, from_planes, planes


@dataclass(frozen=True)
class Transition:
    """A joint that takes time: both sides have this many frames for it.

    `kind` is one of the transitions in shared/story/looks.py that are no cut.
    """

    kind: str
    frames: int


def blend_frames(
    kind: str, before: av.VideoFrame, after: av.VideoFrame, part: float
) -> av.VideoFrame:
    """Return the frame at `part` (0 to 1) of the way from one picture to the other."""
    old, new = planes(before), planes(after)
    if kind == "black":
        return _fade_through_black(old, new, part)
    # what moves starts and stops softly; light changes evenly
    eased = part * part * (3 - 2 * part)
    if kind == "wipe":
        return _wipe(old, new, eased)
    if kind == "slide":
        return _slide(old, new, eased)
    return _fade(old, new, part)  # also for what only a later version has a name for


def _fade(old: Planes, new: Planes, part: float) -> av.VideoFrame:
    y, u, v = (_add(a, 1 - part, b, part) for a, b in zip(old, new, strict=True))
    return from_planes((y, u, v))


def _fade_through_black(old: Planes, new: Planes, part: float) -> av.VideoFrame:
    """Return a frame that is black in the middle of the way."""
    source, light = (old, 1 - 2 * part) if part < 0.5 else (new, 2 * part - 1)
    # black is no zero here: video keeps room below it, and colours lie about a middle
    floors = (BLACK_LUMA, NEUTRAL_CHROMA, NEUTRAL_CHROMA)
    y, u, v = (
        _add(plane, light, plane, 0, floor * (1 - light))
        for plane, floor in zip(source, floors, strict=True)
    )
    return from_planes((y, u, v))


def _add(one: Plane, much: float, other: Plane, more: float, floor: float = 0) -> Plane:
    return np.asarray(cv2.addWeighted(one, much, other, more, floor), np.uint8)


def _wipe(old: Planes, new: Planes, part: float) -> av.VideoFrame:
    out = from_planes(old)
    edge = _find_edge(out.width, part)
    for target, plane, at in zip(planes(out), new, (edge, edge // 2, edge // 2), strict=True):
        target[:, at:] = plane[:, at:]
    return out


def _slide(old: Planes, new: Planes, part: float) -> av.VideoFrame:
    """Return a frame in which both pictures have moved left together."""
    out = from_planes(old)
    edge = _find_edge(out.width, part)
    pairs = zip(planes(out), old, new, (edge, edge // 2, edge // 2), strict=True)
    for target, leaving, coming, at in pairs:
        width = target.shape[1]
        target[:, :at] = leaving[:, width - at :]
        target[:, at:] = coming[:, : width - at]
    return out


def _find_edge(width: int, part: float) -> int:
    """Return where the new picture begins: it comes in from the right."""
    # on an even pixel, since colours are stored for every second one only
    return round(width * (1 - part) / 2) * 2
