"""The colours, the voice and the mood of the music of each style of video, from its file. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from shared.story.errors import BadInput
from shared.story.looks import STYLE_FILES, Colour, read_colour

__all__ = ["MOODS", "Colour", "Mood", "Palette", "Style", "VoiceChoice", "palette_of", "style_of"]

Mood = Literal[
    "epic", "bright", "dark", "tender", "calm", "happy", "elegant", "driving", "cosy", "precise"
]
MOODS: tuple[Mood, ...] = get_args(Mood)


@dataclass(frozen=True)
class Palette:
    """The colours of one video, from the far sky to the nearest shadow."""

    sky_top: Colour
    sky_low: Colour
    far: Colour
    mid: Colour
    near: Colour
    light: Colour
    accent: Colour
    ink: Colour


@dataclass(frozen=True)
class VoiceChoice:
    """A speaker: an espeak-ng voice variant, words a minute, pitch and its range (0 to 99)."""

    variant: str
    words_a_minute: int
    pitch: int
    range: int
    shift: float = 1.0
    """How much higher the neural voice sounds: it has one speaker, and a film has many."""


@dataclass(frozen=True)
class Style:
    """The look and the sound of a video."""

    name: str
    palettes: tuple[Palette, ...]
    voice: VoiceChoice
    mood: Mood
    outlined: bool = False
    textured: bool = True


def _read(name: str, table: Mapping[str, Any]) -> Style:
    return Style(
        name,
        tuple(_read_palette(row) for row in table["palettes"]),
        VoiceChoice(**table["voice"]),
        table["music"],
        outlined=table["outlined"],
        textured=table["textured"],
    )


def _read_palette(row: str) -> Palette:
    """Return a palette; a row holds its colours in the order of its fields, as rrggbb."""
    return Palette(*map(read_colour, row.split()))


_BY_NAME = {name: _read(name, table) for name, table in STYLE_FILES.items()}


def style_of(name: str) -> Style:
    """Return the style of this name; BadInput lists the names there are."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise BadInput(
            f"unknown style {name!r}: use one of {', '.join(_BY_NAME)}", field="style"
        ) from None


def palette_of(style: Style, seed: int) -> Palette:
    """Return one palette for a whole video."""
    return style.palettes[seed % len(style.palettes)]
