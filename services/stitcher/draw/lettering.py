"""Draws captions and burns them into pictures: one small drawing a spoken word, kept, reused."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from services.stitcher.captions import (
    Phrase,
    phrases,
    right_to_left,
    without_symbols,
)
from services.stitcher.draw.words import even_lines, is_drawable
from services.stitcher.voicefit import Word
from shared.media.fonts import font
from shared.media.overlay import Overlay
from shared.media.picture import Planes
from shared.story.formats import Canvas
from shared.story.looks import CaptionStyle, Ink, find_caption_style
from shared.story.texts import one_line

_Places = dict[int, tuple[float, float]]  # word index -> top left corner
_FADE_IN = 0.10


@dataclass(frozen=True)
class _Margins:
    """Where captions may stand: clear of the buttons and texts that players lay over a video."""

    width: float
    bottom: float
    line_chars: int


def _margins(canvas: Canvas) -> _Margins:
    if canvas.height > canvas.width:
        return _Margins(0.78, 0.22, 20)
    if canvas.height < canvas.width:
        return _Margins(0.70, 0.08, 38)
    return _Margins(0.84, 0.10, 26)


@dataclass(frozen=True)
class Captions:
    """The captions of one segment, ready to burn."""

    canvas: Canvas
    style: CaptionStyle
    phrases: tuple[Phrase, ...]

    def burn(self, planes: Planes, seconds: float) -> None:
        """Paint what is to be read at this moment of the segment."""
        for phrase in self.phrases:
            if phrase.start <= seconds < phrase.end:
                overlay = self._drawn(phrase, phrase.active(seconds))
                x = (self.canvas.width - overlay.width) // 2
                y = round(self.canvas.height * (1 - self._bottom)) - overlay.height
                overlay.paint(planes, x, y, (seconds - phrase.start) / _FADE_IN + 0.34)

    @cached_property
    def _bottom(self) -> float:
        return _margins(self.canvas).bottom

    def _drawn(self, phrase: Phrase, active: int) -> Overlay:
        return _overlay(self.canvas, self.style, phrase, active)


def captions(words: tuple[Word, ...], name: str, canvas: Canvas) -> Captions | None:
    """Return the captions to burn; None when the style is none or there are no words."""
    style, margins = find_caption_style(name), _margins(canvas)
    if style is None:
        return None
    # a few large words stand on one line, all others on two
    limit = margins.line_chars * 2 if style.max_words > 3 else margins.line_chars
    gathered = phrases(_choose_words(words, style), limit, style.max_words)
    return Captions(canvas, style, gathered) if gathered else None


def unwritable(words: tuple[Word, ...], name: str) -> bool:
    """Return whether these words can't be burnt, because no font at hand has all their letters."""
    style = find_caption_style(name)
    if style is None:
        return False
    text = " ".join(word.text for word in _choose_words(words, style))
    return bool(text) and not is_drawable(style.face, text)


def _choose_words(words: tuple[Word, ...], style: CaptionStyle) -> tuple[Word, ...]:
    """Return the words as they are written in this style; those without letters are left out."""
    written = ((one_line(without_symbols(word.text)), word) for word in words)
    return tuple(
        Word(text.upper() if style.upper else text, word.start, word.end)
        for text, word in written
        if text
    )


@lru_cache(maxsize=4)
def _overlay(canvas: Canvas, style: CaptionStyle, phrase: Phrase, active: int) -> Overlay:
    return Overlay.of(draw_phrase(canvas, style, phrase, active))


def draw_phrase(canvas: Canvas, style: CaptionStyle, phrase: Phrase, active: int) -> Image.Image:
    """The phrase with its active word marked, as small as its letters allow."""
    return _Lettering(canvas, style, phrase).draw(active)


