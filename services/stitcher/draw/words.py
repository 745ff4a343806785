"""Sets texts in letters: what of them can be written, in which lines, and how large.

A text that can't be drawn is left out, and one that has no room is cut short; both can be asked
about, so that the video's notes say it. No text may fail a video whose clips are made.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from services.stitcher.breaks import split_at_breaks
from services.stitcher.captions import JOINERS, drop_symbols
from shared.media.fonts import can_write, font
from shared.media.picture import Rgb
from shared.story.formats import Canvas
from shared.story.looks import Face
from shared.story.texts import make_one_line

_SMALLEST = 10  # pixels below which letters are no use
_LEADING = 1.16  # from one line to the next, in sizes of the letters
_TRIED = 12  # pixels at which a text is tried: its layout fails at any size, or at none
_MOST_LETTERS = 1000  # no picture has room for more, and setting them takes long
_TOLD = 40  # letters of a text that a note quotes


@dataclass(frozen=True)
class SetText:
    """A text in lines that fit, ready to be drawn. It is `whole` unless some had no room."""

    lines: Sequence[str]
    letters: ImageFont.FreeTypeFont
    pixels: int
    room: float
    whole: bool

    def draw(self, colour: Rgb) -> Image.Image:
        """Return the lines, centred, on transparency."""
        step = round(self.pixels * _LEADING)
        height = step * len(self.lines) + self.pixels // 2
        image = Image.new("RGBA", (max(2, round(self.room)), max(2, height)))
        pen = ImageDraw.Draw(image)
        for row, line in enumerate(self.lines):
            place = (self.room / 2, row * step)
            pen.text(place, line, font=self.letters, fill=(*colour, 255), anchor="ma")
        return image


def set_text(
    text: str, canvas: Canvas, face: Face, size: float, width: float = 0.82
) -> SetText | None:
    """Return what can be written of a text, shrunk until it fits and takes 3/10 of the height.

    `size` is a part of the short side, `width` a part of the canvas' width. None where nothing of
    the text can be written.
    """
    drawn = keep_writable(face, text)
    if not drawn:
        return None
    room, most = canvas.width * width, canvas.height * 0.3
    pixels = max(_SMALLEST, round(min(canvas.width, canvas.height) * size))
    while True:
        letters = font(face, pixels, drawn)
        lines = wrap_lines(drawn, room, letters)
        fits = max(map(letters.getlength, lines)) <= room
        if fits and len(lines) * pixels * _LEADING <= most:
            return SetText(lines, letters, pixels, room, not is_too_long(text))
        if pixels <= _SMALLEST:
            return _cut_short(drawn, letters, pixels, room, most)
        pixels = max(_SMALLEST, int(pixels * 0.88))


def _cut_short(
    text: str, letters: ImageFont.FreeTypeFont, pixels: int, room: float, most: float
) -> SetText:
    """Return a text that is too long, in as many lines as this height has room for."""
    lines = wrap_lines(text, room, letters, break_words=True)
    count = max(1, int(most / (pixels * _LEADING)))
    whole = len(lines) <= count
    if not whole:
        lines = [*lines[: count - 1], shorten(lines[count - 1], room, letters)]
    return SetText(lines, letters, pixels, room, whole)


def keep_writable(face: Face, text: str) -> str:
    """Return what can be drawn of a text, on one line; nothing where a font lacks its letters.

    A picture without the text says more than a row of empty boxes. Symbols that no font has, such
    as emoji, go alone: the words say enough.
    """
    # characters that mean nothing outside of one company, or before a later Unicode
    known = "".join(c for c in text if unicodedata.category(c) not in {"Cn", "Co"})
    line = make_one_line(known)
    if len(line) > _MOST_LETTERS:
        line = f"{line[:_MOST_LETTERS].rstrip()}…"
    if not can_write(face, line):
        line = _drop_missing_symbols(face, line)
    return line if is_drawable(face, line) else ""


def is_drawable(face: Face, line: str) -> bool:
    """Return whether a font has all letters of the line, and something is seen when it is drawn."""
    try:
        letters = font(face, _TRIED, line)
        return can_write(face, line) and letters.getmask(line).getbbox() is not None
    except (OSError, RuntimeError, ValueError):
        return False  # the library for layouts refuses some texts without saying why


def is_too_long(text: str) -> bool:
    """Return whether a text is so long that only its beginning is looked at."""
    return len(make_one_line(text)) > _MOST_LETTERS


def explain_unwritten(face: Face, text: str) -> str | None:
    """Return why nothing of a text is drawn; None where something is, or where there is none."""
    if not text.strip() or keep_writable(face, text):
        return None
    line = make_one_line(text)
    if can_write(face, line):
        return "there is nothing to be seen in it"
    quoted = line if len(line) <= _TOLD else f"{line[:_TOLD]}…"
    return f"no font at hand can write “{quoted}”"


def _drop_missing_symbols(face: Face, line: str) -> str:
    """Return the line without the symbols that its font lacks; nothing where it lacks letters."""
    letters = drop_symbols(line)
    if not can_write(face, letters):
        return ""
    for symbol in sorted(set(line) - set(letters)):
        # one font has to have all that is kept: no other is at hand within a line
        if symbol not in JOINERS and can_write(face, letters + symbol):
            letters += symbol
    return make_one_line("".join(c for c in line if c.isspace() or c in letters))


def wrap_lines(
    text: str, room: float, letters: ImageFont.FreeTypeFont, break_words: bool = False
) -> list[str]:
    """Return the text in even lines; a word wider than the room is broken, or stands alone."""
    parts = split_at_breaks(text) or [""]
    if break_words:
        parts = [part for word in parts for part in _break_word(word, room, letters)]
    lines = split_evenly([letters.getlength(part) for part in parts], room)
    return ["".join(parts[index] for index in line).rstrip() for line in lines]


def shorten(text: str, room: float, letters: ImageFont.FreeTypeFont) -> str:
    """Return as much of the text's beginning as fits the room, with an ellipsis after it."""
    return f"{text[: _count_fitting(text, room, letters, '…')].rstrip()}…"


