"""Draws what lessons and ads are about: a bee, a bicycle, a lamp, coins, a heart, a tree, a house;
and all that `sketches.toml` lists as shapes.

Numbers are in heights of the thing, from its foot at y = 0 up to about y = 1. What is drawn later
covers what was drawn before.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from shared.engines.local.figure import Figure, Look
from shared.engines.local.paper import mix
from shared.engines.local.sketches import Shape, Sketch
from shared.engines.local.styles import Colour
from shared.story.looks import read_colour

# Real in any palette: in the video's own colours nobody would know them.
_GREEN, _RED, _GOLD, _YELLOW = (70, 150, 90), (206, 48, 62), (226, 176, 66), (244, 190, 52)


def draw_bee(figure: Figure) -> None:
    look = figure.look
    raised = 0.06 if figure.pose % 2 else 0.0
    pale = mix(look.light, look.second, 0.25)
    for lean in (-0.22, 0.06):
        wing = [
            (0.0, 0.6),
            (lean - 0.16, 0.86 + raised),
            (lean, 1.04 + raised),
            (lean + 0.16, 0.84),
        ]
        figure.shape(wing, pale, 3)
    # No shadow under it: it flies.
    figure.shape([(-0.42, 0.46), (-0.6, 0.42), (-0.42, 0.38)], look.dark)
    figure.oval(-0.06, 0.45, 0.4, 0.25, _YELLOW)
    for x, half in ((-0.28, 0.19), (-0.08, 0.245), (0.12, 0.22)):
        stripe = [(x - 0.05, 0.45 - half), (x + 0.05, 0.45 - half)]
        figure.shape([*stripe, (x + 0.06, 0.45 + half), (x - 0.04, 0.45 + half)], look.dark, 1)
    figure.disc(0.36, 0.5, 0.17, mix(_YELLOW, look.dark, 0.12))
    for lean in (0.0, 0.12):
        figure.mark([(0.4, 0.64), (0.46 + lean, 0.8)], look.dark, 0.02)
        figure.dot(0.46 + lean, 0.8, 0.025, look.dark)
    figure.dot(0.42, 0.53, 0.045, look.light)
    figure.dot(0.435, 0.53, 0.028, look.dark)
    figure.mark([(0.38, 0.42), (0.44, 0.4), (0.49, 0.43)], look.dark, 0.016)


def draw_bicycle(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.8)
    turns = np.linspace(0, 2 * np.pi, 48)
    for x in (-0.48, 0.48):
        rim = [(x + 0.29 * float(np.cos(a)), 0.3 + 0.29 * float(np.sin(a))) for a in turns]
        figure.mark(rim, look.dark, 0.035)
        for a in np.arange(6) * np.pi / 6 + figure.pose:
            dx, dy = 0.27 * float(np.cos(a)), 0.27 * float(np.sin(a))
            figure.mark(
                [(x - dx, 0.3 - dy), (x + dx, 0.3 + dy)], mix(look.light, look.dark, 0.3), 0.006
            )
        figure.dot(x, 0.3, 0.035, look.light)
    crank, seat, head = (-0.06, 0.3), (-0.2, 0.72), (0.36, 0.74)
    for path in (
        [(-0.48, 0.3), crank, head, (0.48, 0.3)],
        [(-0.48, 0.3), seat, head],
        [crank, seat],
    ):
        figure.limb(path, look.main, 0.045)
    figure.limb([seat, (-0.22, 0.82)], look.dark, 0.03)
    figure.limb([(-0.33, 0.84), (-0.1, 0.83)], look.dark, 0.06)
    figure.limb([head, (0.33, 0.9), (0.46, 0.94)], look.dark, 0.035)
    figure.disc(*crank, 0.07, mix(look.light, look.dark, 0.25))


def draw_lamp(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.34)
    figure.paper.glow(*figure.at(0, 0.72), 1.1 * figure.size, look.light, 0.75)
    figure.oval(0, 0.05, 0.24, 0.06, mix(look.second, look.dark, 0.4))
    figure.limb([(0, 0.07), (0, 0.52)], mix(look.second, look.dark, 0.3), 0.05)
    shade = [(-0.17, 0.96), (0.17, 0.96), (0.36, 0.52), (-0.36, 0.52)]
    figure.shape(shade, look.main)
    figure.shape(
        [(-0.08, 0.96), (0.08, 0.96), (0.16, 0.52), (-0.16, 0.52)], mix(look.main, look.light, 0.5)
    )
    figure.oval(0, 0.52, 0.35, 0.045, mix(look.light, (255, 244, 200), 0.6))


def draw_coins(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.62)
    edge = mix(_GOLD, look.dark, 0.4)
    for x, count in ((-0.4, 3), (0.0, 6), (0.4, 4 + figure.pose % 2)):
        for level in range(count):
            y = 0.06 + 0.085 * level
            figure.oval(x, y, 0.19, 0.065, edge)
            figure.oval(
                x, y + 0.035, 0.19, 0.06, _GOLD if level % 2 else mix(_GOLD, look.light, 0.2)
            )
        figure.oval(x, 0.095 + 0.085 * (count - 1), 0.12, 0.035, mix(_GOLD, look.light, 0.5))
    figure.disc(0.04, 0.82, 0.17, edge)
    figure.disc(0.02, 0.83, 0.16, _GOLD)
    figure.disc(0.02, 0.83, 0.11, mix(_GOLD, look.light, 0.35))


def draw_heart(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.3)
    figure.paper.glow(*figure.at(0, 0.55), 0.7 * figure.size, _RED, 0.4)
    a = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    # The beat of a heart: a little larger in every other picture.
    size = 0.029 if figure.pose % 2 else 0.027
    xs = 16 * np.sin(a) ** 3
    ys = 13 * np.cos(a) - 5 * np.cos(2 * a) - 2 * np.cos(3 * a) - np.cos(4 * a)
    outline = [(float(x) * size, 0.52 + float(y) * size) for x, y in zip(xs, ys, strict=True)]
    figure.shape(outline, mix(_RED, look.main, 0.15))
    inner = [(x * 0.62 - 0.06, 0.52 + (y - 0.52) * 0.62 + 0.05) for x, y in outline]
    figure.shape(inner, mix(_RED, look.light, 0.16))
    figure.mark([(-0.3, 0.72), (-0.22, 0.82), (-0.1, 0.84)], mix(_RED, look.light, 0.7), 0.04)


def draw_tree(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.4)
    bark = mix((104, 70, 46), look.dark, 0.25)
    figure.shape([(-0.09, 0.0), (0.09, 0.0), (0.05, 0.5), (-0.05, 0.5)], bark)
    for reach in (-0.2, 0.2):
        figure.limb([(0, 0.4), (reach, 0.62)], bark, 0.04)
    green = mix(_GREEN, look.second, 0.15)
    for x, y, size in (
        (-0.24, 0.64, 0.22),
        (0.24, 0.64, 0.22),
        (0.0, 0.6, 0.24),
        (0.0, 0.84, 0.24),
    ):
        figure.disc(x, y, size, mix(green, look.dark, 0.2))
    for x, y, size in ((-0.2, 0.7, 0.17), (0.18, 0.72, 0.16), (-0.02, 0.9, 0.17)):
        figure.disc(x, y, size, mix(green, look.light, 0.12))
    for x, y in ((-0.26, 0.6), (0.1, 0.66), (0.25, 0.74), (-0.06, 0.84), (0.08, 0.96)):
        figure.dot(x, y, 0.028, look.main)


def draw_house(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.6)
    wall = mix(look.light, look.second, 0.25)
    figure.shape([(0.2, 0.62), (0.34, 0.62), (0.34, 0.95), (0.2, 0.95)], mix(wall, look.dark, 0.4))
    figure.shape([(-0.46, 0.0), (0.46, 0.0), (0.46, 0.52), (-0.46, 0.52)], wall)
    figure.shape([(-0.58, 0.5), (0.58, 0.5), (0.0, 0.98)], look.main)
    figure.shape(
        [(-0.09, 0.0), (0.11, 0.0), (0.11, 0.34), (-0.09, 0.34)], mix(look.main, look.dark, 0.5)
    )
    figure.dot(0.07, 0.17, 0.016, look.light)
    for x in (-0.29, 0.29):
        figure.paper.glow(*figure.at(x, 0.32), 0.22 * figure.size, (255, 226, 150), 0.6)
        pane = [(x - 0.09, 0.23), (x + 0.09, 0.23), (x + 0.09, 0.41), (x - 0.09, 0.41)]
        figure.shape(pane, (255, 226, 150))
        figure.mark([(x, 0.23), (x, 0.41)], wall, 0.016)
        figure.mark([(x - 0.09, 0.32), (x + 0.09, 0.32)], wall, 0.016)


# ── drawings from shapes ────────────────────────────────────────────────────────────────────────


def draw_sketch(sketch: Sketch, figure: Figure) -> None:
    """Draw all shapes of a sketch, the last one over all others."""
    for shape in sketch.shapes:
        _KINDS[shape.kind](figure, shape)


def _find_colour(look: Look, words: Sequence[str]) -> Colour:
    """Return a colour of the hero's, or a real one, with some of another in it."""
    first, *more = words
    if more:
        other, share = more
        return mix(_find_colour(look, [first]), _find_colour(look, [other]), float(share))
    own: Colour | None = getattr(look, first, None)
    return own or read_colour(first)


