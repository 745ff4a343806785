"""Decodes a clip into canonical frames at 30 a second, one at a time.

Clips come at any frame rate, even at a changing one. Each output frame shows what the clip shows
at the middle of that frame's time: then a picture is early or late by half a frame at most.
"""

from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av

from shared.media.geometry import Conformer, Fit
from shared.media.probe import MAX_PIXELS, BadMedia, open_media, video_of
from shared.story.formats import FPS, Canvas

# Containers that count in milliseconds are off by up to this much. At 60 frames a second, every
# second picture comes up exactly at the middle of an output frame: without this margin, rounding
# would decide whether it is shown, and the motion would stutter.
_ROUNDED = 0.001


def canonical_frames(
    clip: Path,
    canvas: Canvas,
    fit: Fit = "auto",
    drop_first: bool = False,
    share: float | None = None,
) -> Generator[av.VideoFrame, None, None]:
    """Yield the clip's pictures on the canvas, 30 a second.

    The same frame may come several times in a row: copy it before painting on it.
    """
    with open_media(clip) as container:
        stream = video_of(container, clip)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 2
        conformer = Conformer(canvas, fit, stream.sample_aspect_ratio or Fraction(1), share)
        shown = _check_frames(container.decode(stream), clip)
        if drop_first:
            # A chunk that goes on from another begins with that one's last picture.
            next(shown, None)
        yield from _resample(shown, conformer)


def _check_frames(
    frames: Iterable[av.VideoFrame], clip: Path
) -> Iterator[tuple[av.VideoFrame, float]]:
    """Yield usable frames with their times; refuse damaged ones and sizes beyond our limit."""
    last = float("-inf")
    for frame in frames:
        if frame.is_corrupt:
            raise BadMedia(f"{clip.name} has damaged pictures")
        # The size may change within a stream: the header's was judged before, this one was not.
        if frame.width * frame.height > MAX_PIXELS:
            raise BadMedia(f"{clip.name} is too large: {frame.width}x{frame.height}")
        # Some files repeat a time or go back: only what comes later can still be shown.
        if frame.time is not None and frame.time > last:
            last = frame.time
            yield frame, last


def _resample(
    shown: Iterator[tuple[av.VideoFrame, float]], conformer: Conformer
) -> Iterator[av.VideoFrame]:
    """Yield for each output frame the picture that is shown at its middle."""
    current = next(shown, None)
    if current is None:
        return
    # Time counts from the first picture: some clips start at 2 s, others before 0.
    start, given = current[1], 0
    for following in shown:
        given += yield from _repeat(current, following[1] - start, given, conformer)
        current = following
    last = current[0]
    length = float((last.duration or 0) * (last.time_base or 0)) or 1 / FPS
    # However short it is, the last picture is shown once: if the segment is longer than the clip,
    # it goes on from this picture, and the next chunk does so too.
    shown_once = (given + 1) / FPS
    yield from _repeat(current, max(current[1] - start + length, shown_once), given, conformer)


def _repeat(
    item: tuple[av.VideoFrame, float], until: float, given: int, conformer: Conformer
) -> Generator[av.VideoFrame, None, int]:
    """Yield a picture for each output frame whose middle lies before `until`; return how many."""
    count, canonical = 0, None
    while (given + count + 0.5) / FPS < until - _ROUNDED:
        # Only now, because a picture that falls between two output frames needs no work.
        canonical = canonical or conformer.conform(item[0])
        yield canonical
        count += 1
    return count
