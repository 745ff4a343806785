"""Draws the heroes that don't live: products and vehicles, each in the video's two colours.

Numbers are in heights of the thing, from its foot at y = 0 up to about y = 1. What is drawn later
covers what was drawn before.
"""

import numpy as np

from shared.engines.local.figure import Figure
from shared.engines.local.paper import mix, round_corners

STAND = 0.62
"""The height of a stand, in heights of what is on it."""


def draw_cup(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.5)
    figure.oval(0, 0.06, 0.48, 0.07, mix(look.light, look.dark, 0.2))
    figure.oval(0, 0.08, 0.4, 0.05, mix(look.light, look.dark, 0.06))
    handle = [(0.3, 0.52), (0.5, 0.54), (0.54, 0.36), (0.4, 0.24), (0.26, 0.22)]
    figure.limb(handle, look.main, 0.06)
    side = [(-0.34, 0.72), (-0.34, 0.62), (-0.33, 0.36), (-0.24, 0.14), (-0.1, 0.06), (0.1, 0.06)]
    side += [(0.24, 0.14), (0.33, 0.36), (0.34, 0.62), (0.34, 0.72)]
    # Rounded first, then cut level: the rim of a cup is straight.
    figure.shape([(x, min(y, 0.62)) for x, y in round_corners(side, 2)], look.main)
    figure.oval(0, 0.62, 0.33, 0.065, mix(look.main, look.dark, 0.25))
    # Coffee is brown in any palette.
    figure.oval(0, 0.612, 0.285, 0.048, (74, 44, 28))
    figure.oval(0.03, 0.615, 0.13, 0.022, mix((74, 44, 28), look.light, 0.6))
    figure.mark([(-0.24, 0.5), (-0.22, 0.32), (-0.15, 0.2)], mix(look.main, look.light, 0.6), 0.03)
    rise = np.linspace(0, 1, 16)
    for x in (-0.12, 0.02, 0.15):
        # The pose moves the steam a little from beat to beat.
        steam = [(x + 0.04 * np.sin(6 * r + 9 * x + figure.pose), 0.68 + 0.32 * r) for r in rise]
        figure.mark(steam, mix(look.light, look.second, 0.3), 0.016)


def draw_stand(figure: Figure) -> None:
    """Draw a small round table for things that don't lie on the ground; its top is at y = 0."""
    look = figure.look
    wood = mix(look.second, look.dark, 0.3)
    figure.shape(
        [(-0.05, 0.0), (0.05, 0.0), (0.07, -STAND), (-0.07, -STAND)], mix(wood, look.dark, 0.3)
    )
    figure.oval(0, -STAND, 0.3, 0.05, mix(wood, look.dark, 0.3))
    figure.oval(0, -0.05, 0.66, 0.09, mix(wood, look.dark, 0.35))
    figure.oval(0, -0.01, 0.66, 0.09, wood)


def draw_bottle(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.24)
    glass = [(-0.19, 0.0), (0.19, 0.0), (0.2, 0.5), (0.07, 0.68), (0.07, 0.82), (-0.07, 0.82)]
    figure.shape([*glass, (-0.07, 0.68), (-0.2, 0.5)], mix(look.main, look.dark, 0.12), 1)
    shine = mix(look.main, look.light, 0.55)
    figure.shape([(-0.155, 0.04), (-0.11, 0.04), (-0.11, 0.52), (-0.15, 0.48)], shine, 1)
    cap = mix(look.dark, look.second, 0.25)
    figure.shape([(-0.09, 0.8), (0.09, 0.8), (0.09, 0.98), (-0.09, 0.98)], cap, 1)
    figure.shape([(-0.19, 0.14), (0.19, 0.14), (0.19, 0.42), (-0.19, 0.42)], look.light)
    figure.disc(0, 0.32, 0.055, look.main)
    for y, half in ((0.23, 0.12), (0.19, 0.08)):
        figure.mark([(-half, y), (half, y)], look.dark, 0.014)


