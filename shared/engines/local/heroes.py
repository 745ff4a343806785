"""Draws the living heroes: people, animals, a robot.

Numbers are in heights of the figure: feet at y = 0, the top of a person's head near y = 1. What is
drawn later covers what was drawn before, so each starts with the parts that are behind.
"""

from dataclasses import replace

from shared.engines.local.figure import Figure
from shared.engines.local.paper import mix

# Poses, one a beat: the same figure in every picture, but never twice in the same way in a row.
_ARMS = (
    ((0.1, 0.64), (0.17, 0.52), (0.14, 0.38)),
    ((0.1, 0.64), (0.22, 0.6), (0.3, 0.74)),
    ((0.1, 0.64), (0.2, 0.54), (0.31, 0.55)),
    ((0.1, 0.64), (0.19, 0.55), (0.1, 0.48)),
)
_LONG, _BUN, _CAP = 1, 2, 3  # cuts of hair; any other is short
_STRIDES = ((0.06, -0.05), (0.12, -0.11), (0.08, -0.02), (0.04, -0.09))


def draw_person(figure: Figure) -> None:
    _draw_body(figure)
    _draw_head(figure, 0.845, 0.108)


def draw_child(figure: Figure) -> None:
    _draw_body(figure)
    _draw_head(figure, 0.865, 0.142)


def draw_elder(figure: Figure) -> None:
    """Draw a person with a cap, a white beard and a stick."""
    look = figure.look
    figure.limb([(0.27, 0.0), (0.25, 0.52)], mix(look.dark, look.hair, 0.5), 0.024)
    _draw_body(figure)
    white = mix(look.light, look.dark, 0.1)
    # White hair at the back: the head covers the rest of it.
    figure.oval(-0.05, 0.84, 0.085, 0.1, white)
    aged = replace(look, hair=white, cut=_CAP, skin=mix(look.skin, (150, 84, 60), 0.25))
    _draw_head(replace(figure, look=aged), 0.845, 0.108, bald=True)
    beard = [(-0.06, 0.85), (-0.02, 0.815), (0.05, 0.8), (0.11, 0.815), (0.13, 0.74), (0.06, 0.62)]
    figure.shape([*beard, (-0.03, 0.68)], white, 2)


def draw_grandmother(figure: Figure) -> None:
    """Draw a person with a white bun and a stick."""
    look = figure.look
    figure.limb([(0.27, 0.0), (0.25, 0.52)], mix(look.dark, look.hair, 0.5), 0.024)
    _draw_body(figure)
    aged = replace(look, hair=mix(look.light, look.dark, 0.1), cut=_BUN)
    _draw_head(replace(figure, look=aged), 0.845, 0.108)


def _draw_body(figure: Figure) -> None:
    """Draw boots, a coat, and a scarf in the hero's colour, which is seen even when it is small."""
    look = figure.look
    figure.shadow(0.26)
    cloth = mix(look.dark, look.second, 0.34)
    front, back = _STRIDES[figure.pose % len(_STRIDES)]
    behind = mix(look.second, look.dark, 0.34)
    figure.limb([(-0.1, 0.64), (-0.17, 0.5), (-0.13, 0.38)], behind, 0.07)
    for foot in (back, front):
        figure.limb([(foot * 0.5, 0.32), (foot, 0.05)], cloth, 0.075)
        figure.oval(foot + 0.025, 0.025, 0.07, 0.032, look.dark)
    coat = [(-0.1, 0.74), (0.1, 0.74), (0.15, 0.64), (0.17, 0.45), (0.23, 0.26), (0.1, 0.24)]
    coat += [(-0.1, 0.24), (-0.23, 0.26), (-0.17, 0.45), (-0.15, 0.64)]
    figure.shape(coat, look.second, 2)
    figure.mark([(0.02, 0.68), (0.045, 0.3)], mix(look.second, look.dark, 0.35), 0.01)
    for y in (0.58, 0.48, 0.38):
        figure.dot(0.055, y, 0.011, look.dark)
    # The end of the scarf blows behind, so that one sees where the hero is going.
    tail = [(-0.05, 0.72), (-0.2, 0.7), (-0.33, 0.62), (-0.3, 0.56), (-0.18, 0.62), (-0.05, 0.66)]
    figure.shape(tail, look.main, 2)
    figure.oval(0.005, 0.715, 0.115, 0.042, look.main)
    figure.limb(_ARMS[figure.pose % len(_ARMS)], mix(look.second, look.dark, 0.16), 0.07)
    figure.dot(*_ARMS[figure.pose % len(_ARMS)][-1], 0.036, look.skin)


