"""A hero's own coordinates, and what it wears: the same in every beat of a video."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.engines.local.paper import Paper, Point, mix, rounded
from shared.engines.local.styles import Colour, Palette

_SKINS: tuple[Colour, ...] = ((246, 208, 178), (222, 170, 132), (168, 116, 82), (112, 74, 54))
_HAIRS: tuple[Colour, ...] = ((44, 30, 26), (96, 58, 34), (178, 112, 52), (214, 176, 104))


@dataclass(frozen=True)
class Wardrobe:
    """A hero's colours and the choices that tell it from others; drawn once a video."""

    main: Colour
    second: Colour
    dark: Colour
    light: Colour
    skin: Colour
    hair: Colour
    cut: int
    outline: Colour | None


def wardrobe(palette: Palette, seed: int, outlined: bool, colourless: bool) -> Wardrobe:
    """From the video's palette, not from the beat's light: recognition comes first."""
    chance = np.random.default_rng([seed, 77])
    skin = _SKINS[chance.integers(len(_SKINS))]
    hair = _HAIRS[chance.integers(len(_HAIRS))]
    second = mix(palette.light, palette.far, float(chance.uniform(0.15, 0.5)))
    return Wardrobe(
        main=palette.accent,
        second=second,
        dark=mix(palette.near, palette.ink, 0.8),
        light=mix(palette.light, (255, 255, 255), 0.35),
        skin=_grey(skin) if colourless else skin,
        hair=_grey(hair) if colourless else hair,
        cut=int(chance.integers(4)),
        outline=palette.ink if outlined else None,
    )


def _grey(colour: Colour) -> Colour:
    level = round(sum(colour) / 3)
    return level, level, level


@dataclass(frozen=True)
class Puppet:
    """Draws in units of the hero's height: feet at (0, 0), y upwards, looking along x."""

    paper: Paper
    foot: Point
    size: float
    facing: int
    wear: Wardrobe
    pose: int

    def at(self, x: float, y: float) -> Point:
        right = self.paper.across(self.size * x * self.facing)
        return self.foot[0] + right, self.foot[1] - self.paper.up(self.size * y)

    def shape(self, points: Sequence[Point], colour: Colour, smooth: int = 0) -> None:
        outline = [self.at(x, y) for x, y in (rounded(points, smooth) if smooth else points)]
        self.paper.shape(outline, colour)
        if self.wear.outline is not None:
            self.paper.line(outline, self.wear.outline, 0.011 * self.size, closed=True)

    def oval(self, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        turns = np.linspace(0, 2 * np.pi, 56, endpoint=False)
        self.shape([(x + wide * np.cos(a), y + high * np.sin(a)) for a in turns], colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self.oval(x, y, radius, radius, colour)

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A disc that never has an outline: an eye, a button, a shine."""
        self.paper.disc(*self.at(x, y), radius * self.size, colour)

    def limb(self, points: Sequence[Point], colour: Colour, thick: float) -> None:
        """A line with round ends."""
        path = [self.at(x, y) for x, y in points]
        if self.wear.outline is not None:
            self._stroke(path, self.wear.outline, thick + 0.022)
        self._stroke(path, colour, thick)

    def _stroke(self, path: Sequence[Point], colour: Colour, thick: float) -> None:
        self.paper.line(path, colour, thick * self.size)
        for x, y in path:
            self.paper.disc(x, y, thick * self.size / 2, colour)

    def mark(self, points: Sequence[Point], colour: Colour, thick: float) -> None:
        """A thin line on top: a mouth, a seam."""
        self.paper.line([self.at(x, y) for x, y in points], colour, thick * self.size)

    def shadow(self, wide: float) -> None:
        """What stands on the ground darkens it."""
        turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        spread = [self.at(wide * np.cos(a), 0.012 + wide * 0.16 * np.sin(a)) for a in turns]
        self.paper.translucent(spread, self.wear.dark, 0.35)