def _draw_shadow(figure: Figure, shape: Shape) -> None:
    figure.shadow(shape.numbers[0])


def _draw_oval(figure: Figure, shape: Shape) -> None:
    x, y, wide, high = shape.numbers
    figure.oval(x, y, wide, high, _find_colour(figure.look, shape.colour))


def _draw_disc(figure: Figure, shape: Shape) -> None:
    x, y, radius = shape.numbers
    figure.disc(x, y, radius, _find_colour(figure.look, shape.colour))


def _draw_ring(figure: Figure, shape: Shape) -> None:
    x, y, radius, thick = shape.numbers
    turns = np.linspace(0, 2 * np.pi, 48)
    around = [(x + radius * float(np.cos(a)), y + radius * float(np.sin(a))) for a in turns]
    figure.limb(around, _find_colour(figure.look, shape.colour), thick)


def _draw_glow(figure: Figure, shape: Shape) -> None:
    x, y, radius, strength = shape.numbers
    colour = _find_colour(figure.look, shape.colour)
    figure.paper.glow(*figure.at(x, y), radius * figure.size, colour, strength)


def _draw_area(figure: Figure, shape: Shape) -> None:
    smooth = 2 if shape.kind == "soft" else 0
    figure.shape(shape.points, _find_colour(figure.look, shape.colour), smooth)


def _draw_line(figure: Figure, shape: Shape) -> None:
    draw = figure.mark if shape.kind == "mark" else figure.limb
    draw(shape.points, _find_colour(figure.look, shape.colour), shape.numbers[0])


_KINDS: Mapping[str, Callable[[Figure, Shape], None]] = {
    "shadow": _draw_shadow,
    "oval": _draw_oval,
    "disc": _draw_disc,
    "ring": _draw_ring,
    "glow": _draw_glow,
    "area": _draw_area,
    "soft": _draw_area,
    "line": _draw_line,
    "mark": _draw_line,
}