@dataclass(frozen=True)
class _Lettering:
    """A phrase set in lines: sizes are worked out once, then drawn."""

    canvas: Canvas
    style: CaptionStyle
    phrase: Phrase

    @cached_property
    def _short(self) -> int:
        return min(self.canvas.width, self.canvas.height)

    @cached_property
    def _room(self) -> float:
        return self.canvas.width * _margins(self.canvas).width

    @cached_property
    def _size(self) -> int:
        """The look's size, or less when one word would not fit the line."""
        size = max(10, round(self._short * self.style.size))
        widest = max(self._face(size).getlength(w.text) for w in self.phrase.words)
        return size if widest <= self._room else max(8, int(size * self._room / widest))

    def _face(self, size: int) -> ImageFont.FreeTypeFont:
        return font(self.style.face, size, self.phrase.text)

    @cached_property
    def _lines(self) -> list[list[int]]:
        """Word indexes a line: as few lines as fit, and those as even as they come."""
        widths = [self._face(self._size).getlength(f"{w.text} ") for w in self.phrase.words]
        return even_lines(widths, self._room)

    def draw(self, active: int) -> Image.Image:
        face = self._face(self._size)
        pad = round(self._size * 0.5)
        step = round(self._size * 1.22)
        image = Image.new("RGBA", (round(self._room) + 2 * pad, step * len(self._lines) + 2 * pad))
        places = self._places(face, pad, step, image.width)
        self._mark(image, face, places, active)
        shadow = self._letters(image.size, face, places, None)
        image.alpha_composite(_shadow(shadow, self._size * self.style.blur, self.style.shadow))
        image.alpha_composite(self._letters(image.size, face, places, active))
        return image

    def _places(self, face: ImageFont.FreeTypeFont, pad: int, step: int, width: int) -> _Places:
        """Where each word stands: centred lines, words in reading order."""
        places: _Places = {}
        space = face.getlength(" ")
        backwards = right_to_left(self.phrase.text)
        for row, line in enumerate(self._lines):
            order = line[::-1] if backwards else line
            lengths = [face.getlength(self.phrase.words[index].text) for index in order]
            x = (width - sum(lengths) - space * (len(order) - 1)) / 2
            for index, length in zip(order, lengths, strict=True):
                places[index] = (x, pad + row * step)
                x += length + space
        return places

    def _mark(
        self, image: Image.Image, face: ImageFont.FreeTypeFont, places: _Places, active: int
    ) -> None:
        if self.style.box is None or active not in places:
            return
        x, y = places[active]
        box = face.getbbox(self.phrase.words[active].text)
        grow = self._size * 0.14
        ImageDraw.Draw(image).rounded_rectangle(
            (
                x + box[0] - grow * 1.4,
                y + box[1] - grow,
                x + box[2] + grow * 1.4,
                y + box[3] + grow,
            ),
            radius=self._size * 0.16,
            fill=self.style.box,
        )

    def _letters(
        self,
        size: tuple[int, int],
        face: ImageFont.FreeTypeFont,
        places: _Places,
        active: int | None,
    ) -> Image.Image:
        """All words; with no active word given, solid black for the shadow."""
        image = Image.new("RGBA", size)
        # a fine outline is still one in a small picture; a style may also have none
        outline = max(1, round(self._short * self.style.outline)) if self.style.outline else 0
        for index, place in places.items():
            layer = Image.new("RGBA", size)
            colour = (0, 0, 0, 255) if active is None else self._colour(index, active)
            ImageDraw.Draw(layer).text(
                place,
                self.phrase.words[index].text,
                font=face,
                fill=colour,
                stroke_width=outline,
                stroke_fill=(0, 0, 0, colour[3]),
            )
            image.alpha_composite(layer)
        return image

    def _colour(self, index: int, active: int) -> Ink:
        if index == active:
            return self.style.active
        return self.style.spoken if index < active else self.style.unspoken


def _shadow(letters: Image.Image, spread: float, strength: float) -> Image.Image:
    blurred = letters.filter(ImageFilter.GaussianBlur(spread))
    alpha = blurred.getchannel("A").point(lambda value: round(value * strength))
    shadow = Image.new("RGBA", letters.size)
    shadow.putalpha(alpha)
    return shadow
