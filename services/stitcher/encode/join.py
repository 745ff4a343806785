"""Joins segments: their bodies are copied packet by packet, only transitions are encoded.

A transition takes a *window* of frames: the tail of one segment shown over the head of the next.
What lies between head and tail is the segment's *body*. Because head and tail overlap, the joined
video is as long as planned: the sum of all frames, less one overlap for each transition.

Packets can be copied only because all segments come out of one encoder (shared/media/encode.py)
and have keyframes where their bodies begin and end. What does not fit is encoded again.
"""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import av

from services.stitcher.draw.transitions import Transition, blend_frames
from shared.media.decode import canonical_frames
from shared.media.encode import (
    TICKS_A_FRAME,
    VideoPacket,
    canonical_avcc,
    encode_frames,
    write_segment,
)
from shared.media.probe import BadMedia, open_media, video_of
from shared.story.errors import PermanentError
from shared.story.formats import Canvas


class BadJoin(PermanentError):
    """The segments and transitions don't fit each other."""


@dataclass(frozen=True)
class Segment:
    """A clip or the end card in canonical form; `frames` includes the tail of its transition."""

    path: Path
    frames: int


@dataclass(frozen=True)
class Timeline:
    """Segments in order, with the transition at each joint (None: a hard cut)."""

    canvas: Canvas
    segments: tuple[Segment, ...]
    joints: tuple[Transition | None, ...]

    def __post_init__(self) -> None:
        if not self.segments:
            raise BadJoin("there is nothing to join: no segments")
        if len(self.joints) != len(self.segments) - 1:
            raise BadJoin(f"{len(self.segments)} segments need {len(self.segments) - 1} joints")
        for index, segment in enumerate(self.segments):
            if segment.frames < self.head(index) + self.tail(index):
                raise BadJoin(f"segment {index} is shorter than its transitions")

    def head(self, index: int) -> int:
        """Return how many frames of the segment the transition into it takes."""
        return self._overlap(index - 1) if index else 0

    def tail(self, index: int) -> int:
        """Return how many frames of the segment the transition out of it takes."""
        return self._overlap(index) if index < len(self.joints) else 0

    def _overlap(self, joint: int) -> int:
        transition = self.joints[joint]
        return transition.frames if transition else 0

    @property
    def frames(self) -> int:
        """Return the length of the joined video."""
        overlaps = sum(self._overlap(joint) for joint in range(len(self.joints)))
        return sum(segment.frames for segment in self.segments) - overlaps


Windows = dict[int, "Future[list[VideoPacket]]"]
"""For each joint with a transition, its packets, as soon as they are encoded."""


def start_windows(timeline: Timeline, worker: Executor) -> Windows:
    """Let the worker encode all transitions while bodies are copied, and return its futures."""
    return {
        index: worker.submit(_encode_window, timeline, index, joint)
        for index, joint in enumerate(timeline.joints)
        if joint is not None and joint.frames
    }


def join_packets(timeline: Timeline, windows: Windows) -> Iterator[tuple[VideoPacket, int]]:
    """Yield all packets in decode order, each with the number of the frame that it shows."""
    at = 0
    for index, segment in enumerate(timeline.segments):
        head, tail = timeline.head(index), timeline.tail(index)
        for packet, number in _copy_body(segment, head, segment.frames - tail):
            yield packet, at + number - head
        at += segment.frames - head - tail
        if index in windows:
            # Popped, so that the packets of a window are freed as soon as they are written.
            for packet in windows.pop(index).result():
                yield packet, at + (packet.pts or 0)
            at += tail


def _encode_window(timeline: Timeline, index: int, joint: Transition) -> list[VideoPacket]:
    """Encode one transition and return its packets."""
    # Frames pass one at a time and only packets are kept: decoded, a window takes 90 MiB.
    window = _blend_window(timeline.segments[index], timeline.segments[index + 1], joint)
    return list(encode_frames(window, timeline.canvas, frozenset({0})))


