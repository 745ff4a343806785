"""Small real pictures and clips: what is asked for can be seen in them."""

import hashlib
import math
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from tests.standins.replicate.sound import add_tone

Pixels = NDArray[np.uint8]
Size = tuple[int, int]

_FORMS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}
_ZOOM_A_SECOND = 0.03


def open_picture(data: bytes) -> Image.Image:
    """Return a picture as RGB, upright; ValueError if it is none."""
    try:
        with Image.open(BytesIO(data)) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError("the file is no picture") from error


def make_picture(words: str, seed: int, size: Size, references: list[bytes], form: str) -> bytes:
    """Return a picture whose colours and shapes come from the words; a reference lies in it."""
    image = _paint(words, seed, size)
    for place, data in enumerate(references[:3]):
        shown = ImageOps.contain(open_picture(data), (size[0] // 2, size[1] // 2))
        image.paste(shown, ((size[0] - shown.width) // 2, size[1] // 4 + place * size[1] // 8))
    out = BytesIO()
    options: dict[str, Any] = {"png": {"compress_level": 1}}.get(form, {"quality": 85})
    image.save(out, _FORMS[form], **options)
    return out.getvalue()


def _paint(words: str, seed: int, size: Size) -> Image.Image:
    """Return a gradient between two colours with a few discs."""
    chance = np.random.default_rng(list(hashlib.sha256(f"{seed}:{words}".encode()).digest()))
    top, bottom = chance.integers(40, 220, (2, 3))
    width, height = size
    rows = np.linspace(top, bottom, height).astype(np.uint8)
    pixels = np.broadcast_to(rows[:, None], (height, width, 3))
    image = Image.fromarray(np.ascontiguousarray(pixels))
    brush = ImageDraw.Draw(image)
    for _ in range(7):
        x, y = chance.uniform(0, 1, 2) * size
        radius = chance.uniform(0.05, 0.25) * min(size)
        colour = tuple(int(part) for part in chance.integers(20, 240, 3))
        brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    return image


@dataclass(frozen=True)
class Motion:
    """How large and how long a clip is."""

    size: Size
    frames: int
    fps: int
    has_sound: bool = False


def make_clip(
    words: str, seed: int, motion: Motion, first: bytes | None, last: bytes | None
) -> bytes:
    """Return an MP4 that starts with the first picture, moves, and ends on the last one."""
    size, frames, fps = motion.size, motion.frames, motion.fps
    still = _fit(open_picture(first) if first else _paint(words, seed, size), size)
    goal = _fit(open_picture(last), size) if last else None
    out = BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = *size, "yuv420p"
        context.options = {"preset": "ultrafast", "crf": "24", "x264-params": "threads=1"}
        tone = add_tone(container, frames / fps) if motion.has_sound else None
        for index in range(frames):
            pixels = _move(still, index / fps)
            if goal is not None:
                pixels = _blend(pixels, goal, index / max(1, frames - 1))
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        for packet in tone or ():
            container.mux(packet)
    return out.getvalue()


def _fit(image: Image.Image, size: Size) -> Pixels:
    return np.asarray(ImageOps.fit(image, size, Image.Resampling.BILINEAR), np.uint8)


def _move(still: Pixels, seconds: float) -> Pixels:
    """Return what is seen of a picture after so many seconds of an even zoom."""
    if not seconds:
        return still
    height, width = still.shape[:2]
    zoom = math.exp(_ZOOM_A_SECOND * seconds)
    # Half a pixel, since OpenCV counts from the middle of the first one.
    left, top = width * (1 - 1 / zoom) / 2, height * (1 - 1 / zoom) / 2
    centre = 0.5 / zoom - 0.5
    matrix = np.array([[1 / zoom, 0, left + centre], [0, 1 / zoom, top + centre]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(
        still, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def _blend(pixels: Pixels, goal: Pixels, share: float) -> Pixels:
    """Return a picture on its way to the goal, which it reaches at the end."""
    weight = share * share * (3 - 2 * share)
    return np.asarray(cv2.addWeighted(pixels, 1 - weight, goal, weight, 0), np.uint8)
