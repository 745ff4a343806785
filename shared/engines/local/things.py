"""The heroes that don't live: products and vehicles, each in the video's two colours."""

import numpy as np

from shared.engines.local.paper import mix, rounded
from shared.engines.local.puppet import Puppet

STAND = 0.62
"""The height of a stand, in heights of what is on it."""


def cup(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.5)
    puppet.oval(0, 0.06, 0.48, 0.07, mix(wear.light, wear.dark, 0.2))
    puppet.oval(0, 0.08, 0.4, 0.05, mix(wear.light, wear.dark, 0.06))
    handle = [(0.3, 0.52), (0.5, 0.54), (0.54, 0.36), (0.4, 0.24), (0.26, 0.22)]
    puppet.limb(handle, wear.main, 0.06)
    side = [(-0.34, 0.72), (-0.34, 0.62), (-0.33, 0.36), (-0.24, 0.14), (-0.1, 0.06), (0.1, 0.06)]
    side += [(0.24, 0.14), (0.33, 0.36), (0.34, 0.62), (0.34, 0.72)]
    puppet.shape([(x, min(y, 0.62)) for x, y in rounded(side, 2)], wear.main)
    puppet.oval(0, 0.62, 0.33, 0.065, mix(wear.main, wear.dark, 0.25))
    puppet.oval(0, 0.612, 0.285, 0.048, (74, 44, 28))
    puppet.oval(0.03, 0.615, 0.13, 0.022, mix((74, 44, 28), wear.light, 0.6))
    puppet.mark([(-0.24, 0.5), (-0.22, 0.32), (-0.15, 0.2)], mix(wear.main, wear.light, 0.6), 0.03)
    rise = np.linspace(0, 1, 16)
    for x in (-0.12, 0.02, 0.15):
        steam = [(x + 0.04 * np.sin(6 * r + 9 * x + puppet.pose), 0.68 + 0.32 * r) for r in rise]
        puppet.mark(steam, mix(wear.light, wear.second, 0.3), 0.016)


def stand(puppet: Puppet) -> None:
    """A small round table, for what should not lie on the ground; its top is at zero."""
    wear = puppet.wear
    wood = mix(wear.second, wear.dark, 0.3)
    puppet.shape(
        [(-0.05, 0.0), (0.05, 0.0), (0.07, -STAND), (-0.07, -STAND)], mix(wood, wear.dark, 0.3)
    )
    puppet.oval(0, -STAND, 0.3, 0.05, mix(wood, wear.dark, 0.3))
    puppet.oval(0, -0.05, 0.66, 0.09, mix(wood, wear.dark, 0.35))
    puppet.oval(0, -0.01, 0.66, 0.09, wood)


def bottle(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.24)
    glass = [(-0.19, 0.0), (0.19, 0.0), (0.2, 0.5), (0.07, 0.68), (0.07, 0.82), (-0.07, 0.82)]
    puppet.shape([*glass, (-0.07, 0.68), (-0.2, 0.5)], mix(wear.main, wear.dark, 0.12), 1)
    shine = mix(wear.main, wear.light, 0.55)
    puppet.shape([(-0.155, 0.04), (-0.11, 0.04), (-0.11, 0.52), (-0.15, 0.48)], shine, 1)
    cap = mix(wear.dark, wear.second, 0.25)
    puppet.shape([(-0.09, 0.8), (0.09, 0.8), (0.09, 0.98), (-0.09, 0.98)], cap, 1)
    puppet.shape([(-0.19, 0.14), (0.19, 0.14), (0.19, 0.42), (-0.19, 0.42)], wear.light)
    puppet.disc(0, 0.32, 0.055, wear.main)
    for y, half in ((0.23, 0.12), (0.19, 0.08)):
        puppet.mark([(-half, y), (half, y)], wear.dark, 0.014)


