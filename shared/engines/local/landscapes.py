"""Paints land under a sky: hills, mountains, desert, snow, garden, forest.

Each scene is painted from far to near, and returns the place where its hero stands. All that is
random comes from the light's generator, in a fixed order: the same seed gives the same picture.
"""

import numpy as np

from shared.engines.local.light import Light, Spot, paint_sky
from shared.engines.local.paper import Paper, Point, mix, wavy
from shared.engines.local.styles import Colour

# The lower edge of the snow on a peak, from left to right: a zigzag.
_SNOW_LINE = ((-0.26, 0.26), (-0.13, 0.21), (-0.06, 0.3), (0.03, 0.2), (0.12, 0.3), (0.27, 0.27))


def paint_hills(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    paint_sky(paper, light, 0.62)
    layers = [(0.52, 0.05, palette.far), (0.6, 0.05, mix(palette.far, palette.mid, 0.6))]
    layers += [(0.69, 0.045, palette.mid), (0.79, 0.04, mix(palette.mid, palette.near, 0.55))]
    for height, swing, colour in layers:
        paint_ridge(paper, light, height, swing, colour)
    _paint_trees(paper, light, 0.7, 7, 0.045)
    ground = paint_ridge(paper, light, 0.86, 0.025, palette.near)
    _paint_grass(paper, light, 0.97)
    return Spot(0.5, ground, 1.0)


def paint_mountains(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    paint_sky(paper, light, 0.66)
    for base, high, count, colour in (
        (0.66, 0.3, 4, palette.far),
        (0.74, 0.24, 4, mix(palette.far, palette.mid, 0.7)),
    ):
        # One peak in each part of the width: drawn anywhere, they might all be in one place.
        for place in range(count):
            x = (place + light.rng.uniform(0.1, 0.9)) / count
            _paint_peak(paper, light, (x, base - high * light.rng.uniform(0.65, 1)), base, colour)
    paint_ridge(paper, light, 0.75, 0.03, palette.mid)
    _paint_pines(paper, light, 0.79, 12, 0.07, mix(palette.mid, palette.near, 0.7))
    ground = paint_ridge(paper, light, 0.84, 0.03, palette.near, roughness=0.62)
    return Spot(0.5, ground, 0.95)


def paint_desert(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    paint_sky(paper, light, 0.58)
    sand = mix(palette.sky_low, palette.accent, 0.28)
    paint_ridge(paper, light, 0.57, 0.02, mix(palette.far, sand, 0.5))
    for height, share in ((0.63, 0.1), (0.72, 0.28), (0.83, 0.46)):
        _paint_dune(paper, light, height, mix(sand, palette.near, share))
    _paint_cactus(paper, light)
    return Spot(0.5, 0.89, 0.95)


def paint_snow(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    paint_sky(paper, light, 0.64)
    # Snow has no colour of its own: it takes the light's, and at night the sky's.
    white = mix(palette.light, palette.sky_low, 0.25 if not light.night else 0.55)
    cold = mix(white, palette.far, 0.55)
    for height, share in ((0.56, 0.9), (0.63, 0.6)):
        paint_ridge(paper, light, height, 0.05, mix(white, palette.far, share))
    _paint_pines(paper, light, 0.68, 14, 0.09, mix(palette.mid, palette.near, 0.5))
    paint_ridge(paper, light, 0.71, 0.03, cold)
    _paint_pines(paper, light, 0.79, 6, 0.16, palette.near)
    ground = paint_ridge(paper, light, 0.81, 0.025, white)
    for x, y, size in light.rng.uniform(0, 1, (90, 3)):
        paper.disc(x, y, 0.002 + 0.006 * size**2, mix(white, (255, 255, 255), 0.6))
    return Spot(0.5, ground + 0.04, 0.95)


def paint_garden(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    paint_sky(paper, light, 0.56)
    paint_ridge(paper, light, 0.5, 0.03, palette.far)
    _paint_trees(paper, light, 0.56, 9, 0.05)
    paint_ridge(paper, light, 0.56, 0.015, palette.mid)
    paint_ridge(paper, light, 0.7, 0.02, mix(palette.mid, palette.near, 0.4))
    kinds = (palette.accent, palette.light, mix(palette.accent, palette.light, 0.5))
    # From far to near, so that near flowers cover far ones.
    for y in sorted(light.rng.uniform(0.66, 1.04, 120)):
        x, kind = float(light.rng.uniform(0, 1)), int(light.rng.integers(3))
        if y < 0.84 or abs(x - 0.5) > 0.16:  # none where the hero stands
            _paint_flower(paper, light, (x, y), kinds[kind])
    return Spot(0.5, 0.88, 0.95)


def paint_forest(paper: Paper, light: Light) -> Spot:
    # No sky: under trees it is a bright glade in the middle that tells the hour.
    palette = light.palette
    glade = mix(palette.sky_low, palette.light, 0.3 if not light.night else 0.05)
    paper.gradient(mix(palette.mid, palette.sky_low, 0.3), glade, 0.0, 0.66)
    paper.box(-0.1, 0.66, 1.1, 1.1, palette.mid)
    paper.glow(light.sun[0], 0.42, 0.9, palette.light, 0.22)
    # The trees are as high as the picture, upright or wide.
    for count, base, high, share in ((10, 0.7, 0.5, 0.15), (8, 0.76, 0.6, 0.5)):
        size = high * paper.height / paper.short / 1.8
        _paint_pines(paper, light, base, count, size, mix(palette.far, palette.near, share))
    _paint_beams(paper, light)
    ground = paint_ridge(paper, light, 0.8, 0.015, mix(palette.mid, palette.near, 0.6))
    places = (light.rng.uniform(-0.02, 0.14), light.rng.uniform(0.84, 1.02))
    for x in places[int(light.rng.integers(2)) :]:
        _paint_trunk(paper, light, float(x))
    _paint_grass(paper, light, 0.98)
    return Spot(0.5, ground + 0.04, 0.95)


# ── what land is made of ────────────────────────────────────────────────────────────────────────


def paint_ridge(
    paper: Paper, light: Light, height: float, swing: float, colour: Colour, roughness: float = 0.4
) -> float:
    """Paint all that lies below a random line, and return how high the line is in the middle."""
    line = height - swing * wavy(light.rng, 121, roughness)
    xs = np.linspace(-0.02, 1.02, 121)
    outline = [(float(x), float(y)) for x, y in zip(xs, line, strict=True)]
    paper.shape([*outline, (1.02, 1.1), (-0.02, 1.1)], colour)
    return float(line[54:67].max())  # the lowest place there: feet must not hang in the air


def _paint_peak(paper: Paper, light: Light, top: Point, base: float, colour: Colour) -> None:
    """Paint a mountain with a light and a dark side, and snow on its top."""
    x, y = top
    high = base - y
    reach = high * light.rng.uniform(1.0, 1.4) * paper.tall * 0.62
    crest = (x + reach * light.rng.uniform(-0.12, 0.12), base)
    paper.shape([top, (x - reach, base), crest], mix(colour, light.palette.light, 0.16))
    paper.shape([top, crest, (x + reach, base)], mix(colour, light.palette.ink, 0.14))
    cap = [(x + reach * across, y + high * down) for across, down in _SNOW_LINE]
    paper.shape([top, *cap], mix(light.palette.light, colour, 0.22))


def _paint_dune(paper: Paper, light: Light, height: float, colour: Colour) -> None:
    """Paint a slope in the sun, and the shadow behind its crest."""
    x = light.rng.uniform(0.25, 0.75)
    crest = (float(x), height - 0.055)
    shadow = mix(colour, light.palette.ink, 0.2)
    left = [(-0.1, height + 0.03), (x * 0.5, height - 0.005), crest]
    paper.shape([*left, (1.1, height + 0.04), (1.1, 1.1), (-0.1, 1.1)], colour)
    fall = [crest, ((x + 1.1) / 2, height + 0.005), (1.1, height + 0.05), (1.1, 1.1)]
    paper.shape([*fall, (x + 0.1, 1.1), (x - 0.08, height + 0.1)], shadow)


def _paint_cactus(paper: Paper, light: Light) -> None:
    # At the left or right, clear of the hero.
    x, y = (0.14 if light.rng.random() < 0.5 else 0.86), 0.84
    colour = mix(light.palette.near, light.palette.mid, 0.3)
    high, arm = paper.up(0.28), paper.across(0.055)
    paper.line([(x, y), (x, y - high)], colour, 0.035)
    for side, low in ((-1, 0.4), (1, 0.6)):
        elbow = [(x, y - high * low), (x + side * arm, y - high * low)]
        paper.line([*elbow, (x + side * arm, y - high * (low + 0.28))], colour, 0.024)
    paper.disc(x, y - high, 0.017, colour)


def _paint_trees(paper: Paper, light: Light, base: float, count: int, size: float) -> None:
    """Paint round trees in the distance, brighter towards the sun."""
    for x in light.rng.uniform(0, 1, count):
        y, radius = base - light.rng.uniform(0, 0.03), size * light.rng.uniform(0.6, 1)
        crown = mix(light.palette.mid, light.palette.near, light.rng.uniform(0.3, 0.7))
        paper.line([(x, y), (x, y - paper.up(radius * 1.4))], light.palette.near, radius * 0.16)
        paper.oval(x, y - paper.up(radius * 2), radius, radius * 1.15, crown)
        bright = mix(crown, light.palette.light, 0.16)
        side = 0.3 if light.sun[0] > x else -0.3
        lit = (x + paper.across(radius * side), y - paper.up(radius * 2.3))
        paper.oval(*lit, radius * 0.55, radius * 0.6, bright)


def _paint_pines(
    paper: Paper, light: Light, base: float, count: int, size: float, colour: Colour
) -> None:
    # Spread evenly with some chance, as trees grow.
    places = (np.arange(count) + light.rng.uniform(0, 1, count)) / count
    for x in places:
        high = size * light.rng.uniform(0.6, 1.1)
        for step in range(4):
            wide = high * (0.1 + 0.07 * step)
            top = base - paper.up(high * (1 - 0.2 * step))
            low = base - paper.up(high * (0.62 - 0.2 * step))
            reach = paper.across(wide)
            paper.shape([(x, top), (x + reach, low), (x - reach, low)], colour)
        paper.line([(x, base + 0.02), (x, base - paper.up(high * 0.2))], colour, high * 0.05)


def _paint_trunk(paper: Paper, light: Light, x: float) -> None:
    """Paint a near tree at the side, which frames the picture."""
    palette = light.palette
    wide = paper.across(0.06)
    outline = [(x - wide, -0.05), (x + wide, -0.05), (x + wide * 1.2, 0.6)]
    paper.shape(
        [*outline, (x + wide * 2, 1.05), (x - wide * 2, 1.05), (x - wide, 0.6)], palette.near
    )
    lit = wide * (0.75 if light.sun[0] > x else -0.75)
    edge = mix(palette.near, palette.light, 0.2)
    paper.line([(x + lit, 0.02), (x + lit * 1.1, 0.6), (x + lit * 1.8, 0.98)], edge, 0.008)
    for y, radius in ((0.02, 0.2), (0.1, 0.15), (-0.02, 0.28)):
        lean = light.rng.uniform(-0.12, 0.12)
        paper.oval(x + lean, y, radius, radius * 0.7, mix(palette.near, palette.mid, 0.25))


def _paint_beams(paper: Paper, light: Light) -> None:
    """Paint rays of light between the trees."""
    if light.night:
        return
    x = light.sun[0]
    for _ in range(4):
        foot = x + light.rng.uniform(-0.6, 0.5)
        wide = light.rng.uniform(0.05, 0.14)
        beam = [(x - 0.02, -0.05), (x + 0.05, -0.05), (foot + wide, 0.85), (foot, 0.85)]
        paper.translucent(beam, light.palette.light, 0.13)


def _paint_grass(paper: Paper, light: Light, base: float) -> None:
    blade = mix(light.palette.near, light.palette.mid, 0.35)
    for x in light.rng.uniform(0, 1, 60):
        lean, high = light.rng.uniform(-0.02, 0.02), light.rng.uniform(0.03, 0.09)
        foot = paper.across(0.005)
        tip = (x + lean, base - paper.up(high))
        paper.shape([(x - foot, base + 0.05), (x + foot, base + 0.05), tip], blade)


def _paint_flower(paper: Paper, light: Light, foot: Point, colour: Colour) -> None:
    """Paint a flower, the larger the nearer it is."""
    x, y = foot
    size = 0.006 + 0.05 * max(0.0, y - 0.64) ** 1.3
    head = y - paper.up(size * 3.4)
    paper.line([(x, y), (x, head)], mix(light.palette.mid, light.palette.near, 0.6), size * 0.24)
    for turn in np.arange(5) * 2 * np.pi / 5 + light.rng.uniform(0, 1):
        petal = (
            x + paper.across(size * 0.7 * np.cos(turn)),
            head + paper.up(size * 0.7 * np.sin(turn)),
        )
        paper.disc(*petal, size * 0.52, colour)
    paper.disc(x, head, size * 0.42, mix(light.palette.near, light.palette.light, 0.6))
