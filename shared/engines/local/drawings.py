"""Draws the things whose drawing is data: each part of them stands in `drawings.toml`."""

import tomllib
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

from shared.engines.local.figure import Figure, Look
from shared.engines.local.paper import mix
from shared.engines.local.styles import Colour

Part = Mapping[str, Any]


@cache
def load_drawings() -> Mapping[str, Mapping[str, Any]]:
    """Return each drawing by its name: its height, whether it is carried, and its parts."""
    text = files(__package__).joinpath("drawings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def drawing_of(name: str) -> tuple[Callable[[Figure], None], float]:
    """Return what draws the thing, and its height in heights of a person."""
    drawing = load_drawings()[name]
    return partial(_draw, drawing["parts"]), drawing["height"]


def list_carried() -> list[str]:
    """Return the names of those that need a stand."""
    return [name for name, drawing in load_drawings().items() if drawing.get("carried")]


def _draw(parts: list[Part], figure: Figure) -> None:
    for part in parts:
        kind = next(iter(part))
        _KINDS[kind](figure, part[kind], part, _mix_colour(figure.look, part))


def _mix_colour(look: Look, part: Part) -> Colour:
    base = _find_colour(look, part.get("colour", "dark"))
    return mix(base, _find_colour(look, part["with"]), part["share"]) if "with" in part else base


def _find_colour(look: Look, name: str) -> Colour:
    """Return a colour of the video by its name, or one that is written as #rrggbb."""
    if not name.startswith("#"):
        colour: Colour = getattr(look, name)
        return colour
    red, green, blue = bytes.fromhex(name[1:])
    return red, green, blue


def _glow(figure: Figure, at: list[float], _: Part, colour: Colour) -> None:
    x, y, wide, strength = at
    figure.paper.glow(*figure.at(x, y), wide * figure.size, colour, strength)


_KINDS: Mapping[str, Callable[[Figure, Any, Part, Colour], None]] = {
    "shadow": lambda figure, wide, _, __: figure.shadow(wide),
    "glow": _glow,
    "oval": lambda figure, at, _, colour: figure.oval(at[0], at[1], at[2], at[3], colour),
    "disc": lambda figure, at, _, colour: figure.disc(at[0], at[1], at[2], colour),
    "shape": lambda figure, at, part, colour: figure.shape(at, colour, part.get("smooth", 0)),
    "limb": lambda figure, at, part, colour: figure.limb(at, colour, part["thick"]),
    "mark": lambda figure, at, part, colour: figure.mark(at, colour, part["thick"]),
}
"""How each kind of part is drawn; the part begins with its kind."""