def _copy_body(segment: Segment, start: int, end: int) -> Iterator[tuple[VideoPacket, int]]:
    """Yield the packets of the frames from start to end, unchanged, with the frames' numbers."""
    with open_media(segment.path, examine=False) as container:
        for packet in container.demux(video_of(container, segment.path)):
            # Chosen by show time, not by place in the file: packets lie in decode order.
            number = (packet.pts or 0) // TICKS_A_FRAME
            if packet.size and start <= number < end:
                yield packet, number


def _blend_window(before: Segment, after: Segment, joint: Transition) -> Iterator[av.VideoFrame]:
    """Yield the frames of a transition from one segment to the next."""
    leaving = _decode_from(before, before.frames - joint.frames)
    coming = _decode_from(after, 0)
    pairs = islice(zip(leaving, coming, strict=False), joint.frames)
    for index, (old, new) in enumerate(pairs):
        # Neither 0 nor 1: the frames before and after the window show the pure pictures already.
        yield blend_frames(joint.kind, old, new, (index + 1) / (joint.frames + 1))


def _decode_from(segment: Segment, start: int) -> Iterator[av.VideoFrame]:
    """Yield the segment's frames from this one on."""
    with open_media(segment.path, examine=False) as container:
        stream = video_of(container, segment.path)
        stream.codec_context.thread_count = 1  # the encoder of the window keeps the other core busy
        container.seek(start * TICKS_A_FRAME, stream=stream, backward=True)
        for frame in container.decode(stream):
            # A seek lands on a keyframe, which may be earlier than the start.
            if (frame.pts or 0) >= start * TICKS_A_FRAME:
                yield frame


def make_joinable(timeline: Timeline, folder: Path) -> tuple[Timeline, tuple[int, ...]]:
    """Encode again all segments that can't be copied; return the timeline and their numbers."""
    misfits = tuple(
        index
        for index, segment in enumerate(timeline.segments)
        if not _is_joinable(segment, timeline, index)
    )
    segments = list(timeline.segments)
    for index in misfits:
        segments[index] = _encode_again(timeline, index, folder)
    return replace(timeline, segments=tuple(segments)), misfits


def _is_joinable(segment: Segment, timeline: Timeline, index: int) -> bool:
    """Return whether the segment's packets can be copied into the video.

    They can with our decoder configuration (avcC), all frames there and on our time grid, and
    keyframes where the body begins and ends. A segment may have more frames than the timeline
    uses, as when its next one was skipped: the rest is left out, if it begins with a keyframe.
    """
    borders = {timeline.head(index), segment.frames - timeline.tail(index)} - {segment.frames}
    with open_media(segment.path, examine=False) as container:
        stream = video_of(container, segment.path)
        if stream.codec_context.extradata != canonical_avcc(timeline.canvas):
            return False
        packets = [packet for packet in container.demux(stream) if packet.size]
        # A packet without a time never fits: -1 is on no grid.
        times = sorted(packet.pts if packet.pts is not None else -1 for packet in packets)
        keyframes = {(p.pts or 0) // TICKS_A_FRAME for p in packets if p.is_keyframe}
    on_grid = times[: segment.frames] == [n * TICKS_A_FRAME for n in range(segment.frames)]
    ends = len(times) == segment.frames or segment.frames in keyframes
    return on_grid and ends and borders <= keyframes


def _encode_again(timeline: Timeline, index: int, folder: Path) -> Segment:
    """Encode a segment anew, with keyframes where this timeline needs them, and return it."""
    segment = timeline.segments[index]
    out = folder / f"again-{index}.mp4"
    keyframes = frozenset({timeline.head(index), segment.frames - timeline.tail(index)})
    frames = islice(canonical_frames(segment.path, timeline.canvas), segment.frames)
    written = write_segment(out, frames, timeline.canvas, keyframes)
    # Too few frames would shift all that follows against the sound.
    if written != segment.frames:
        raise BadMedia(f"segment {index} has {written} frames instead of {segment.frames}")
    return Segment(out, written)