def phone(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.3)
    puppet.paper.glow(*puppet.at(0, 0.5), 0.8 * puppet.size, wear.main, 0.3)
    puppet.shape(_slab(0.27, 0.0, 1.0), wear.dark, 2)
    puppet.shape(_slab(0.235, 0.05, 0.95), mix(wear.main, wear.light, 0.1), 1)
    puppet.shape(
        [(-0.23, 0.06), (0.23, 0.06), (0.23, 0.42), (-0.23, 0.3)], mix(wear.main, wear.dark, 0.3)
    )
    puppet.disc(0, 0.7, 0.11, wear.light)
    for y, half in ((0.5, 0.17), (0.43, 0.12)):
        puppet.mark([(-half, y), (half, y)], wear.light, 0.03)
    for x in (-0.14, 0.0, 0.14):
        puppet.shape(
            [(x - 0.05, 0.12), (x + 0.05, 0.12), (x + 0.05, 0.22), (x - 0.05, 0.22)], wear.second, 1
        )


def _slab(half: float, low: float, high: float) -> list[tuple[float, float]]:
    """An upright board whose corners can be rounded without losing its shape."""
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


def box(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.5)
    puppet.shape([(-0.42, 0.08), (0.02, 0.0), (0.02, 0.52), (-0.42, 0.58)], wear.main)
    puppet.shape(
        [(0.02, 0.0), (0.42, 0.1), (0.42, 0.6), (0.02, 0.52)], mix(wear.main, wear.dark, 0.3)
    )
    puppet.shape(
        [(-0.42, 0.58), (0.02, 0.52), (0.42, 0.6), (-0.02, 0.68)], mix(wear.main, wear.light, 0.35)
    )
    ribbon = wear.light
    puppet.shape([(-0.25, 0.05), (-0.15, 0.03), (-0.15, 0.54), (-0.25, 0.56)], ribbon)
    puppet.shape(
        [(0.17, 0.04), (0.26, 0.06), (0.26, 0.57), (0.17, 0.55)], mix(ribbon, wear.dark, 0.18)
    )
    for side in (-1, 1):
        loop = [(0, 0.63), (side * 0.2, 0.84), (side * 0.3, 0.74), (side * 0.12, 0.63)]
        puppet.shape(loop, ribbon, 2)
    puppet.disc(0, 0.645, 0.05, mix(ribbon, wear.dark, 0.1))


def car(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.86)
    cabin = [(-0.46, 0.34), (-0.3, 0.64), (0.24, 0.64), (0.46, 0.34)]
    puppet.shape(cabin, mix(wear.main, wear.dark, 0.2), 1)
    glass = mix(wear.light, wear.second, 0.4)
    puppet.shape([(-0.34, 0.38), (-0.25, 0.57), (-0.04, 0.57), (-0.04, 0.38)], glass)
    puppet.shape([(0.02, 0.38), (0.02, 0.57), (0.19, 0.57), (0.34, 0.38)], glass)
    body = [(-0.86, 0.12), (-0.84, 0.36), (-0.5, 0.42), (0.5, 0.42), (0.84, 0.34), (0.88, 0.12)]
    puppet.shape(body, wear.main, 1)
    puppet.mark([(-0.8, 0.27), (0.8, 0.27)], mix(wear.main, wear.light, 0.5), 0.018)
    puppet.disc(0.81, 0.27, 0.05, wear.light)
    for x in (-0.5, 0.5):
        puppet.disc(x, 0.13, 0.16, wear.dark)
        puppet.disc(x, 0.13, 0.085, mix(wear.light, wear.dark, 0.3))


def boat(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.6)
    puppet.limb([(0.0, 0.2), (0.0, 1.0)], wear.dark, 0.026)
    puppet.shape([(0.03, 0.98), (0.5, 0.34), (0.03, 0.3)], wear.light)
    puppet.shape([(-0.03, 0.9), (-0.36, 0.34), (-0.03, 0.3)], mix(wear.second, wear.light, 0.3))
    puppet.shape([(-0.62, 0.28), (0.68, 0.28), (0.46, 0.04), (-0.44, 0.04)], wear.main)
    puppet.mark([(-0.58, 0.22), (0.62, 0.22)], wear.light, 0.02)
    puppet.shape([(0, 1.0), (0, 0.92), (-0.16, 0.96)], wear.main)


