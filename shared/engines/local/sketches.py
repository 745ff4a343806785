"""What videos are often about, as drawings made of shapes: bread, a shop, a tooth. Pure.

They are listed in `sketches.toml` and files of its form, so that one more needs no code.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from shared.engines.local.topics import Hero, Scene

_FILES = ("sketches.toml", "wares.toml", "diagrams.toml")


@dataclass(frozen=True)
class Shape:
    """One line of a drawing."""

    kind: str
    numbers: tuple[float, ...]
    colour: tuple[str, ...]

    @property
    def points(self) -> list[tuple[float, float]]:
        """Return its numbers in pairs, without the thickness that stands before those of a line."""
        rest = self.numbers[len(self.numbers) % 2 :]
        return list(zip(rest[::2], rest[1::2], strict=True))


@dataclass(frozen=True)
class Sketch:
    """A drawing of a thing."""

    shapes: tuple[Shape, ...]
    height: float
    """In heights of a person."""
    called: str
    carried: bool = False
    centred: bool = False
    """Whether it floats in the middle of the picture, as a diagram does."""
    home: Scene = "table"
    """Where a story about it is that names no place."""
    away: Mapping[Scene, Hero] = field(default_factory=dict)
    """What is drawn in its stead in some places."""

    @property
    def reach(self) -> float:
        """Return how far it goes to either side, in its own heights."""
        flat = (shape for shape in self.shapes if shape.kind in ("area", "line"))
        return max((abs(x) for shape in flat for x, _ in shape.points), default=0.0)


@cache
def sketches() -> Mapping[Hero, Sketch]:
    """Return every drawing that the files have, by name."""
    texts = (files(__package__).joinpath(name).read_text(encoding="utf-8") for name in _FILES)
    tables = [(name, table) for text in texts for name, table in tomllib.loads(text).items()]
    return {name: _read(name, **table) for name, table in tables}


def _read(name: Hero, draw: Sequence[str], called: str = "", **more: object) -> Sketch:
    return Sketch(tuple(_read_shapes(draw)), called=called or f"a {name}", **more)  # type: ignore[arg-type]


def _read_shapes(lines: Sequence[str]) -> Iterator[Shape]:
    for line in lines:
        told, _, colour = line.partition("|")
        kind, *numbers = told.split()
        yield Shape(kind, tuple(map(float, numbers)), tuple(colour.split()))