def _draw_head(figure: Figure, y: float, radius: float, bald: bool = False) -> None:
    look, hair = figure.look, figure.look.hair
    if look.cut == _LONG:
        long = [(-1.05, 0.5), (0.3, 0.9), (0.2, -0.4), (-0.3, -1.6), (-1.3, -1.5)]
        figure.shape([(x * radius, y + v * radius) for x, v in long], hair, 2)
    figure.disc(0, y, radius, look.skin)
    # Any cut of hair has this front, in the one colour of the hero.
    fringe = [(-1.1, -0.5), (-1.15, 0.5), (-0.5, 1.2), (0.5, 1.2), (1.12, 0.55), (0.5, 0.42)]
    fringe += [(0.1, 0.62), (-0.5, 0.2), (-0.62, -0.5)]
    if not bald:
        figure.shape([(x * radius, y + v * radius) for x, v in fringe], hair, 2)
    if look.cut == _BUN:
        figure.disc(-0.5 * radius, y + 1.22 * radius, radius * 0.42, hair)
    if look.cut == _CAP:
        hat = [(-1.25, 0.42), (-1.0, 1.25), (0.75, 1.3), (1.05, 0.5)]
        figure.shape([(x * radius, y + v * radius) for x, v in hat], look.main, 1)
        brim = [(-1.2 * radius, y + 0.5 * radius), (1.2 * radius, y + 0.5 * radius)]
        figure.limb(brim, mix(look.main, look.dark, 0.3), radius * 0.24)
    # Eyes and mouth lie ahead of the middle: the head is turned a little to the side.
    for x in (0.22, 0.72):
        figure.dot(x * radius, y - 0.02 * radius, radius * 0.105, look.dark)
    figure.dot(0.12 * radius, y - 0.34 * radius, radius * 0.15, mix(look.skin, look.main, 0.3))
    smile = [(0.3, -0.42), (0.48, -0.5), (0.66, -0.42)]
    red = mix(look.skin, look.dark, 0.6)
    figure.mark([(x * radius, y + v * radius) for x, v in smile], red, radius * 0.1)


# ── animals: one sitting body, told apart by ears, tail and snout ──────────────────────────────


def draw_cat(figure: Figure) -> None:
    tail = [(-0.2, 0.06), (-0.42, 0.1), (-0.5, 0.3), (-0.4, 0.44)]
    figure.limb(tail, figure.look.main, 0.065)
    _draw_sitting(figure)
    _draw_muzzle(figure, ears="pointed", snout=0.1)
    for side in (-1, 1):
        for lean in (-0.02, 0.03):
            whisker = [(0.1 + side * 0.07, 0.68), (0.1 + side * 0.24, 0.68 + lean)]
            figure.mark(whisker, figure.look.light, 0.006)


def draw_dog(figure: Figure) -> None:
    figure.limb([(-0.2, 0.12), (-0.34, 0.22), (-0.4, 0.38)], figure.look.main, 0.06)
    _draw_sitting(figure)
    _draw_muzzle(figure, ears="hanging", snout=0.14)


def draw_fox(figure: Figure) -> None:
    brush = [(-0.16, 0.06), (-0.42, 0.02), (-0.62, 0.16), (-0.6, 0.36), (-0.46, 0.32), (-0.28, 0.2)]
    figure.shape(brush, figure.look.main, 2)
    tip = [(-0.64, 0.2), (-0.62, 0.4), (-0.52, 0.36), (-0.54, 0.22)]
    figure.shape(tip, figure.look.light, 2)
    _draw_sitting(figure)
    _draw_muzzle(figure, ears="tall", snout=0.12)


def draw_bear(figure: Figure) -> None:
    _draw_sitting(figure, stout=1.35)
    _draw_muzzle(figure, ears="round", snout=0.12)


