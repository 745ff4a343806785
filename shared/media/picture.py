"""A canonical picture in memory: limited-range BT.709 yuv420p planes as numpy views of a frame."""

from typing import TypeAlias

import av
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray
from PIL import Image

from shared.story.formats import Canvas

Plane: TypeAlias = NDArray[np.uint8]
Planes: TypeAlias = tuple[Plane, Plane, Plane]
Rgb: TypeAlias = tuple[int, int, int]

BLACK_LUMA, NEUTRAL_CHROMA = 16, 128
_BT709, _LIMITED = 1, 1

EXACT_RGB = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
"""Without these, each conversion to RGB darkens by a level: a chain of chunks would fade."""


def planes(frame: av.VideoFrame) -> Planes:
    """Writable views of a yuv420p frame's planes, cut to the visible width."""
    y, u, v = (_view(plane) for plane in frame.planes)
    return y, u, v


def _view(plane: av.video.plane.VideoPlane) -> Plane:
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def blank(canvas: Canvas) -> av.VideoFrame:
    """A new black frame."""
    frame = av.VideoFrame(canvas.width, canvas.height, "yuv420p")
    y, u, v = planes(frame)
    y[:], u[:], v[:] = BLACK_LUMA, NEUTRAL_CHROMA, NEUTRAL_CHROMA
    return tagged(frame)


def from_planes(parts: Planes) -> av.VideoFrame:
    """A new frame with a copy of these planes."""
    height, width = parts[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for target, source in zip(planes(frame), parts, strict=True):
        target[:] = source
    return tagged(frame)


def copied(frame: av.VideoFrame) -> av.VideoFrame:
    """A copy that may be painted on: a decoder still predicts from the frames it hands out."""
    return from_planes(planes(frame))


def tagged(frame: av.VideoFrame) -> av.VideoFrame:
    frame.colorspace = frame.color_primaries = frame.color_trc = _BT709
    frame.color_range = _LIMITED
    return frame


def from_image(image: Image.Image) -> av.VideoFrame:
    """An RGB image of even size as a canonical frame."""
    rgb = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24")
    return tagged(
        rgb.reformat(
            format="yuv420p",
            dst_colorspace=_BT709,
            src_color_range="JPEG",
            dst_color_range="MPEG",
            interpolation="AREA",
        )
    )


def to_image(frame: av.VideoFrame) -> Image.Image:
    """A canonical frame as an RGB image."""
    rgb = frame.reformat(
        format="rgb24",
        src_colorspace=_BT709,
        src_color_range="MPEG",
        dst_color_range="JPEG",
        interpolation=EXACT_RGB,
    )
    return Image.fromarray(rgb.to_ndarray())
