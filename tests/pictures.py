"""Picture files as users send them, good and bad."""

import zlib
from io import BytesIO
from pathlib import Path
from struct import pack
from typing import Any

import av
import numpy as np
from PIL import Image

from tests.media.samples import rgb

MAGENTA = (230, 0, 200)
"""A colour that nothing else of ours wears."""


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def decoded(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def product(size: tuple[int, int] = (300, 200), colour: tuple[int, int, int] = MAGENTA) -> bytes:
    """A PNG of one colour, transparent around an opaque middle."""
    image = Image.new("RGBA", size)
    image.paste(colour, (size[0] // 10, size[1] // 10, size[0] * 9 // 10, size[1] * 9 // 10))
    return encoded(image)


def noise(size: tuple[int, int], form: str, **options: Any) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return encoded(Image.fromarray(pixels), form, **options)


def bomb(width: int, height: int) -> bytes:
    """A small PNG that would be very large once it is decoded."""
    return _png(width, height)


def png_that_says(name: bytes, body: bytes) -> bytes:
    """A PNG of 8 by 8 pixels that has this to say besides."""
    return _png(8, 8, (name, body))


def _png(width: int, height: int, *more: tuple[bytes, bytes]) -> bytes:
    header = pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zeros(height * (1 + (width + 7) // 8))
    parts = ((b"IHDR", header), *more, (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(body)) + name + body + pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def zeros(size: int) -> bytes:
    """So many, compressed to a thousandth."""
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    blocks = [packer.compress(block) for _ in range(size // len(block))]
    return b"".join([*blocks, packer.compress(bytes(size % len(block))), packer.flush()])


def jpeg_of_scans(scans: int, side: int = 32, after: bytes = b"") -> bytes:
    """A progressive JPEG that is gone over so many times, each time for 65 bytes or fewer."""
    usual = encoded(Image.new("RGB", (side, side), (255, 140, 0)), "JPEG", progressive=True)
    last = usual.rindex(b"\xff\xda")
    again = scans - usual.count(b"\xff\xda")
    return usual[:-2] + usual[last:-2] * again + b"\xff\xd9" + after


def jpeg_of_segments(segments: int) -> bytes:
    """A JPEG with so many segments that say nothing."""
    plain = encoded(Image.new("RGB", (9, 9)), "JPEG")
    return plain[:2] + b"\xff\xec\x00\x02" * segments + plain[2:]


def last_frame(video: Path) -> np.ndarray:
    with av.open(str(video)) as container:
        *_, last = container.decode(video=0)
        return rgb(last).astype(int)


def share_of(colour: tuple[int, int, int], frame: np.ndarray) -> float:
    """Which part of a picture is of this colour, give or take what encoding changes."""
    return float((np.abs(frame - colour).max(axis=-1) < 40).mean())
