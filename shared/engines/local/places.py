"""Paints places made by people: the city, a street, a room, a table, a stage.

Like the landscapes: from far to near, and each returns the place where its hero stands.
"""

import numpy as np

from shared.engines.local.landscapes import paint_ridge
from shared.engines.local.light import Light, Spot, paint_sky
from shared.engines.local.paper import Paper, Point, mix
from shared.engines.local.styles import Colour
from shared.engines.local.weather import paint_pane


def paint_city(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    paint_sky(paper, light, 0.74)
    paint_ridge(paper, light, 0.6, 0.02, mix(palette.far, palette.sky_low, 0.5))
    # Three rows of towers, the far ones paler: air between them makes the depth.
    layers = ((9, 0.34, 0.15), (7, 0.42, 0.55), (5, 0.36, 0.9))
    for count, high, share in layers:
        colour = mix(mix(palette.far, palette.sky_low, 0.25), palette.near, share)
        for place in range(count):
            x = (place + light.rng.uniform(0.2, 0.8)) / count
            wide = light.rng.uniform(0.4, 0.62) / count
            _paint_tower(paper, light, (x, 0.86), (wide, high * light.rng.uniform(0.5, 1)), colour)
    paper.box(-0.1, 0.84, 1.1, 1.1, palette.near)
    paper.box(-0.1, 0.84, 1.1, 0.85, mix(palette.near, palette.light, 0.35))
    return Spot(0.5, 0.92, 1.0)


def paint_street(paper: Paper, light: Light) -> Spot:
    """Paint two rows of houses that meet in the distance, with lamps along them."""
    palette = light.palette
    paint_sky(paper, light, 0.62)
    far = (0.5, 0.56)
    for side in (0, 1):
        # The farthest house first: nearer ones cover a part of it.
        for step, share in ((3, 0.25), (2, 0.5), (1, 0.75), (0, 1.0)):
            _paint_facade(paper, light, side, step, mix(palette.far, palette.near, share))
    road = mix(palette.near, palette.mid, 0.25)
    paper.shape([(far[0] - 0.04, 0.6), (far[0] + 0.04, 0.6), (1.3, 1.05), (-0.3, 1.05)], road)
    for low in (0.66, 0.74, 0.85, 0.99):
        wide, long = (low - 0.56) * 0.07, (low - 0.56) * 0.16
        dash = [(0.5 - wide * 0.7, low - long), (0.5 + wide * 0.7, low - long)]
        paper.shape([*dash, (0.5 + wide, low), (0.5 - wide, low)], mix(road, palette.light, 0.5))
    for depth in (0.3, 0.55, 1.0):
        for side in (-1, 1):
            _paint_lamp(paper, light, (0.5 + side * 0.36 * depth, 0.6 + 0.24 * depth), depth)
    return Spot(0.5, 0.91, 1.0)


def paint_room(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    wall = mix(palette.far, palette.light, 0.12)
    paper.gradient(mix(wall, palette.ink, 0.2), wall, 0.0, 0.76)
    floor = mix(palette.mid, palette.near, 0.4)
    paper.gradient(mix(floor, palette.light, 0.06), mix(floor, palette.ink, 0.3), 0.76, 1.0)
    left = bool(light.rng.random() < 0.5)
    x = 0.3 if left else 0.7  # the window; lamp and pictures go to the other side
    _paint_window(paper, light, (x - 0.19, 0.16, x + 0.19, 0.5))
    # The sun through the window falls on the floor, away from the window's side.
    if light.sunny:
        slant = 0.22 if left else -0.22
        pool = [(x - 0.17 + slant, 0.79), (x + 0.15 + slant, 0.79)]
        pool += [(x + 0.3 + slant * 2, 0.96), (x - 0.12 + slant * 2, 0.96)]
        paper.translucent(pool, palette.light, 0.3)
    _paint_pictures(paper, light, 1 - x, wall)
    _paint_floor_lamp(paper, light, 0.88 if left else 0.12)
    paper.oval(0.5, 0.9, 0.4, 0.075, mix(floor, palette.accent, 0.38))
    paper.oval(0.5, 0.9, 0.33, 0.058, mix(floor, palette.accent, 0.2))
    return Spot(0.5, 0.91, 1.0)


def paint_table(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    wall = mix(palette.far, palette.mid, 0.35)
    paper.gradient(mix(wall, palette.ink, 0.2), mix(wall, palette.light, 0.16), 0.0, 0.7)
    _paint_window(
        paper, light, (0.06, 0.12, 0.44, 0.46) if light.sun[0] < 0.5 else (0.56, 0.12, 0.94, 0.46)
    )
    _paint_shelf(paper, light, 0.58 if light.sun[0] < 0.5 else 0.08)
    # Soft spots of light, as behind a camera's focus: the table is what counts.
    for x in light.rng.uniform(0, 1, 9):
        y, size = light.rng.uniform(0.1, 0.62), light.rng.uniform(0.03, 0.08)
        paper.glow(float(x), float(y), float(size), palette.light, 0.3)
    wood = mix(palette.mid, palette.near, 0.5)
    paper.gradient(mix(wood, palette.light, 0.3), mix(wood, palette.ink, 0.25), 0.68, 1.0)
    for y in (0.72, 0.79, 0.88, 0.98):
        paper.line([(-0.1, y), (1.1, y)], mix(wood, palette.ink, 0.18), 0.003)
    paper.box(-0.1, 0.68, 1.1, 0.69, mix(wood, palette.light, 0.55))
    paper.translucent(_flat_oval(paper, 0.5, 0.84, 0.26), palette.ink, 0.28)
    return Spot(0.5, 0.845, 1.15)


def paint_stage(paper: Paper, light: Light) -> Spot:
    palette = light.palette
    back = mix(palette.sky_top, palette.sky_low, 0.35)
    paper.gradient(mix(back, palette.ink, 0.25), mix(back, palette.light, 0.2), 0.0, 0.72)
    paper.gradient(mix(back, palette.near, 0.35), mix(back, palette.near, 0.7), 0.72, 1.0)
    paper.glow(0.5, 0.46, 0.85, palette.light, 0.34)
    ring = mix(back, palette.accent, 0.7)
    for turn, thick in ((0.0, 0.014), (0.03, 0.004)):
        around = np.linspace(0, 2 * np.pi, 90)
        radius = 0.4 + turn
        points = [(0.5 + paper.across(radius * np.cos(a)), 0.5 + paper.up(radius * np.sin(a)))
                  for a in around]  # fmt: skip
        paper.line(points, ring, thick)
    side = light.sun[0]
    beam = [(side - 0.03, -0.02), (side + 0.03, -0.02), (0.86, 0.86), (0.14, 0.86)]
    paper.translucent(beam, palette.light, 0.16)
    _paint_pedestal(paper, light)
    return Spot(0.5, 0.8, 0.95)


# ── what places are made of ─────────────────────────────────────────────────────────────────────


def _paint_tower(
    paper: Paper, light: Light, foot: Point, size: tuple[float, float], colour: Colour
) -> None:
    x, base = foot
    wide, high = size
    top = base - high
    paper.box(x - wide, top, x + wide, base, colour)
    shade = mix(colour, light.palette.ink, 0.25)
    edge = (x + wide * 0.45, x + wide) if light.sun[0] < x else (x - wide, x - wide * 0.45)
    paper.box(edge[0], top, edge[1], base, shade)
    if light.rng.random() < 0.3:
        paper.line([(x, top), (x, top - high * 0.16)], colour, 0.005)
    lit = mix(light.palette.light, light.palette.accent, 0.15)
    glass = mix(colour, light.palette.light, 0.14)
    step_x, step_y = paper.across(0.032), paper.up(0.042)
    # By day, a lit window is a rare one.
    lit_share = 0.55 if light.hour in ("night", "dusk") else 0.16
    for left in np.arange(x - wide + step_x * 0.5, x + wide - step_x * 0.6, step_x):
        for y in np.arange(top + step_y * 0.6, base, step_y):
            pane = lit if light.rng.random() < lit_share else glass
            paper.box(left, y, left + step_x * 0.5, y + step_y * 0.55, pane)


def _paint_facade(paper: Paper, light: Light, side: int, step: int, colour: Colour) -> None:
    """Paint one house of a row, the larger the nearer it is."""
    near, far = 0.5 * 0.62**step, 0.5 * 0.62 ** (step + 1)
    tall = light.rng.uniform(0.9, 1.15)
    sign = -1 if side == 0 else 1

    def at(reach: float, level: float) -> Point:
        # All lines meet where reach is 0: the point in the distance.
        return (0.5 + sign * reach * 1.12, 0.58 + level * reach)

    roof, foot = -1.0 * tall, 0.3
    paper.shape([at(near, roof), at(far, roof), at(far, foot), at(near, foot)], colour)
    lit = mix(light.palette.light, light.palette.accent, 0.2)
    dark = mix(colour, light.palette.ink, 0.3)
    for floor in np.arange(roof + 0.12, 0.0, 0.26):
        for share in (0.12, 0.42, 0.72):
            a, b = near + (far - near) * share, near + (far - near) * (share + 0.18)
            pane = lit if light.rng.random() < (0.6 if light.night else 0.25) else dark
            paper.shape(
                [at(a, floor), at(b, floor), at(b, floor + 0.15), at(a, floor + 0.15)], pane
            )


def _paint_lamp(paper: Paper, light: Light, foot: Point, size: float) -> None:
    x, y = foot
    post = light.palette.ink
    top = y - paper.up(0.42 * size)
    paper.line([(x, y), (x, top)], post, 0.012 * size)
    reach = paper.across(0.05 * size) * (1 if x < 0.5 else -1)
    paper.line([(x, top), (x + reach, top - paper.up(0.02 * size))], post, 0.01 * size)
    strength = 0.55 if light.hour in ("night", "dusk", "mist") else 0.18
    paper.glow(x + reach, top, 0.2 * size, light.palette.light, strength)
    paper.disc(x + reach, top, 0.017 * size, mix(light.palette.light, (255, 255, 255), 0.4))


def _paint_window(paper: Paper, light: Light, frame: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = frame
    palette = light.palette
    rim = mix(palette.near, palette.light, 0.5)
    edge_x, edge_y = paper.across(0.018), paper.up(0.018)
    paper.box(left - edge_x, top - edge_y, right + edge_x, bottom + edge_y, rim)
    # The sky outside in 40 stripes: the paper's own gradient covers the whole width only.
    for step in range(40):
        a, b = top + (bottom - top) * step / 40, top + (bottom - top) * (step + 1) / 40
        paper.box(left, a, right, b, mix(palette.sky_top, palette.sky_low, step / 39))
    middle = (left + right) / 2
    sun_x = middle + (right - left) * 0.2
    if light.weather is None:
        paper.disc(sun_x, top + (bottom - top) * 0.3, 0.045, palette.light)
    hill = [(left, bottom), (left, bottom - 0.05), (left + (right - left) * 0.35, bottom - 0.1)]
    hill += [(left + (right - left) * 0.7, bottom - 0.06), (right, bottom - 0.09), (right, bottom)]
    paper.shape(hill, palette.far)
    if light.weather:
        paint_pane(paper, palette, light.rng, light.weather, frame)
    paper.line([(middle, top), (middle, bottom)], rim, 0.012)
    paper.line([(left, (top + bottom) / 2), (right, (top + bottom) / 2)], rim, 0.012)
    paper.glow(middle, (top + bottom) / 2, 0.55, palette.light, 0.08 if light.night else 0.2)


def _paint_pictures(paper: Paper, light: Light, x: float, wall: Colour) -> None:
    for dx, y, wide, high in ((-0.07, 0.27, 0.1, 0.13), (0.09, 0.36, 0.07, 0.07)):
        half, tall = paper.across(wide), paper.up(high)
        rim = mix(light.palette.near, light.palette.ink, 0.3)
        paper.box(x + dx - half, y - tall, x + dx + half, y + tall, rim)
        half, tall = half * 0.84, tall * 0.86
        paper.box(
            x + dx - half, y - tall, x + dx + half, y + tall, mix(wall, light.palette.light, 0.5)
        )
        paper.disc(x + dx, y, wide * 0.42, mix(light.palette.accent, wall, 0.3))


def _paint_floor_lamp(paper: Paper, light: Light, x: float) -> None:
    palette = light.palette
    paper.line([(x, 0.82), (x, 0.56)], palette.ink, 0.012)
    paper.oval(x, 0.82, 0.06, 0.016, palette.ink)
    paper.glow(x, 0.55, 0.42, palette.light, 0.4 if light.night else 0.16)
    low, high = paper.across(0.1), paper.across(0.055)
    shade = mix(palette.accent, palette.light, 0.45)
    top = 0.56 - paper.up(0.13)
    paper.shape([(x - high, top), (x + high, top), (x + low, 0.56), (x - low, 0.56)], shade)


def _paint_shelf(paper: Paper, light: Light, left: float) -> None:
    """Paint two boards with jars."""
    palette = light.palette
    for y in (0.28, 0.42):
        paper.box(left, y, left + 0.34, y + 0.012, mix(palette.near, palette.light, 0.28))
        for x in np.arange(left + 0.03, left + 0.32, 0.062):
            high = paper.up(light.rng.uniform(0.05, 0.11))
            share = light.rng.uniform(0.1, 0.8)
            jar = mix(mix(palette.mid, palette.accent, share), palette.light, 0.25)
            paper.box(x, y - high, x + 0.04, y, jar)
            paper.box(x + 0.006, y - high - 0.008, x + 0.034, y - high, palette.near)


def _paint_pedestal(paper: Paper, light: Light) -> None:
    palette = light.palette
    face = mix(palette.near, palette.light, 0.16)
    wide = 0.34
    half = paper.across(wide)
    paper.translucent(_flat_oval(paper, 0.5, 0.93, 0.46), palette.ink, 0.35)
    paper.box(0.5 - half, 0.8, 0.5 + half, 0.92, face)
    paper.oval(0.5, 0.92, wide, 0.07, face)
    paper.translucent(
        [(0.5, 0.8), (0.5 + half, 0.8), (0.5 + half, 0.93), (0.5, 0.96)], palette.ink, 0.2
    )
    paper.oval(0.5, 0.8, wide, 0.07, mix(face, palette.light, 0.3))
    paper.oval(0.5, 0.8, wide * 0.9, 0.058, mix(face, palette.light, 0.42))


def _flat_oval(paper: Paper, x: float, y: float, radius: float) -> list[Point]:
    """Return the outline of a shadow on the ground."""
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return [
        (
            float(x + paper.across(radius) * np.cos(a)),
            float(y + paper.up(radius * 0.18) * np.sin(a)),
        )
        for a in turns
    ]
