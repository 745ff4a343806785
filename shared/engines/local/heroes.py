"""The living heroes: people, animals, a robot."""

from dataclasses import replace

from shared.engines.local.paper import mix
from shared.engines.local.puppet import Puppet

_ARMS = (
    ((0.1, 0.64), (0.17, 0.52), (0.14, 0.38)),
    ((0.1, 0.64), (0.22, 0.6), (0.3, 0.74)),
    ((0.1, 0.64), (0.2, 0.54), (0.31, 0.55)),
    ((0.1, 0.64), (0.19, 0.55), (0.1, 0.48)),
)
_LONG, _BUN, _CAP = 1, 2, 3  # cuts of hair; any other is short
_STRIDES = ((0.06, -0.05), (0.12, -0.11), (0.08, -0.02), (0.04, -0.09))


def person(puppet: Puppet) -> None:
    _body(puppet)
    _head(puppet, 0.845, 0.108)


def child(puppet: Puppet) -> None:
    _body(puppet)
    _head(puppet, 0.865, 0.142)


def elder(puppet: Puppet) -> None:
    """A cap, a white beard and a stick."""
    wear = puppet.wear
    puppet.limb([(0.27, 0.0), (0.25, 0.52)], mix(wear.dark, wear.hair, 0.5), 0.024)
    _body(puppet)
    white = mix(wear.light, wear.dark, 0.1)
    puppet.oval(-0.05, 0.84, 0.085, 0.1, white)
    aged = replace(wear, hair=white, cut=_CAP, skin=mix(wear.skin, (150, 84, 60), 0.25))
    _head(replace(puppet, wear=aged), 0.845, 0.108, bald=True)
    beard = [(-0.06, 0.85), (-0.02, 0.815), (0.05, 0.8), (0.11, 0.815), (0.13, 0.74), (0.06, 0.62)]
    puppet.shape([*beard, (-0.03, 0.68)], white, 2)


def _body(puppet: Puppet) -> None:
    """Boots, a coat, and the scarf by which one knows the hero from afar."""
    wear = puppet.wear
    puppet.shadow(0.26)
    cloth = mix(wear.dark, wear.second, 0.34)
    front, back = _STRIDES[puppet.pose % len(_STRIDES)]
    behind = mix(wear.second, wear.dark, 0.34)
    puppet.limb([(-0.1, 0.64), (-0.17, 0.5), (-0.13, 0.38)], behind, 0.07)
    for foot in (back, front):
        puppet.limb([(foot * 0.5, 0.32), (foot, 0.05)], cloth, 0.075)
        puppet.oval(foot + 0.025, 0.025, 0.07, 0.032, wear.dark)
    coat = [(-0.1, 0.74), (0.1, 0.74), (0.15, 0.64), (0.17, 0.45), (0.23, 0.26), (0.1, 0.24)]
    coat += [(-0.1, 0.24), (-0.23, 0.26), (-0.17, 0.45), (-0.15, 0.64)]
    puppet.shape(coat, wear.second, 2)
    puppet.mark([(0.02, 0.68), (0.045, 0.3)], mix(wear.second, wear.dark, 0.35), 0.01)
    for y in (0.58, 0.48, 0.38):
        puppet.dot(0.055, y, 0.011, wear.dark)
    tail = [(-0.05, 0.72), (-0.2, 0.7), (-0.33, 0.62), (-0.3, 0.56), (-0.18, 0.62), (-0.05, 0.66)]
    puppet.shape(tail, wear.main, 2)
    puppet.oval(0.005, 0.715, 0.115, 0.042, wear.main)
    puppet.limb(_ARMS[puppet.pose % len(_ARMS)], mix(wear.second, wear.dark, 0.16), 0.07)
    puppet.dot(*_ARMS[puppet.pose % len(_ARMS)][-1], 0.036, wear.skin)


