"""Draws captions and burns them into pictures: one small drawing a spoken word, kept, reused."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from services.stitcher.captions import Phrase, drop_symbols, gather_phrases, is_right_to_left
from services.stitcher.draw.words import is_drawable, split_evenly
from services.stitcher.voicefit import Word
from shared.media.fonts import font
from shared.media.overlay import Overlay
from shared.media.picture import Planes
from shared.story.formats import Canvas
from shared.story.looks import CaptionStyle, Ink, find_caption_style
from shared.story.texts import make_one_line

_FADE_IN = 0.10
_BLACK: Ink = (0, 0, 0, 255)


@dataclass(frozen=True)
class _Margins:
    """Where captions may stand: clear of the buttons and texts that players lay over a video."""

    width: float
    bottom: float
    line_chars: int


def _choose_margins(canvas: Canvas) -> _Margins:
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
        bottom = self.canvas.height * (1 - _choose_margins(self.canvas).bottom)
        for phrase in self.phrases:
            if phrase.start <= seconds < phrase.end:
                overlay = _draw_overlay(self.canvas, self.style, phrase, phrase.active(seconds))
                x = (self.canvas.width - overlay.width) // 2
                # not from nothing: a word that is heard must be seen in the same frame
                opacity = (seconds - phrase.start) / _FADE_IN + 0.34
                overlay.paint(planes, x, round(bottom) - overlay.height, opacity)


def set_captions(words: Sequence[Word], name: str, canvas: Canvas) -> Captions | None:
    """Return the captions in the style of this name; None where there is nothing to show."""
    style, margins = find_caption_style(name), _choose_margins(canvas)
    if style is None:
        return None
    # a few large words stand on one line, all others on two
    limit = margins.line_chars * 2 if style.max_words > 3 else margins.line_chars
    phrases = gather_phrases(_choose_words(words, style), limit, style.max_words)
    return Captions(canvas, style, phrases) if phrases else None


def is_unwritable(words: Sequence[Word], name: str) -> bool:
    """Return whether these words can't be burnt, because no font at hand has all their letters."""
    style = find_caption_style(name)
    if style is None:
        return False
    text = " ".join(word.text for word in _choose_words(words, style))
    return bool(text) and not is_drawable(style.face, text)


def _choose_words(words: Sequence[Word], style: CaptionStyle) -> tuple[Word, ...]:
    """Return the words as they are written in this style; those without letters are left out."""
    written = ((make_one_line(drop_symbols(word.text)), word) for word in words)
    return tuple(
        Word(text.upper() if style.upper else text, word.start, word.end)
        for text, word in written
        if text
    )


@lru_cache(maxsize=4)
def _draw_overlay(canvas: Canvas, style: CaptionStyle, phrase: Phrase, active: int) -> Overlay:
    # kept, since a word stands for some ten frames; only few are shown in turn
    return Overlay.of(draw_phrase(canvas, style, phrase, active))


def draw_phrase(canvas: Canvas, style: CaptionStyle, phrase: Phrase, active: int) -> Image.Image:
    """Return the phrase with its active word marked, as small as its letters allow."""
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
        return self.canvas.width * _choose_margins(self.canvas).width

    @cached_property
    def _size(self) -> int:
        """The style's size, or less when one word would not fit the line."""
        size = max(10, round(self._short * self.style.size))
        letters = font(self.style.face, size, self.phrase.text)
        widest = max(letters.getlength(word.text) for word in self.phrase.words)
        return size if widest <= self._room else max(8, int(size * self._room / widest))

    @cached_property
    def _font(self) -> ImageFont.FreeTypeFont:
        return font(self.style.face, self._size, self.phrase.text)

    @property
    def _pad(self) -> int:
        return round(self._size * 0.5)

    @property
    def _step(self) -> int:
        return round(self._size * 1.22)

    @cached_property
    def _lines(self) -> list[list[int]]:
        """Word indexes a line: as few lines as fit, and those as even as they come."""
        widths = [self._font.getlength(f"{word.text} ") for word in self.phrase.words]
        return split_evenly(widths, self._room)

    @cached_property
    def _places(self) -> dict[int, tuple[float, float]]:
        """Where each word's top left corner is: centred lines, words in reading order."""
        places: dict[int, tuple[float, float]] = {}
        space = self._font.getlength(" ")
        backwards = is_right_to_left(self.phrase.text)
        for row, line in enumerate(self._lines):
            # words are drawn one by one, so their order is ours to turn round
            order = line[::-1] if backwards else line
            lengths = [self._font.getlength(self.phrase.words[index].text) for index in order]
            x = (self._canvas_size[0] - sum(lengths) - space * (len(order) - 1)) / 2
            for index, length in zip(order, lengths, strict=True):
                places[index] = (x, self._pad + row * self._step)
                x += length + space
        return places

    @cached_property
    def _canvas_size(self) -> tuple[int, int]:
        """The drawing's own sides, with room for shadows about the letters."""
        return round(self._room) + 2 * self._pad, self._step * len(self._lines) + 2 * self._pad

    def draw(self, active: int) -> Image.Image:
        """Return the box, the shadow and the letters, one over the other."""
        image = Image.new("RGBA", self._canvas_size)
        self._draw_box(image, active)
        solid = self._draw_words([_BLACK for _ in self.phrase.words])
        image.alpha_composite(self._cast_shadow(solid))
        inks = [self._choose_ink(index, active) for index in range(len(self.phrase.words))]
        image.alpha_composite(self._draw_words(inks))
        return image

    def _draw_box(self, image: Image.Image, active: int) -> None:
        """Draw a rounded box behind the word that is heard, where the style has one."""
        if self.style.box is None or active not in self._places:
            return
        x, y = self._places[active]
        left, top, right, bottom = self._font.getbbox(self.phrase.words[active].text)
        grow = self._size * 0.14
        sides = (x + left - grow * 1.4, y + top - grow, x + right + grow * 1.4, y + bottom + grow)
        pen = ImageDraw.Draw(image)
        pen.rounded_rectangle(sides, radius=self._size * 0.16, fill=self.style.box)

    def _draw_words(self, inks: Sequence[Ink]) -> Image.Image:
        """Return all words, each in its ink with a black outline."""
        image = Image.new("RGBA", self._canvas_size)
        # a fine outline is still one in a small picture; a style may also have none
        outline = max(1, round(self._short * self.style.outline)) if self.style.outline else 0
        for index, place in self._places.items():
            # a layer a word: drawn on one, an ink that half covers would show the outline beneath
            layer = Image.new("RGBA", image.size)
            ImageDraw.Draw(layer).text(
                place,
                self.phrase.words[index].text,
                font=self._font,
                fill=inks[index],
                stroke_width=outline,
                stroke_fill=(0, 0, 0, inks[index][3]),
            )
            image.alpha_composite(layer)
        return image

    def _choose_ink(self, index: int, active: int) -> Ink:
        if index == active:
            return self.style.active
        return self.style.spoken if index < active else self.style.unspoken

    def _cast_shadow(self, letters: Image.Image) -> Image.Image:
        blurred = letters.filter(ImageFilter.GaussianBlur(self._size * self.style.blur))
        strength = self.style.shadow
        alpha = blurred.getchannel("A").point(lambda value: round(value * strength))
        shadow = Image.new("RGBA", letters.size)
        shadow.putalpha(alpha)
        return shadow
