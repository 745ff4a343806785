"""The hour of a beat: one palette, lit differently as a story goes on. And the sky it makes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from shared.engines.local.paper import Mask, Paper, Point, mix, wavy
from shared.engines.local.styles import Palette

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
_TOWARDS_LIGHT: Mapping[Hour, float] = {"day": 0.1, "golden": 0.34, "mist": 0.22, "dawn": 0.2}


@dataclass(frozen=True)
class Light:
    """What a scene is painted with."""

    palette: Palette
    hour: Hour
    chance: np.random.Generator
    sun: tuple[float, float]
    textured: bool

    @property
    def night(self) -> bool:
        return self.hour == "night"


@dataclass(frozen=True)
class Spot:
    """Where the hero is: the middle of the feet, and a factor for its size."""

    x: float
    y: float
    scale: float = 1.0
    lift: float = 0.0
    """How much higher whoever swims or flies is."""


def light_at(palette: Palette, hour: Hour, chance: np.random.Generator, textured: bool) -> Light:
    """The palette as it looks at this hour."""
    high, low, land = _DARKNESS[hour]
    warm = _TOWARDS_LIGHT.get(hour, 0.0)
    ink, haze = palette.ink, 0.45 if hour == "mist" else 0.0
    lit = replace(
        palette,
        sky_top=mix(mix(palette.sky_top, palette.light, warm / 3), ink, high),
        sky_low=mix(mix(palette.sky_low, palette.light, warm), ink, low),
        far=mix(mix(palette.far, palette.sky_low, haze), ink, land),
        mid=mix(mix(palette.mid, palette.sky_low, haze / 2), ink, land),
        near=mix(palette.near, ink, land),
    )
    sun = (float(chance.uniform(0.2, 0.8)), float(chance.uniform(0.16, 0.34)))
    return Light(lit, hour, chance, sun, textured)


def paint_sky(paper: Paper, light: Light, horizon: float = 0.6) -> None:
    """Everything above the horizon."""
    palette = light.palette
    paper.gradient(palette.sky_top, palette.sky_low, 0.0, horizon)
    paper.box(-0.1, horizon, 1.1, 1.1, palette.sky_low)
    if light.night:
        _stars(paper, light, horizon)
    _sun(paper, light)
    (_streaks if light.textured else _cumulus)(paper, light, horizon)


def _stars(paper: Paper, light: Light, horizon: float) -> None:
    for x, y, size in light.chance.uniform(0, 1, (110, 3)):
        radius = 0.0012 + 0.0022 * size**3
        paper.disc(x, y * horizon, radius, mix(light.palette.light, (255, 255, 255), 0.5))


def _sun(paper: Paper, light: Light) -> None:
    x, y = light.sun
    colour = light.palette.light
    room = 1.15 - sum(light.palette.sky_low) / 765  # a bright sky can't take much more light
    paper.glow(x, y, 0.75, colour, 0.14 if light.night else 0.5 * room)
    paper.glow(x, y, 0.26, colour, 0.3 * room)
    bright = mix(colour, (255, 255, 255), 0.35)
    if light.night:
        paper.shape(_crescent(paper, x, y, 0.07), bright)
    else:
        paper.disc(x, y, 0.095, bright)


def _crescent(paper: Paper, x: float, y: float, radius: float) -> list[Point]:
    outer = np.linspace(0.5 * np.pi, 1.5 * np.pi, 40)
    bulge = np.array([np.cos(outer), np.sin(outer)]) * radius
    hollow = np.array([np.cos(outer) * 0.45, np.sin(outer)])[:, ::-1] * radius
    rim = np.concatenate((bulge, hollow), axis=1).T
    return [(float(x + paper.across(dx)), float(y + paper.up(dy))) for dx, dy in rim]


def _cumulus(paper: Paper, light: Light, horizon: float) -> None:
    """Heaps of discs on a flat base."""
    white = mix(light.palette.sky_low, light.palette.light, 0.25 if light.night else 0.75)
    for _ in range(4):
        x, y = light.chance.uniform(0, 1), light.chance.uniform(0.08, 0.8) * horizon
        size = light.chance.uniform(0.05, 0.11)
        for step in np.linspace(-2, 2, 7):
            radius = size * (1 - 0.14 * step**2) * light.chance.uniform(0.7, 1)
            lift = paper.up(radius * 0.6)
            paper.oval(x + paper.across(size * step * 0.75), y - lift, radius, radius * 0.8, white)
        paper.oval(x, y, size * 2.3, size * 0.42, white)


def _streaks(paper: Paper, light: Light, horizon: float) -> None:
    """Long thin clouds as a soft veil."""
    rows = np.stack([wavy(light.chance, 48) for _ in range(14)])
    fade = np.sin(np.linspace(0, np.pi, 14))[:, None]
    mask: Mask = (np.clip(rows, 0, 1) * fade * 0.5).astype(np.float32)
    colour = mix(light.palette.sky_low, light.palette.light, 0.6)
    paper.veil(colour, mask, 0.06, horizon * 0.92)
