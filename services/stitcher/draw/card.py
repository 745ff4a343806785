"""The end card: backdrop, product, headline and a button, moving in gently. A canonical segment.

Everything is drawn once; a frame costs a warp of the backdrop and a few blends. Whatever can't be
drawn is left out and can be asked about: a card never fails a video whose clips are made.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from PIL import Image, ImageEnhance, ImageFilter, ImageStat

from services.stitcher.draw.artwork import draw_gradient, fill_canvas, open_picture
from services.stitcher.draw.button import draw_button, set_button
from services.stitcher.draw.colours import choose_ink
from services.stitcher.draw.product import draw_product
from services.stitcher.draw.words import SetText, explain_unwritten, set_text
from shared.media.encode import write_segment
from shared.media.overlay import Overlay
from shared.media.pan import zoom_in
from shared.media.picture import Planes, Rgb, from_image, planes
from shared.media.probe import BadMedia
from shared.story.formats import FPS, Canvas
from shared.story.looks import CardLook, Face, find_card_look


@dataclass(frozen=True)
class CardSpec:
    """One end card to make."""

    out: Path
    canvas: Canvas
    frames: int
    style: str = "minimal"
    headline: str = ""
    call_to_action: str = ""
    background: Path | None = None
    colour: Rgb | None = None
    product: Path | None = None
    head: int = 0


@dataclass(frozen=True)
class _Contents:
    """What is on a card: pictures that could be read, words that could be set, what it lacks."""

    background: Image.Image | None
    product: Image.Image | None
    headline: SetText | None
    button: SetText | None
    lacks: tuple[str, ...]


@dataclass(frozen=True)
class _Entrance:
    """A drawing that comes in: its place, when it starts and how far it rises."""

    overlay: Overlay
    x: int
    y: int
    starts: float
    rise: int
    pulses: tuple[Overlay, ...] = ()

    def paint(self, target: Planes, seconds: float) -> None:
        """Paint the drawing where and as large as it is at this moment."""
        shown = _ease((seconds - self.starts) / 0.6)
        overlay = self._choose_size(seconds)
        x = self.x + (self.overlay.width - overlay.width) // 2
        y = self.y + (self.overlay.height - overlay.height) // 2
        overlay.paint(target, x, y + round(self.rise * (1 - shown)), shown)

    def _choose_size(self, seconds: float) -> Overlay:
        """Return the drawing, breathing slowly once it stands, where it has sizes for that."""
        since = seconds - self.starts - 0.9
        if not self.pulses or since < 0:
            return self.overlay
        swell = (1 - math.cos(2 * math.pi * since / 1.6)) / 2
        return self.pulses[round(swell * (len(self.pulses) - 1))]


@dataclass(frozen=True)
class _Placed:
    """A drawing and where it comes to stand."""

    drawing: Image.Image
    x: int
    y: int


def draw_end_card(spec: CardSpec) -> int:
    """Write the card as a segment and return how many frames it has."""
    return write_segment(spec.out, _draw_frames(spec), spec.canvas, frozenset({0, spec.head}))


def find_missing_words(spec: CardSpec) -> tuple[str, ...]:
    """Return what the card should show and does not, and why."""
    return _gather(spec).lacks


def _draw_frames(spec: CardSpec) -> Iterator[av.VideoFrame]:
    contents = _gather(spec)
    ground = _draw_backdrop(spec, contents.background)
    backdrop = planes(from_image(ground))
    entrances = _compose(spec, contents, ground)
    for index in range(spec.frames):
        seconds = index / FPS
        frame = zoom_in(backdrop, 1.0 + 0.010 * seconds)
        target = planes(frame)
        for entrance in entrances:
            entrance.paint(target, seconds)
        yield frame


# ── what is on it ───────────────────────────────────────────────────────────────────────────────


def _gather(spec: CardSpec) -> _Contents:
    """Return all that can be on the card; a text or a picture that can't be used is left out."""
    look, canvas = find_card_look(spec.style), spec.canvas
    background, no_background = _open(spec.background)
    product, no_product = _open(spec.product)
    share = 0.44 if _is_beside(product, canvas) else 0.82
    title, call = _choose_case(spec, look)
    headline = set_text(title, canvas, look.headline, look.size, share)
    button = set_button(call, canvas, look.button, canvas.width * share * 0.88)
    lacks = (
        _explain("headline", look.headline, title, headline),
        _explain("button", look.button, call, button),
        f"no picture behind it: {no_background}" if no_background else None,
        f"no product: {no_product}" if no_product else None,
    )
    told = tuple(f"the end card has {lack}" for lack in lacks if lack)
    return _Contents(background, product, headline, button, told)


def _open(path: Path | None) -> tuple[Image.Image | None, str | None]:
    """Return the picture, or why there is none although one is wanted."""
    if path is None:
        return None, None
    try:
        return open_picture(path), None
    except BadMedia as error:
        return None, error.message