def draw_rabbit(figure: Figure) -> None:
    figure.disc(-0.24, 0.12, 0.08, figure.look.light)
    _draw_sitting(figure)
    _draw_muzzle(figure, ears="long", snout=0.09)


def _draw_sitting(figure: Figure, stout: float = 1.0) -> None:
    """Draw the body of a sitting animal, seen from the front."""
    look = figure.look
    figure.shadow(0.34)
    fur = look.main
    # Wide below and narrow above, as fur on a sitting animal.
    back = [(-0.1, 0.56), (0.2, 0.56), (0.27, 0.3), (0.26, 0.02), (-0.28, 0.02), (-0.32, 0.2)]
    figure.shape([(x * stout, y) for x, y in back], fur, 2)
    figure.oval(0.09, 0.27, 0.1 * stout, 0.19, mix(fur, look.light, 0.75))
    shade = mix(fur, look.dark, 0.18)
    for x in (0.02, 0.16):
        figure.limb([(x, 0.24), (x, 0.05)], shade, 0.075)
        figure.oval(x + 0.015, 0.03, 0.06, 0.034, mix(fur, look.light, 0.7))
    figure.oval(-0.19 * stout, 0.05, 0.11, 0.05, shade)


def _draw_muzzle(figure: Figure, ears: str, snout: float) -> None:
    look = figure.look
    fur, middle, level = look.main, 0.1, 0.72
    pale = mix(fur, look.light, 0.8)
    _draw_ears(figure, ears, middle, level)
    figure.oval(middle, level, 0.205, 0.18, fur)
    figure.oval(middle + 0.02, level - 0.07, snout, snout * 0.72, pale)
    figure.oval(middle, 0.545, 0.135, 0.03, look.second)
    for side in (-1, 1):
        figure.dot(middle + side * 0.085, level + 0.03, 0.03, look.dark)
        figure.dot(middle + side * 0.085 + 0.01, level + 0.042, 0.01, look.light)
    nose = [
        (middle - 0.015, level - 0.03),
        (middle + 0.055, level - 0.03),
        (middle + 0.02, level - 0.07),
    ]
    figure.shape(nose, look.dark, 2)
    lips = ((-0.04, -0.085), (-0.015, -0.105), (0.02, -0.085), (0.055, -0.105), (0.08, -0.085))
    mouth = [(middle + x, level + y) for x, y in lips]
    figure.mark(mouth, look.dark, 0.011)


def _draw_ears(figure: Figure, kind: str, middle: float, level: float) -> None:
    look = figure.look
    fur, inner = look.main, mix(look.main, look.dark, 0.42)
    for side in (-1, 1):
        x = middle + side * 0.13
        if kind in ("pointed", "tall"):
            high = 0.27 if kind == "pointed" else 0.35
            for size, colour in ((1.0, fur), (0.55, inner)):
                wide = 0.075 * size
                tip = (x + side * 0.06, level + high * (0.72 + 0.28 * size))
                figure.shape([(x - wide, level + 0.1), tip, (x + wide, level + 0.07)], colour)
        elif kind == "round":
            figure.disc(x, level + 0.15, 0.075, fur)
            figure.disc(x, level + 0.15, 0.04, inner)
        elif kind == "long":
            figure.oval(x - side * 0.05, level + 0.32, 0.052, 0.19, fur)
            figure.oval(x - side * 0.05, level + 0.31, 0.025, 0.14, inner)
        else:
            flap = [
                (x, level + 0.14),
                (x + side * 0.12, level + 0.08),
                (x + side * 0.13, level - 0.14),
            ]
            figure.shape([*flap, (x + side * 0.05, level - 0.1)], inner, 2)


