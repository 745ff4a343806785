"""What a script consists of: scenes with their lines, characters, settings. Pure."""

from typing import Literal

from shared.story.fact import Fact

Side = Literal["interior", "exterior", ""]


class Line(Fact):
    """A speech of one character, or a paragraph of action, which nobody speaks."""

    text: str
    speaker: str = ""
    unseen: bool = False
    """Whether who speaks is heard and not seen: (V.O.), (O.S.)."""


class Scene(Fact):
    """What happens at one place, without a break."""

    number: int
    heading: str
    place: str
    time: str = ""
    side: Side = ""
    lines: tuple[Line, ...] = ()


class Script(Fact):
    """A whole script. Its characters have the names that stand over their speeches."""

    title: str
    scenes: tuple[Scene, ...]


class Character(Fact):
    """Somebody who speaks. `aliases` are other names over the same person's speeches."""

    name: str
    aliases: tuple[str, ...] = ()
    speeches: int = 0
    look: str = ""
    """The words with which the script brings them in; every picture of them repeats these."""


class Setting(Fact):
    """A place, with the numbers of the scenes that are played there."""

    name: str
    scenes: tuple[int, ...] = ()


class Pick(Fact):
    """A moment of a script that makes one beat of the trailer, and why."""

    scene: int
    place: str
    """Its setting, and whether that is inside or outside."""
    prompt: str
    speaker: str = ""
    """Who says the words; empty where the narrator does."""
    words: str = ""
    characters: tuple[str, ...] = ()
    seconds: float
    why: str
