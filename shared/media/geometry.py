"""Brings a picture of any size, shape, rotation and colours onto the canonical canvas."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from shared.media.interest import crop_share
from shared.media.picture import Planes, blank, from_planes, planes, tagged
from shared.story.formats import Canvas

Fit = Literal["auto", "crop", "blur"]

_KEPT_BY_AUTO = 0.55  # crop only while this part of the picture stays to be seen
_KEPT_AT_LEAST = 0.15  # below it cropping would blow a sliver up to nonsense
_SMALL_PICTURE = 576  # untagged pictures up to this height are BT.601 by custom
_UNKNOWN = 2
_BT709 = 1


@dataclass
class Conformer:
    """Turns one clip's decoded frames into canonical ones, keeping its scaler warm.

    Where it crops, if that is not said, the clip's first picture decides: the view holds still.
    """

    canvas: Canvas
    fit: Fit = "auto"
    pixel_aspect: Fraction = Fraction(1)
    share: float | None = None
    """Of the margin at the left or top; None: what the first picture shows decides."""
    _scaler: VideoReformatter = field(default_factory=VideoReformatter)

    def conformed(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame on the canvas; never the decoder's own buffer when it had to change."""
        if self._is_canonical(frame):
            return frame
        turned = abs(frame.rotation) in (90, 270)
        width, height = frame.width * self.pixel_aspect, Fraction(frame.height)
        if turned:
            width, height = height, width
        across, down = self.canvas.width / width, self.canvas.height / height
        if self._crops(float(min(across, down) / max(across, down))):
            return self._cropped(frame, width * max(across, down), height * max(across, down))
        return self._padded(frame, width * min(across, down), height * min(across, down))

    def _is_canonical(self, frame: av.VideoFrame) -> bool:
        return (
            (frame.width, frame.height) == (self.canvas.width, self.canvas.height)
            and frame.format.name == "yuv420p"
            and frame.rotation == 0
            and self.pixel_aspect == 1
            and _matrix(frame) == Colorspace.ITU709
            and frame.color_range != ColorRange.JPEG
        )

    def _crops(self, kept: float) -> bool:
        if self.fit == "blur":
            return kept > 0.99
        return kept >= (_KEPT_BY_AUTO if self.fit == "auto" else _KEPT_AT_LEAST)

    def _cropped(self, frame: av.VideoFrame, width: Fraction, height: Fraction) -> av.VideoFrame:
        parts = self._scaled(frame, _even(width), _even(height))
        if self.share is None:
            self.share = crop_share(parts[0], self.canvas.width, self.canvas.height)
        return from_planes(_part(parts, self.canvas, self.share))

    def _padded(self, frame: av.VideoFrame, width: Fraction, height: Fraction) -> av.VideoFrame:
        """The whole picture over a blurred, darkened enlargement of itself."""
        size = (min(_even(width), self.canvas.width), min(_even(height), self.canvas.height))
        inner = self._scaled(frame, *size)
        out = blank(self.canvas)
        for target, part, floor in zip(planes(out), inner, (16, 128, 128), strict=True):
            target[:] = _backdrop(part, target.shape, floor)
            top = (target.shape[0] - part.shape[0]) // 2
            left = (target.shape[1] - part.shape[1]) // 2
            target[top : top + part.shape[0], left : left + part.shape[1]] = part
        return out

    def _scaled(self, frame: av.VideoFrame, width: int, height: int) -> Planes:
        """Upright planes of this size."""
        turns = round(frame.rotation / 90) % 4
        across, down = (height, width) if turns % 2 else (width, height)
        scaled = self._scaler.reformat(
            frame,
            across,
            down,
            "yuv420p",
            src_colorspace=_matrix(frame),
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation="BICUBIC",
        )
        y, u, v = (np.rot90(plane, turns) for plane in planes(tagged(scaled)))
        return y, u, v


def _even(size: Fraction) -> int:
    return max(2, round(size / 2) * 2)


def _matrix(frame: av.VideoFrame) -> int:
    """The colour matrix a frame was made with, guessed by its height when it does not say."""
    if frame.colorspace not in (_UNKNOWN, 0):
        return Colorspace.ITU709 if frame.colorspace == _BT709 else int(frame.colorspace)
    small = min(frame.width, frame.height) <= _SMALL_PICTURE
    return Colorspace.ITU601 if small else Colorspace.ITU709


def _part(parts: Planes, canvas: Canvas, share: float) -> Planes:
    """The canvas' size of a picture, with this share of the margin at its left and top."""
    y, u, v = parts
    top, left = (
        max(0, int((has - wanted) * share / 2)) * 2  # chroma has half as many places
        for has, wanted in zip(y.shape, (canvas.height, canvas.width), strict=True)
    )
    half = np.s_[top // 2 : (top + canvas.height) // 2, left // 2 : (left + canvas.width) // 2]
    return y[top : top + canvas.height, left : left + canvas.width], u[half], v[half]


def _backdrop(part: np.ndarray, shape: tuple[int, ...], floor: int) -> np.ndarray:
    """The part's middle in the target's shape: stretched to it, things would look smeared."""
    scale = 24 / min(shape)
    size = (round(shape[1] * scale), round(shape[0] * scale))
    small = cv2.resize(_covering(part, shape), size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), 2)
    large = cv2.resize(soft, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return cv2.addWeighted(large, 0.6, large, 0, floor * 0.4)


def _covering(part: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The largest part about the centre that has the proportions of `shape`."""
    scale = min(has / wanted for has, wanted in zip(part.shape, shape, strict=True))
    high, wide = (max(1, round(side * scale)) for side in shape)
    top, left = (part.shape[0] - high) // 2, (part.shape[1] - wide) // 2
    return np.ascontiguousarray(part[top : top + high, left : left + wide])
