"""The looks that a video may have: styles, transitions, end cards and captions. Pure data.

The API, the command line and all that draws read their choices here. Another caption style is one
more row of a table; a style of video is one file in `styles/`, with all that belongs to it. A name
that nobody knows comes from a later version: it gets the plainest look, since a video is worth more
than its style.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""
Ink = tuple[int, int, int, int]
"""A colour, and how much it covers, 0 to 255."""

Face = Literal["plain", "strong", "elegant", "elegant-strong", "clean", "clean-strong", "playful"]
"""The purpose of a font; shared/media/fonts.py knows which one it is."""

STYLE_NAMES = (
    "cinematic", "anime", "noir", "watercolor", "minimal", "playful", "luxury", "bold", "warm",
    "technical",
)  # fmt: skip
"""Every style that a request may name, each a file; the first is the default."""


def _read_style(name: str) -> Mapping[str, Any]:
    text = files(__package__).joinpath(f"styles/{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


STYLE_FILES: Mapping[str, Mapping[str, Any]] = {name: _read_style(name) for name in STYLE_NAMES}
"""What the files say: what is drawn and heard of it, shared/engines/local/styles.py reads."""


def read_colour(digits: str) -> Colour:
    """Return a colour that is written as rrggbb."""
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


# ── captions ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class CaptionStyle:
    """A look of captions. `size` and `outline` are parts of the picture's short side.

    The word that is heard is `active`; those before it are `spoken`. `box` lies behind the active
    word. `shadow` is how dark the shadow is, `blur` how far it spreads, in sizes of the letters.
    """

    face: Face
    size: float
    outline: float
    spoken: Ink
    active: Ink
    unspoken: Ink
    max_words: int = 99
    upper: bool = False
    box: Ink | None = None
    shadow: float = 0.6
    blur: float = 0.10


_WHITE: Ink = (255, 255, 255, 255)

CAPTION_STYLES: Mapping[str, CaptionStyle] = {
    "clean": CaptionStyle(
        "clean-strong", 0.060, 0.0025, spoken=_WHITE, active=_WHITE, unspoken=(255, 255, 255, 150)
    ),
    "karaoke": CaptionStyle(
        "strong", 0.070, 0.0065, spoken=_WHITE, active=(255, 214, 10, 255), unspoken=_WHITE
    ),
    "bold": CaptionStyle(
        "strong", 0.092, 0.0090, spoken=_WHITE, active=_WHITE, unspoken=_WHITE,
        max_words=3, upper=True, box=(230, 40, 70, 255),
    ),
}  # fmt: skip

CAPTION_CHOICES = ("none", *CAPTION_STYLES)
"""The captions that a video may ask for."""


def find_caption_style(name: str) -> CaptionStyle | None:
    """Return the style of this name; None where there are to be no captions."""
    return None if name == "none" else CAPTION_STYLES.get(name, CAPTION_STYLES["clean"])


# ── end cards ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class CardLook:
    """An end card's faces and colours. `size` is the headline's, a part of the short side.

    A brand's colour takes the place of `colour`, a plain ground, and of `veil`, which lies over a
    picture. A button without a fill is an outline. `corner` is 0 for sharp ones, 0.5 for round.
    """

    headline: Face
    button: Face
    size: float
    ink: Colour
    colour: Colour
    button_fill: Colour | None
    button_ink: Colour
    corner: float
    veil: Colour
    veil_strength: float
    upper: bool = False


_CARD_COLOURS = ("ink", "colour", "button_fill", "button_ink", "veil")


def _read_card(table: Mapping[str, Any]) -> CardLook:
    found = {name: read_colour(table[name]) for name in _CARD_COLOURS if name in table}
    return CardLook(**{"button_fill": None, **table, **found})


CARD_LOOKS: Mapping[str, CardLook] = {
    name: _read_card(table["end_card"])
    for name, table in STYLE_FILES.items()
    if "end_card" in table
}

CARD_CHOICES = ("auto", *CARD_LOOKS)
"""The looks that a video may ask for; auto takes the one that suits its style."""


def find_card_look(name: str) -> CardLook:
    """Return the look of this name."""
    return CARD_LOOKS.get(name, CARD_LOOKS["minimal"])


# ── transitions and styles ──────────────────────────────────────────────────────────────────────

TRANSITIONS = ("cut", "fade", "black", "wipe", "slide")
"""The ways from one beat to the next."""

TRANSITION_CHOICES = ("auto", *TRANSITIONS)
"""The transitions that a video may ask for; auto takes the one that suits its style."""


@dataclass(frozen=True)
class Style:
    """What suits a style of video, and the words for it in the prompts of models."""

    transition: str = "fade"
    card: str = "minimal"
    prompt: str = ""
    camera: tuple[str, ...] = ("slow push in", "gentle drift to the right", "held still")
    """How the camera moves, beat by beat."""


def _read_looks(table: Mapping[str, Any]) -> Style:
    return Style(table["transition"], table["card"], table["prompt"], tuple(table["camera"]))


STYLES: Mapping[str, Style] = {name: _read_looks(table) for name, table in STYLE_FILES.items()}


def find_style(name: str) -> Style:
    """Return the style of this name; a plain one with its name in its prompt, where it is new."""
    return STYLES.get(name) or Style(prompt=f"{name.capitalize()} style" if name else "")


def choose_transition(asked: str, style: str) -> str:
    """Return the transition that was asked for, or the style's; never auto."""
    return find_style(style).transition if asked == "auto" else asked


def choose_card(asked: str, style: str) -> str:
    """Return the name of the card's look that was asked for, or the style's; never auto."""
    return find_style(style).card if asked == "auto" else asked
