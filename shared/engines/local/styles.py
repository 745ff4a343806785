"""The colours, the voice and the mood of the music of each style of video. Pure.

Which styles there are, shared/story/looks.py says; here every one of them has a row.
"""

from dataclasses import dataclass
from typing import Literal

from shared.story.errors import BadInput

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

Mood = Literal["epic", "bright", "dark", "tender", "calm", "happy", "elegant", "driving"]


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


def _palettes(*rows: str) -> tuple[Palette, ...]:
    """Return palettes; a row holds the colours of one in the order of its fields, as RRGGBB."""
    return tuple(Palette(*map(_colour, row.split())) for row in rows)


def _colour(digits: str) -> Colour:
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


_STYLES = (
    Style(
        "cinematic",
        _palettes(
            "142c48 f6a25c 706876 304658 0f1b28 ffd696 e85c2c 070d15",
            "0e1c40 de9696 625c86 2c3660 0e162e ffe2b4 ffac3e 060a18",
        ),
        VoiceChoice("Michael", 150, 38, 46),
        "epic",
    ),
    Style(
        "anime",
        _palettes(
            "2470e0 b2e4ff 80b8e8 54b47a 1e6c54 fffade ff4e68 241e46",
            "624ebe ffb2c0 a482d6 6662b8 323074 fff0c0 ffca3c 221646",
        ),
        VoiceChoice("f3", 168, 64, 62),
        "bright",
        outlined=True,
        textured=False,
    ),
    Style(
        "noir",
        _palettes(
            "121216 8a8a8e 56565a 303034 0d0d0f eeeee8 c41a22 030305",
            "0c0f14 7a828c 485058 282d34 0b0d10 e8eae4 d69e24 030406",
        ),
        VoiceChoice("m3", 138, 26, 38),
        "dark",
    ),
    Style(
        "watercolor",
        _palettes(
            "8ebad6 fceed8 b0c6d4 8eb8a0 5c8a76 fff6d6 de685c 424e62",
            "b2a6d2 ffe8dc c6b6d4 a8a0c4 706e9e fff4ce ec944a 4a4268",
        ),
        VoiceChoice("f2", 146, 54, 48),
        "tender",
    ),
    Style(
        "minimal",
        _palettes(
            "e8e2d8 faf6ef dad0c2 baae9e 605e5e fffffc e45836 2a2c32",
            "d6e0e6 f4f8f9 c0ced6 94a8b4 4c5a66 ffffff 167a8c 222a34",
        ),
        VoiceChoice("f5", 152, 48, 40),
        "calm",
        textured=False,
    ),
    Style(
        "playful",
        _palettes(
            "4abefa fff0b0 ffa6be 7ad684 3a9e7c ffea54 ff4874 422a74",
            "ff8ea4 ffe8ba 94d4f0 ffc054 e86c54 fff6a0 485ce2 402464",
        ),
        VoiceChoice("f4", 172, 68, 72),
        "happy",
        outlined=True,
        textured=False,
    ),
    Style(
        "luxury",
        _palettes(
            "09090d 423228 3a2f2c 221d20 0c0b0e fada9c d6aa58 030304",
            "051212 1c4840 1e3e39 102725 061111 fae2ae dab468 020606",
        ),
        VoiceChoice("f1", 136, 42, 42),
        "elegant",
    ),
    Style(
        "bold",
        _palettes(
            "fa343e ffb028 b01876 60107a 1a0a3a fff280 00dedc 0e0620",
            "183cf0 46d8f0 1424a8 face1e 0a0c40 fffaaa ff3474 060624",
        ),
        VoiceChoice("m7", 170, 44, 64),
        "driving",
        outlined=True,
        textured=False,
    ),
)

_BY_NAME = {style.name: style for style in _STYLES}


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