def _head(puppet: Puppet, y: float, radius: float, bald: bool = False) -> None:
    wear, hair = puppet.wear, puppet.wear.hair
    if wear.cut == _LONG:
        long = [(-1.05, 0.5), (0.3, 0.9), (0.2, -0.4), (-0.3, -1.6), (-1.3, -1.5)]
        puppet.shape([(x * radius, y + v * radius) for x, v in long], hair, 2)
    puppet.disc(0, y, radius, wear.skin)
    fringe = [(-1.1, -0.5), (-1.15, 0.5), (-0.5, 1.2), (0.5, 1.2), (1.12, 0.55), (0.5, 0.42)]
    fringe += [(0.1, 0.62), (-0.5, 0.2), (-0.62, -0.5)]
    if not bald:
        puppet.shape([(x * radius, y + v * radius) for x, v in fringe], hair, 2)
    if wear.cut == _BUN:
        puppet.disc(-0.5 * radius, y + 1.22 * radius, radius * 0.42, hair)
    if wear.cut == _CAP:
        hat = [(-1.25, 0.42), (-1.0, 1.25), (0.75, 1.3), (1.05, 0.5)]
        puppet.shape([(x * radius, y + v * radius) for x, v in hat], wear.main, 1)
        brim = [(-1.2 * radius, y + 0.5 * radius), (1.2 * radius, y + 0.5 * radius)]
        puppet.limb(brim, mix(wear.main, wear.dark, 0.3), radius * 0.24)
    for x in (0.22, 0.72):
        puppet.dot(x * radius, y - 0.02 * radius, radius * 0.105, wear.dark)
    puppet.dot(0.12 * radius, y - 0.34 * radius, radius * 0.15, mix(wear.skin, wear.main, 0.3))
    smile = [(0.3, -0.42), (0.48, -0.5), (0.66, -0.42)]
    red = mix(wear.skin, wear.dark, 0.6)
    puppet.mark([(x * radius, y + v * radius) for x, v in smile], red, radius * 0.1)


# ── animals: one sitting body, told apart by ears, tail and snout ──────────────────────────────


def cat(puppet: Puppet) -> None:
    tail = [(-0.2, 0.06), (-0.42, 0.1), (-0.5, 0.3), (-0.4, 0.44)]
    puppet.limb(tail, puppet.wear.main, 0.065)
    _sitting(puppet)
    _muzzle(puppet, ears="pointed", snout=0.1)
    for side in (-1, 1):
        for lean in (-0.02, 0.03):
            whisker = [(0.1 + side * 0.07, 0.68), (0.1 + side * 0.24, 0.68 + lean)]
            puppet.mark(whisker, puppet.wear.light, 0.006)


def dog(puppet: Puppet) -> None:
    puppet.limb([(-0.2, 0.12), (-0.34, 0.22), (-0.4, 0.38)], puppet.wear.main, 0.06)
    _sitting(puppet)
    _muzzle(puppet, ears="hanging", snout=0.14)


def fox(puppet: Puppet) -> None:
    brush = [(-0.16, 0.06), (-0.42, 0.02), (-0.62, 0.16), (-0.6, 0.36), (-0.46, 0.32), (-0.28, 0.2)]
    puppet.shape(brush, puppet.wear.main, 2)
    tip = [(-0.64, 0.2), (-0.62, 0.4), (-0.52, 0.36), (-0.54, 0.22)]
    puppet.shape(tip, puppet.wear.light, 2)
    _sitting(puppet)
    _muzzle(puppet, ears="tall", snout=0.12)


def bear(puppet: Puppet) -> None:
    _sitting(puppet, stout=1.35)
    _muzzle(puppet, ears="round", snout=0.12)


def rabbit(puppet: Puppet) -> None:
    puppet.disc(-0.24, 0.12, 0.08, puppet.wear.light)
    _sitting(puppet)
    _muzzle(puppet, ears="long", snout=0.09)


