"""Places a cut-out product in a drawn scene: its size, its light, its shadow, its reflection.

The product itself is never redrawn: who knows it must know it again. Only its light is brought near
to that of the scene.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.engines.local.light import Hour, Light, Spot
from shared.engines.local.paper import Paper, mix
from shared.engines.local.topics import Scene

_SIZES: Mapping[str, float] = {"wide": 0.50, "medium": 0.66, "close": 0.84}
"""The longer side of the product, in short sides of the picture."""
_WIDEST, _TALLEST = 0.84, 0.46
"""At most so much of the picture's width and height."""
_LOWEST, _HIGHEST = 0.66, 0.10
"""Its foot is no lower, since captions come there; its top no higher."""
_GLOSSY: frozenset[Scene] = frozenset(("stage", "street", "table", "room"))
_FLOATING: frozenset[Scene] = frozenset(("sky", "space", "underwater", "shapes"))
_DIM: Mapping[Hour, float] = {"night": 0.82, "dusk": 0.90, "dawn": 0.96, "mist": 0.98}
_KEPT = 0.5
"""So much of the product stays as it was placed, whatever the style does to the whole picture."""
_MOST_GROWTH = 2.5

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Placed:
    """A product in its place: its pixels with their light, how much they cover, its left top."""

    rgb: Plane
    alpha: Plane
    x: int
    y: int

    @property
    def foot(self) -> int:
        """Return the row on which it stands."""
        return self.y + self.alpha.shape[0]


def place_product(
    paper: Paper, light: Light, spot: Spot, shot: str, scene: Scene, cutout: Path
) -> Placed:
    """Paint a product into a scene, and return it as it was placed."""
    with Image.open(cutout, formats=("PNG", "WEBP")) as image:
        whole = image.convert("RGBA")
    product = _fit(whole, paper, _SIZES[shot])
    high, wide = product.shape[:2]
    foot = _choose_foot(paper, spot, high, scene in _FLOATING)
    left = round(paper.width * (0.5 + 0.35 * (spot.x - 0.5)) - wide / 2)
    left = min(max(left, 0), paper.width - wide)
    alpha = product[..., 3] / 255
    placed = Placed(_relight(product[..., :3], alpha, light, left / paper.width), alpha, left,
                    foot - high)  # fmt: skip
    _paint_ground(paper, light, placed, scene)
    _blend(paper, placed, 1.0)
    return placed


def keep_product(paper: Paper, placed: Placed) -> None:
    """Bring back a part of the product that the finish of the style has changed."""
    _blend(paper, placed, _KEPT)


def _fit(whole: Image.Image, paper: Paper, size: float) -> Plane:
    """Return the product in its size on this picture."""
    share = min(
        size * paper.short / max(whole.size),
        _WIDEST * paper.width / whole.width,
        _TALLEST * paper.height / whole.height,
        _MOST_GROWTH,
    )
    sides = [max(2, round(side * share)) for side in whole.size]
    return np.asarray(whole.resize((sides[0], sides[1]), Image.Resampling.LANCZOS), np.float32)


def _choose_foot(paper: Paper, spot: Spot, high: int, floats: bool) -> int:
    wished = (0.5 * paper.height + high / 2) if floats else spot.y * paper.height
    lowest = max(_LOWEST * paper.height, _HIGHEST * paper.height + high)
    return round(min(max(wished, _HIGHEST * paper.height + high), lowest))


# ── its light ───────────────────────────────────────────────────────────────────────────────────


def _relight(rgb: Plane, alpha: Plane, light: Light, left: float) -> Plane:
    """Return it a little in the colour of the scene's light, brighter towards the sun."""
    high, wide = alpha.shape
    towards = 1.0 if light.sun[0] > left else -1.0
    across = np.linspace(-1, 1, wide, dtype=np.float32)[None, :] * towards
    down = np.linspace(-1, 1, high, dtype=np.float32)[:, None]
    shade = 1.0 + 0.07 * across - 0.06 * down
    colour = np.array(light.palette.light, np.float32)
    tint = 1 + 0.14 * (colour / max(1.0, float(colour.max())) - 1)
    lit = rgb * shade[..., None] * tint * _DIM.get(light.hour, 1.0)
    rim = _find_rim(alpha, towards, max(2, round(0.012 * max(high, wide))))
    return np.clip(lit + rim[..., None] * colour * 0.4, 0, 255).astype(np.float32)


