"""Clips of any shape a provider may send, drawn by hypothesis, and the truth about each.

The truth comes from a naive decode of the whole file: what is shown from when on.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
from hypothesis import strategies as st

from shared.story.formats import FPS
from tests.media.samples import Shape, edited, number_of, rgb, write_clip

NTSC = (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001))
RATES: tuple[int | Fraction, ...] = (12, 15, 24, 25, 30, 48, 50, 60, *NTSC)
GOPS = (1, 7, 12, 250)  # all keyframes, some, x264's own choice, one for all
SOUNDS = (None, "mono", "stereo", "5.1")


@dataclass(frozen=True)
class Source:
    """A clip to write; an edit shows so many of its eighths, from so many on."""

    shape: Shape
    edit: tuple[int, int] | None = None

    def written(self, folder: Path) -> Path:
        clip = write_clip(folder, self.shape)
        if self.edit:
            start, kept = (Fraction(eighths, 8) for eighths in self.edit)
            edited(clip, start, kept)
        return clip


@st.composite
def sources(draw: st.DrawFn) -> Source:
    """Any rate, size, GOP, B-frames, timebase, container, sound, rotation, edit list."""
    suffix = draw(st.sampled_from([".mp4", ".mp4", ".mov", ".mkv", ".ts"]))
    at_least = 6 if suffix == ".ts" else 2  # in ten small packets no one recognises a stream
    fps, count = draw(st.sampled_from(RATES)), draw(st.integers(at_least, 48))
    odd = draw(st.booleans())
    width, height = (draw(st.integers(50, 86)) * 2 + odd for _ in range(2))
    shape = Shape(
        width,
        height,
        fps,
        count,
        pixels="yuv444p" if odd else "yuv420p",
        gop=draw(st.sampled_from(GOPS)),
        b_frames=draw(st.integers(0, 3)),
        suffix=suffix,
        times=_uneven(draw, count) if draw(st.booleans()) else None,
    )
    shape = _with_sound(draw, shape)
    return _as_mp4(draw, shape) if shape.suffix == ".mp4" else Source(shape)


def _uneven(draw: st.DrawFn, count: int) -> tuple[int, ...]:
    """Presentation times that now and then leave some out."""
    gaps = st.lists(st.sampled_from([1, 1, 1, 2, 5]), min_size=count - 1, max_size=count - 1)
    return tuple(accumulate(draw(gaps), initial=0))


def _with_sound(draw: st.DrawFn, shape: Shape) -> Shape:
    layout = draw(st.sampled_from(SOUNDS))
    if layout is None:
        return shape
    seconds = draw(st.sampled_from([0.3, 1.0, 2.5]))  # shorter and longer than the pictures
    rate = draw(st.sampled_from([22_050, 44_100, 48_000]))
    return replace(shape, sound_seconds=seconds, sound_layout=layout, sound_rate=rate)


def _as_mp4(draw: st.DrawFn, shape: Shape) -> Source:
    timescale = draw(st.sampled_from([0, 600, 15_360, 90_000, 120_000]))
    turns = draw(st.integers(0, 3))
    edits = st.none() | st.tuples(st.integers(0, 3), st.integers(2, 4))
    edit = draw(edits) if shape.frames >= 12 else None  # some must be left
    return Source(replace(shape, timescale=timescale, turns=turns), edit)


def shown(clip: Path) -> list[tuple[float, int]]:
    """When each picture comes up, and the number it carries, by a naive decode of everything."""
    with av.open(str(clip)) as container:
        frames = [frame for frame in container.decode(video=0) if frame.time is not None]
        frames.sort(key=lambda frame: frame.time or 0.0)
        return [(frame.time or 0.0, number_of(rgb(frame))) for frame in frames]


def on_grid(truth: list[tuple[float, int]], frames: int) -> list[int]:
    """What a segment of so many frames shows: what the clip shows at the middle of each.

    Some containers round times to milliseconds: what comes up then may be late by one.
    """
    start = truth[0][0]
    middles = ((n + 0.5) / FPS + 0.001 for n in range(frames))
    return [[number for at, number in truth if at - start <= middle][-1] for middle in middles]