def _sitting(puppet: Puppet, stout: float = 1.0) -> None:
    """A pear of fur, seen from the front, with a collar in the second colour."""
    wear = puppet.wear
    puppet.shadow(0.34)
    fur = wear.main
    back = [(-0.1, 0.56), (0.2, 0.56), (0.27, 0.3), (0.26, 0.02), (-0.28, 0.02), (-0.32, 0.2)]
    puppet.shape([(x * stout, y) for x, y in back], fur, 2)
    puppet.oval(0.09, 0.27, 0.1 * stout, 0.19, mix(fur, wear.light, 0.75))
    shade = mix(fur, wear.dark, 0.18)
    for x in (0.02, 0.16):
        puppet.limb([(x, 0.24), (x, 0.05)], shade, 0.075)
        puppet.oval(x + 0.015, 0.03, 0.06, 0.034, mix(fur, wear.light, 0.7))
    puppet.oval(-0.19 * stout, 0.05, 0.11, 0.05, shade)


def _muzzle(puppet: Puppet, ears: str, snout: float) -> None:
    wear = puppet.wear
    fur, middle, level = wear.main, 0.1, 0.72
    pale = mix(fur, wear.light, 0.8)
    _ears(puppet, ears, middle, level)
    puppet.oval(middle, level, 0.205, 0.18, fur)
    puppet.oval(middle + 0.02, level - 0.07, snout, snout * 0.72, pale)
    puppet.oval(middle, 0.545, 0.135, 0.03, wear.second)
    for side in (-1, 1):
        puppet.dot(middle + side * 0.085, level + 0.03, 0.03, wear.dark)
        puppet.dot(middle + side * 0.085 + 0.01, level + 0.042, 0.01, wear.light)
    nose = [
        (middle - 0.015, level - 0.03),
        (middle + 0.055, level - 0.03),
        (middle + 0.02, level - 0.07),
    ]
    puppet.shape(nose, wear.dark, 2)
    lips = ((-0.04, -0.085), (-0.015, -0.105), (0.02, -0.085), (0.055, -0.105), (0.08, -0.085))
    mouth = [(middle + x, level + y) for x, y in lips]
    puppet.mark(mouth, wear.dark, 0.011)


def _ears(puppet: Puppet, kind: str, middle: float, level: float) -> None:
    wear = puppet.wear
    fur, inner = wear.main, mix(wear.main, wear.dark, 0.42)
    for side in (-1, 1):
        x = middle + side * 0.13
        if kind in ("pointed", "tall"):
            high = 0.27 if kind == "pointed" else 0.35
            for size, colour in ((1.0, fur), (0.55, inner)):
                wide = 0.075 * size
                tip = (x + side * 0.06, level + high * (0.72 + 0.28 * size))
                puppet.shape([(x - wide, level + 0.1), tip, (x + wide, level + 0.07)], colour)
        elif kind == "round":
            puppet.disc(x, level + 0.15, 0.075, fur)
            puppet.disc(x, level + 0.15, 0.04, inner)
        elif kind == "long":
            puppet.oval(x - side * 0.05, level + 0.32, 0.052, 0.19, fur)
            puppet.oval(x - side * 0.05, level + 0.31, 0.025, 0.14, inner)
        else:
            flap = [
                (x, level + 0.14),
                (x + side * 0.12, level + 0.08),
                (x + side * 0.13, level - 0.14),
            ]
            puppet.shape([*flap, (x + side * 0.05, level - 0.1)], inner, 2)


def bird(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.2)
    for x in (-0.03, 0.08):
        puppet.limb([(x, 0.24), (x, 0.02), (x + 0.06, 0.01)], wear.dark, 0.022)
    puppet.shape(
        [(-0.24, 0.42), (-0.56, 0.3), (-0.58, 0.42), (-0.3, 0.56)], mix(wear.main, wear.dark, 0.3)
    )
    puppet.oval(0, 0.46, 0.32, 0.26, wear.main)
    puppet.oval(0.1, 0.38, 0.2, 0.16, mix(wear.main, wear.light, 0.75))
    puppet.disc(0.2, 0.72, 0.18, wear.main)
    raised = 0.3 if puppet.pose % 2 else 0.0
    wing = [(0.04, 0.6), (-0.16, 0.56 + raised), (-0.46, 0.36 + 1.6 * raised), (-0.06, 0.32)]
    puppet.shape(wing, mix(wear.second, wear.main, 0.25), 2)
    puppet.shape([(0.35, 0.76), (0.52, 0.7), (0.35, 0.66)], mix(wear.second, wear.main, 0.4))
    puppet.dot(0.26, 0.76, 0.034, wear.light)
    puppet.dot(0.27, 0.76, 0.02, wear.dark)


