"""Pictures to be uploaded: damaged ones, and such as are made to take time or memory."""

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from struct import pack

from PIL import Image

from benchmarks.attack.wire import Input, write_request
from tests.pictures import (
    bomb,
    encoded,
    jpeg_of_scans,
    jpeg_of_segments,
    noise,
    png_that_says,
    product,
    zeros,
)

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
RARELY = 0.1
"""So many of all pictures are made to be costly."""


def make_pictures(rng: Random) -> Iterator[Input]:
    """Yield uploads without end."""
    while True:
        data = rng.choice(make_costly()) if rng.random() < RARELY else _damage(rng)
        yield Input("picture", write_upload(rng, data), leaves=rng.random() < 0.05)


def write_upload(rng: Random, data: bytes) -> bytes:
    """Return the request that gives a picture; it need not say what it is."""
    said = rng.choice([*TYPES.values()] * 8 + ["text/plain", "image/svg+xml", ""])
    return write_request("POST", "/v1/images", [("Content-Type", said)], data)


@cache
def make_right() -> tuple[bytes, ...]:
    """Return pictures that nothing is wrong with."""
    plain = Image.linear_gradient("L").resize((640, 400))
    return (
        product(),
        noise((600, 400), "JPEG", quality=80),
        noise((600, 400), "JPEG", quality=60, progressive=True),
        noise((200, 300), "WEBP", lossless=True),
        encoded(plain.convert("RGBA"), "WEBP"),
        encoded(plain.convert("CMYK"), "JPEG"),
        encoded(plain.convert("P"), "PNG"),
        encoded(plain.convert("I;16"), "PNG"),
        encoded(plain, "GIF"),
        encoded(plain, "TIFF"),
    )


def _damage(rng: Random) -> bytes:
    data = bytearray(rng.choice(make_right()))
    for _ in range(rng.choice([0, 1, 1, 2, 5])):
        rng.choice(_DAMAGES)(rng, data)
    return bytes(data)


def _change_bytes(rng: Random, data: bytearray) -> None:
    # in a head every byte counts, so half of all changes are there
    end = rng.choice([60, len(data)])
    for _ in range(rng.choice([1, 4, 40])):
        data[rng.randrange(min(end, len(data)))] = rng.randrange(256)


def _change_number(rng: Random, data: bytearray) -> None:
    at = rng.randrange(min(200, len(data)))
    data[at : at + 4] = pack(">I", rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 16_384]))


def _cut_off(rng: Random, data: bytearray) -> None:
    del data[rng.randrange(1, len(data)) :]


def _take_out(rng: Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice([1, 4, 500])]
    data += b"\0"  # something is left to be damaged


def _repeat(rng: Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + 300] * rng.choice([1, 50])


def _mix(rng: Random, data: bytearray) -> None:
    data[rng.randrange(len(data)) :] = rng.choice(make_right())[rng.randrange(200) :]


_DAMAGES: list[Callable[[Random, bytearray], None]] = [_change_bytes, _change_bytes]
_DAMAGES += [_change_number, _cut_off, _take_out, _repeat, _mix]


@cache
def make_costly() -> tuple[bytes, ...]:
    """Return small files that are large once decoded, or take long; some are just not refused."""
    upright = Image.Exif()
    upright[0x0112] = 6
    return (
        bomb(1, 40_000_000),
        bomb(40_000_000, 1),
        bomb(16_384, 2_441),
        bomb(2_441, 16_384),
        bomb(6_325, 6_325),
        bomb(50_000, 50_000),
        encoded(Image.new("RGBA", (6_324, 6_324), (9, 8, 7, 99)), compress_level=1, exif=upright),
        encoded(Image.new("RGB", (5_656, 5_656), (9, 8, 7)), "WEBP", lossless=True, method=0),
        encoded(Image.new("RGBA", (16_383, 1_953), (9, 8, 7, 9)), "WEBP", lossless=True, method=0),
        _webp_that_says(16_384, 16_384),
        jpeg_of_scans(49, 6_320),
        jpeg_of_scans(51, 6_320),
        jpeg_of_scans(3_000, 6_320),
        jpeg_of_segments(1_990),
        jpeg_of_segments(100_000),
        png_that_says(b"zTXt", b"words\0\0" + zeros(90 << 20)),
        png_that_says(b"iCCP", b"colours\0\0" + zeros(90 << 20)),
        png_that_says(b"iTXt", b"words\0\1\0\0\0" + zeros(90 << 20)),
        b"\x89PNG\r\n\x1a\n" + bytes(9 << 20),
        bytes((10 << 20) + 1),
    )


def _webp_that_says(width: int, height: int) -> bytes:
    """Return a WebP of a few bytes whose head names this size."""
    sizes = (width - 1) | (height - 1) << 14
    pixels = b"\x2f" + pack("<I", sizes) + bytes(20)
    chunk = b"WEBPVP8L" + pack("<I", len(pixels)) + pixels + b"\0" * (len(pixels) % 2)
    return b"RIFF" + pack("<I", len(chunk)) + chunk