def _choose_case(spec: CardSpec, look: CardLook) -> tuple[str, str]:
    """Return headline and call to action in the look's letters."""
    texts = spec.headline, spec.call_to_action
    # before a font is chosen: a capital may need another one
    return (texts[0].upper(), texts[1].upper()) if look.upper else texts


def _explain(name: str, face: Face, text: str, shown: SetText | None) -> str | None:
    """Return what is lacking of a text; None where all of it is shown."""
    if shown is None:
        why = explain_unwritten(face, text)
        return f"no {name}: {why}" if why else None
    return None if shown.whole else f"only the beginning of its {name}: there is no room for more"


# ── how it is drawn ─────────────────────────────────────────────────────────────────────────────


def _draw_backdrop(spec: CardSpec, background: Image.Image | None) -> Image.Image:
    """Return the given picture under a veil of the style's colour, or the brand colour alone."""
    look = find_card_look(spec.style)
    if background is None:
        if spec.colour is not None:  # a brand's colour has to stay that colour
            return draw_gradient(spec.canvas, spec.colour, 1.04, 0.92)
        return draw_gradient(spec.canvas, look.colour)
    image = fill_canvas(background, spec.canvas)
    soft = image.filter(ImageFilter.GaussianBlur(min(image.size) * 0.006))
    veil = Image.new("RGB", image.size, spec.colour or look.veil)
    return Image.blend(ImageEnhance.Color(soft).enhance(0.85), veil, look.veil_strength)


def _compose(spec: CardSpec, contents: _Contents, ground: Image.Image) -> list[_Entrance]:
    """Return product, headline and button in order of their coming, each at its place."""
    canvas, look, product = spec.canvas, find_card_look(spec.style), contents.product
    gap = round(min(canvas.width, canvas.height) * 0.055)
    words, button = _draw_words(spec, contents, ground)
    if product is None:
        placed = _stack(words, canvas.width / 2, canvas, gap)
    elif _is_beside(product, canvas):
        room = (canvas.width * 0.42, canvas.height * 0.8)
        shown = draw_product(product, room, look.corner, ground)
        placed = _stack([shown], canvas.width * 0.27, canvas, gap)
        placed += _stack(words, canvas.width * 0.72, canvas, gap)
    else:
        left = canvas.height * 0.9 - sum(word.height + gap for word in words)
        room = (canvas.width * 0.74, min(left, canvas.height * 0.42))
        shown = draw_product(product, room, look.corner, ground)
        placed = _stack([shown, *words], canvas.width / 2, canvas, gap)
    return [
        _bring_in(place, order, canvas, breathes=place.drawing is button)
        for order, place in enumerate(placed)
    ]


def _is_beside(product: Image.Image | None, canvas: Canvas) -> bool:
    """Return whether the product stands beside the words: they would be tiny below it."""
    return product is not None and canvas.width > canvas.height


def _draw_words(
    spec: CardSpec, contents: _Contents, ground: Image.Image
) -> tuple[list[Image.Image], Image.Image | None]:
    """Return the drawings of headline and button, as far as there are any, and which is which."""
    look = find_card_look(spec.style)
    red, green, blue = (round(part) for part in ImageStat.Stat(ground).mean)
    behind = (red, green, blue)
    words, button = [], None
    if contents.headline:
        words.append(contents.headline.draw(choose_ink(look.ink, behind)))
    if contents.button:
        fill, ink = look.button_fill, look.button_ink
        button = draw_button(contents.button, look.corner, fill, ink, behind)
        words.append(button)
    return words, button


def _stack(
    drawings: Sequence[Image.Image], middle: float, canvas: Canvas, gap: int
) -> list[_Placed]:
    """Return them one below the other about a vertical line, all about the middle of the height."""
    heights = sum(drawing.height for drawing in drawings)
    y = (canvas.height - heights - gap * (len(drawings) - 1)) // 2
    placed = []
    for drawing in drawings:
        placed.append(_Placed(drawing, round(middle - drawing.width / 2), y))
        y += drawing.height + gap
    return placed


def _bring_in(place: _Placed, order: int, canvas: Canvas, breathes: bool) -> _Entrance:
    """Return the drawing with its moment; one that breathes is drawn in eight sizes at once."""
    drawing = place.drawing
    sizes = [1 + 0.035 * step / 7 for step in range(8)] if breathes else []
    pulses = [
        drawing.resize(
            (round(drawing.width * size), round(drawing.height * size)), Image.Resampling.BICUBIC
        )
        for size in sizes
    ]
    starts, rise = 0.10 + 0.22 * order, canvas.height // 40
    overlays = tuple(map(Overlay.of, pulses))
    return _Entrance(Overlay.of(drawing), place.x, place.y, starts, rise, overlays)


def _ease(part: float) -> float:
    """Return 0 to 1, quick at first, settling softly."""
    return float(1 - (1 - min(1.0, max(0.0, part))) ** 3)
