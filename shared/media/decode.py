"""A clip as canonical frames on the 30-fps grid, streamed one at a time."""

from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av

from shared.media.geometry import Conformer, Fit
from shared.media.probe import MAX_PIXELS, BadMedia, opened, video_of
from shared.story.formats import FPS, Canvas

_ROUNDED = 0.001
"""Containers that count in milliseconds are off by up to this much; at 60 fps every second picture
comes up at the very middle of a step, and chance would make the motion stutter."""


def canonical_frames(
    clip: Path,
    canvas: Canvas,
    fit: Fit = "auto",
    drop_first: bool = False,
    share: float | None = None,
) -> Generator[av.VideoFrame, None, None]:
    """The clip's pictures, each output frame showing what the clip shows at its middle.

    A frame may be given several times in a row: copy it before painting on it.
    """
    with opened(clip) as container:
        stream = video_of(container, clip)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 2
        conformer = Conformer(canvas, fit, stream.sample_aspect_ratio or Fraction(1), share)
        shown = _shown(container.decode(stream), clip)
        if drop_first:
            next(shown, None)
        yield from _on_grid(shown, conformer)


def _shown(frames: Iterable[av.VideoFrame], clip: Path) -> Iterator[tuple[av.VideoFrame, float]]:
    """Sound frames with their time, in rising order."""
    last = float("-inf")
    for frame in frames:
        if frame.is_corrupt:
            raise BadMedia(f"{clip.name} has damaged pictures")
        if frame.width * frame.height > MAX_PIXELS:
            raise BadMedia(f"{clip.name} is too large: {frame.width}x{frame.height}")
        if frame.time is not None and frame.time > last:
            last = frame.time
            yield frame, last


def _on_grid(
    shown: Iterator[tuple[av.VideoFrame, float]], conformer: Conformer
) -> Iterator[av.VideoFrame]:
    current = next(shown, None)
    if current is None:
        return
    start, given = current[1], 0
    for following in shown:
        given += yield from _repeated(current, following[1] - start, given, conformer)
        current = following
    last = current[0]
    length = float((last.duration or 0) * (last.time_base or 0)) or 1 / FPS
    shown_once = (given + 1) / FPS  # however short it is: what is held after it is the clip's end
    yield from _repeated(current, max(current[1] - start + length, shown_once), given, conformer)


def _repeated(
    item: tuple[av.VideoFrame, float], until: float, given: int, conformer: Conformer
) -> Generator[av.VideoFrame, None, int]:
    """Give the frame for each grid step whose middle lies before `until`; say how many."""
    count, canonical = 0, None
    while (given + count + 0.5) / FPS < until - _ROUNDED:
        canonical = canonical or conformer.conformed(item[0])
        yield canonical
        count += 1
    return count
