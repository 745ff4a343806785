"""The end card: backdrop, product, headline and a button, moving in gently. A canonical segment.

Everything is drawn once; a frame costs a warp of the backdrop and a few blends.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import av
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageStat

from services.stitcher.draw.artwork import (
    cover,
    gradient,
    picture,
    text_block,
    unwritten,
    writable,
)
from services.stitcher.draw.colours import contrast, legible
from services.stitcher.draw.product import is_dark, standing
from shared.media.encode import write_segment
from shared.media.fonts import Face, font
from shared.media.overlay import Overlay
from shared.media.pan import zoom_in
from shared.media.picture import Planes, Rgb, from_image, planes
from shared.story.formats import FPS, Canvas

_SHAPE = 1.6
"""The least contrast of a button's shape with the ground it lies on."""

CardStyle = Literal["luxury", "minimal", "bold", "playful"]


@dataclass(frozen=True)
class CardSpec:
    """One end card to make."""

    out: Path
    canvas: Canvas
    frames: int
    style: CardStyle = "minimal"
    headline: str = ""
    call_to_action: str = ""
    background: Path | None = None
    colour: Rgb | None = None
    product: Path | None = None
    head: int = 0


@dataclass(frozen=True)
class _Look:
    """A style's faces and colours."""

    headline: Face
    button: Face
    size: float
    ink: Rgb
    colour: Rgb
    button_fill: Rgb | None
    button_ink: Rgb
    corner: float
    veil: Rgb
    veil_strength: float
    upper: bool = False


