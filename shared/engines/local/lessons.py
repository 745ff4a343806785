"""Paints places that explain something: leaves in the light, the sky, a volcano, ruins.

Like the landscapes: from far to near, and each returns the place of its hero.
"""

import numpy as np

from shared.engines.local.landscapes import paint_ridge
from shared.engines.local.light import Light, Spot, paint_sky
from shared.engines.local.paper import Paper, Point, mix
from shared.engines.local.styles import Colour

# Mixed in, because a palette may have no such colour, and nobody would know the thing without it.
_LEAF: Colour = (74, 156, 84)
_LAVA: Colour = (255, 112, 32)
_STONE: Colour = (206, 196, 176)


def paint_leaves(paper: Paper, light: Light) -> Spot:
    """Paint large leaves with their veins, and beams of sunlight that fall on them."""
    palette = light.palette
    green = mix(_LEAF, palette.mid, 0.3)
    paper.gradient(mix(palette.light, green, 0.25), mix(green, palette.near, 0.7))
    x, y = light.sun
    paper.glow(x, max(0.1, y * 0.5), 0.9, palette.light, 0.55)
    for _ in range(5):
        foot, wide = x + light.rng.uniform(-0.7, 0.7), light.rng.uniform(0.06, 0.16)
        beam = [(x - 0.03, -0.05), (x + 0.05, -0.05), (foot + wide, 1.0), (foot, 1.0)]
        paper.translucent(beam, palette.light, 0.16)
    # Far leaves are small and pale; near ones frame the picture from its sides.
    for share, size, count in ((0.25, 0.3, 7), (0.55, 0.42, 5)):
        colour = mix(mix(green, palette.light, 0.35), mix(green, palette.near, 0.45), share)
        for at in range(count):
            base = ((at + light.rng.uniform(0.1, 0.9)) / count, 1.02 - 0.1 * share)
            _paint_leaf(paper, light, base, light.rng.uniform(-0.5, 0.5), (size, colour))
    near = mix(green, palette.near, 0.35)
    for side in (0.0, 1.0):
        for _ in range(3):
            base = (side, float(light.rng.uniform(0.45, 1.0)))
            lean = (1.15 if side == 0.0 else -1.15) + light.rng.uniform(-0.3, 0.3)
            _paint_leaf(paper, light, base, float(lean), (0.4, near))
    ground = paint_ridge(paper, light, 0.88, 0.015, mix(palette.near, green, 0.3))
    return Spot(0.5, ground + 0.03, 0.95, lift=0.25)


def paint_clouds(paper: Paper, light: Light) -> Spot:
    """Paint clouds in layers, seen from among them."""
    palette = light.palette
    paint_sky(paper, light, 1.0)
    white = mix(palette.light, palette.sky_low, 0.15 if not light.night else 0.6)
    white = mix(white, palette.sky_top, 0.62) if light.weather in ("storm", "rain") else white
    for level, share, count in ((0.32, 0.55, 4), (0.6, 0.3, 5), (0.82, 0.08, 6)):
        colour = mix(white, palette.sky_top, share)
        for at in range(count):
            x = (at + light.rng.uniform(0, 1)) / count
            size = 0.05 + 0.13 * level * float(light.rng.uniform(0.7, 1.2))
            _paint_cloud(paper, light, (float(x), level), size, colour)
    paper.box(-0.1, 0.93, 1.1, 1.1, white)
    return Spot(0.5, 0.86, 0.9, lift=0.28)


def paint_volcano(paper: Paper, light: Light) -> Spot:
    """Paint a mountain with lava that runs down, and a glowing cloud above it."""
    palette = light.palette
    paint_sky(paper, light, 0.7)
    top, base, wide = 0.36, 0.8, 0.62
    peak = 0.5 + light.rng.uniform(-0.08, 0.08)
    smoke = mix(palette.near, palette.sky_top, 0.35)
    for step in range(9):
        drift = 0.03 * step + light.rng.uniform(-0.04, 0.04)
        paper.oval(peak + drift, top - 0.035 * step, 0.07 + 0.018 * step, 0.06, smoke)
    paper.glow(peak, top, 0.6, _LAVA, 0.7)
    rock = mix(palette.near, palette.ink, 0.2)
    slope = [(peak - 0.09, top), (peak + 0.09, top), (peak + wide, base), (peak - wide, base)]
    paper.shape(slope, rock)
    paper.shape([(peak, top), (peak + 0.09, top), (peak + wide, base), (peak + 0.1, base)],
                mix(rock, palette.ink, 0.35))  # fmt: skip
    for start in (-0.05, 0.0, 0.05):
        _paint_stream(paper, light, (peak + start, top), base, start * 4)
    paper.oval(peak, top, 0.1, 0.018, mix(_LAVA, palette.light, 0.4))
    for _ in range(26):
        x, y = peak + light.rng.normal(0, 0.12), top - abs(light.rng.normal(0, 0.1))
        paper.disc(float(x), float(y), float(light.rng.uniform(0.003, 0.009)), _LAVA)
    paint_ridge(paper, light, 0.79, 0.03, mix(palette.mid, palette.near, 0.7), roughness=0.6)
    ground = paint_ridge(paper, light, 0.86, 0.02, palette.near)
    return Spot(0.5, ground + 0.02, 0.9)


