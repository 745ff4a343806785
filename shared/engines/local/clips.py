"""Turns a still into a clip: a smooth pan or zoom, warped on the Y, U and V planes themselves.

A clip that starts at the still's full frame shows exactly the still first, so that a chunk may go
on from the last frame of the one before. Such a clip can only move inwards: around the frame
there is nothing to show.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import cv2
import numpy as np
from av.video.frame import PictureType
from PIL import Image, ImageOps

from shared.media.picture import Plane, Planes, from_image, from_planes, planes, tagged
from shared.media.probe import BadMedia
from shared.story.errors import cause, machine_trouble
from shared.story.formats import FPS, Canvas

Motion = Literal["inwards", "onwards", "free"]
"""How a clip moves: inwards from the full frame; inwards already moving; or as the seed says."""

# One thread: a clip is one of many, and with more x264 does not write the same bytes every time.
_ENCODING = {"preset": "ultrafast", "crf": "20", "x264-params": "threads=1:scenecut=0"}
_ZOOM_A_SECOND = 0.022
_SOFT_SECONDS = 0.6  # over which a motion gathers speed
_FREE: tuple[Literal["inwards", "outwards", "aside"], ...] = ("inwards", "outwards", "aside")

_Path = Iterator[tuple[float, float, float]]


def animate(
    still: Path, out: Path, canvas: Canvas, seconds: float, seed: int, motion: Motion = "free"
) -> int:
    """Write an MP4 of so many seconds without sound; gives its number of frames.

    The seed says where to: clips of one beat share it, so that their motion is one.
    """
    source = planes(from_image(_loaded(still, canvas)))
    count = max(1, round(seconds * FPS))
    _write(out, (_seen(source, *view) for view in _views(count, seed, motion)), canvas, count)
    return count


def _loaded(still: Path, canvas: Canvas) -> Image.Image:
    """The picture, upright, covering the canvas."""
    try:
        with Image.open(still) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        if machine_trouble(error):
            raise
        raise BadMedia(
            f"{still.name} is no picture that can be animated: {cause(error)}"
        ) from error
    size = (canvas.width, canvas.height)
    return (
        upright if upright.size == size else ImageOps.fit(upright, size, Image.Resampling.LANCZOS)
    )


# ── the camera: (zoom, x, y), where x and y are the shares of the margin on the left and top ────


def _views(count: int, seed: int, motion: Motion) -> _Path:
    chance = np.random.default_rng([seed, 5])
    x, y = (float(share) for share in chance.uniform(0.25, 0.75, 2))
    kind = _FREE[int(chance.integers(len(_FREE)))] if motion == "free" else motion
    if kind == "outwards":
        return _outwards(count, x, y)
    if kind == "aside":
        return _aside(count, y, rightwards=bool(chance.integers(2)))
    return _inwards(count, x, y, moving=motion == "onwards")


def _inwards(count: int, x: float, y: float, moving: bool) -> _Path:
    """From the full frame; the zoom grows by the same factor each frame, so it looks even."""
    for index in range(count):
        seconds = index / FPS if moving else _gathered(index / FPS)
        yield math.exp(_ZOOM_A_SECOND * seconds), x, y


def _outwards(count: int, x: float, y: float) -> _Path:
    """To the full frame, which it reaches at rest."""
    for index in range(count):
        yield math.exp(_ZOOM_A_SECOND * _gathered((count - 1 - index) / FPS)), x, y


def _aside(count: int, y: float, rightwards: bool) -> _Path:
    """Across the picture, at one size, easing in and out."""
    zoom = 1.0 + 0.14 * min(1.0, count / (5 * FPS))
    for index in range(count):
        share = (1 - math.cos(math.pi * index / max(1, count - 1))) / 2
        yield zoom, share if rightwards else 1 - share, y


def _gathered(seconds: float) -> float:
    """Time as a motion feels it that starts from rest: no jerk, then one to one."""
    if seconds >= _SOFT_SECONDS:
        return seconds - _SOFT_SECONDS / 2
    share = seconds / _SOFT_SECONDS
    return _SOFT_SECONDS * (share**3 - share**4 / 2)


# ── the picture it sees ─────────────────────────────────────────────────────────────────────────


def _seen(source: Planes, zoom: float, x: float, y: float) -> av.VideoFrame:
    if zoom == 1.0:
        return from_planes(source)
    height, width = source[0].shape
    frame = tagged(av.VideoFrame(width, height, "yuv420p"))
    left, top = (1 - 1 / zoom) * width * x, (1 - 1 / zoom) * height * y
    for plane, target, scale in zip(source, planes(frame), (1, 2, 2), strict=True):
        _warp(plane, target, zoom, left / scale, top / scale)
    return frame


def _warp(plane: Plane, target: Plane, zoom: float, left: float, top: float) -> None:
    """Pixel centres, not corners, lie on whole numbers: half a pixel goes to and fro."""
    centre = 0.5 / zoom - 0.5
    inverse = np.array([[1 / zoom, 0, left + centre], [0, 1 / zoom, top + centre]], np.float64)
    height, width = plane.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    target[:] = cv2.warpAffine(
        plane, inverse, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def _write(out: Path, frames: Iterator[av.VideoFrame], canvas: Canvas, count: int) -> None:
    """A clip is not canonical: it is conformed like any other engine's."""
    with av.open(str(out), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options=_ENCODING)
        stream.width, stream.height, stream.pix_fmt = canvas.width, canvas.height, "yuv420p"
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = context.color_range = 1
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            # The last frame is found fast when a keyframe is near it.
            near_end = index == max(0, count - FPS // 2)
            frame.pict_type = PictureType.I if near_end else PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
