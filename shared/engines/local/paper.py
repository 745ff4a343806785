"""Paints shapes, gradients and light on an array of pixels, in units that fit any size.

x runs over the width and y over the height, both from 0 to 1. Sizes are shares of the shorter
side, so that a circle is round in any aspect ratio.
"""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.engines.local.styles import Colour

Pixels: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.float32]
Point: TypeAlias = tuple[float, float]

_SUBPIXEL = 4  # bits of a pixel's fraction that OpenCV takes


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return a colour between two: `one` at a share of 0, `other` at 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def round_corners(points: Sequence[Point], times: int = 3) -> list[Point]:
    """Return a closed outline with its corners cut off again and again, until it is smooth."""
    corners = np.array(points, np.float64)
    for _ in range(times):
        following = np.roll(corners, -1, axis=0)
        cut = np.stack((corners * 0.75 + following * 0.25, corners * 0.25 + following * 0.75), 1)
        corners = cut.reshape(-1, 2)
    return [(float(x), float(y)) for x, y in corners]


def wavy(rng: np.random.Generator, count: int, roughness: float = 0.5) -> Mask:
    """Return a random line of `count` heights between -1 and 1, rough at every scale."""
    at = np.linspace(0, 1, count, dtype=np.float32)
    line, strength = np.zeros(count, np.float32), 1.0
    for octave in range(6):
        knots = 3 * 2**octave + 1
        values = rng.uniform(-1, 1, knots)
        # A cosine between two knots, because straight lines would have corners.
        bend = (1 - np.cos(np.pi * (at * (knots - 1) % 1))) / 2
        low = np.minimum((at * (knots - 1)).astype(int), knots - 2)
        line += (strength * (values[low] * (1 - bend) + values[low + 1] * bend)).astype(np.float32)
        strength *= roughness
    return line / max(1e-6, float(np.abs(line).max()))


def cloudy(rng: np.random.Generator, size: int = 64) -> Mask:
    """Return a random field between 0 and 1, soft and rough at once, like smoke."""
    field = np.zeros((size, size), np.float32)
    for octave in range(4):
        knots = rng.uniform(-1, 1, (4 * 2**octave,) * 2).astype(np.float32)
        field += cv2.resize(knots, (size, size), interpolation=cv2.INTER_CUBIC) * 0.55**octave
    return np.clip(0.5 + field / 2, 0, 1).astype(np.float32)


class Paper:
    """An RGB picture that is painted on."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.short = min(width, height)
        self.pixels: Pixels = np.zeros((height, width, 3), np.uint8)

    @property
    def tall(self) -> float:
        """Return the height in widths: 1.78 for an upright video."""
        return self.height / self.width

    def up(self, size: float) -> float:
        """Return a size as a share of the height."""
        return size * self.short / self.height

    def across(self, size: float) -> float:
        """Return a size as a share of the width."""
        return size * self.short / self.width

    def gradient(self, top: Colour, low: Colour, start: float = 0.0, end: float = 1.0) -> None:
        """Paint rows from one colour to another."""
        first, last = round(start * self.height), round(end * self.height)
        if last <= first:
            return
        first_colour = np.array(top, np.float32)
        share = np.linspace(0, 1, last - first, dtype=np.float32)[:, None, None]
        colours = first_colour + (np.array(low, np.float32) - first_colour) * share
        # Dithered: without noise, video shows the steps between two colours in a dark sky. Always
        # the same noise, so that it does not depend on what was painted before.
        tile = np.random.default_rng(0).random((last - first, 16, 1), np.float32)
        rows = (colours + tile).astype(np.uint8)
        self.pixels[first:last] = np.tile(rows, (1, self.width // 16 + 1, 1))[:, : self.width]

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        """Paint a filled outline."""
        cv2.fillPoly(self.pixels, [self._grid(points)], colour, cv2.LINE_AA, _SUBPIXEL)

    def line(
        self, points: Sequence[Point], colour: Colour, thickness: float, closed: bool = False
    ) -> None:
        width = max(1, round(thickness * self.short))
        grid = [self._grid(points)]
        cv2.polylines(self.pixels, grid, closed, colour, width, cv2.LINE_AA, _SUBPIXEL)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def oval(self, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        """Paint an ellipse with these radii."""
        turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        xs, ys = x + self.across(wide) * np.cos(turn), y + self.up(high) * np.sin(turn)
        self.shape([(float(a), float(b)) for a, b in zip(xs, ys, strict=True)], colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self.oval(x, y, radius, radius, colour)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Add light to what is there, strongest in the middle."""
        reach = round(radius * self.short)
        left, top = round(x * self.width) - reach, round(y * self.height) - reach
        a, b = max(0, left), min(self.width, left + 2 * reach)
        c, d = max(0, top), min(self.height, top + 2 * reach)
        if a >= b or c >= d:
            return
        small = (_halo()[:, :, None] * np.array(colour, np.float32) * strength).astype(np.uint8)
        light = cv2.resize(small, (2 * reach, 2 * reach), interpolation=cv2.INTER_CUBIC)
        part = self.pixels[c:d, a:b]
        cv2.add(part, light[c - top : d - top, a - left : b - left], part)

    def veil(self, colour: Colour, mask: Mask, top: float = 0.0, bottom: float = 1.0) -> None:
        """Cover rows with a colour, as much as a mask (0 to 1, of any size) says at each place."""
        first, last = round(top * self.height), round(bottom * self.height)
        if last <= first:
            return
        part = self.pixels[first:last]
        share = cv2.resize(mask, (self.width, last - first), interpolation=cv2.INTER_LINEAR)
        flat = np.empty_like(part)
        flat[:] = colour
        part[:] = cv2.blendLinear(flat, part, share, 1 - share)

    def translucent(self, points: Sequence[Point], colour: Colour, share: float) -> None:
        """Paint a filled outline that lets the ground show through."""
        # Only the rectangle around it is copied and blended: mostly a small part of the paper.
        grid = self._grid(points)
        x, y, wide, high = cv2.boundingRect(grid >> _SUBPIXEL)
        a, b = max(0, x - 1), min(self.width, x + wide + 1)
        c, d = max(0, y - 1), min(self.height, y + high + 1)
        if a >= b or c >= d:
            return
        part = self.pixels[c:d, a:b]
        painted = part.copy()
        offset = np.array([a, c], np.int32) << _SUBPIXEL
        cv2.fillPoly(painted, [grid - offset], colour, cv2.LINE_AA, _SUBPIXEL)
        cv2.addWeighted(painted, share, part, 1 - share, 0, part)

    def blend(self, under: Pixels, share: float) -> None:
        """Let so much of an earlier state of the paper show through."""
        cv2.addWeighted(under, share, self.pixels, 1 - share, 0, self.pixels)

    def _grid(self, points: Sequence[Point]) -> NDArray[np.int32]:
        """Return points as OpenCV takes them: whole numbers, with bits for a pixel's fraction."""
        scale = np.array([self.width, self.height], np.float64) * (1 << _SUBPIXEL)
        limit = 1 << 24  # far outside of any picture; OpenCV fails on larger numbers
        return np.clip(np.rint(np.array(points) * scale), -limit, limit).astype(np.int32)


def _halo() -> Mask:
    """Return a soft disc: bright in the middle, nothing at the rim."""
    axis = np.linspace(-1, 1, 96, dtype=np.float32)
    away = np.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2)
    fade: Mask = np.clip(1 - away, 0, 1) ** 2.2
    return fade.astype(np.float32)
