"""A hero's own coordinates and colours: the same in every beat of a video.

A figure is drawn in units of its height, wherever it stands and however large it is, so that the
drawings in heroes.py and things.py need not know the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.engines.local.paper import Paper, Point, mix, round_corners
from shared.engines.local.styles import Colour, Palette

_SKINS: tuple[Colour, ...] = ((246, 208, 178), (222, 170, 132), (168, 116, 82), (112, 74, 54))
_COATS: tuple[Colour, ...] = (
    (178, 62, 58), (58, 104, 168), (84, 132, 84), (206, 158, 62), (126, 84, 146), (226, 214, 194),
)  # fmt: skip
_HAIRS: tuple[Colour, ...] = ((44, 30, 26), (96, 58, 34), (178, 112, 52), (214, 176, 104))


@dataclass(frozen=True)
class Look:
    """A hero's colours, hair and outline, chosen once for each video."""

    main: Colour
    second: Colour
    dark: Colour
    light: Colour
    skin: Colour
    hair: Colour
    cut: int
    outline: Colour | None


def choose_look(
    palette: Palette, seed: int, outlined: bool, colourless: bool, named: bool = False
) -> Look:
    """Return the hero's look, from the palette of the video; one who has a name has a coat."""
    # Not from the light of a beat: a hero that turned blue at night would seem to be another one.
    rng = np.random.default_rng([seed, 77])
    skin = _SKINS[rng.integers(len(_SKINS))]
    hair = _HAIRS[rng.integers(len(_HAIRS))]
    second = mix(palette.light, palette.far, float(rng.uniform(0.15, 0.5)))
    if named:  # several people in one film: small as they are, their coats tell them apart
        coat = _COATS[seed // 7 % len(_COATS)]
        second = mix(second, _grey(coat) if colourless else coat, 0.75)
    return Look(
        main=palette.accent,
        second=second,
        dark=mix(palette.near, palette.ink, 0.8),
        light=mix(palette.light, (255, 255, 255), 0.35),
        skin=_grey(skin) if colourless else skin,
        hair=_grey(hair) if colourless else hair,
        cut=int(rng.integers(4)),
        outline=palette.ink if outlined else None,
    )


def _grey(colour: Colour) -> Colour:
    level = round(sum(colour) / 3)
    return level, level, level


@dataclass(frozen=True)
class Figure:
    """Draws in units of the hero's height: feet at (0, 0), y upwards, looking along x."""

    paper: Paper
    foot: Point
    size: float
    facing: int
    look: Look
    pose: int

    def at(self, x: float, y: float) -> Point:
        """Return the place on the paper of a point of the figure."""
        right = self.paper.across(self.size * x * self.facing)
        return self.foot[0] + right, self.foot[1] - self.paper.up(self.size * y)

    def shape(self, points: Sequence[Point], colour: Colour, smooth: int = 0) -> None:
        """Draw a filled outline, with its corners rounded so many times."""
        outline = [self.at(x, y) for x, y in (round_corners(points, smooth) if smooth else points)]
        self.paper.shape(outline, colour)
        if self.look.outline is not None:
            self.paper.line(outline, self.look.outline, 0.011 * self.size, closed=True)

    def oval(self, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        turns = np.linspace(0, 2 * np.pi, 56, endpoint=False)
        self.shape([(x + wide * np.cos(a), y + high * np.sin(a)) for a in turns], colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self.oval(x, y, radius, radius, colour)

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Draw a disc that never has an outline: an eye, a button, a shine."""
        self.paper.disc(*self.at(x, y), radius * self.size, colour)

    def limb(self, points: Sequence[Point], colour: Colour, thick: float) -> None:
        """Draw a thick line with round ends."""
        path = [self.at(x, y) for x, y in points]
        # The outline is the same line, wider, and drawn first.
        if self.look.outline is not None:
            self._stroke(path, self.look.outline, thick + 0.022)
        self._stroke(path, colour, thick)

    def _stroke(self, path: Sequence[Point], colour: Colour, thick: float) -> None:
        self.paper.line(path, colour, thick * self.size)
        for x, y in path:
            self.paper.disc(x, y, thick * self.size / 2, colour)

    def mark(self, points: Sequence[Point], colour: Colour, thick: float) -> None:
        """Draw a thin line without an outline: a mouth, a seam."""
        self.paper.line([self.at(x, y) for x, y in points], colour, thick * self.size)

    def shadow(self, wide: float) -> None:
        """Darken the ground under the figure."""
        turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        spread = [self.at(wide * np.cos(a), 0.012 + wide * 0.16 * np.sin(a)) for a in turns]
        self.paper.translucent(spread, self.look.dark, 0.35)