def _break_word(word: str, room: float, letters: ImageFont.FreeTypeFont) -> Iterator[str]:
    """Return the word in parts that fit the room; each has one letter at least."""
    while letters.getlength(word.rstrip()) > room:
        end = max(1, _count_fitting(word, room, letters))
        yield word[:end]
        word = word[end:]
    yield word


def _count_fitting(
    text: str, room: float, letters: ImageFont.FreeTypeFont, ending: str = ""
) -> int:
    """Return how many letters of the text's beginning fit the room with this ending."""
    lengths = range(1, len(text) + 1)
    # a search, since laying out every beginning of a long word takes its length squared
    return bisect_left(
        lengths, True, key=lambda length: letters.getlength(text[:length] + ending) > room
    )


def split_evenly(widths: Sequence[float], room: float) -> list[list[int]]:
    """Return which words go on which line: as few lines as fit, and those as even as they come."""
    fewest = len(_fill_lines(widths, room))
    even = min(sum(widths) / fewest, room)
    limits = (even + (room - even) * step / 12 for step in range(12))
    wraps = (_fill_lines(widths, limit) for limit in limits)
    return next((w for w in wraps if len(w) <= fewest), _fill_lines(widths, room))


def _fill_lines(widths: Sequence[float], limit: float) -> list[list[int]]:
    """Return the words' indexes, line by line, each filled as far as it goes."""
    lines: list[list[int]] = [[]]
    filled = 0.0
    for index, width in enumerate(widths):
        if lines[-1] and filled + width > limit:
            lines.append([])
            filled = 0.0
        lines[-1].append(index)
        filled += width
    return lines