_LOOKS: dict[CardStyle, _Look] = {
    "luxury": _Look(
        "elegant", "elegant-strong", 0.105, (244, 226, 186), (20, 18, 22), None,
        (244, 226, 186), 0.0, (8, 7, 10), 0.62, False,
    ),
    "minimal": _Look(
        "clean-strong", "clean", 0.098, (22, 24, 28), (238, 236, 231), (22, 24, 28),
        (255, 255, 255), 0.5, (246, 245, 242), 0.72, False,
    ),
    "bold": _Look(
        "strong", "strong", 0.125, (255, 255, 255), (214, 28, 54), (255, 222, 30),
        (18, 18, 20), 0.16, (150, 10, 34), 0.60, True,
    ),
    "playful": _Look(
        "playful", "playful", 0.115, (255, 255, 255), (88, 76, 214), (255, 138, 92),
        (18, 18, 20), 0.5, (60, 40, 170), 0.50, False,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class _Piece:
    """A drawing that comes in: its place, when it starts and how far it rises."""

    overlay: Overlay
    x: int
    y: int
    starts: float
    rise: int
    pulses: tuple[Overlay, ...] = ()

    def paint(self, target: Planes, seconds: float) -> None:
        shown = _eased((seconds - self.starts) / 0.6)
        overlay = self._drawing(seconds)
        x = self.x + (self.overlay.width - overlay.width) // 2
        y = self.y + (self.overlay.height - overlay.height) // 2
        overlay.paint(target, x, y + round(self.rise * (1 - shown)), shown)

    def _drawing(self, seconds: float) -> Overlay:
        """The drawing, breathing slowly once it stands, where it has sizes to breathe with."""
        since = seconds - self.starts - 0.9
        if not self.pulses or since < 0:
            return self.overlay
        swell = (1 - math.cos(2 * math.pi * since / 1.6)) / 2
        return self.pulses[round(swell * (len(self.pulses) - 1))]


@dataclass(frozen=True)
class _Placed:
    """A drawing and where it comes to stand."""

    part: Image.Image
    x: int
    y: int


def end_card(spec: CardSpec) -> int:
    """Write the card as a segment; gives its frames."""
    return write_segment(spec.out, _frames(spec), spec.canvas, frozenset({0, spec.head}))


def missing_words(spec: CardSpec) -> tuple[str, ...]:
    """What the card should say and does not, and why."""
    look = _LOOKS[spec.style]
    faces = (("headline", look.headline), ("button", look.button))
    lacks = (
        (name, unwritten(face, text))
        for (name, face), text in zip(faces, _texts(spec, look), strict=True)
    )
    return tuple(f"the end card has no {name}: {why}" for name, why in lacks if why)


def _frames(spec: CardSpec) -> Iterator[av.VideoFrame]:
    look = _LOOKS[spec.style]
    spec = _lettered(spec, look)
    ground = _backdrop(spec, look)
    backdrop = planes(from_image(ground))
    pieces = _composed(spec, look, ground)
    for index in range(spec.frames):
        seconds = index / FPS
        frame = zoom_in(backdrop, 1.0 + 0.010 * seconds)
        target = planes(frame)
        for piece in pieces:
            piece.paint(target, seconds)
        yield frame


def _backdrop(spec: CardSpec, look: _Look) -> Image.Image:
    """The given picture under a veil of the style's colour, or the brand colour alone."""
    if spec.background is None:
        if spec.colour is not None:  # a brand's colour has to stay that colour
            return gradient(spec.canvas, spec.colour, 1.04, 0.92)
        return gradient(spec.canvas, look.colour)
    image = cover(picture(spec.background), spec.canvas)
    soft = image.filter(ImageFilter.GaussianBlur(min(image.size) * 0.006))
    veil = Image.new("RGB", image.size, spec.colour or look.veil)
    return Image.blend(ImageEnhance.Color(soft).enhance(0.85), veil, look.veil_strength)


def _composed(spec: CardSpec, look: _Look, ground: Image.Image) -> list[_Piece]:
    """Product, headline and button, in order of their coming; beside the words where it is wide."""
    canvas = spec.canvas
    beside = spec.product is not None and canvas.width > canvas.height
    words = _words(spec, look, _mean(ground), canvas.width * (0.44 if beside else 0.82))
    dark = is_dark(ground)
    gap = round(min(canvas.width, canvas.height) * 0.055)
    if spec.product is None:
        placed = _stacked(words, canvas.width / 2, canvas, gap)
    elif beside:
        product = standing(
            spec.product, (canvas.width * 0.42, canvas.height * 0.8), look.corner, dark
        )
        placed = _stacked([product], canvas.width * 0.27, canvas, gap)
        placed += _stacked(words, canvas.width * 0.72, canvas, gap)
    else:
        left = canvas.height * 0.9 - sum(word.height + gap for word in words)
        room = min(left, canvas.height * 0.42)
        product = standing(spec.product, (canvas.width * 0.74, room), look.corner, dark)
        placed = _stacked([product, *words], canvas.width / 2, canvas, gap)
    button = words[-1] if spec.call_to_action else None
    return [
        _piece(place, order, canvas, breathes=place.part is button)
        for order, place in enumerate(placed)
    ]


def _words(spec: CardSpec, look: _Look, ground: Rgb, room: float) -> list[Image.Image]:
    """The headline and the button, as far as there are any, within a width."""
    words = []
    if spec.headline:
        ink = legible(look.ink, ground)
        share = room / spec.canvas.width
        words.append(text_block(spec.headline, spec.canvas, look.headline, look.size, ink, share))
    if spec.call_to_action:
        words.append(_button(spec, look, ground, room * 0.88))
    return words


def _lettered(spec: CardSpec, look: _Look) -> CardSpec:
    """The card with the words that can be drawn, in the style's letters."""
    headline, call = _texts(spec, look)
    return replace(
        spec,
        headline=writable(look.headline, headline),
        call_to_action=writable(look.button, call),
    )


def _texts(spec: CardSpec, look: _Look) -> tuple[str, str]:
    texts = spec.headline, spec.call_to_action
    return (texts[0].upper(), texts[1].upper()) if look.upper else texts


def _stacked(
    parts: Sequence[Image.Image], middle: float, canvas: Canvas, gap: int
) -> list[_Placed]:
    """One below the other about a vertical line, and all about the middle of the height."""
    y = (canvas.height - sum(part.height for part in parts) - gap * (len(parts) - 1)) // 2
    placed = []
    for part in parts:
        placed.append(_Placed(part, round(middle - part.width / 2), y))
        y += part.height + gap
    return placed


def _piece(place: _Placed, order: int, canvas: Canvas, breathes: bool) -> _Piece:
    sizes = [1 + 0.035 * step / 7 for step in range(8)] if breathes else []
    pulses = tuple(Overlay.of(_resized(place.part, size)) for size in sizes)
    starts, rise = 0.10 + 0.22 * order, canvas.height // 40
    return _Piece(Overlay.of(place.part), place.x, place.y, starts, rise, pulses)


def _resized(image: Image.Image, size: float) -> Image.Image:
    return image.resize(
        (round(image.width * size), round(image.height * size)), Image.Resampling.BICUBIC
    )


def _button(spec: CardSpec, look: _Look, ground: Rgb, room: float) -> Image.Image:
    """The call to action: a filled shape, or a fine line where the style has no fill."""
    short = min(spec.canvas.width, spec.canvas.height)
    size = round(short * 0.052)
    text = spec.call_to_action
    fill, ink = _button_colours(look, ground)
    letters = font(look.button, size, text)
    while letters.getlength(text) > room and size > 12:
        size = int(size * 0.9)
        letters = font(look.button, size, text)
    width, height = round(letters.getlength(text) + size * 2.6), round(size * 2.3)
    image = Image.new("RGBA", (width, height))
    line = None if fill else ink
    pen = ImageDraw.Draw(image)
    box = (1, 1, width - 2, height - 2)
    pen.rounded_rectangle(box, height * look.corner, fill, line, max(2, size // 16))
    pen.text((width / 2, height / 2), text, ink, letters, anchor="mm")
    return image


def _button_colours(look: _Look, ground: Rgb) -> tuple[Rgb | None, Rgb]:
    """Fill and ink; a neutral fill where the ground would swallow the style's own."""
    if look.button_fill is None:
        return None, legible(look.button_ink, ground)
    stands_out = contrast(look.button_fill, ground) >= _SHAPE
    fill = look.button_fill if stands_out else legible(ground, ground)
    return fill, legible(look.button_ink, fill)


def _mean(ground: Image.Image) -> Rgb:
    red, green, blue = (round(part) for part in ImageStat.Stat(ground).mean)
    return red, green, blue


def _eased(part: float) -> float:
    """0 to 1, quick at first, settling softly."""
    return float(1 - (1 - min(1.0, max(0.0, part))) ** 3)
