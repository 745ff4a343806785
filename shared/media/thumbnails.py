"""Pictures made small. Pillow is imported in the worker process only."""

from io import BytesIO

SIDE = 480
"""Pixels of the long side: sharp on a card of half that size, on any screen."""
QUALITY = 78


def shrink(data: bytes) -> bytes:
    """Return the picture in these bytes as a small WebP."""
    from PIL import Image

    image = Image.open(BytesIO(data))
    image.draft("RGB", (2 * SIDE, 2 * SIDE))
    image.thumbnail((SIDE, SIDE), reducing_gap=2.0)
    out = BytesIO()
    image.convert("RGBA" if image.has_transparency_data else "RGB").save(
        out, "WEBP", quality=QUALITY
    )
    return out.getvalue()
