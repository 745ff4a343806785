"""Pictures drawn for the stitcher: covers, gradients, and text set to fit."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from shared.media.fonts import Face, font
from shared.media.formats import Canvas
from shared.media.picture import Rgb, from_image
from shared.media.probe import MAX_PIXELS, BadMedia

_DEFAULT_COLOUR: Rgb = (28, 34, 54)


def picture(path: Path) -> Image.Image:
    """An image file, upright, within bounds; BadMedia when it is none."""
    try:
        with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS * 2:
                raise BadMedia(f"{path.name} is too large: {image.width}x{image.height}")
            upright = ImageOps.exif_transpose(image)
            return upright.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadMedia(f"{path.name} can't be read as a picture: {error}") from error


def cover(image: Image.Image, canvas: Canvas) -> Image.Image:
    """The image filling the canvas, cropped about its centre."""
    size = (canvas.width, canvas.height)
    return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)


def still(path: Path, canvas: Canvas) -> av.VideoFrame:
    """An image file as a canonical frame."""
    return from_image(cover(picture(path), canvas))


def gradient(canvas: Canvas, colour: Rgb) -> Image.Image:
    """A calm backdrop in one colour, lighter towards the upper left."""
    down = np.linspace(0, 1, canvas.height, dtype=np.float32)[:, None]
    across = np.linspace(0, 1, canvas.width, dtype=np.float32)[None, :]
    light = (1.28 - 0.5 * down - 0.22 * across)[..., None]
    noise = np.random.default_rng(0).uniform(-0.8, 0.8, (canvas.height, canvas.width, 1))
    pixels = np.clip(np.array(colour, np.float32) * light + noise, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def title_still(text: str, canvas: Canvas, colour: Rgb = _DEFAULT_COLOUR) -> av.VideoFrame:
    """A picture with nothing but a title: shown where there is neither clip nor image."""
    image = gradient(canvas, colour).convert("RGBA")
    block = text_block(text, canvas, "clean-strong", 0.085, (255, 255, 255))
    at = ((canvas.width - block.width) // 2, (canvas.height - block.height) // 2)
    image.alpha_composite(block, at)
    return from_image(image)


def text_block(
    text: str, canvas: Canvas, face: Face, size: float, colour: Rgb, width: float = 0.82
) -> Image.Image:
    """Centred lines on transparency, wrapped and shrunk until they fit three tenths of the height.

    `size` is a part of the short side, `width` a part of the canvas' width.
    """
    pixels = max(10, round(min(canvas.width, canvas.height) * size))
    while True:
        block = _set(text, canvas.width * width, face, pixels, colour)
        if block.height <= canvas.height * 0.3 or pixels <= 12:
            return block
        pixels = int(pixels * 0.88)


def _set(text: str, room: float, face: Face, pixels: int, colour: Rgb) -> Image.Image:
    letters = font(face, pixels, text)
    lines = _wrapped(text, room, letters.getlength)
    step = round(pixels * 1.16)
    image = Image.new("RGBA", (max(2, round(room)), max(2, step * len(lines) + pixels // 2)))
    pen = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        pen.text((room / 2, row * step), line, font=letters, fill=(*colour, 255), anchor="ma")
    return image


def _wrapped(text: str, room: float, length: Callable[[str], float]) -> list[str]:
    """As few lines as fit, and those as even as they come."""
    fitting = [
        lines
        for columns in range(4, max(5, len(text) + 1))
        if (lines := textwrap.wrap(text, columns)) and max(map(length, lines)) <= room
    ]
    if not fitting:
        return textwrap.wrap(text, 4) or [""]
    return min(fitting, key=lambda lines: (len(lines), max(map(length, lines))))


def soft_shadow(image: Image.Image, spread: int, strength: float = 0.5) -> Image.Image:
    """The image's shadow, on a canvas grown by three spreads on each side."""
    grown = Image.new("L", (image.width + 6 * spread, image.height + 6 * spread))
    grown.paste(image.getchannel("A"), (3 * spread, 3 * spread))
    blurred = grown.filter(ImageFilter.GaussianBlur(spread))
    shadow = Image.new("RGBA", grown.size)
    shadow.putalpha(blurred.point(lambda value: round(value * strength)))
    return shadow
