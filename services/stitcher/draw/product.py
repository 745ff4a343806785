"""A product's picture as it stands on an end card: what is seen of it, lifted off its backdrop."""

import math

from PIL import Image, ImageDraw, ImageStat

from services.stitcher.draw.artwork import draw_shadow

_DARK = 70  # of 255
_ALIKE = 90  # the distance of two colours
_MOST_GROWTH = 2.0
"""A small picture stays small rather than become a blur."""


def draw_product(
    product: Image.Image, room: tuple[float, float], corner: float, ground: Image.Image
) -> Image.Image:
    """Return the product in this room, with a shadow, or with light around it where that shows."""
    spread = max(2, round(min(room) / 36))
    # transparent margins would make it look small
    seen = product.crop(product.getchannel("A").getbbox())
    image = _fit(seen, (room[0] - 6 * spread, room[1] - 6 * spread))
    if image.getchannel("A").getextrema()[0] == 255:  # a photo that fills its rectangle
        image.putalpha(_mask_corners(image.size, 0.14 * corner))
    # what is dark before a dark backdrop would not be seen over a shadow, nor red before red
    is_glowing = (is_dark(ground) and is_dark(image)) or _is_alike(image, ground)
    out = _draw_glow(image, spread) if is_glowing else draw_shadow(image, spread)
    # a shadow lies a little below, since light comes from above; a glow is even
    out.alpha_composite(image, (3 * spread, 3 * spread if is_glowing else 2 * spread))
    return out


def is_dark(image: Image.Image) -> bool:
    """Return whether what is seen of it is dark, all in all."""
    seen = image.getchannel("A") if image.mode == "RGBA" else None
    light = ImageStat.Stat(image.convert("L"), seen)
    return light.count[0] > 0 and light.mean[0] < _DARK


def _is_alike(image: Image.Image, ground: Image.Image) -> bool:
    """Return whether a cut-out has about the colour of what is behind it."""
    seen = image.getchannel("A")
    if seen.getextrema()[0] == 255 or not ImageStat.Stat(seen).sum[0]:
        return False
    colours = ImageStat.Stat(image.convert("RGB"), seen).mean, ImageStat.Stat(ground).mean[:3]
    return math.dist(*colours) < _ALIKE


def _fit(image: Image.Image, room: tuple[float, float]) -> Image.Image:
    size = min(room[0] / image.width, room[1] / image.height, _MOST_GROWTH)
    width, height = (max(1, round(side * size)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _mask_corners(size: tuple[int, int], corner: float) -> Image.Image:
    """Return a mask with smooth corners."""
    # drawn at four times its size, since shapes are drawn without soft edges
    fine = (size[0] * 4, size[1] * 4)
    mask = Image.new("L", fine)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, fine[0], fine[1]), min(fine) * corner, 255)
    return mask.reduce(4)


def _draw_glow(image: Image.Image, spread: int) -> Image.Image:
    around = draw_shadow(image, spread, 0.9)
    glow = Image.new("RGBA", around.size, (255, 255, 255))
    glow.putalpha(around.getchannel("A"))
    return glow