def paint_ruins(paper: Paper, light: Light) -> Spot:
    """Paint the columns of a temple, some of them broken."""
    palette = light.palette
    paint_sky(paper, light, 0.66)
    paint_ridge(paper, light, 0.62, 0.04, palette.far)
    paint_ridge(paper, light, 0.7, 0.02, mix(palette.far, palette.mid, 0.6))
    stone = mix(_STONE, palette.sky_low, 0.25 if not light.night else 0.65)
    foot, high = 0.8, paper.up(0.62)
    places = [0.1, 0.26, 0.42, 0.58, 0.74, 0.9]
    whole = [at for at in range(len(places)) if light.rng.random() < 0.6 or at in (0, 1)]
    for step in range(3):
        y = foot + paper.up(0.025) * step
        paper.box(0.02 - 0.02 * step, y, 0.98 + 0.02 * step, y + 0.03,
                  mix(stone, palette.near, 0.15 * (step + 1)))  # fmt: skip
    for at, x in enumerate(places):
        share = 1.0 if at in whole else float(light.rng.uniform(0.3, 0.75))
        _paint_column(paper, light, (x, foot), high * share, stone)
    beam = foot - high
    paper.box(places[0] - 0.06, beam - paper.up(0.09), places[1] + 0.06, beam,
              mix(stone, palette.near, 0.12))  # fmt: skip
    ground = paint_ridge(paper, light, 0.88, 0.015, mix(palette.near, _STONE, 0.15))
    return Spot(0.5, ground + 0.02, 0.95)


# ── what they are made of ───────────────────────────────────────────────────────────────────────


def _paint_leaf(
    paper: Paper, light: Light, base: Point, lean: float, look: tuple[float, Colour]
) -> None:
    """Paint a leaf from its foot towards `lean` (0 is upwards), with a vein and its branches."""
    size, colour = look
    along = np.array([np.sin(lean), np.cos(lean)])
    aside = np.array([along[1], -along[0]])

    def at(far: float, side: float) -> Point:
        point = (along * far + aside * side) * size
        return base[0] + paper.across(float(point[0])), base[1] - paper.up(float(point[1]))

    ways = np.linspace(0, 1, 16)
    widths = 0.27 * np.sin(np.pi * ways**0.8)
    right = [at(float(f), float(w)) for f, w in zip(ways, widths, strict=True)]
    left = [at(float(f), -float(w)) for f, w in zip(ways, widths, strict=True)]
    paper.shape([*right, *left[::-1]], colour)
    # One half lies in the light: a leaf is folded along its vein.
    paper.shape([*right, at(1, 0), at(0, 0)], mix(colour, light.palette.light, 0.14))
    vein = mix(colour, light.palette.light, 0.45)
    paper.line([at(-0.15, 0), at(0.97, 0)], vein, 0.012 * size / 0.4)
    for far in (0.2, 0.36, 0.52, 0.68):
        for side in (-1, 1):
            reach = 0.2 * np.sin(np.pi * (far + 0.1))
            paper.line([at(far, 0), at(far + 0.16, side * float(reach))], vein, 0.006)


def _paint_cloud(paper: Paper, light: Light, middle: Point, size: float, colour: Colour) -> None:
    x, y = middle
    shade = mix(colour, light.palette.sky_top, 0.22)
    puffs = [(dx, float(light.rng.uniform(0.6, 1.0))) for dx in (-1.3, -0.7, 0.0, 0.7, 1.3)]
    for drop, tint in ((0.25, shade), (0.0, colour)):
        for dx, round_ in puffs:
            tall = size * round_ * (1.1 - 0.35 * abs(dx))
            paper.oval(
                x + paper.across(size * dx), y + paper.up(size * drop), size * 0.75, tall, tint
            )


def _paint_stream(paper: Paper, light: Light, start: Point, base: float, lean: float) -> None:
    steps = np.linspace(0, 1, 9)
    wander = np.cumsum(light.rng.uniform(-0.012, 0.012, 9))
    path = [(start[0] + float(lean * s + w), start[1] + float((base - start[1]) * s))
            for s, w in zip(steps, wander, strict=True)]  # fmt: skip
    paper.line(path, _LAVA, 0.026)
    paper.line(path, mix(_LAVA, (255, 240, 170), 0.6), 0.01)


def _paint_column(paper: Paper, light: Light, foot: Point, high: float, stone: Colour) -> None:
    x, y = foot
    wide = paper.across(0.055)
    paper.box(x - wide, y - high, x + wide, y, stone)
    for side in (-0.6, -0.1, 0.4):
        groove = mix(stone, light.palette.near, 0.28)
        paper.box(x + wide * side, y - high, x + wide * (side + 0.16), y, groove)
    lit = -1 if light.sun[0] < x else 1
    dark = mix(stone, light.palette.near, 0.4)
    paper.box(min(x, x - lit * wide), y - high, max(x - lit * wide * 0.72, x - lit * wide), y, dark)
    for level in (y - paper.up(0.02), y - high):
        paper.box(
            x - wide * 1.3, level - paper.up(0.02), x + wide * 1.3, level + paper.up(0.02), stone
        )
