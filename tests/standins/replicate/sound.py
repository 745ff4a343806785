"""Small real recordings. A voice carries its text along, so that a transcript can be exact."""

from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
from numpy.typing import NDArray

from tests.standins.replicate.words import word_times

Samples = NDArray[np.float32]

RATE = 24_000
_CODECS = {"mp3": "libmp3lame", "wav": "pcm_s16le", "flac": "flac"}


def make_voice(text: str, speed: float, seconds: float, form: str) -> bytes:
    """Return a recording that buzzes once for each word."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    for place, (_, start, end) in enumerate(word_times(text, speed)):
        begin, stop = round(start * RATE), round(end * RATE)
        at = np.arange(len(samples[begin:stop])) / RATE
        pitch = 110 + 12 * (place % 5)
        samples[begin:stop] = 0.3 * np.sin(2 * np.pi * pitch * at) + 0.1 * np.sin(900 * at)
    return _write(samples, form, f"{speed:g}|{text}")


def make_music(words: str, seed: int, seconds: float, form: str) -> bytes:
    """Return a chord that swells and falls."""
    at = np.arange(round(seconds * RATE), dtype=np.float32) / RATE
    root = 110 * 2 ** ((seed + len(words)) % 12 / 12)
    wave = sum(np.sin(2 * np.pi * root * step * at) for step in (1, 1.25, 1.5))
    return _write((0.08 * wave * (1.2 + np.sin(at))).astype(np.float32), form, "")


def listen(data: bytes) -> tuple[list[tuple[str, float, float]], float]:
    """Return the words of a recording with their times, and its length; ValueError if it is none.

    A recording that is not ours says made-up words, two a second.
    """
    try:
        with av.open(BytesIO(data)) as container:
            stream = container.streams.audio[0]
            seconds = float((stream.duration or 0) * (stream.time_base or 0))
            note = container.metadata.get("comment") or stream.metadata.get("comment") or ""
    except (av.error.FFmpegError, IndexError) as error:
        raise ValueError("the file is no recording") from error
    speed, bar, text = note.partition("|")
    if bar:
        return word_times(text, float(speed)), seconds
    count = max(1, int(seconds * 2))
    times = np.linspace(0, seconds, count + 1).round(3).tolist()
    return [(f"word{n}", times[n], times[n + 1]) for n in range(count)], seconds


def add_tone(
    container: av.container.OutputContainer, seconds: float
) -> "Iterator[av.Packet[av.AudioStream]]":
    """Add a sound track to a clip that is being written, and return its packets."""
    stream = container.add_stream("aac", rate=RATE, layout="mono")
    at = np.arange(round(seconds * RATE)) / RATE
    samples = (0.1 * np.sin(2 * np.pi * 220 * at)).astype(np.float32)

    def packets() -> "Iterator[av.Packet[av.AudioStream]]":
        yield from stream.encode(_frame(samples))
        yield from stream.encode(None)

    return packets()


def _write(samples: Samples, form: str, note: str) -> bytes:
    out = BytesIO()
    with av.open(out, "w", format=form) as container:
        if note:
            container.metadata["comment"] = note
        stream = container.add_stream(_CODECS[form], rate=RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)
        for start in range(0, len(samples), RATE):
            container.mux(stream.encode(_frame(samples[start : start + RATE], start)))
        container.mux(stream.encode(None))
    return out.getvalue()


def _frame(samples: Samples, start: int = 0) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None], "flt", "mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
    return frame