def shoe(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.62)
    upper = [
        (-0.52, 0.1),
        (-0.54, 0.56),
        (-0.3, 0.6),
        (-0.18, 0.46),
        (0.16, 0.3),
        (0.5, 0.24),
        (0.6, 0.1),
    ]
    puppet.shape(upper, wear.main, 2)
    puppet.shape(
        [(-0.5, 0.52), (-0.28, 0.56), (-0.2, 0.46), (-0.46, 0.42)],
        mix(wear.main, wear.dark, 0.4),
        1,
    )
    puppet.shape(
        [(0.24, 0.12), (0.3, 0.28), (0.56, 0.22), (0.62, 0.1)], mix(wear.main, wear.light, 0.5), 1
    )
    puppet.shape(
        [(-0.58, 0.0), (0.64, 0.0), (0.68, 0.1), (0.6, 0.13), (-0.56, 0.13)], wear.light, 1
    )
    puppet.mark([(-0.42, 0.18), (-0.1, 0.22), (-0.02, 0.36)], wear.second, 0.05)
    for step in range(4):
        x, y = -0.14 + 0.1 * step, 0.46 - 0.055 * step
        puppet.mark([(x - 0.05, y - 0.03), (x + 0.05, y + 0.01)], wear.light, 0.02)


def book(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.56)
    page = mix(wear.light, wear.dark, 0.05)
    puppet.shape([(-0.6, 0.1), (0.0, 0.04), (0.6, 0.1), (0.62, 0.16), (-0.62, 0.16)], wear.main)
    for side in (-1, 1):
        leaf = [(0, 0.12), (side * 0.56, 0.17), (side * 0.5, 0.5), (side * 0.24, 0.56), (0, 0.44)]
        puppet.shape(leaf, page if side > 0 else mix(page, wear.dark, 0.12), 1)
        for y in (0.24, 0.3, 0.36):
            puppet.mark(
                [(side * 0.1, y), (side * 0.42, y + 0.04)], mix(page, wear.dark, 0.45), 0.011
            )
    puppet.paper.glow(*puppet.at(0, 0.5), 0.55 * puppet.size, wear.light, 0.35)
    for x, y in ((-0.2, 0.72), (0.1, 0.84), (0.26, 0.68), (-0.05, 0.95)):
        puppet.dot(x, y, 0.022, wear.main)


def rocket(puppet: Puppet) -> None:
    wear = puppet.wear
    flame = [(-0.09, 0.16), (0.09, 0.16), (0.04, -0.02), (0.0, -0.14), (-0.04, -0.02)]
    puppet.paper.glow(*puppet.at(0, 0.05), 0.5 * puppet.size, wear.main, 0.5)
    puppet.shape(flame, mix(wear.main, wear.light, 0.5), 1)
    for side in (-1, 1):
        fin = [(side * 0.1, 0.42), (side * 0.3, 0.2), (side * 0.28, 0.1), (side * 0.1, 0.2)]
        puppet.shape(fin, wear.main)
    hull = [
        (0.0, 1.02),
        (0.13, 0.82),
        (0.17, 0.52),
        (0.12, 0.16),
        (-0.12, 0.16),
        (-0.17, 0.52),
        (-0.13, 0.82),
    ]
    puppet.shape(hull, wear.light, 2)
    puppet.shape([(0.0, 1.0), (0.1, 0.82), (-0.1, 0.82)], wear.main, 1)
    puppet.disc(0, 0.6, 0.085, wear.dark)
    puppet.disc(0, 0.6, 0.06, mix(wear.second, wear.light, 0.3))


def plant(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.28)
    green = mix((70, 150, 90), wear.second, 0.25)
    for lean, high in ((-0.34, 0.78), (-0.16, 0.96), (0.04, 1.04), (0.22, 0.92), (0.36, 0.74)):
        middle = (lean * 0.5, 0.3 + (high - 0.3) * 0.55)
        leaf = [
            (0.0, 0.3),
            (middle[0] - 0.1, middle[1]),
            (lean, high),
            (middle[0] + 0.1, middle[1]),
        ]
        puppet.shape(leaf, mix(green, wear.dark, 0.25 * abs(lean) / 0.36), 2)
        puppet.mark([(0, 0.32), middle, (lean, high - 0.06)], mix(green, wear.light, 0.35), 0.01)
    puppet.shape([(-0.22, 0.32), (0.22, 0.32), (0.16, 0.0), (-0.16, 0.0)], wear.main)
    puppet.shape(
        [(-0.25, 0.28), (0.25, 0.28), (0.25, 0.36), (-0.25, 0.36)], mix(wear.main, wear.light, 0.25)
    )
