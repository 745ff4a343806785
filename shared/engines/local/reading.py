"""What the planner understands of a prompt. Pure data, and the words for its hero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.engines.local.language import ENGLISH
from shared.engines.local.sketches import sketches
from shared.engines.local.topics import LIVING, NOBODY, Hero, Scene

Kind = Literal["tale", "product", "topic", "question", "foreign"]


@dataclass(frozen=True)
class Line:
    """What is said in one beat, and what is seen; lines of one `group` stay together."""

    text: str
    shows: str
    group: int = 0


@dataclass(frozen=True)
class Reading:
    """A prompt as the planner understands it."""

    kind: Kind
    language: str
    topic: str
    lines: tuple[Line, ...]
    is_script: bool
    """Whether it has several sentences of its own: then each of them is a beat."""
    characters: tuple[str, ...]
    drawn_name: str
    """The hero's name for the prompts of pictures: "Pip the fox", "a person"."""
    name: str
    scene: Scene
    call: str
    opening: str = ""
    """What is said first, where there is only one sentence: "A fox."."""
    varies: bool = False
    """Whether each beat shows a thing of its own, as in a list of tips."""
    drawn: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Who is named → the words for them in the prompts of pictures."""


def name_for_pictures(
    found: tuple[Hero, str] | None, kind: Kind, characters: Sequence[str], language: str,
    with_people: bool,
) -> str:  # fmt: skip
    """Return the words for the hero, in English, because models of pictures read it best."""
    name = next(iter(characters), "")
    if found and (found[0] in LIVING or not name):
        hero, word = found[0], found[1].replace("_", " ")
        if hero == "person":
            word = word if language == ENGLISH and not word.endswith("s") else "person"
            if name and word in name.lower().split():  # "Captain Vera"
                return name
            return (
                f"{name}, a {word}"
                if name
                else f"a {word}"
                if language != ENGLISH
                else f"the {word}"
            )
        if hero in LIVING:
            # "the smallest of the foxes" is one of them
            is_one = language == ENGLISH and not (name and word.endswith("s"))
            word = word if is_one else hero
            is_title = language == ENGLISH and word in name.lower().split()  # "Grandma Rosa"
            return name if is_title else f"{name} the {word}" if name else f"the {word}"
        return sketches()[hero].called if hero in sketches() else f"a {hero}"
    if kind == "product":
        return "a box"
    return f"{name}, a person" if name else "a person" if with_people else NOBODY
