"""Places a cut-out product in a drawn scene: its size, its light, what it stands on, its shadow.

The product itself is never redrawn: who knows it must know it again. Only its light is brought near
to that of the scene.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.engines.local.light import Hour, Light, Spot
from shared.engines.local.paper import Paper, mix
from shared.engines.local.styles import Palette
from shared.engines.local.topics import Scene

_SIZES: Mapping[str, float] = {"wide": 0.50, "medium": 0.66, "close": 0.84}
"""The longer side of the product, in short sides of the picture."""
_WIDEST, _TALLEST = 0.84, 0.46
"""At most so much of the picture's width and height."""
_LOWEST, _HIGHEST = 0.66, 0.10
"""Its foot is no lower, since captions come there; its top no higher."""
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
        return self.y + len(self.alpha)


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
    alpha = np.asarray(product[..., 3] / 255, np.float32)
    placed = Placed(_relight(product[..., :3], alpha, light, left / paper.width), alpha, left,
                    foot - high)  # fmt: skip
    _paint_ground(paper, light, placed, scene, round(spot.y * paper.height))
    _blend(paper, placed, 1.0)
    return placed


def choose_palette(palettes: Sequence[Palette], cutout: Path) -> Palette:
    """Return the palette before which a product stands out most."""
    with Image.open(cutout, formats=("PNG", "WEBP")) as image:
        small = np.asarray(image.convert("RGBA").resize((32, 32)), np.float32)
    seen = small[small[..., 3] > 128][:, :3]
    if not len(seen):
        return palettes[0]

    def differs(palette: Palette) -> float:
        grounds = np.array([palette.sky_top, palette.sky_low, palette.far, palette.mid], np.float32)
        away = np.linalg.norm(seen[:, None] - grounds[None], axis=-1)
        return float(away.mean() + np.percentile(away, 20))

    return max(palettes, key=differs)


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


# ── what it stands on ───────────────────────────────────────────────────────────────────────────


def _paint_ground(paper: Paper, light: Light, placed: Placed, scene: Scene, ground: int) -> None:
    high, wide = placed.alpha.shape
    middle = (placed.x + wide / 2) / paper.width
    reach = 0.8 * max(high, wide) / paper.short
    # light behind it lifts it off whatever is there
    strength = 0.35 if scene in _FLOATING else 0.2
    paper.glow(middle, (placed.y + high / 2) / paper.height, reach, light.palette.light, strength)
    if scene not in _FLOATING:
        _paint_plinth(paper, light, placed, ground)
        _paint_contact(paper, light, placed)


def _paint_plinth(paper: Paper, light: Light, placed: Placed, ground: int) -> None:
    """Paint a round plinth from the ground of the scene up to the product's foot."""
    palette = light.palette
    left, right = _find_stand(placed)
    middle = (left + right) / 2 / paper.width
    wide = min(max(0.55 * (right - left), 0.2 * paper.short), 0.48 * paper.width) / paper.short
    flat = 0.13 * wide
    top = (placed.foot - 0.25 * flat * paper.short) / paper.height
    low = max(ground / paper.height, top + 0.1)
    across, down = paper.across(wide), paper.up(flat)
    shade = [(middle + 1.25 * across * x, low + 1.3 * down * y) for x, y in _CIRCLE]
    paper.translucent(shade, palette.ink, 0.35)
    body = mix(mix(palette.mid, palette.near, 0.4), palette.ink, 0.1)
    lit = 0.35 if light.sun[0] > middle else -0.35
    for start, end in pairwise(np.linspace(-1, 1, _STRIPS + 1)):
        side = max(0.0, 1 - ((start + end) / 2 - lit) ** 2) * 0.45
        edge = [(start, top), (end, top), (end, low), (start, low)]
        curve = [down * float(np.sqrt(max(0.0, 1 - x * x))) for x in (start, end, end, start)]
        points = [(middle + across * x, y + c) for (x, y), c in zip(edge, curve, strict=True)]
        paper.shape(points, mix(body, palette.light, side))
    rim = mix(mix(palette.far, palette.light, 0.3), body, 0.25)
    paper.oval(middle, top, wide, flat, mix(rim, palette.light, 0.25))
    paper.oval(middle, top + 0.004, wide * 0.985, flat * 0.95, rim)


_STRIPS = 40
_CIRCLE = [(float(np.cos(t)), float(np.sin(t))) for t in np.linspace(0, 2 * np.pi, 60)]


def _find_stand(placed: Placed) -> tuple[int, int]:
    """Return from where to where it touches what it stands on."""
    high, wide = placed.alpha.shape
    standing = np.flatnonzero(placed.alpha[-max(2, high // 8) :].max(axis=0) > 0.5)
    if not len(standing):
        return placed.x, placed.x + wide
    return placed.x + int(standing[0]), placed.x + int(standing[-1])


def _paint_contact(paper: Paper, light: Light, placed: Placed) -> None:
    """Darken the line on which it stands: without it, anything floats."""
    left, right = _find_stand(placed)
    plane = np.zeros((paper.height, paper.width), np.float32)
    flat = max(2, round(0.035 * (right - left)))
    # the light comes from behind, so the shadow falls a little towards us, and away from the sun
    aside = round(0.05 * (right - left) * (1 if light.sun[0] * paper.width < left else -1))
    for move, deep, strength in ((0, flat, 1.0), (aside, 2 * flat, 0.5)):
        centre = ((left + right) // 2 + move, placed.foot - flat // 2 + (deep - flat) // 2)
        cv2.ellipse(plane, centre, (max(2, (right - left) // 2), deep), 0, 0, 360, strength, -1)
    soft = cv2.GaussianBlur(plane, (0, 0), max(1.5, flat * 0.8))
    paper.veil(light.palette.ink, soft * 0.6)


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