def draw_phone(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.3)
    # The screen's light comes first: it shines from behind the phone.
    figure.paper.glow(*figure.at(0, 0.5), 0.8 * figure.size, look.main, 0.3)
    figure.shape(_slab_outline(0.27, 0.0, 1.0), look.dark, 2)
    figure.shape(_slab_outline(0.235, 0.05, 0.95), mix(look.main, look.light, 0.1), 1)
    figure.shape(
        [(-0.23, 0.06), (0.23, 0.06), (0.23, 0.42), (-0.23, 0.3)], mix(look.main, look.dark, 0.3)
    )
    figure.disc(0, 0.7, 0.11, look.light)
    for y, half in ((0.5, 0.17), (0.43, 0.12)):
        figure.mark([(-half, y), (half, y)], look.light, 0.03)
    for x in (-0.14, 0.0, 0.14):
        figure.shape(
            [(x - 0.05, 0.12), (x + 0.05, 0.12), (x + 0.05, 0.22), (x - 0.05, 0.22)], look.second, 1
        )


def _slab_outline(half: float, low: float, high: float) -> list[tuple[float, float]]:
    """Return the outline of an upright board, with two points at each corner.

    Rounding an outline cuts its corners off: with one point at each, little of the board is left.
    """
    cut = 0.05
    left = [(-half, low + cut), (-half, high - cut), (cut - half, high)]
    return [
        *left,
        (half - cut, high),
        (half, high - cut),
        (half, low + cut),
        (half - cut, low),
        (cut - half, low),
    ]


def draw_box(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.5)
    figure.shape([(-0.42, 0.08), (0.02, 0.0), (0.02, 0.52), (-0.42, 0.58)], look.main)
    figure.shape(
        [(0.02, 0.0), (0.42, 0.1), (0.42, 0.6), (0.02, 0.52)], mix(look.main, look.dark, 0.3)
    )
    figure.shape(
        [(-0.42, 0.58), (0.02, 0.52), (0.42, 0.6), (-0.02, 0.68)], mix(look.main, look.light, 0.35)
    )
    ribbon = look.light
    figure.shape([(-0.25, 0.05), (-0.15, 0.03), (-0.15, 0.54), (-0.25, 0.56)], ribbon)
    figure.shape(
        [(0.17, 0.04), (0.26, 0.06), (0.26, 0.57), (0.17, 0.55)], mix(ribbon, look.dark, 0.18)
    )
    for side in (-1, 1):
        loop = [(0, 0.63), (side * 0.2, 0.84), (side * 0.3, 0.74), (side * 0.12, 0.63)]
        figure.shape(loop, ribbon, 2)
    figure.disc(0, 0.645, 0.05, mix(ribbon, look.dark, 0.1))


def draw_car(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.86)
    cabin = [(-0.46, 0.34), (-0.3, 0.64), (0.24, 0.64), (0.46, 0.34)]
    figure.shape(cabin, mix(look.main, look.dark, 0.2), 1)
    glass = mix(look.light, look.second, 0.4)
    figure.shape([(-0.34, 0.38), (-0.25, 0.57), (-0.04, 0.57), (-0.04, 0.38)], glass)
    figure.shape([(0.02, 0.38), (0.02, 0.57), (0.19, 0.57), (0.34, 0.38)], glass)
    body = [(-0.86, 0.12), (-0.84, 0.36), (-0.5, 0.42), (0.5, 0.42), (0.84, 0.34), (0.88, 0.12)]
    figure.shape(body, look.main, 1)
    figure.mark([(-0.8, 0.27), (0.8, 0.27)], mix(look.main, look.light, 0.5), 0.018)
    figure.disc(0.81, 0.27, 0.05, look.light)
    for x in (-0.5, 0.5):
        figure.disc(x, 0.13, 0.16, look.dark)
        figure.disc(x, 0.13, 0.085, mix(look.light, look.dark, 0.3))


def draw_boat(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.6)
    figure.limb([(0.0, 0.2), (0.0, 1.0)], look.dark, 0.026)
    figure.shape([(0.03, 0.98), (0.5, 0.34), (0.03, 0.3)], look.light)
    figure.shape([(-0.03, 0.9), (-0.36, 0.34), (-0.03, 0.3)], mix(look.second, look.light, 0.3))
    figure.shape([(-0.62, 0.28), (0.68, 0.28), (0.46, 0.04), (-0.44, 0.04)], look.main)
    figure.mark([(-0.58, 0.22), (0.62, 0.22)], look.light, 0.02)
    figure.shape([(0, 1.0), (0, 0.92), (-0.16, 0.96)], look.main)