def draw_bird(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.2)
    for x in (-0.03, 0.08):
        figure.limb([(x, 0.24), (x, 0.02), (x + 0.06, 0.01)], look.dark, 0.022)
    figure.shape(
        [(-0.24, 0.42), (-0.56, 0.3), (-0.58, 0.42), (-0.3, 0.56)], mix(look.main, look.dark, 0.3)
    )
    figure.oval(0, 0.46, 0.32, 0.26, look.main)
    figure.oval(0.1, 0.38, 0.2, 0.16, mix(look.main, look.light, 0.75))
    figure.disc(0.2, 0.72, 0.18, look.main)
    # A wing goes up in every other beat.
    raised = 0.3 if figure.pose % 2 else 0.0
    wing = [(0.04, 0.6), (-0.16, 0.56 + raised), (-0.46, 0.36 + 1.6 * raised), (-0.06, 0.32)]
    figure.shape(wing, mix(look.second, look.main, 0.25), 2)
    figure.shape([(0.35, 0.76), (0.52, 0.7), (0.35, 0.66)], mix(look.second, look.main, 0.4))
    figure.dot(0.26, 0.76, 0.034, look.light)
    figure.dot(0.27, 0.76, 0.02, look.dark)


def draw_whale(figure: Figure) -> None:
    look = figure.look
    body = [(0.62, 0.42), (0.58, 0.66), (0.2, 0.78), (-0.3, 0.62), (-0.66, 0.5), (-0.62, 0.4)]
    body += [(-0.2, 0.24), (0.3, 0.18), (0.56, 0.26)]
    # No shadow under it: it swims.
    fluke = [(-0.58, 0.44), (-0.86, 0.62), (-0.82, 0.76), (-0.66, 0.6), (-0.62, 0.8), (-0.5, 0.52)]
    figure.shape(fluke, mix(look.main, look.dark, 0.25), 1)
    figure.shape(body, look.main, 3)
    belly = [(0.58, 0.38), (0.3, 0.36), (-0.2, 0.34), (0.1, 0.23), (0.34, 0.2), (0.54, 0.28)]
    figure.shape(belly, mix(look.light, look.main, 0.15), 2)
    figure.shape(
        [(0.14, 0.32), (-0.04, 0.06), (0.02, 0.04), (0.28, 0.3)], mix(look.main, look.dark, 0.3), 1
    )
    figure.dot(0.44, 0.5, 0.034, look.light)
    figure.dot(0.45, 0.5, 0.022, look.dark)
    for lean in (-0.14, 0.0, 0.14):
        figure.mark(
            [(0.22, 0.78), (0.22 + lean * 0.6, 0.94), (0.22 + lean * 1.6, 0.97)], look.light, 0.02
        )


def draw_robot(figure: Figure) -> None:
    look = figure.look
    figure.shadow(0.28)
    metal = mix(look.second, look.dark, 0.08)
    joint = mix(look.dark, look.second, 0.3)
    for x in (-0.1, 0.1):
        figure.limb([(x, 0.3), (x, 0.06)], joint, 0.07)
        figure.shape(
            [(x - 0.08, 0), (x + 0.1, 0), (x + 0.08, 0.08), (x - 0.07, 0.08)], look.main, 1
        )
    for side in (-1, 1):
        lift = 0.28 if side > 0 and figure.pose % 2 else 0.0
        hand = (side * 0.32, 0.34 + 1.3 * lift)
        figure.limb([(side * 0.2, 0.56), (side * 0.3, 0.46 + 0.4 * lift), hand], joint, 0.055)
        figure.disc(*hand, 0.05, look.main)
    torso = [(-0.2, 0.62), (0.2, 0.62), (0.22, 0.3), (-0.22, 0.3)]
    figure.shape(torso, metal, 1)
    figure.disc(0.0, 0.46, 0.065, look.main)
    figure.dot(0.0, 0.46, 0.034, look.light)
    figure.limb([(0, 0.6), (0, 0.68)], joint, 0.06)
    head = [(-0.23, 0.94), (0.23, 0.94), (0.25, 0.67), (-0.25, 0.67)]
    figure.shape(head, metal, 1)
    figure.shape([(-0.17, 0.88), (0.19, 0.88), (0.19, 0.73), (-0.17, 0.73)], look.dark, 1)
    for x in (-0.07, 0.1):
        # Eyes that shine are all the face it has.
        figure.paper.glow(*figure.at(x, 0.805), 0.09 * figure.size, look.main, 0.8)
        figure.dot(x, 0.805, 0.036, look.light)
    figure.limb([(0, 0.93), (0.02, 1.05)], joint, 0.018)
    figure.disc(0.02, 1.06, 0.035, look.main)
