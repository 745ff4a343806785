"""Joins canonical segments: bodies are copied packet by packet, only transition windows encoded.

A segment's frames include the tail that its outgoing transition fades over, so the joined video is
as long as planned: the sum of all frames less one overlap a transition.
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
    encoded,
    write_segment,
)
from shared.media.probe import BadMedia, opened, video_of
from shared.story.errors import PermanentError
from shared.story.formats import Canvas


class BadJoin(PermanentError):
    """The segments and transitions don't fit each other."""


@dataclass(frozen=True)
class Segment:
    """A conformed clip and how many frames it has, the tail of its transition included."""

    path: Path
    frames: int


@dataclass(frozen=True)
class Timeline:
    """Segments in order, with what happens at each joint (None: a hard cut)."""

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
        """Frames of the segment that the transition into it takes."""
        return self._overlap(index - 1) if index else 0

    def tail(self, index: int) -> int:
        """Frames of the segment that the transition out of it takes."""
        return self._overlap(index) if index < len(self.joints) else 0

    def _overlap(self, joint: int) -> int:
        transition = self.joints[joint]
        return transition.frames if transition else 0

    @property
    def frames(self) -> int:
        """The joined video's length."""
        overlaps = sum(self._overlap(joint) for joint in range(len(self.joints)))
        return sum(segment.frames for segment in self.segments) - overlaps


Windows = dict[int, "Future[list[VideoPacket]]"]


def start_windows(timeline: Timeline, worker: Executor) -> Windows:
    """Encode the transitions beside the copying: their packets by joint, when they are ready."""
    return {
        index: worker.submit(_window_packets, timeline, index, joint)
        for index, joint in enumerate(timeline.joints)
        if joint is not None and joint.frames
    }


def joined(timeline: Timeline, windows: Windows) -> Iterator[tuple[VideoPacket, int]]:
    """All packets in decode order, each with the index of its frame; uses the windows up."""
    at = 0
    for index, segment in enumerate(timeline.segments):
        head, tail = timeline.head(index), timeline.tail(index)
        for packet, number in _body(segment, head, segment.frames - tail):
            yield packet, at + number - head
        at += segment.frames - head - tail
        if index in windows:
            for packet in windows.pop(index).result():
                yield packet, at + (packet.pts or 0)
            at += tail


def _window_packets(timeline: Timeline, index: int, joint: Transition) -> list[VideoPacket]:
    """One transition, encoded: the decoded frames are streamed, only the packets are kept."""
    window = _window(timeline.segments[index], timeline.segments[index + 1], joint)
    return list(encoded(window, timeline.canvas, frozenset({0})))


def _body(segment: Segment, start: int, end: int) -> Iterator[tuple[VideoPacket, int]]:
    """The packets of frames start to end, untouched."""
    with opened(segment.path, examine=False) as container:
        for packet in container.demux(video_of(container, segment.path)):
            number = (packet.pts or 0) // TICKS_A_FRAME
            if packet.size and start <= number < end:
                yield packet, number


def _window(before: Segment, after: Segment, joint: Transition) -> Iterator[av.VideoFrame]:
    """The frames of a transition, streamed: one of each side is held at a time."""
    leaving = _decoded(before, before.frames - joint.frames)
    coming = _decoded(after, 0)
    pairs = islice(zip(leaving, coming, strict=False), joint.frames)
    for index, (old, new) in enumerate(pairs):
        yield blend_frames(joint.kind, old, new, (index + 1) / (joint.frames + 1))


def _decoded(segment: Segment, start: int) -> Iterator[av.VideoFrame]:
    with opened(segment.path, examine=False) as container:
        stream = video_of(container, segment.path)
        stream.codec_context.thread_count = 1  # the encoder beside it fills the other core
        container.seek(start * TICKS_A_FRAME, stream=stream, backward=True)
        for frame in container.decode(stream):
            if (frame.pts or 0) >= start * TICKS_A_FRAME:
                yield frame


def made_joinable(timeline: Timeline, folder: Path) -> tuple[Timeline, tuple[int, ...]]:
    """The timeline with every segment that can't be copied encoded anew; and which these were."""
    misfits = tuple(
        index
        for index, segment in enumerate(timeline.segments)
        if not _joinable(segment, timeline, index)
    )
    segments = list(timeline.segments)
    for index in misfits:
        segments[index] = _again(timeline, index, folder)
    return replace(timeline, segments=tuple(segments)), misfits


def _joinable(segment: Segment, timeline: Timeline, index: int) -> bool:
    """One avcC, all frames there on our grid, keyframes where the body begins and ends.

    What it has beyond its frames, a tail that nothing follows, is left away at a keyframe.
    """
    borders = {timeline.head(index), segment.frames - timeline.tail(index)} - {segment.frames}
    with opened(segment.path, examine=False) as container:
        stream = video_of(container, segment.path)
        if stream.codec_context.extradata != canonical_avcc(timeline.canvas):
            return False
        packets = [packet for packet in container.demux(stream) if packet.size]
        times = sorted(packet.pts if packet.pts is not None else -1 for packet in packets)
        keyframes = {(p.pts or 0) // TICKS_A_FRAME for p in packets if p.is_keyframe}
    on_grid = times[: segment.frames] == [n * TICKS_A_FRAME for n in range(segment.frames)]
    ends = len(times) == segment.frames or segment.frames in keyframes
    return on_grid and ends and borders <= keyframes


def _again(timeline: Timeline, index: int, folder: Path) -> Segment:
    segment = timeline.segments[index]
    out = folder / f"again-{index}.mp4"
    keyframes = frozenset({timeline.head(index), segment.frames - timeline.tail(index)})
    frames = islice(canonical_frames(segment.path, timeline.canvas), segment.frames)
    written = write_segment(out, frames, timeline.canvas, keyframes)
    if written != segment.frames:
        raise BadMedia(f"segment {index} has {written} frames instead of {segment.frames}")
    return Segment(out, written)
