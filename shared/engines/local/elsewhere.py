"""Paints places where nobody walks: the sea, under water, space, and plain shapes.

Like the landscapes: from far to near, and each returns the place of its hero.
"""

import numpy as np

from shared.engines.local.landscapes import paint_ridge
from shared.engines.local.light import Light, Spot, paint_sky
from shared.engines.local.paper import Mask, Paper, cloudy, mix
from shared.engines.local.styles import Colour

_WATER: Colour = (24, 132, 152)  # mixed in, because some palettes have no blue or green

_FOAM = 0.75  # how far below the crest of a wave its foam goes, as a share of the wave


def paint_sea(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    horizon = 0.54
    paint_sky(paper, light, horizon)
    deep = mix(palette.sky_top, palette.near, 0.35)
    paper.gradient(mix(palette.sky_low, deep, 0.45), deep, horizon, 1.0)
    distant = mix(palette.far, palette.sky_low, 0.25)
    coast = light.rng.uniform(0, 0.5)
    land = [(coast, horizon), (coast + 0.1, horizon - 0.03), (coast + 0.25, horizon - 0.045)]
    paper.shape([*land, (coast + 0.4, horizon - 0.015), (coast + 0.5, horizon)], distant)
    _paint_lighthouse(paper, light, horizon)
    if light.weather == "storm":
        _paint_swell(paper, light, horizon, deep)
    elif light.weather is None:
        _paint_glints(paper, light, horizon)
    for height, share in ((0.7, 0.25), (0.77, 0.45)):
        _paint_wave(paper, light, height, mix(deep, palette.light, 0.16 * (1 - share)), 0.02)
    _paint_wave(paper, light, 0.81, mix(palette.light, deep, 0.15), 0.012)
    sand = mix(palette.near, palette.accent, 0.16)
    ground = paint_ridge(paper, light, 0.835, 0.012, mix(sand, palette.light, 0.2))
    paint_ridge(paper, light, 0.95, 0.02, sand)
    return Spot(0.5, ground + 0.05, 0.95, lift=0.08)


def paint_underwater(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    water = mix(mix(palette.sky_top, palette.mid, 0.3), _WATER, 0.4)
    paper.gradient(mix(water, palette.light, 0.34), mix(water, palette.ink, 0.5))
    for _ in range(5):
        x, lean = light.rng.uniform(-0.1, 0.9), light.rng.uniform(-0.1, 0.3)
        wide = light.rng.uniform(0.04, 0.12)
        beam = [(x, -0.02), (x + wide, -0.02), (x + wide * 2.4 + lean, 0.9), (x + lean, 0.9)]
        paper.translucent(beam, palette.light, 0.12)
    paint_ridge(paper, light, 0.78, 0.05, mix(water, palette.near, 0.4))
    for x in light.rng.uniform(0, 1, 6):
        _paint_weed(paper, light, float(x), mix(palette.near, palette.mid, 0.35), 0.3)
    _paint_fish(paper, light)
    paint_ridge(paper, light, 0.89, 0.03, palette.near)
    # Near plants stand at the sides only: the hero swims in the middle.
    for x in (*light.rng.uniform(0, 0.26, 3), *light.rng.uniform(0.74, 1, 3)):
        _paint_weed(paper, light, float(x), mix(palette.accent, palette.near, 0.25), 0.26)
    # Bubbles: the square makes most of them small.
    for x, y, size in light.rng.uniform(0, 1, (26, 3)):
        paper.disc(x, y, 0.004 + 0.012 * size**2, mix(water, palette.light, 0.6))
    return Spot(0.5, 0.9, 0.9, lift=0.3)


def paint_space(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    dark = mix(palette.sky_top, palette.ink, 0.75)
    paper.gradient(palette.ink, dark)
    for colour in (mix(palette.accent, palette.sky_top, 0.45), palette.far):
        cloud: Mask = np.clip(cloudy(light.rng) * 1.6 - 0.7, 0, 0.6).astype(np.float32)
        paper.veil(colour, cloud)
    for x, y, size in light.rng.uniform(0, 1, (220, 3)):
        # The fifth power makes most stars small and a few of them bright.
        paper.disc(x, y, 0.001 + 0.0035 * size**5, mix(palette.light, (255, 255, 255), 0.6))
    _paint_planet(paper, light)
    # The ground is the top of a huge disc, which looks like a small planet.
    ground = mix(palette.mid, palette.near, 0.45)
    paper.oval(0.5, 1.0 + paper.up(0.72), 1.05, 0.92, mix(ground, palette.light, 0.45))
    paper.oval(0.5, 1.0 + paper.up(0.74), 1.05, 0.92, ground)
    for x, size in light.rng.uniform(0, 1, (7, 2)):
        y = 0.95 + 0.05 * size
        paper.oval(x, y, 0.03 + 0.05 * size, 0.012 + 0.014 * size, mix(ground, palette.ink, 0.35))
    return Spot(0.5, 1.0 - paper.up(0.14), 0.9, lift=0.2)


def paint_shapes(paper: Paper, light: Light) -> Spot:
    """Paint large forms in the video's colours, for a text that names no place."""
    palette = light.palette
    paper.gradient(palette.sky_top, palette.sky_low)
    colours = (palette.far, palette.mid, palette.accent, palette.light)
    for turn in range(6):
        x, y = light.rng.uniform(-0.1, 1.1), light.rng.uniform(-0.05, 0.95)
        radius = light.rng.uniform(0.1, 0.38)
        _paint_form(paper, light, (float(x), float(y), float(radius)), colours[turn % 4], turn)
    slope = light.rng.uniform(-0.1, 0.1)
    paper.shape([(-0.1, 0.82 - slope), (1.1, 0.82 + slope), (1.1, 1.1), (-0.1, 1.1)], palette.near)
    edge = mix(palette.near, palette.accent, 0.6)
    paper.line([(-0.1, 0.82 - slope), (1.1, 0.82 + slope)], edge, 0.008)
    return Spot(0.5, 0.86, 1.0)


# ── what they are made of ───────────────────────────────────────────────────────────────────────


def _paint_glints(paper: Paper, light: Light, horizon: float) -> None:
    """Paint the light of the sun on the water."""
    for _ in range(70):
        depth = light.rng.uniform(0.01, 1)
        y = horizon + 0.26 * depth
        x = light.sun[0] + light.rng.normal(0, 0.05 + 0.1 * depth)
        half = (0.01 + 0.05 * depth) * light.rng.uniform(0.4, 1)
        share = 0.75 - 0.5 * depth
        colour = mix(
            mix(light.palette.sky_top, light.palette.near, 0.3), light.palette.light, share
        )
        paper.line([(x - half, y), (x + half, y)], colour, 0.003 + 0.004 * depth)


def _paint_wave(paper: Paper, light: Light, height: float, colour: Colour, swing: float) -> None:
    xs = np.linspace(-0.05, 1.05, 80)
    phase, count = light.rng.uniform(0, 6), light.rng.uniform(2, 4)
    # A sine folded up: sharp crests and round valleys, as waves have.
    ys = height + swing * np.abs(np.sin(np.pi * (xs * count + phase)))
    line = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    paper.shape([*line, (1.1, 1.1), (-0.1, 1.1)], colour)


def _paint_swell(paper: Paper, light: Light, horizon: float, deep: Colour) -> None:
    """Paint the high waves of a storm, each with foam along its crest."""
    foam = mix(light.palette.light, light.palette.sky_low, 0.35)
    for step, share in enumerate((0.1, 0.4, 0.7)):
        height, swing = horizon - 0.012 + 0.05 * step, 0.035 + 0.02 * step
        width = (0.2 + 0.1 * step) * (light.rng.uniform(0.9, 1.1)) * paper.short / 1.4
        count, phase = paper.width / width, float(light.rng.uniform(0, 1))
        xs = np.linspace(-0.05, 1.05, 121)
        dips = np.abs(np.sin(np.pi * (xs * count + phase)))
        crests = [(float(x), float(height + swing * dip)) for x, dip in zip(xs, dips, strict=True)]
        water = mix(deep, light.palette.sky_low, 0.42 * (1 - share))
        paper.shape([*crests, (1.1, 1.1), (-0.1, 1.1)], water)
        for at, dip in enumerate(dips[:-1]):
            if dip < _FOAM:
                thick = (0.004 + 0.003 * step) * (1 - float(dip) / _FOAM)
                paper.line(crests[at : at + 2], mix(foam, water, 0.45), thick + 0.002)


def _paint_lighthouse(paper: Paper, light: Light, horizon: float) -> None:
    palette = light.palette
    x = 0.85 if light.sun[0] < 0.5 else 0.15  # across from the sun, which would hide its lamp
    steps = (
        (-0.2, 0.012),
        (-0.13, -0.012),
        (-0.09, -0.03),
        (0.06, -0.034),
        (0.12, -0.014),
        (0.2, 0.012),
    )
    paper.shape([(x + dx, horizon + dy) for dx, dy in steps], palette.near)
    foot, top = horizon - 0.03, horizon - 0.03 - paper.up(0.34)
    wide, thin = paper.across(0.042), paper.across(0.026)
    for band in range(5):
        a, b = band / 5, (band + 1) / 5
        low, high = foot + (top - foot) * a, foot + (top - foot) * b
        left, right = wide + (thin - wide) * a, wide + (thin - wide) * b
        colour = palette.accent if band % 2 else mix(palette.light, palette.far, 0.2)
        paper.shape(
            [(x - left, low), (x + left, low), (x + right, high), (x - right, high)], colour
        )
    paper.box(x - thin * 1.4, top - 0.004, x + thin * 1.4, top + 0.002, palette.ink)
    lamp = top - paper.up(0.03)
    paper.box(x - thin * 0.7, top - paper.up(0.05), x + thin * 0.7, top, palette.light)
    roof = top - paper.up(0.05)
    paper.shape([(x - thin, roof), (x + thin, roof), (x, roof - paper.up(0.04))], palette.accent)
    paper.glow(x, lamp, 0.24, palette.light, 0.75 if light.hour in ("night", "dusk") else 0.3)
    if light.hour in ("night", "dusk", "mist"):
        aim = -1.0 if x > 0.5 else 1.0
        beam = [(x, lamp), (x + aim, lamp - 0.1), (x + aim, lamp + 0.06)]
        paper.translucent(beam, palette.light, 0.22)


def _paint_weed(paper: Paper, light: Light, x: float, colour: Colour, high: float) -> None:
    phase = light.rng.uniform(0, 6)
    rise = np.linspace(0, 1, 14)
    tall = paper.up(high * light.rng.uniform(0.5, 1.1))
    sway = paper.across(0.035) * np.sin(phase + rise * 5) * rise
    left = [(float(x + s - paper.across(0.016) * (1 - r)), float(0.97 - tall * r))
            for s, r in zip(sway, rise, strict=True)]  # fmt: skip
    right = [(float(x + s + paper.across(0.016) * (1 - r)), float(0.97 - tall * r))
             for s, r in zip(sway, rise, strict=True)]  # fmt: skip
    paper.shape([*left, *right[::-1]], colour)


def _paint_fish(paper: Paper, light: Light) -> None:
    """Paint small fish that swim together."""
    x, y = light.rng.uniform(0.15, 0.6), light.rng.uniform(0.15, 0.4)
    for dx, dy, size in light.rng.uniform(0, 1, (9, 3)):
        at_x, at_y, long = x + 0.3 * dx, y + 0.14 * dy, 0.02 + 0.014 * size
        colour = mix(light.palette.light, light.palette.accent, float(size))
        paper.oval(at_x, at_y, long, long * 0.45, colour)
        tail = at_x - paper.across(long * 1.7)
        half = paper.up(long * 0.5)
        paper.shape(
            [(at_x - paper.across(long * 0.7), at_y), (tail, at_y - half), (tail, at_y + half)],
            colour,
        )


def _paint_planet(paper: Paper, light: Light) -> None:
    palette = light.palette
    x, y = light.sun
    radius = float(light.rng.uniform(0.14, 0.24))
    body = mix(palette.far, palette.accent, float(light.rng.uniform(0.2, 0.8)))
    paper.glow(x, y, radius * 2.4, palette.light, 0.25)
    paper.disc(x, y, radius, body)
    for level in (-0.4, 0.05, 0.45):
        reach = radius * float(np.sqrt(1 - level**2))
        paper.oval(
            x,
            y + paper.up(radius * level),
            reach * 0.98,
            radius * 0.07,
            mix(body, palette.light, 0.25),
        )
    lean = paper.up(radius * 0.35)
    # Only the part in front of the planet: the rest would be hidden behind it.
    ring = [
        (
            x + paper.across(radius * 1.7 * np.cos(a)),
            y + paper.up(radius * 0.34 * np.sin(a)) + lean * np.cos(a),
        )
        for a in np.linspace(-0.42, np.pi + 0.42, 60)
    ]
    paper.line(ring, mix(palette.light, body, 0.3), 0.012)


def _paint_form(
    paper: Paper, light: Light, place: tuple[float, float, float], colour: Colour, turn: int
) -> None:
    x, y, radius = place
    if turn % 3 == 0:
        paper.disc(x, y, radius, colour)
    elif turn % 3 == 1:
        around = np.linspace(0, 2 * np.pi, 70)
        ring = [
            (x + paper.across(radius * np.cos(a)), y + paper.up(radius * np.sin(a))) for a in around
        ]
        paper.line(ring, colour, 0.03)
    else:
        angle = light.rng.uniform(0, np.pi)
        aside, away = (
            np.array([np.cos(angle), np.sin(angle)]),
            np.array([-np.sin(angle), np.cos(angle)]),
        )
        for step in range(4):
            middle = away * radius * 0.35 * step
            ends = [middle + aside * radius * sign for sign in (-1, 1)]
            paper.line([(x + paper.across(p[0]), y + paper.up(p[1])) for p in ends], colour, 0.022)
