"""Makes the inputs of the stitching benchmark: clips, voices, a music bed.

Flat pictures would be quick for everyone. These clips have texture, motion and grain, so they cost
a decoder and an encoder as much as filmed ones do.
"""

from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from shared.media.sound import RATE, write_wav
from shared.story.formats import FPS, Canvas

CLIPS, CLIP_SECONDS, VOICES = 6, 5, 4
VOICE_SECONDS = 4.2
BIT_RATE = 11_700_000


@dataclass(frozen=True)
class Inputs:
    """The files of one run."""

    clips: tuple[Path, ...]
    voices: tuple[Path, ...]
    music: Path


def make_inputs(folder: Path, canvas: Canvas) -> Inputs:
    """Write all inputs into the folder and return them; they are the same in every run."""
    clips = tuple(_make_clip(folder / f"raw-{n}.mp4", canvas, n) for n in range(CLIPS))
    voices = tuple(_make_voice(folder / f"voice-{n}.wav", n) for n in range(VOICES))
    return Inputs(clips, voices, _make_music(folder / "music.wav"))


def _make_clip(path: Path, canvas: Canvas, seed: int) -> Path:
    """Write one clip and return its path."""
    # No keyframe but the first one, as providers deliver clips: nothing in it can be copied.
    rng = np.random.default_rng(seed)
    # Larger than the canvas, so that the view can move about in it.
    scene = _make_scene(rng, canvas.height + 160, canvas.width + 160)
    # Four pictures of grain are enough: in turn, they look like noise to an encoder.
    grain = rng.integers(-7, 8, (4, canvas.height, canvas.width, 1), np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = canvas.width, canvas.height, "yuv420p"
        stream.bit_rate = BIT_RATE
        for number in range(CLIP_SECONDS * FPS):
            picture = _cut_view(scene, canvas, number).astype(np.int16) + grain[number % 4]
            shown = np.clip(picture, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def _make_scene(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """Return a picture of clouds of several sizes: texture at every scale."""
    scene = np.zeros((height, width, 3), np.float32)
    for cells, weight in ((4, 70), (16, 45), (64, 30), (256, 18)):
        small = rng.normal(0, 1, (cells, cells, 3)).astype(np.float32)
        scene += weight * cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(scene + 120, 0, 255), np.uint8)


def _cut_view(scene: NDArray[np.uint8], canvas: Canvas, number: int) -> NDArray[np.uint8]:
    """Return the part of the scene that a frame shows: it moves by fractions of a pixel."""
    x, y = 80 + 70 * np.sin(number / 40), 80 + 70 * np.cos(number / 55)
    move = np.array([[1, 0, -x], [0, 1, -y]], np.float64)
    return np.asarray(cv2.warpAffine(scene, move, (canvas.width, canvas.height)), np.uint8)


def _make_voice(path: Path, seed: int) -> Path:
    """Write a buzz in syllables, as loud and as broken as speech, and return its path."""
    rng = np.random.default_rng(100 + seed)
    at = np.arange(round(VOICE_SECONDS * RATE)) / RATE
    pitch = 120 + 40 * seed + 8 * np.sin(2 * np.pi * 0.7 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    buzz = np.sum([np.sin(k * phase) / k for k in range(1, 16)], axis=0)
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * at) + 0.4, 0, 1)
    breath = rng.normal(0, 0.02, len(at))
    write_wav((0.15 * (buzz + breath) * syllables).astype(np.float32)[:, None], path)
    return path


def _make_music(path: Path) -> Path:
    """Write a chord that swells, longer than the video, and return its path."""
    at = np.arange(40 * RATE) / RATE
    chord = np.sum([np.sin(2 * np.pi * f * at) for f in (110, 164.8, 220, 277.2)], axis=0)
    left = 0.08 * chord * (0.8 + 0.2 * np.sin(2 * np.pi * 0.5 * at))
    write_wav(np.stack([left, left[::-1]], axis=1).astype(np.float32), path)
    return path
