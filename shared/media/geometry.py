"""Brings a picture of any size, shape, rotation and colours onto the canonical canvas."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from shared.media.interest import choose_crop
from shared.media.picture import Planes, blank, from_planes, planes, tag_colours
from shared.story.formats import Canvas

Fit = Literal["auto", "crop", "blur"]
"""Crop to fill the canvas, or show the whole picture over a blurred one; auto: whatever suits."""

_LEAST_FOR_AUTO = 0.55  # auto crops only where at least this share of the picture is still seen
_LEAST_FOR_CROP = 0.15  # below it, even "crop" shows the whole: a sliver would be blown up
_SMALL_PICTURE = 576  # untagged pictures up to this height are BT.601 by custom
_UNKNOWN = 2
_BT709 = 1


@dataclass
class Conformer:
    """Turns the decoded frames of one clip into canonical ones.

    There is one for each clip, because its scaler is set up once, and because all frames of a clip
    are cropped at the same place: the view holds still.
    """

    canvas: Canvas
    fit: Fit = "auto"
    pixel_aspect: Fraction = Fraction(1)
    share: float | None = None
    """Of what a crop removes, the share at the left or top; None: the first picture decides."""
    _scaler: VideoReformatter = field(default_factory=VideoReformatter)

    def conform(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return the frame on the canvas; the frame itself, if it is canonical already."""
        if self._is_canonical(frame):
            return frame
        width, height = frame.width * self.pixel_aspect, Fraction(frame.height)
        if abs(frame.rotation) in (90, 270):
            width, height = height, width
        across, down = self.canvas.width / width, self.canvas.height / height
        if self._should_crop(float(min(across, down) / max(across, down))):
            return self._crop(frame, width * max(across, down), height * max(across, down))
        return self._pad(frame, width * min(across, down), height * min(across, down))

    def _is_canonical(self, frame: av.VideoFrame) -> bool:
        return (
            (frame.width, frame.height) == (self.canvas.width, self.canvas.height)
            and frame.format.name == "yuv420p"
            and frame.rotation == 0
            and self.pixel_aspect == 1
            and _colour_matrix(frame) == Colorspace.ITU709
            and frame.color_range != ColorRange.JPEG
        )

    def _should_crop(self, kept: float) -> bool:
        """Return whether to crop, if this share of the picture would be kept."""
        if self.fit == "blur":
            return kept > 0.99  # a pixel or two of blurred border would look like a mistake
        return kept >= (_LEAST_FOR_AUTO if self.fit == "auto" else _LEAST_FOR_CROP)

    def _crop(self, frame: av.VideoFrame, width: Fraction, height: Fraction) -> av.VideoFrame:
        """Return a part of the picture that fills the canvas."""
        parts = self._scale(frame, _even(width), _even(height))
        if self.share is None:
            self.share = choose_crop(parts[0], self.canvas.width, self.canvas.height)
        return from_planes(_cut_out(parts, self.canvas, self.share))

    def _pad(self, frame: av.VideoFrame, width: Fraction, height: Fraction) -> av.VideoFrame:
        """Return the whole picture over a blurred, darker enlargement of itself."""
        size = (min(_even(width), self.canvas.width), min(_even(height), self.canvas.height))
        inner = self._scale(frame, *size)
        out = blank(self.canvas)
        for target, part, floor in zip(planes(out), inner, (16, 128, 128), strict=True):
            target[:] = _make_backdrop(part, target.shape, floor)
            top = (target.shape[0] - part.shape[0]) // 2
            left = (target.shape[1] - part.shape[1]) // 2
            target[top : top + part.shape[0], left : left + part.shape[1]] = part
        return out

    def _scale(self, frame: av.VideoFrame, width: int, height: int) -> Planes:
        """Return the picture's planes at this size, turned upright."""
        turns = round(frame.rotation / 90) % 4
        # Scaled first, then turned: the scaler knows nothing of rotation.
        across, down = (height, width) if turns % 2 else (width, height)
        scaled = self._scaler.reformat(
            frame,
            across,
            down,
            "yuv420p",
            src_colorspace=_colour_matrix(frame),
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation="BICUBIC",
        )
        y, u, v = (np.rot90(plane, turns) for plane in planes(tag_colours(scaled)))
        return y, u, v


def _even(size: Fraction) -> int:
    """Return an even number of pixels: two of them share a colour."""
    return max(2, round(size / 2) * 2)


def _colour_matrix(frame: av.VideoFrame) -> int:
    """Return the colour matrix that a frame was made with, guessed where it does not say."""
    if frame.colorspace not in (_UNKNOWN, 0):
        return Colorspace.ITU709 if frame.colorspace == _BT709 else int(frame.colorspace)
    small = min(frame.width, frame.height) <= _SMALL_PICTURE
    return Colorspace.ITU601 if small else Colorspace.ITU709


def _cut_out(parts: Planes, canvas: Canvas, share: float) -> Planes:
    """Return a part of the canvas' size, with this share of the rest at its left and top."""
    y, u, v = parts
    top, left = (
        max(0, int((has - wanted) * share / 2)) * 2  # even: colours have half as many places
        for has, wanted in zip(y.shape, (canvas.height, canvas.width), strict=True)
    )
    half = np.s_[top // 2 : (top + canvas.height) // 2, left // 2 : (left + canvas.width) // 2]
    return y[top : top + canvas.height, left : left + canvas.width], u[half], v[half]


def _make_backdrop(part: np.ndarray, shape: tuple[int, ...], floor: int) -> np.ndarray:
    """Return a blurred, darker plane of this shape, made from the middle of the picture's plane."""
    # The middle only: the whole picture pulled into another shape would look smeared. Blurred while
    # it is small, which looks the same and costs next to nothing.
    scale = 24 / min(shape)
    size = (round(shape[1] * scale), round(shape[0] * scale))
    small = cv2.resize(_cut_middle(part, shape), size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), 2)
    large = cv2.resize(soft, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return cv2.addWeighted(large, 0.6, large, 0, floor * 0.4)


def _cut_middle(part: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the largest part about the centre that has the proportions of `shape`."""
    scale = min(has / wanted for has, wanted in zip(part.shape, shape, strict=True))
    high, wide = (max(1, round(side * scale)) for side in shape)
    top, left = (part.shape[0] - high) // 2, (part.shape[1] - wide) // 2
    return np.ascontiguousarray(part[top : top + high, left : left + wide])
