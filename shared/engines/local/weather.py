"""Paints the weather that a beat names: a storm, rain, falling snow, fog.

The palette grows dull first, so that all of a place takes part in it; then the sky has its clouds,
and what falls is painted over the place and its hero.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from shared.engines.local.paper import Mask, Paper, Point, cloudy, mix
from shared.engines.local.styles import Colour, Palette
from shared.engines.local.topics import Scene, Weather

_WHITE: Colour = (255, 255, 255)
_BOLT: Colour = (255, 244, 196)
# What the high sky, the low sky and the land turn to, and how far each of them goes there.
_DULL: Mapping[Weather, tuple[tuple[Colour, float], tuple[Colour, float], tuple[Colour, float]]] = {
    "storm": (((38, 44, 60), 0.8), ((104, 114, 132), 0.72), ((40, 48, 62), 0.45)),
    "rain": (((98, 112, 132), 0.68), ((158, 170, 184), 0.66), ((66, 78, 94), 0.35)),
    "snow": (((148, 160, 178), 0.66), ((214, 220, 230), 0.7), ((232, 238, 246), 0.62)),
    "fog": (((178, 184, 192), 0.66), ((208, 212, 216), 0.74), ((186, 192, 198), 0.6)),
}
_CLOUDS: Mapping[Weather, float] = {"storm": 0.42, "rain": 0.2, "snow": 0.08, "fog": 0.0}
"""How dark its clouds are, as a share of the ink in the high sky."""

SHELTERED: frozenset[Scene] = frozenset(
    ("room", "table", "stage", "space", "underwater", "shapes", "leaves")
)
"""Where nothing falls, and no fog comes in: the weather is seen from a window, if there is one."""


def dull(palette: Palette, weather: Weather, night: bool) -> Palette:
    """Return the colours of a place in this weather."""
    (high, high_share), (low, low_share), (land, land_share) = _DULL[weather]
    dark = 0.5 if night else 0.0
    high, low, land = (mix(colour, palette.ink, dark) for colour in (high, low, land))
    # Fog hides what is far; snow lies everywhere, but less on what is near and upright.
    near, middle = (0.35, 0.75) if weather == "fog" else (0.7, 0.9)
    return replace(
        palette,
        sky_top=mix(palette.sky_top, high, high_share),
        sky_low=mix(palette.sky_low, low, low_share),
        far=mix(palette.far, mix(land, low, 0.4), min(1.0, land_share * 1.15)),
        mid=mix(palette.mid, land, land_share * middle),
        near=mix(palette.near, land, land_share * near),
    )


def paint_overcast(
    paper: Paper,
    palette: Palette,
    rng: np.random.Generator,
    weather: Weather,
    sky: tuple[float, float],
) -> None:
    """Paint the clouds of this weather in place of a sun, and in a storm lightning below them.

    `sky` is the side where the sun would be, and the horizon.
    """
    side, horizon = sky
    if weather == "fog":
        paper.glow(side, horizon * 0.4, 0.9, mix(palette.sky_low, _WHITE, 0.5), 0.1)
        return
    dark = mix(palette.sky_top, palette.ink, _CLOUDS[weather])
    # From the lowest and palest to the highest and darkest: it hangs over the place.
    for level, share, size in ((0.46, 0.66, 0.11), (0.27, 0.34, 0.15), (0.05, 0.0, 0.18)):
        if weather == "storm" and not share:
            paint_bolt(paper, rng, (0.27 if side < 0.5 else 0.73, horizon * 0.2), horizon)
        colour = mix(dark, palette.sky_low, share)
        _paint_bank(paper, rng, (level * horizon, size), (colour, mix(colour, _WHITE, 0.1)))


def _paint_bank(
    paper: Paper,
    rng: np.random.Generator,
    place: tuple[float, float],
    colours: tuple[Colour, Colour],
) -> None:
    """Paint a heap of clouds that fills the picture from its top down to a level."""
    level, size = place
    step = paper.across(size * 0.95)
    count = int(1.2 / step) + 2
    tops = [
        (-0.1 + step * (at + float(rng.uniform(-0.3, 0.3))), size * float(rng.uniform(0.55, 1.15)))
        for at in range(count)
    ]
    # Its pale lower edge first: then no part of it is cut by the edge of another.
    for drop, colour in ((0.016, colours[1]), (0.0, colours[0])):
        for x, radius in tops:
            paper.oval(x, level + paper.up(drop), radius, radius * 0.85, colour)
    paper.box(-0.1, -0.1, 1.1, level, colours[0])


def paint_bolt(paper: Paper, rng: np.random.Generator, start: Point, end: float) -> None:
    """Paint lightning from a place in the clouds down to the horizon, with one branch."""
    x, y = start
    high = end - y
    paper.glow(x, y + high * 0.2, 0.7, _BOLT, 0.3)
    path = [(x, y)]
    for step in range(1, 7):
        lean = paper.across(0.075) * (1 if step % 2 else -0.8) * float(rng.uniform(0.5, 1.4))
        path.append((path[-1][0] + lean, y + high * (step - (0.25 if step % 2 else 0)) / 6))
    paper.glow(*path[3], 0.45, _BOLT, 0.26)
    fork, aside = path[3], paper.across(0.09)
    knee = (fork[0] + aside, fork[1] + high * 0.09)
    branch = [fork, knee, (knee[0] + aside * 0.2, knee[1] + high * 0.14)]
    for line, thick in ((branch, 0.5), (path[:4], 1.2), (path[3:], 0.8)):
        paper.line(line, _BOLT, 0.015 * thick)
        paper.line(line, _WHITE, 0.007 * thick)


# ── what falls, and what drifts ─────────────────────────────────────────────────────────────────


def paint_behind(
    paper: Paper, palette: Palette, rng: np.random.Generator, weather: Weather, scene: Scene
) -> None:
    """Paint the part of the weather that is behind the hero."""
    if weather == "fog":
        for top, strength in ((0.3, 0.75), (0.5, 0.7)):
            _paint_drift(paper, palette, rng, (top, top + 0.42), strength)
    elif weather != "snow" and scene != "sky":
        _paint_splashes(paper, palette, rng)


def paint_before(
    paper: Paper, palette: Palette, rng: np.random.Generator, weather: Weather
) -> None:
    """Paint the part of the weather that is before the hero."""
    _BEFORE[weather](paper, palette, rng)


def paint_pane(
    paper: Paper,
    palette: Palette,
    rng: np.random.Generator,
    weather: Weather,
    pane: tuple[float, float, float, float],
) -> None:
    """Paint the weather as it is seen behind a window."""
    left, top, right, bottom = pane
    pale = mix(palette.sky_low, _WHITE, 0.55)
    for across, down in rng.uniform(0.03, 0.93, (70, 2)):
        x, y = left + (right - left) * across, top + (bottom - top) * down * 0.94
        if weather == "snow":
            paper.disc(float(x), float(y), 0.006, _WHITE)
        elif weather != "fog":
            paper.line([(x, y), (x - paper.across(0.006), y + paper.up(0.035))], pale, 0.0028)


def _paint_rain(
    paper: Paper, palette: Palette, rng: np.random.Generator, *, count: int, slant: float
) -> None:
    """Paint streaks at two depths: far ones are short and thin, near ones long and few."""
    pale = mix(palette.sky_low, _WHITE, 0.55)
    dry = paper.pixels.copy()
    for long, thick, part in ((0.06, 0.0022, 0.6), (0.11, 0.0036, 0.4)):
        for x, y in rng.uniform(-0.1, 1.1, (round(count * part), 2)):
            reach = long * float(rng.uniform(0.7, 1.3))
            end = (x - paper.across(reach * slant), y + paper.up(reach))
            paper.line([(x, y), end], pale, thick)
    paper.blend(dry, 0.52)


def _paint_splashes(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    """Paint rings on the ground where drops fall."""
    pale = mix(palette.near, palette.sky_low, 0.55)
    turns = np.linspace(0, 2 * np.pi, 20)
    for x, depth in rng.uniform(0, 1, (26, 2)):
        y, wide = 0.86 + 0.13 * depth, 0.012 + 0.022 * depth
        ring = [
            (
                float(x + paper.across(wide) * np.cos(a)),
                float(y + paper.up(wide * 0.3) * np.sin(a)),
            )
            for a in turns
        ]
        paper.line(ring, pale, 0.0026)


def _paint_flakes(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    """Paint flakes, the larger and the fewer the nearer they are."""
    far = mix(palette.sky_low, _WHITE, 0.7)
    for count, least, most, colour in ((100, 0.003, 0.006, far), (44, 0.007, 0.012, _WHITE)):
        for x, y, size in rng.uniform(0, 1, (count, 3)):
            paper.disc(float(x), float(y), least + (most - least) * float(size), colour)
    for x, y in rng.uniform(0, 1, (6, 2)):  # out of focus, before the lens
        paper.glow(float(x), float(y), 0.05, _WHITE, 0.5)


def _paint_haze(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    _paint_drift(paper, palette, rng, (0.74, 1.0), 0.55)


def _paint_drift(
    paper: Paper, palette: Palette, rng: np.random.Generator, rows: Point, strength: float
) -> None:
    """Paint fog in long soft clouds over some rows."""
    fade = np.sin(np.linspace(0, np.pi, 24))[:, None] ** 0.7
    clouds = np.clip(0.55 + 0.8 * (cloudy(rng, 24) - 0.5), 0.15, 1)
    mask: Mask = (clouds * fade * strength).astype(np.float32)
    paper.veil(mix(palette.sky_low, _WHITE, 0.35), mask, *rows)


def _paint_downpour(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    _paint_rain(paper, palette, rng, count=280, slant=0.42)


def _paint_steady_rain(paper: Paper, palette: Palette, rng: np.random.Generator) -> None:
    _paint_rain(paper, palette, rng, count=210, slant=0.16)


_BEFORE: Mapping[Weather, Callable[[Paper, Palette, np.random.Generator], None]] = {
    "storm": _paint_downpour,
    "rain": _paint_steady_rain,
    "snow": _paint_flakes,
    "fog": _paint_haze,
}
