"""Blends drawings with transparency into the yuv420p planes of a frame, without conversion.

Only the rectangle under the drawing is touched, so a caption costs a frame about 2 ms.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.media.picture import Plane, Planes

_Wide = NDArray[np.uint16]
# Limited-range BT.709: each row gives Y, U, V of an RGB colour in 0..255.
_MATRIX = np.array(
    [[0.18259, 0.61423, 0.06201], [-0.10064, -0.33857, 0.43922], [0.43922, -0.39894, -0.04027]],
    np.float32,
)
_OFFSET = np.array([16, 128, 128], np.float32)


@dataclass(frozen=True)
class _Layer:
    """One plane's part of a drawing: its alpha, and its colour times alpha."""

    alpha: _Wide
    colour: _Wide

    def blend(self, plane: Plane, x: int, y: int, opacity: int) -> None:
        """Blend the layer into a plane; `opacity` is 0 to 256. What lies outside is left out."""
        height, width = plane.shape
        top, left = max(y, 0), max(x, 0)
        bottom, right = min(y + self.alpha.shape[0], height), min(x + self.alpha.shape[1], width)
        if top >= bottom or left >= right:
            return
        inside = np.s_[top - y : bottom - y, left - x : right - x]
        target = plane[top:bottom, left:right]
        alpha, colour = self.alpha[inside], self.colour[inside]
        if opacity < 256:
            strength = np.uint16(opacity)
            alpha = np.asarray(alpha * strength >> 8, np.uint16)
            colour = np.asarray((colour >> 8) * strength, np.uint16)
        # In whole numbers of 16 bits, which are faster than floats. With 127 added,
        # (m + m / 256) / 256 is m / 255, rounded.
        mixed = np.asarray(target * (255 - alpha) + colour + np.uint16(127), np.uint16)
        target[:] = (mixed + (mixed >> 8)) >> 8


@dataclass(frozen=True)
class Overlay:
    """A drawing in planes, ready to be painted on pictures."""

    width: int
    height: int
    luma: _Layer
    blue: _Layer
    red: _Layer

    @classmethod
    def of(cls, image: Image.Image) -> Self:
        """Return the overlay of an RGBA image, with its sides grown to even numbers."""
        width, height = image.width + image.width % 2, image.height + image.height % 2
        canvas = Image.new("RGBA", (width, height))
        canvas.paste(image)
        pixels = np.asarray(canvas, np.float32)
        alpha = pixels[..., 3]
        # Multiplied by alpha here, before sizes are halved: a transparent pixel has no colour that
        # could bleed into the one beside it.
        colours = (pixels[..., :3] @ _MATRIX.T + _OFFSET) * alpha[..., None]
        return cls(
            width,
            height,
            _Layer(_round(alpha), _round(colours[..., 0])),
            _Layer(_round(_halve(alpha)), _round(_halve(colours[..., 1]))),
            _Layer(_round(_halve(alpha)), _round(_halve(colours[..., 2]))),
        )

    def paint(self, planes: Planes, x: int, y: int, opacity: float = 1.0) -> None:
        """Blend the drawing in with its top left corner at x, y (brought to even numbers)."""
        strength = round(256 * min(1.0, max(0.0, opacity)))
        if strength == 0:
            return
        x, y = x // 2 * 2, y // 2 * 2  # the planes of colour have half as many places
        luma, blue, red = planes
        self.luma.blend(luma, x, y, strength)
        self.blue.blend(blue, x // 2, y // 2, strength)
        self.red.blend(red, x // 2, y // 2, strength)


def _round(values: NDArray[np.float32]) -> _Wide:
    return np.rint(values).astype(np.uint16)


def _halve(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a plane of half the size, each value the mean of four."""
    height, width = values.shape
    quads = values.reshape(height // 2, 2, width // 2, 2)
    return np.asarray(quads.mean(axis=(1, 3)), np.float32)
