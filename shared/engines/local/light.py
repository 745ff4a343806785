"""The hour of a beat: the same palette in another light, and the sky that belongs to it.

A story goes through the hours of a day, so that its beats differ though their colours are one
family.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from shared.engines.local.paper import Mask, Paper, Point, mix, wavy
from shared.engines.local.styles import Palette
from shared.engines.local.topics import Weather
from shared.engines.local.weather import dull, paint_overcast

Hour = Literal["day", "golden", "mist", "dusk", "night", "dawn"]
HOURS: tuple[Hour, ...] = ("day", "golden", "mist", "dusk", "night", "dawn")

# How far the high sky, the low sky and the land go towards the darkness of the ink.
_DARKNESS: Mapping[Hour, tuple[float, float, float]] = {
    "day": (0.0, 0.0, 0.0),
    "golden": (0.0, 0.0, 0.06),
    "mist": (0.0, 0.0, 0.0),
    "dusk": (0.3, 0.08, 0.22),
    "night": (0.62, 0.46, 0.42),
    "dawn": (0.12, 0.0, 0.1),
}
_LOWEST_CLOUDS = 0.66  # of the height: seen from among the clouds, there is no horizon
_TOWARDS_LIGHT: Mapping[Hour, float] = {"day": 0.1, "golden": 0.34, "mist": 0.22, "dawn": 0.2}


@dataclass(frozen=True)
class Light:
    """The colours of a scene at its hour, and the place of its sun."""

    palette: Palette
    hour: Hour
    rng: np.random.Generator
    sun: tuple[float, float]
    textured: bool
    weather: Weather | None = None

    @property
    def night(self) -> bool:
        return self.hour == "night"

    @property
    def sunny(self) -> bool:
        """Tell whether the sun is seen, and shines into rooms."""
        return not self.night and self.weather is None


@dataclass(frozen=True)
class Spot:
    """The place of a scene for its hero: the middle of the feet, and a factor for the size."""

    x: float
    y: float
    scale: float = 1.0
    lift: float = 0.0
    """For heroes that swim or fly: so much higher."""


def light_at(
    palette: Palette,
    hour: Hour,
    rng: np.random.Generator,
    textured: bool,
    weather: Weather | None = None,
) -> Light:
    """Return the palette as it looks at this hour, with a sun somewhere in the upper third."""
    high, low, land = _DARKNESS[hour]
    warm = _TOWARDS_LIGHT.get(hour, 0.0)
    # Mist takes the colour of the sky, and the more the farther away: that is what makes depth.
    ink, haze = palette.ink, 0.45 if hour == "mist" else 0.0
    lit = replace(
        palette,
        sky_top=mix(mix(palette.sky_top, palette.light, warm / 3), ink, high),
        sky_low=mix(mix(palette.sky_low, palette.light, warm), ink, low),
        far=mix(mix(palette.far, palette.sky_low, haze), ink, land),
        mid=mix(mix(palette.mid, palette.sky_low, haze / 2), ink, land),
        near=mix(palette.near, ink, land),
    )
    lit = dull(lit, weather, hour == "night") if weather else lit
    sun = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.16, 0.34)))
    return Light(lit, hour, rng, sun, textured, weather)


def paint_sky(paper: Paper, light: Light, horizon: float = 0.6) -> None:
    """Paint all that lies above the horizon."""
    palette = light.palette
    paper.gradient(palette.sky_top, palette.sky_low, 0.0, horizon)
    paper.box(-0.1, horizon, 1.1, 1.1, palette.sky_low)
    if light.weather:
        sky = (light.sun[0], min(horizon, _LOWEST_CLOUDS))
        paint_overcast(paper, palette, light.rng, light.weather, sky)
        return
    if light.night:
        _paint_stars(paper, light, horizon)
    _paint_sun(paper, light)
    # Styles without texture are made of clear shapes, so their clouds are too.
    (_paint_streaks if light.textured else _paint_heaps)(paper, light, horizon)


def _paint_stars(paper: Paper, light: Light, horizon: float) -> None:
    for x, y, size in light.rng.uniform(0, 1, (110, 3)):
        radius = 0.0012 + 0.0022 * size**3
        paper.disc(x, y * horizon, radius, mix(light.palette.light, (255, 255, 255), 0.5))


def _paint_sun(paper: Paper, light: Light) -> None:
    x, y = light.sun
    colour = light.palette.light
    room = 1.15 - sum(light.palette.sky_low) / 765  # a bright sky can't take much more light
    paper.glow(x, y, 0.75, colour, 0.14 if light.night else 0.5 * room)
    paper.glow(x, y, 0.26, colour, 0.3 * room)
    bright = mix(colour, (255, 255, 255), 0.35)
    if light.night:
        paper.shape(_crescent_outline(paper, x, y, 0.07), bright)
    else:
        paper.disc(x, y, 0.095, bright)


def _crescent_outline(paper: Paper, x: float, y: float, radius: float) -> list[Point]:
    outer = np.linspace(0.5 * np.pi, 1.5 * np.pi, 40)
    bulge = np.array([np.cos(outer), np.sin(outer)]) * radius
    hollow = np.array([np.cos(outer) * 0.45, np.sin(outer)])[:, ::-1] * radius
    rim = np.concatenate((bulge, hollow), axis=1).T
    return [(float(x + paper.across(dx)), float(y + paper.up(dy))) for dx, dy in rim]


def _paint_heaps(paper: Paper, light: Light, horizon: float) -> None:
    """Paint clouds as heaps of discs on a flat base."""
    white = mix(light.palette.sky_low, light.palette.light, 0.25 if light.night else 0.75)
    for _ in range(4):
        x, y = light.rng.uniform(0, 1), light.rng.uniform(0.08, 0.8) * horizon
        size = light.rng.uniform(0.05, 0.11)
        for step in np.linspace(-2, 2, 7):
            radius = size * (1 - 0.14 * step**2) * light.rng.uniform(0.7, 1)
            lift = paper.up(radius * 0.6)
            paper.oval(x + paper.across(size * step * 0.75), y - lift, radius, radius * 0.8, white)
        paper.oval(x, y, size * 2.3, size * 0.42, white)


def _paint_streaks(paper: Paper, light: Light, horizon: float) -> None:
    """Paint long thin clouds as a soft veil."""
    rows = np.stack([wavy(light.rng, 48) for _ in range(14)])
    fade = np.sin(np.linspace(0, np.pi, 14))[:, None]
    mask: Mask = (np.clip(rows, 0, 1) * fade * 0.5).astype(np.float32)
    colour = mix(light.palette.sky_low, light.palette.light, 0.6)
    paper.veil(colour, mask, 0.06, horizon * 0.92)