def _find_rim(alpha: Plane, towards: float, thick: int) -> Plane:
    """Return how much of the edge is lit from behind: that towards the sun, and from above."""
    move = np.array([[1, 0, -towards * thick], [0, 1, thick * 0.7]], np.float32)
    moved = cv2.warpAffine(alpha, move, alpha.shape[::-1])
    rim = np.clip(alpha - moved, 0, 1)
    return np.asarray(cv2.GaussianBlur(rim, (0, 0), max(1.0, thick / 2)) * alpha, np.float32)


# ── what it does to the ground ──────────────────────────────────────────────────────────────────


def _paint_ground(paper: Paper, light: Light, placed: Placed, scene: Scene) -> None:
    high, wide = placed.alpha.shape
    middle = (placed.x + wide / 2) / paper.width
    if scene in _FLOATING:  # light behind it lifts it off
        paper.glow(middle, (placed.y + high / 2) / paper.height, 0.7, light.palette.light, 0.35)
        return
    reach = 0.8 * max(high, wide) / paper.short
    paper.glow(middle, (placed.y + 0.4 * high) / paper.height, reach, light.palette.light, 0.16)
    if scene in _GLOSSY:
        _paint_reflection(paper, placed)
    _paint_cast_shadow(paper, light, placed)
    _paint_contact(paper, light, placed)


def _paint_reflection(paper: Paper, placed: Placed) -> None:
    """Paint it upside down below itself, weaker the farther down."""
    high = placed.alpha.shape[0]
    rows = min(round(0.45 * high), paper.height - placed.foot)
    if rows < 2:
        return
    fade = np.linspace(0.26, 0, rows, dtype=np.float32)[:, None]
    mirrored = Placed(
        cv2.GaussianBlur(placed.rgb[::-1][:rows], (0, 0), max(1.0, high / 160)),
        placed.alpha[::-1][:rows] * fade, placed.x, placed.foot,
    )  # fmt: skip
    _blend(paper, mirrored, 1.0)


def _paint_cast_shadow(paper: Paper, light: Light, placed: Placed) -> None:
    """Paint its shadow on the ground before it: the light comes from behind."""
    high, wide = placed.alpha.shape
    long = 0.30 if light.hour in ("golden", "dawn", "dusk") else 0.20
    lean = (placed.x + wide / 2) / paper.width - light.sun[0]
    # the top of the product falls farthest: rows are turned over, pressed flat and leant
    move = np.array(
        [[1, -lean * 0.8, placed.x + lean * 0.8 * high], [0, -long, placed.foot + long * high]],
        np.float32,
    )
    shadow = cv2.warpAffine(placed.alpha, move, (paper.width, paper.height))
    soft = cv2.GaussianBlur(shadow, (0, 0), max(1.5, high * 0.03))
    fade = np.ones(paper.height, np.float32)
    end = min(paper.height, placed.foot + max(2, round(long * high)))
    fade[placed.foot : end] = np.linspace(1, 0.35, end - placed.foot)
    fade[: placed.foot - 2] = 0
    paper.veil(mix(light.palette.ink, light.palette.near, 0.2), soft * fade[:, None] * 0.42)


def _paint_contact(paper: Paper, light: Light, placed: Placed) -> None:
    """Darken the line on which it stands: without it, anything floats."""
    high, wide = placed.alpha.shape
    standing = np.flatnonzero(placed.alpha[-max(2, high // 14) :].max(axis=0) > 0.5)
    if not len(standing):
        return
    left, right = placed.x + int(standing[0]), placed.x + int(standing[-1])
    plane = np.zeros((paper.height, paper.width), np.float32)
    flat = max(2, round(0.035 * wide))
    centre = ((left + right) // 2, placed.foot - flat // 2)
    cv2.ellipse(plane, centre, (max(2, (right - left) // 2), flat), 0, 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(plane, (0, 0), max(1.5, flat * 0.8))
    paper.veil(light.palette.ink, soft * 0.55)


def _blend(paper: Paper, placed: Placed, share: float) -> None:
    high, wide = placed.alpha.shape
    top, left = max(0, placed.y), max(0, placed.x)
    part = paper.pixels[top : placed.y + high, left : placed.x + wide]
    if not part.size:
        return
    inside = (slice(top - placed.y, top - placed.y + part.shape[0]),
              slice(left - placed.x, left - placed.x + part.shape[1]))  # fmt: skip
    cover = (placed.alpha[inside] * share)[..., None]
    part[:] = np.rint(part * (1 - cover) + placed.rgb[inside] * cover).astype(np.uint8)
