"""Pictures for the stitcher: files made to fill the canvas, backdrops, titles and shadows."""

from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageFilter, ImageOps

from services.stitcher.draw.words import SetText, set_text
from shared.media.picture import Rgb, from_image
from shared.media.probe import MAX_PIXELS, BadMedia
from shared.story.errors import cause, machine_trouble
from shared.story.formats import Canvas
from shared.story.looks import Face

_DEFAULT_COLOUR: Rgb = (28, 34, 54)
TITLE_FACE: Face = "clean-strong"


def open_picture(path: Path) -> Image.Image:
    """Return an image file, upright, within bounds; BadMedia when it is none."""
    try:
        # only the formats that models give: each other decoder is one more way in
        with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS * 2:
                raise BadMedia(f"{path.name} is too large: {image.width}x{image.height}")
            upright = ImageOps.exif_transpose(image)
            return upright.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if machine_trouble(error):
            raise
        raise BadMedia(f"{path.name} can't be read as a picture: {cause(error)}") from error


def fill_canvas(image: Image.Image, canvas: Canvas) -> Image.Image:
    """Return the image filling the canvas, cropped about its centre."""
    size = (canvas.width, canvas.height)
    return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)


def draw_still(path: Path, canvas: Canvas) -> av.VideoFrame:
    """Return an image file as a canonical frame."""
    return from_image(fill_canvas(open_picture(path), canvas))


def draw_gradient(
    canvas: Canvas, colour: Rgb, lightest: float = 1.28, darkest: float = 0.56
) -> Image.Image:
    """Return a calm backdrop in one colour, lighter towards the upper left."""
    down = np.linspace(0, 1, canvas.height, dtype=np.float32)[:, None]
    across = np.linspace(0, 1, canvas.width, dtype=np.float32)[None, :]
    light = (lightest - (lightest - darkest) * (0.7 * down + 0.3 * across))[..., None]
    # without noise, so slow a change of colour would show as bands
    noise = np.random.default_rng(0).uniform(-0.8, 0.8, (canvas.height, canvas.width, 1))
    pixels = np.clip(np.array(colour, np.float32) * light + noise, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def set_title(text: str, canvas: Canvas) -> SetText | None:
    """Return a title in lines, as it stands alone in a picture; None where none can be written."""
    return set_text(text, canvas, TITLE_FACE, 0.085)


def draw_title(text: str, canvas: Canvas, colour: Rgb = _DEFAULT_COLOUR) -> av.VideoFrame:
    """Return a picture with nothing but a title: shown where there is neither clip nor image."""
    image = draw_gradient(canvas, colour).convert("RGBA")
    title = set_title(text, canvas)
    if title is None:
        return from_image(image)  # a plain ground says as much as empty boxes
    block = title.draw((255, 255, 255))
    # a canvas smaller than any video's has no room for a line
    at = (max(0, canvas.width - block.width) // 2, max(0, canvas.height - block.height) // 2)
    image.alpha_composite(block, at)
    return from_image(image)


def draw_shadow(image: Image.Image, spread: int, strength: float = 0.5) -> Image.Image:
    """Return the image's shadow, on a canvas grown by three spreads on each side."""
    # at three spreads a blur has all but ended: on less it would be cut off
    grown = Image.new("L", (image.width + 6 * spread, image.height + 6 * spread))
    grown.paste(image.getchannel("A"), (3 * spread, 3 * spread))
    blurred = grown.filter(ImageFilter.GaussianBlur(spread))
    shadow = Image.new("RGBA", grown.size)
    shadow.putalpha(blurred.point(lambda value: round(value * strength)))
    return shadow
