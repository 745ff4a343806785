"""A canonical picture in memory: limited-range BT.709 yuv420p, its planes as numpy arrays.

Frames are worked on as planes wherever possible: a conversion to RGB and back takes time, and
changes the colours a little each time.
"""

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

# Without these, each conversion to RGB makes a picture darker by a level. In a row of chunks, each
# of which starts from the last frame of the one before, the video would fade.
EXACT_RGB = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def planes(frame: av.VideoFrame) -> Planes:
    """Return the planes of a yuv420p frame; to write into them is to change the frame."""
    y, u, v = (_view(plane) for plane in frame.planes)
    return y, u, v


def _view(plane: av.video.plane.VideoPlane) -> Plane:
    """Return the visible part of a plane: in memory, its rows may be longer."""
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def blank(canvas: Canvas) -> av.VideoFrame:
    """Return a new black frame."""
    frame = av.VideoFrame(canvas.width, canvas.height, "yuv420p")
    y, u, v = planes(frame)
    y[:], u[:], v[:] = BLACK_LUMA, NEUTRAL_CHROMA, NEUTRAL_CHROMA
    return tag_colours(frame)


def from_planes(parts: Planes) -> av.VideoFrame:
    """Return a new frame with a copy of these planes."""
    height, width = parts[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for target, source in zip(planes(frame), parts, strict=True):
        target[:] = source
    return tag_colours(frame)


def copy_frame(frame: av.VideoFrame) -> av.VideoFrame:
    """Return a copy that may be painted on.

    A decoder predicts further frames from those it has given away: painted on, they would all show
    the paint.
    """
    return from_planes(planes(frame))


def tag_colours(frame: av.VideoFrame) -> av.VideoFrame:
    """Mark the frame as BT.709, limited range, and return it."""
    frame.colorspace = frame.color_primaries = frame.color_trc = _BT709
    frame.color_range = _LIMITED
    return frame


def from_image(image: Image.Image) -> av.VideoFrame:
    """Return an RGB image of even size as a canonical frame."""
    rgb = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB")), format="rgb24")
    return tag_colours(
        rgb.reformat(
            format="yuv420p",
            dst_colorspace=_BT709,
            src_color_range="JPEG",
            dst_color_range="MPEG",
            interpolation="AREA",
        )
    )


def to_image(frame: av.VideoFrame) -> Image.Image:
    """Return a canonical frame as an RGB image."""
    rgb = frame.reformat(
        format="rgb24",
        src_colorspace=_BT709,
        src_color_range="MPEG",
        dst_color_range="JPEG",
        interpolation=EXACT_RGB,
    )
    return Image.fromarray(rgb.to_ndarray())
