"""Pictures drawn for the stitcher: covers, gradients, and text set to fit."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from services.stitcher.breaks import unbroken
from services.stitcher.captions import JOINERS, without_symbols
from shared.media.fonts import Face, covered, font
from shared.media.picture import Rgb, from_image
from shared.media.probe import MAX_PIXELS, BadMedia
from shared.story.errors import cause, machine_trouble
from shared.story.formats import Canvas

_SMALLEST = 10  # pixels below which letters are no use
_DEFAULT_COLOUR: Rgb = (28, 34, 54)
TITLE_FACE: Face = "clean-strong"
_TOLD = 40  # letters of a text that a note quotes


def picture(path: Path) -> Image.Image:
    """An image file, upright, within bounds; BadMedia when it is none."""
    try:
        with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS * 2:
                raise BadMedia(f"{path.name} is too large: {image.width}x{image.height}")
            upright = ImageOps.exif_transpose(image)
            return upright.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if machine_trouble(error):
            raise
        raise BadMedia(f"{path.name} can't be read as a picture: {cause(error)}") from error


def cover(image: Image.Image, canvas: Canvas) -> Image.Image:
    """The image filling the canvas, cropped about its centre."""
    size = (canvas.width, canvas.height)
    return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)


def still(path: Path, canvas: Canvas) -> av.VideoFrame:
    """An image file as a canonical frame."""
    return from_image(cover(picture(path), canvas))


def gradient(
    canvas: Canvas, colour: Rgb, lightest: float = 1.28, darkest: float = 0.56
) -> Image.Image:
    """A calm backdrop in one colour, lighter towards the upper left."""
    down = np.linspace(0, 1, canvas.height, dtype=np.float32)[:, None]
    across = np.linspace(0, 1, canvas.width, dtype=np.float32)[None, :]
    light = (lightest - (lightest - darkest) * (0.7 * down + 0.3 * across))[..., None]
    noise = np.random.default_rng(0).uniform(-0.8, 0.8, (canvas.height, canvas.width, 1))
    pixels = np.clip(np.array(colour, np.float32) * light + noise, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def title_still(text: str, canvas: Canvas, colour: Rgb = _DEFAULT_COLOUR) -> av.VideoFrame:
    """A picture with nothing but a title: shown where there is neither clip nor image."""
    image = gradient(canvas, colour).convert("RGBA")
    block = text_block(text, canvas, TITLE_FACE, 0.085, (255, 255, 255))
    at = ((canvas.width - block.width) // 2, (canvas.height - block.height) // 2)
    image.alpha_composite(block, at)
    return from_image(image)


def text_block(
    text: str, canvas: Canvas, face: Face, size: float, colour: Rgb, width: float = 0.82
) -> Image.Image:
    """Centred lines on transparency, shrunk until every word fits and all take 3/10 of the height.

    Nothing is drawn of what no font can write.
    `size` is a part of the short side, `width` a part of the canvas' width.
    """
    text = writable(face, text)
    room, most = canvas.width * width, canvas.height * 0.3
    pixels = max(_SMALLEST, round(min(canvas.width, canvas.height) * size))
    while True:
        letters = font(face, pixels, text)
        lines = wrapped(text, room, letters)
        fits = max(map(letters.getlength, lines)) <= room and len(lines) * pixels * 1.16 <= most
        if fits or pixels <= _SMALLEST:
            return _set(lines, room, letters, pixels, colour)
        pixels = max(_SMALLEST, int(pixels * 0.88))


def _set(
    lines: Sequence[str], room: float, letters: ImageFont.FreeTypeFont, pixels: int, colour: Rgb
) -> Image.Image:
    step = round(pixels * 1.16)
    image = Image.new("RGBA", (max(2, round(room)), max(2, step * len(lines) + pixels // 2)))
    pen = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        pen.text((room / 2, row * step), line, font=letters, fill=(*colour, 255), anchor="ma")
    return image


def writable(face: Face, text: str) -> str:
    """What is drawn of a text: no symbol that no font has, and nothing where it lacks letters.

    A picture without the text says more than a row of empty boxes.
    """
    if covered(face, text):
        return text
    letters = without_symbols(text)
    if not covered(face, letters):
        return ""
    kept = (c for c in text if c not in JOINERS and (c.isspace() or covered(face, letters + c)))
    return " ".join("".join(kept).split())


def unwritten(face: Face, text: str) -> str | None:
    """Why nothing of a text is drawn, where that is so."""
    if not text.strip() or writable(face, text):
        return None
    quoted = text if len(text) <= _TOLD else f"{text[:_TOLD]}…"
    return f"no font at hand can write “{quoted}”"


def wrapped(text: str, room: float, letters: ImageFont.FreeTypeFont) -> list[str]:
    """The text in even lines; a word wider than the room keeps a line of its own."""
    pieces = unbroken(text) or [""]
    widths = [letters.getlength(piece) for piece in pieces]
    lines = even_lines(widths, room)
    return ["".join(pieces[index] for index in line).rstrip() for line in lines]


def even_lines(widths: Sequence[float], room: float) -> list[list[int]]:
    """Which words go on which line: as few lines as fit, and those as even as they come."""
    fewest = len(_filled(widths, room))
    even = min(sum(widths) / fewest, room)
    limits = (even + (room - even) * step / 12 for step in range(13))
    wraps = (_filled(widths, limit) for limit in limits)
    return next(wrap for wrap in wraps if len(wrap) <= fewest)


def _filled(widths: Sequence[float], limit: float) -> list[list[int]]:
    lines: list[list[int]] = [[]]
    filled = 0.0
    for index, width in enumerate(widths):
        if lines[-1] and filled + width > limit:
            lines.append([])
            filled = 0.0
        lines[-1].append(index)
        filled += width
    return lines


def soft_shadow(image: Image.Image, spread: int, strength: float = 0.5) -> Image.Image:
    """The image's shadow, on a canvas grown by three spreads on each side."""
    grown = Image.new("L", (image.width + 6 * spread, image.height + 6 * spread))
    grown.paste(image.getchannel("A"), (3 * spread, 3 * spread))
    blurred = grown.filter(ImageFilter.GaussianBlur(spread))
    shadow = Image.new("RGBA", grown.size)
    shadow.putalpha(blurred.point(lambda value: round(value * strength)))
    return shadow
