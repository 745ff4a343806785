"""A product's picture as it stands on an end card: what is seen of it, lifted off its backdrop."""

from PIL import Image, ImageDraw, ImageStat

from services.stitcher.draw.artwork import soft_shadow

_DARK = 70  # of 255
_MOST_GROWTH = 2.0
"""A small picture stays small rather than become a blur."""


def standing(
    product: Image.Image, room: tuple[float, float], corner: float, dark_backdrop: bool
) -> Image.Image:
    """The product in this room, its shadow included, or light around it where that shows more."""
    spread = max(2, round(min(room) / 36))
    image = _fitted(_seen(product), (room[0] - 6 * spread, room[1] - 6 * spread))
    if image.getchannel("A").getextrema()[0] == 255:
        image.putalpha(_rounded(image.size, 0.14 * corner))
    if dark_backdrop and is_dark(image):
        out, down = _glow(image, spread), 3 * spread
    else:
        out, down = soft_shadow(image, spread), 2 * spread
    out.alpha_composite(image, (3 * spread, down))
    return out


def is_dark(image: Image.Image) -> bool:
    """Whether what is seen of it is, all in all."""
    seen = image.getchannel("A") if image.mode == "RGBA" else None
    light = ImageStat.Stat(image.convert("L"), seen)
    return light.count[0] > 0 and light.mean[0] < _DARK


def _seen(image: Image.Image) -> Image.Image:
    """Without the transparent margins, which would make it look small."""
    return image.crop(image.getchannel("A").getbbox())


def _fitted(image: Image.Image, room: tuple[float, float]) -> Image.Image:
    size = min(room[0] / image.width, room[1] / image.height, _MOST_GROWTH)
    width, height = (max(1, round(side * size)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def _rounded(size: tuple[int, int], corner: float) -> Image.Image:
    """A mask with smooth corners, for a photo that fills its rectangle."""
    fine = (size[0] * 4, size[1] * 4)
    mask = Image.new("L", fine)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, fine[0], fine[1]), min(fine) * corner, 255)
    return mask.reduce(4)


def _glow(image: Image.Image, spread: int) -> Image.Image:
    """What is dark before a dark backdrop would not be seen over a shadow."""
    around = soft_shadow(image, spread, 0.9)
    glow = Image.new("RGBA", around.size, (255, 255, 255))
    glow.putalpha(around.getchannel("A"))
    return glow
