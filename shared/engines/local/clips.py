"""Turns a still picture into a clip: a smooth pan or zoom, made on the Y, U and V planes.

A clip that starts at the full frame first shows exactly the still, so that a chunk can go on from
the last frame of the chunk before it. Such a clip can only move inwards: there is nothing to show
around the frame.

The camera is a row of views, one for each frame: (zoom, x, y), where x and y say how much of the
margin, the part of the picture that is not seen, lies on the left and at the top (0 to 1).
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

from shared.media.picture import Plane, Planes, from_image, from_planes, planes, tag_colours
from shared.media.probe import BadMedia
from shared.story.errors import cause, machine_trouble
from shared.story.formats import FPS, Canvas

Motion = Literal["inwards", "onwards", "free"]
"""Inwards from the full frame; inwards and already moving; or any motion that the seed says."""

# One thread: many clips are made at a time, and with more, the bytes are not always the same.
_ENCODING = {"preset": "ultrafast", "crf": "20", "x264-params": "threads=1:scenecut=0"}
_ZOOM_A_SECOND = 0.022
_SOFT_SECONDS = 0.6  # in which a motion gathers speed
_FREE: tuple[Literal["inwards", "outwards", "aside"], ...] = ("inwards", "outwards", "aside")

_Views = Iterator[tuple[float, float, float]]


def animate(
    still: Path,
    out: Path,
    canvas: Canvas,
    seconds: float,
    seed: int,
    motion: Motion = "free",
    take: int = 0,
) -> int:
    """Write an MP4 of so many seconds without sound, and return its number of frames.

    The seed decides the direction: clips of one beat share it, so that they move as one. Another
    take has another direction.
    """
    source = planes(from_image(_load(still, canvas)))
    count = max(1, round(seconds * FPS))
    views = _choose_views(count, seed, motion, take)
    _write(out, (_show(source, *view) for view in views), canvas, count)
    return count


def _load(still: Path, canvas: Canvas) -> Image.Image:
    """Return the picture, upright, so that it covers the canvas."""
    try:
        with Image.open(still) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        if machine_trouble(error):
            raise  # the picture may be as good as any
        raise BadMedia(f"{still.name} can't be read as a picture: {cause(error)}") from error
    size = (canvas.width, canvas.height)
    return (
        upright if upright.size == size else ImageOps.fit(upright, size, Image.Resampling.LANCZOS)
    )


# ── the camera ──────────────────────────────────────────────────────────────────────────────────


def _choose_views(count: int, seed: int, motion: Motion, take: int) -> _Views:
    """Return the views of a clip."""
    rng = np.random.default_rng([seed, 5, take])
    x, y = (float(share) for share in rng.uniform(0.25, 0.75, 2))
    kind = _FREE[int(rng.integers(len(_FREE)))] if motion == "free" else motion
    if kind == "outwards":
        return _move_out(count, x, y)
    if kind == "aside":
        return _move_aside(count, y, rightwards=bool(rng.integers(2)))
    return _move_in(count, x, y, moving=motion == "onwards")


def _move_in(count: int, x: float, y: float, moving: bool) -> _Views:
    """Yield views that start at the full frame."""
    for index in range(count):
        # The zoom grows by the same factor each frame: to the eye, that is an even speed.
        seconds = index / FPS if moving else _start_slowly(index / FPS)
        yield math.exp(_ZOOM_A_SECOND * seconds), x, y


def _move_out(count: int, x: float, y: float) -> _Views:
    """Yield views that come to rest at the full frame."""
    for index in range(count):
        yield math.exp(_ZOOM_A_SECOND * _start_slowly((count - 1 - index) / FPS)), x, y


def _move_aside(count: int, y: float, rightwards: bool) -> _Views:
    """Yield views that cross the picture at one size, with a soft start and end."""
    # A short clip crosses a smaller margin: it should not move faster than a long one.
    zoom = 1.0 + 0.14 * min(1.0, count / (5 * FPS))
    for index in range(count):
        share = (1 - math.cos(math.pi * index / max(1, count - 1))) / 2
        yield zoom, share if rightwards else 1 - share, y


def _start_slowly(seconds: float) -> float:
    """Return the time as a motion counts it that begins from rest, without a jerk."""
    if seconds >= _SOFT_SECONDS:
        return seconds - _SOFT_SECONDS / 2
    share = seconds / _SOFT_SECONDS
    return _SOFT_SECONDS * (share**3 - share**4 / 2)


# ── the picture it sees ─────────────────────────────────────────────────────────────────────────


def _show(source: Planes, zoom: float, x: float, y: float) -> av.VideoFrame:
    """Return the frame that this view of the picture shows."""
    if zoom == 1.0:
        return from_planes(source)
    height, width = source[0].shape
    frame = tag_colours(av.VideoFrame(width, height, "yuv420p"))
    left, top = (1 - 1 / zoom) * width * x, (1 - 1 / zoom) * height * y
    for plane, target, scale in zip(source, planes(frame), (1, 2, 2), strict=True):
        _warp(plane, target, zoom, left / scale, top / scale)
    return frame


def _warp(plane: Plane, target: Plane, zoom: float, left: float, top: float) -> None:
    """Write into the target what is seen of a plane, with `left` and `top` in pixels."""
    # For OpenCV, the centres of pixels lie on whole numbers; for us, their corners do. So half a
    # pixel is added before the zoom and taken off after it.
    centre = 0.5 / zoom - 0.5
    inverse = np.array([[1 / zoom, 0, left + centre], [0, 1 / zoom, top + centre]], np.float64)
    height, width = plane.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    target[:] = cv2.warpAffine(
        plane, inverse, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def _write(out: Path, frames: Iterator[av.VideoFrame], canvas: Canvas, count: int) -> None:
    """Encode the frames. Like any other engine's clip, this one is conformed later."""
    with av.open(str(out), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options=_ENCODING)
        stream.width, stream.height, stream.pix_fmt = canvas.width, canvas.height, "yuv420p"
        context = stream.codec_context
        context.color_primaries = context.color_trc = context.colorspace = context.color_range = 1
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            # The next chunk starts from the last frame, which is found fast if a keyframe is near.
            near_end = index == max(0, count - FPS // 2)
            frame.pict_type = PictureType.I if near_end else PictureType.NONE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