def whale(puppet: Puppet) -> None:
    wear = puppet.wear
    body = [(0.62, 0.42), (0.58, 0.66), (0.2, 0.78), (-0.3, 0.62), (-0.66, 0.5), (-0.62, 0.4)]
    body += [(-0.2, 0.24), (0.3, 0.18), (0.56, 0.26)]
    fluke = [(-0.58, 0.44), (-0.86, 0.62), (-0.82, 0.76), (-0.66, 0.6), (-0.62, 0.8), (-0.5, 0.52)]
    puppet.shape(fluke, mix(wear.main, wear.dark, 0.25), 1)
    puppet.shape(body, wear.main, 3)
    belly = [(0.58, 0.38), (0.3, 0.36), (-0.2, 0.34), (0.1, 0.23), (0.34, 0.2), (0.54, 0.28)]
    puppet.shape(belly, mix(wear.light, wear.main, 0.15), 2)
    puppet.shape(
        [(0.14, 0.32), (-0.04, 0.06), (0.02, 0.04), (0.28, 0.3)], mix(wear.main, wear.dark, 0.3), 1
    )
    puppet.dot(0.44, 0.5, 0.034, wear.light)
    puppet.dot(0.45, 0.5, 0.022, wear.dark)
    for lean in (-0.14, 0.0, 0.14):
        puppet.mark(
            [(0.22, 0.78), (0.22 + lean * 0.6, 0.94), (0.22 + lean * 1.6, 0.97)], wear.light, 0.02
        )


def robot(puppet: Puppet) -> None:
    wear = puppet.wear
    puppet.shadow(0.28)
    metal = mix(wear.second, wear.dark, 0.08)
    joint = mix(wear.dark, wear.second, 0.3)
    for x in (-0.1, 0.1):
        puppet.limb([(x, 0.3), (x, 0.06)], joint, 0.07)
        puppet.shape(
            [(x - 0.08, 0), (x + 0.1, 0), (x + 0.08, 0.08), (x - 0.07, 0.08)], wear.main, 1
        )
    for side in (-1, 1):
        lift = 0.28 if side > 0 and puppet.pose % 2 else 0.0
        hand = (side * 0.32, 0.34 + 1.3 * lift)
        puppet.limb([(side * 0.2, 0.56), (side * 0.3, 0.46 + 0.4 * lift), hand], joint, 0.055)
        puppet.disc(*hand, 0.05, wear.main)
    torso = [(-0.2, 0.62), (0.2, 0.62), (0.22, 0.3), (-0.22, 0.3)]
    puppet.shape(torso, metal, 1)
    puppet.disc(0.0, 0.46, 0.065, wear.main)
    puppet.dot(0.0, 0.46, 0.034, wear.light)
    puppet.limb([(0, 0.6), (0, 0.68)], joint, 0.06)
    head = [(-0.23, 0.94), (0.23, 0.94), (0.25, 0.67), (-0.25, 0.67)]
    puppet.shape(head, metal, 1)
    puppet.shape([(-0.17, 0.88), (0.19, 0.88), (0.19, 0.73), (-0.17, 0.73)], wear.dark, 1)
    for x in (-0.07, 0.1):
        puppet.paper.glow(*puppet.at(x, 0.805), 0.09 * puppet.size, wear.main, 0.8)
        puppet.dot(x, 0.805, 0.036, wear.light)
    puppet.limb([(0, 0.93), (0.02, 1.05)], joint, 0.018)
    puppet.disc(0.02, 1.06, 0.035, wear.main)
