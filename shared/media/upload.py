"""A picture that a user gives, made one of ours: upright, sRGB, of bounded size, a bare WebP.

Nothing in it is believed: its bytes decide what it is, what decoding it would cost is judged before
it is decoded, and every refusal says what to do. Of an animation the first picture is taken.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from shared.media.jpeg import refuse_costly
from shared.story.errors import BadInput
from shared.story.images import MAX_BYTES, Picture, picture_id

MAX_PIXELS = 40_000_000
MAX_WEBP_PIXELS = 32_000_000
"""The decoder of these holds every pixel four times."""
MAX_SIDE = 16_384
"""More than any camera has, and as much as a WebP can: each row costs memory of its own."""
LONG_SIDE = 2048

_SMALL = 256 << 10
"""Bytes below which nothing is gained by loss."""
_LOSSLESS: tuple[dict[str, Any], ...] = (
    {"lossless": True, "quality": 20, "method": 2},
    {"lossless": True, "quality": 80, "method": 4},  # six times as long, for what came so
)
_LOSSY: tuple[dict[str, Any], ...] = tuple({"quality": q} for q in (90, 80, 70, 60, 50, 40))


def prepare(data: bytes) -> Picture:
    """Return the picture in these bytes, ready to be stored; BadInput when it can't be used."""
    _refuse_size(data)
    with _refuse_what_breaks():
        image = _decode(data)
        lossless = image.format == "PNG" or b"VP8L" in data
        image = _strip(image)
    if image.mode == "RGBA" and image.getchannel("A").getextrema()[1] == 0:
        raise BadInput("the picture is wholly transparent: give one on which something is seen")
    kept = _encode(image, lossless, len(data))
    return Picture(picture_id(kept), image.width, image.height, kept)


def _refuse_size(data: bytes) -> None:
    if not data:
        raise BadInput("the picture is empty (0 bytes): give all bytes of a PNG, JPEG or WebP")
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"the picture is larger than {MAX_BYTES >> 20} MiB: scale it down, or save it as JPEG"
        )


@contextmanager
def _refuse_what_breaks() -> Iterator[None]:
    """Turn whatever a decoder raises over hostile bytes into a refusal that says what to do."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except BadInput:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many(MAX_PIXELS) from error
    except MemoryError as error:
        raise BadInput(
            "the picture takes more memory than there is for one: scale it down, or save it anew "
            "as a plain PNG or JPEG"
        ) from error
    except UnidentifiedImageError as error:
        raise BadInput(
            "these bytes are no picture that we know: give a PNG, JPEG or WebP"
        ) from error
    except Exception as error:
        raise BadInput(
            "the picture is damaged or cut off: export it again, and give all of it"
        ) from error


def _too_many(most: int) -> BadInput:
    return BadInput(
        f"the picture has more than {most // 1_000_000} megapixels: scale it down first"
    )


def _decode(data: bytes) -> Image.Image:
    """Return the picture, decoded when it is sure that this takes little time and memory."""
    refuse_costly(data)
    image = Image.open(BytesIO(data), formats=("PNG", "JPEG", "WEBP"))
    most = MAX_WEBP_PIXELS if image.format == "WEBP" else MAX_PIXELS
    if image.width * image.height > most:
        raise _too_many(most)
    if max(image.size) > MAX_SIDE:
        raise BadInput(f"a side of the picture has more than {MAX_SIDE:,} pixels: crop it first")
    image.draft("", (2 * LONG_SIDE, 2 * LONG_SIDE))  # a large JPEG need not be decoded in full
    image.load()
    return image


def _strip(image: Image.Image) -> Image.Image:
    """Return it small, in sRGB and upright: nothing beside its pixels is needed to show it."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode not in {mode, "CMYK"}:
        image = _reduce_to_eight_bits(image).convert(mode)
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(_convert_to_srgb(image, mode))
    upright.info.clear()
    return upright


def _reduce_to_eight_bits(image: Image.Image) -> Image.Image:
    """Return greys of 16 bits as such of 8, which a conversion would clip to white."""
    return image.point(lambda value: value / 256, "L") if image.mode.startswith("I") else image


def _convert_to_srgb(image: Image.Image, mode: str) -> Image.Image:
    """Return it in the colours that its profile means; one that is broken means nothing."""
    try:
        given = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
        plain = ImageCms.createProfile("sRGB")
        shown = ImageCms.profileToProfile(image, given, plain, outputMode=mode)
    except (KeyError, OSError, TypeError, ImageCms.PyCMSError):
        return image.convert(mode)
    assert shown is not None, "it is None only where the image itself was changed"
    return shown


def _encode(image: Image.Image, lossless: bool, came: int) -> bytes:
    """Return it as it is kept: without loss where it came so, and no larger than it came.

    What came with loss, or is larger without, is kept as well as fits.
    """
    wishes = [(options, max(came, _SMALL)) for options in _LOSSLESS if lossless]
    for options, most in [*wishes, *((options, came) for options in _LOSSY)]:
        if len(kept := _webp(image, options)) <= most:
            break
    return kept


def _webp(image: Image.Image, options: dict[str, Any]) -> bytes:
    out = BytesIO()
    image.save(out, "WEBP", **options)
    return out.getvalue()
