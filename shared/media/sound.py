"""Sound as float32 samples (n, channels) at 48 kHz: read, write, encode, measure.

Loudness and true peak are those of BS.1770 / EBU R128, as FFmpeg's own meter measures them.
"""

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from shared.media.probe import MAX_SECONDS, BadMedia, open_media

Samples: TypeAlias = NDArray[np.float32]

RATE = 48_000
AAC_BIT_RATE = 192_000
_BLOCK = 48_000  # samples worked on at a time, so that memory stays small for any length
_LAYOUTS = {1: "mono", 2: "stereo"}
SILENCE_LUFS = -70.0
_TEMPO_EARLY = 250  # samples by which FFmpeg's atempo runs ahead, measured at 0.9 to 1.15


@dataclass(frozen=True)
class Loudness:
    """Integrated loudness, and the true peak, which may lie between two samples."""

    lufs: float
    peak_dbtp: float


def read_sound(path: Path, channels: int = 2, at_most: float = MAX_SECONDS) -> Samples:
    """Return a file's first sound track, up to a length; BadMedia if there is none."""
    with open_media(path) as container:
        if not any(getattr(s, "codec_context", None) for s in container.streams.audio[:1]):
            raise BadMedia(f"{path.name} holds no sound")
        # Memory that is reserved but never written costs nothing: no list of blocks to join.
        samples = np.empty((round(at_most * RATE), channels), np.float32)
        count = 0
        for block in _resample(container, channels, len(samples)):
            samples[count : count + len(block)] = block
            count += len(block)
    if not count:
        raise BadMedia(f"{path.name} holds no sound that can be decoded")
    return samples[:count]


def _resample(
    container: av.container.InputContainer, channels: int, at_most: int
) -> Iterator[Samples]:
    """Yield a container's sound in blocks of our rate and channels, up to a number of samples."""
    resampler = av.AudioResampler("flt", _LAYOUTS[channels], RATE)
    total = 0
    # None at the end asks the resampler for what it still holds back.
    for frame in chain(container.decode(container.streams.audio[0]), [None]):
        for block in resampler.resample(frame):
            yield _to_samples(block, channels)[: at_most - total]
            total += block.samples
            if total >= at_most:
                return


def _to_samples(frame: av.AudioFrame, channels: int) -> Samples:
    return frame.to_ndarray().reshape(-1, channels).astype(np.float32, copy=True)


def frames_of(samples: Samples) -> Iterator[av.AudioFrame]:
    """Yield the samples as interleaved frames of at most a second."""
    channels = samples.shape[1]
    for start in range(0, len(samples), _BLOCK):
        block = np.ascontiguousarray(samples[start : start + _BLOCK], np.float32)
        frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), "flt", _LAYOUTS[channels])
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        yield frame


def run_filters(samples: Samples, *filters: tuple[str, str]) -> Iterator[av.AudioFrame]:
    """Run the samples through a chain of FFmpeg filters, and yield what comes out."""
    graph = Graph()
    layout = _LAYOUTS[samples.shape[1]]
    source = graph.add_abuffer(
        sample_rate=RATE, format="flt", layout=layout, time_base=Fraction(1, RATE)
    )
    nodes = [graph.add(name, options) for name, options in filters]
    last = graph.add("aformat", f"sample_fmts=flt:channel_layouts={layout}")
    graph.link_nodes(source, *nodes, last, graph.add("abuffersink")).configure()
    for frame in frames_of(samples):
        graph.push(frame)
        yield from _pull(graph)
    graph.push(None)
    yield from _pull(graph)


def _pull(graph: Graph) -> Iterator[av.AudioFrame]:
    """Yield the frames that a graph has ready."""
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, av.AudioFrame)
        yield frame


def change_tempo(samples: Samples, rate: float) -> Samples:
    """Return the sound faster (rate > 1) or slower at the same pitch; exactly n / rate samples."""
    if rate == 1.0:
        return samples
    channels = samples.shape[1]
    blocks = [_to_samples(f, channels) for f in run_filters(samples, ("atempo", f"{rate:.6f}"))]
    # The filter gives the sound a little too early, and words must stay with their captions.
    late = np.zeros((_TEMPO_EARLY, channels), np.float32)
    return fit_length(np.concatenate([late, *blocks]), round(len(samples) / rate))


def apply_gains(samples: Samples, gains: NDArray[np.float64], step: int) -> None:
    """Apply gains to the samples, in place; each gain is for `step` samples."""
    # Each gain belongs to the middle of its step, and between them it changes evenly: a gain that
    # jumps would click.
    middles = (np.arange(len(gains)) + 0.5) * step
    for start in range(0, len(samples), _BLOCK):
        block = samples[start : start + _BLOCK]
        at = np.arange(start, start + len(block))
        block *= np.interp(at, middles, gains).astype(np.float32)[:, None]


def fit_length(samples: Samples, count: int) -> Samples:
    """Return exactly so many samples: cut, or with silence at the end."""
    if len(samples) >= count:
        return samples[:count]
    return np.pad(samples, ((0, count - len(samples)), (0, 0)))


def loudness(samples: Samples) -> Loudness:
    """Return integrated loudness (LUFS) and true peak (dBTP)."""
    values = _run_meter(samples, "metadata=1:peak=true")
    peaks = [float(value) for key, value in values.items() if "true_peaks_ch" in key]
    peak = max(peaks, default=0.0)
    return Loudness(_read_lufs(values), 20 * float(np.log10(max(peak, 1e-6))))


def lufs(samples: Samples) -> float:
    """Return integrated loudness alone, in a third of the time that both take."""
    return _read_lufs(_run_meter(samples, "metadata=1"))


def _run_meter(samples: Samples, options: str) -> dict[str, str]:
    """Return the values that FFmpeg's meter shows at the end."""
    last: dict[str, str] = {}
    for frame in run_filters(samples, ("ebur128", options)):
        last = frame.metadata or last
    return last


def _read_lufs(values: dict[str, str]) -> float:
    # Sound shorter than the meter's first block has no value: it counts as silent.
    return max(float(values.get("lavfi.r128.I", SILENCE_LUFS)), SILENCE_LUFS)


def write_wav(samples: Samples, path: Path) -> None:
    """Write 16-bit PCM at our rate."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(samples.shape[1])
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def write_aac(samples: Samples, path: Path) -> None:
    """Encode AAC-LC into an MP4.

    An AAC encoder puts about a thousand samples of its own before the first one of ours. The MP4's
    edit list tells players to leave them out; without it, the sound would be late.
    """
    layout = _LAYOUTS[samples.shape[1]]
    with av.open(str(path), "w", format="mp4") as container:
        # The thorough searches cost three times as much; at this rate no one hears them.
        options = {"aac_coder": "fast", "aac_ms": "0"}
        stream = container.add_stream("aac", rate=RATE, layout=layout, options=options)
        stream.codec_context.bit_rate = AAC_BIT_RATE
        for frame in frames_of(samples):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