def draw_shoe(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.62)
    upper = [
        (-0.52, 0.1),
        (-0.54, 0.56),
        (-0.3, 0.6),
        (-0.18, 0.46),
        (0.16, 0.3),
        (0.5, 0.24),
        (0.6, 0.1),
    ]
    figure.shape(upper, look.main, 2)
    figure.shape(
        [(-0.5, 0.52), (-0.28, 0.56), (-0.2, 0.46), (-0.46, 0.42)],
        mix(look.main, look.dark, 0.4),
        1,
    )
    figure.shape(
        [(0.24, 0.12), (0.3, 0.28), (0.56, 0.22), (0.62, 0.1)], mix(look.main, look.light, 0.5), 1
    )
    figure.shape(
        [(-0.58, 0.0), (0.64, 0.0), (0.68, 0.1), (0.6, 0.13), (-0.56, 0.13)], look.light, 1
    )
    figure.mark([(-0.42, 0.18), (-0.1, 0.22), (-0.02, 0.36)], look.second, 0.05)
    for step in range(4):
        x, y = -0.14 + 0.1 * step, 0.46 - 0.055 * step
        figure.mark([(x - 0.05, y - 0.03), (x + 0.05, y + 0.01)], look.light, 0.02)


def draw_book(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.56)
    page = mix(look.light, look.dark, 0.05)
    figure.shape([(-0.6, 0.1), (0.0, 0.04), (0.6, 0.1), (0.62, 0.16), (-0.62, 0.16)], look.main)
    for side in (-1, 1):
        leaf = [(0, 0.12), (side * 0.56, 0.17), (side * 0.5, 0.5), (side * 0.24, 0.56), (0, 0.44)]
        figure.shape(leaf, page if side > 0 else mix(page, look.dark, 0.12), 1)
        for y in (0.24, 0.3, 0.36):
            figure.mark(
                [(side * 0.1, y), (side * 0.42, y + 0.04)], mix(page, look.dark, 0.45), 0.011
            )
    figure.paper.glow(*figure.at(0, 0.5), 0.55 * figure.size, look.light, 0.35)
    for x, y in ((-0.2, 0.72), (0.1, 0.84), (0.26, 0.68), (-0.05, 0.95)):
        figure.dot(x, y, 0.022, look.main)


def draw_rocket(figure: Figure) -> None:
    look = figure.look
    # No shadow under it: it flies.
    flame = [(-0.09, 0.16), (0.09, 0.16), (0.04, -0.02), (0.0, -0.14), (-0.04, -0.02)]
    figure.paper.glow(*figure.at(0, 0.05), 0.5 * figure.size, look.main, 0.5)
    figure.shape(flame, mix(look.main, look.light, 0.5), 1)
    for side in (-1, 1):
        fin = [(side * 0.1, 0.42), (side * 0.3, 0.2), (side * 0.28, 0.1), (side * 0.1, 0.2)]
        figure.shape(fin, look.main)
    hull = [
        (0.0, 1.02),
        (0.13, 0.82),
        (0.17, 0.52),
        (0.12, 0.16),
        (-0.12, 0.16),
        (-0.17, 0.52),
        (-0.13, 0.82),
    ]
    figure.shape(hull, look.light, 2)
    figure.shape([(0.0, 1.0), (0.1, 0.82), (-0.1, 0.82)], look.main, 1)
    figure.disc(0, 0.6, 0.085, look.dark)
    figure.disc(0, 0.6, 0.06, mix(look.second, look.light, 0.3))


def draw_plant(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.28)
    # Leaves are green in any palette; in the video's own colours, nobody would see a plant.
    green = mix((70, 150, 90), look.second, 0.25)
    for lean, high in ((-0.34, 0.78), (-0.16, 0.96), (0.04, 1.04), (0.22, 0.92), (0.36, 0.74)):
        middle = (lean * 0.5, 0.3 + (high - 0.3) * 0.55)
        leaf = [
            (0.0, 0.3),
            (middle[0] - 0.1, middle[1]),
            (lean, high),
            (middle[0] + 0.1, middle[1]),
        ]
        figure.shape(leaf, mix(green, look.dark, 0.25 * abs(lean) / 0.36), 2)
        figure.mark([(0, 0.32), middle, (lean, high - 0.06)], mix(green, look.light, 0.35), 0.01)
    figure.shape([(-0.22, 0.32), (0.22, 0.32), (0.16, 0.0), (-0.16, 0.0)], look.main)
    figure.shape(
        [(-0.25, 0.28), (0.25, 0.28), (0.25, 0.36), (-0.25, 0.36)], mix(look.main, look.light, 0.25)
    )
