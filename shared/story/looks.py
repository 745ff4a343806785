"""The looks that a video may have: styles, transitions, end cards and captions. Pure data.

The API, the command line and all that draws read their choices here, so that another caption style
or another look of the end card is one more row of a table. A name that is in no table comes from a
later version: it gets the plainest look, since a video is worth more than its style.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""
Ink = tuple[int, int, int, int]
"""A colour, and how much it covers, 0 to 255."""

Face = Literal["plain", "strong", "elegant", "elegant-strong", "clean", "clean-strong", "playful"]
"""The purpose of a font; shared/media/fonts.py knows which one it is."""


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


CARD_LOOKS: Mapping[str, CardLook] = {
    "luxury": CardLook(
        "elegant", "elegant-strong", 0.105, ink=(244, 226, 186), colour=(20, 18, 22),
        button_fill=None, button_ink=(244, 226, 186), corner=0.0,
        veil=(8, 7, 10), veil_strength=0.62,
    ),
    "minimal": CardLook(
        "clean-strong", "clean", 0.098, ink=(22, 24, 28), colour=(238, 236, 231),
        button_fill=(22, 24, 28), button_ink=(255, 255, 255), corner=0.5,
        veil=(246, 245, 242), veil_strength=0.72,
    ),
    "bold": CardLook(
        "strong", "strong", 0.125, ink=(255, 255, 255), colour=(214, 28, 54),
        button_fill=(255, 222, 30), button_ink=(18, 18, 20), corner=0.16,
        veil=(150, 10, 34), veil_strength=0.60, upper=True,
    ),
    "playful": CardLook(
        "playful", "playful", 0.115, ink=(255, 255, 255), colour=(88, 76, 214),
        button_fill=(255, 138, 92), button_ink=(18, 18, 20), corner=0.5,
        veil=(60, 40, 170), veil_strength=0.50,
    ),
}  # fmt: skip

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
    """The looks that suit a style of video; its colours and its music are the engine's."""

    transition: str = "fade"
    card: str = "minimal"


STYLES: Mapping[str, Style] = {
    "cinematic": Style("fade", "luxury"),
    "anime": Style("slide", "playful"),
    "noir": Style("black", "luxury"),
    "watercolor": Style("fade", "minimal"),
    "minimal": Style("cut", "minimal"),
    "playful": Style("wipe", "playful"),
    "luxury": Style("fade", "luxury"),
    "bold": Style("slide", "bold"),
}
"""Every style a request may name; the first is the default."""


def choose_transition(asked: str, style: str) -> str:
    """Return the transition that was asked for, or the style's; never auto."""
    return STYLES.get(style, Style()).transition if asked == "auto" else asked


def choose_card(asked: str, style: str) -> str:
    """Return the name of the card's look that was asked for, or the style's; never auto."""
    return STYLES.get(style, Style()).card if asked == "auto" else asked
