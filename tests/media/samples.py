"""Small media in many shapes, made on the spot, whose true content the tests know.

Every picture carries its own number as a bar code of grey fields, which survives encoding, scaling
and cropping to the middle; so a test can say exactly which frame it is looking at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from numpy.typing import NDArray

from shared.media.sound import RATE, Samples, frames_of, write_wav

_BITS = 8


def numbered(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """A picture whose middle shows a number as light and dark stripes."""
    picture = np.full((height, width, 3), (90, 110, 130), np.uint8)
    top, bottom = height * 3 // 10, height * 7 // 10
    left, right = width * 3 // 10, width * 7 // 10
    edges = np.linspace(left, right, _BITS + 1).round().astype(int)
    for bit in range(_BITS):
        light = 220 if number >> bit & 1 else 30
        picture[top:bottom, edges[bit] : edges[bit + 1]] = light
    return picture


def number_of(picture: NDArray[np.uint8], left: float = 0.3, right: float = 0.7) -> int:
    """The number a decoded picture shows between these parts of its width."""
    height, width = picture.shape[:2]
    grey = picture.mean(axis=2) if picture.ndim == 3 else picture
    rows = grey[height * 4 // 10 : height * 6 // 10]
    edges = np.linspace(width * left, width * right, _BITS + 1)
    middles = ((edges[:-1] + edges[1:]) / 2).round().astype(int)
    return sum((rows[:, x - 1 : x + 2].mean() > 125) << bit for bit, x in enumerate(middles))


def numbers_in(path: Path) -> list[int]:
    """The numbers of all frames of a video, as shown."""
    with av.open(str(path)) as container:
        return [number_of(rgb(frame)) for frame in container.decode(video=0)]


def rgb(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """A decoded frame as RGB."""
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


@dataclass(frozen=True)
class Shape:
    """What a generated clip is like."""

    width: int = 96
    height: int = 160
    fps: int | Fraction = 30
    frames: int = 30
    codec: str = "libx264"
    pixels: str = "yuv420p"
    gop: int = 250
    b_frames: int = 0
    suffix: str = ".mp4"
    pixel_aspect: Fraction = Fraction(1)
    sound_seconds: float = 0.0
    sound_layout: str = "stereo"
    sound_rate: int = RATE
    times: tuple[int, ...] | None = None  # each frame's pts, for variable rates
    timescale: int = 0  # ticks a second in an MP4's index; 0: as the muxer likes
    turns: int = 0  # quarter turns to the right that the file asks a player for


def write_clip(folder: Path, shape: Shape = Shape(), name: str = "clip") -> Path:
    """A clip whose frame n shows the number n."""
    path = folder / f"{name}{shape.suffix}"
    path.write_bytes(_clip(shape))
    return path


@lru_cache(200)
def _clip(shape: Shape) -> bytes:
    """The bytes of a clip: made once a session, since many tests ask for the same."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"clip{shape.suffix}"
        _encode(path, shape)
        if shape.turns:
            _ask_for_turns(path, shape.turns)
        return path.read_bytes()


def _encode(path: Path, shape: Shape) -> None:
    ticks = {"video_track_timescale": str(shape.timescale)} if shape.timescale else {}
    with av.open(str(path), "w", container_options=ticks) as container:
        stream = container.add_stream(shape.codec, rate=shape.fps)
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = shape.width, shape.height, shape.pixels
        context.gop_size = shape.gop
        context.max_b_frames = shape.b_frames
        context.sample_aspect_ratio = shape.pixel_aspect
        if shape.codec == "libx264":
            context.options = {"preset": "ultrafast", "bf": str(shape.b_frames)}
        sound = _sound_stream(container, shape)
        for number in range(shape.frames):
            picture = numbered(number, shape.width, shape.height)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base = context.time_base = 1 / Fraction(shape.fps)
            frame.pts = shape.times[number] if shape.times else number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            for block in frames_of(tone(shape.sound_seconds)):
                container.mux(sound.encode(block))  # resampled to what the stream has
            container.mux(sound.encode(None))


def _ask_for_turns(clip: Path, turns: int) -> None:
    """Write the matrix that a phone held another way writes."""
    data = bytearray(clip.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 36
    cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[turns % 4]
    words = [cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30]
    data[at : at + 36] = b"".join(word.to_bytes(4, "big", signed=True) for word in words)
    clip.write_bytes(data)


def edited(clip: Path, start: Fraction, kept: Fraction) -> None:
    """Make an MP4's edit list show only a part of the frames, from somewhere on."""
    data = bytearray(clip.read_bytes())
    at = data.index(b"elst") + 4 + 4 + 4  # version and flags, count
    length, first = (int.from_bytes(data[i : i + 4], "big") for i in (at, at + 4))
    scale_at = data.index(b"mdhd") + 4 + 4 + 8
    scale = int.from_bytes(data[scale_at : scale_at + 4], "big")
    moved = first + int(length * start * scale / 1000)  # a movie has 1000 ticks a second
    data[at : at + 4] = int(length * kept).to_bytes(4, "big")
    data[at + 4 : at + 8] = moved.to_bytes(4, "big")
    clip.write_bytes(data)


def _sound_stream(container: av.container.OutputContainer, shape: Shape) -> av.AudioStream | None:
    if not shape.sound_seconds:
        return None
    codec = "libopus" if shape.suffix == ".webm" else "aac"
    stream = container.add_stream(codec, rate=shape.sound_rate, layout=shape.sound_layout)
    assert isinstance(stream, av.AudioStream)
    return stream


def tone(seconds: float, channels: int = 2, hertz: float = 440.0, level: float = 0.2) -> Samples:
    """A sine."""
    at = np.arange(round(seconds * RATE)) / RATE
    wave = (level * np.sin(2 * np.pi * hertz * at)).astype(np.float32)
    return np.repeat(wave[:, None], channels, axis=1)


def write_voice(path: Path, bursts: Sequence[tuple[float, float]], seconds: float) -> Path:
    """A mono voice of buzzes between the given times, silent elsewhere."""
    at = np.arange(round(seconds * RATE)) / RATE
    buzz = sum(np.sin(2 * np.pi * 150 * k * at) / k for k in range(1, 20)) * 0.2
    heard = np.zeros(len(at))
    for start, end in bursts:
        heard[round(start * RATE) : round(end * RATE)] = 1.0
    write_wav((buzz * heard).astype(np.float32)[:, None], path)
    return path


def copied(clip: Path, flags: str) -> Path:
    """The same pictures in a container laid out by these flags of its writer."""
    out = clip.with_name(f"copied{clip.suffix}")
    with av.open(str(clip)) as source, av.open(str(out), "w", options={"movflags": flags}) as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                copy.mux(packet)
    return out
