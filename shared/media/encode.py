"""The canonical encoder, in one place: what makes segments joinable by copying their packets.

Every segment and every transition window comes out of the same x264 settings, so that all share
one avcC byte for byte. Frames are written with their decode times renumbered by position, which
makes any join of segments strictly rising without looking at what the sources carried.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from shared.story.formats import FPS, TIMEBASE, Canvas

VideoPacket: TypeAlias = "av.Packet[av.VideoStream]"

TICK = Fraction(1, TIMEBASE)
TICKS_A_FRAME = TIMEBASE // FPS
KEYFRAME_EVERY = 3 * FPS  # lets players seek and HLS cut, where no joint asks for one
REORDER_DELAY = 2  # frames x264 may hold back with a B-pyramid: decode time runs this much ahead
THREADS = 2

_X264 = (
    "stitchable=1:annexb=0:open-gop=0:scenecut=0:b-adapt=0:threads={threads}:lookahead-threads=1"
)
_SEGMENT_OPTIONS = {"video_track_timescale": str(TIMEBASE)}
_OPTIONS = {"preset": "superfast", "crf": "20", "profile": "high", "level": "4.1"}


def encoder(canvas: Canvas, threads: int = THREADS) -> VideoCodecContext:
    """A fresh canonical encoder; its extradata is the avcC of everything we write."""
    context = av.CodecContext.create("libx264", "w")
    _configure(context, canvas, threads)
    context.open()
    return context


def _configure(context: VideoCodecContext, canvas: Canvas, threads: int) -> None:
    context.width, context.height = canvas.width, canvas.height
    context.pix_fmt = "yuv420p"
    context.framerate = Fraction(FPS)
    context.time_base = Fraction(1, FPS)
    context.gop_size = KEYFRAME_EVERY
    context.color_primaries = context.color_trc = context.colorspace = context.color_range = 1
    context.sample_aspect_ratio = Fraction(1)
    context.flags |= Flags.global_header
    context.options = {**_OPTIONS, "x264-params": _X264.format(threads=threads)}


@lru_cache(maxsize=8)
def canonical_avcc(canvas: Canvas) -> bytes:
    """The decoder configuration every segment of this size must carry."""
    return encoder(canvas).extradata or b""


def encoded(
    frames: Iterable[av.VideoFrame],
    canvas: Canvas,
    keyframes: frozenset[int],
    threads: int = THREADS,
) -> Iterator[VideoPacket]:
    """Encode frames in order, forcing an IDR at the given indexes (and at 0)."""
    context = encoder(canvas, threads)
    for index, frame in enumerate(frames):
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        # Decoded frames carry their old type; x264 would obey it.
        frame.pict_type = PictureType.I if index in keyframes else PictureType.NONE
        yield from context.encode(frame)
    yield from context.encode(None)


class VideoTrack:
    """The one video track of an output: gives packets, in decode order, their times."""

    def __init__(self, container: av.container.OutputContainer, canvas: Canvas) -> None:
        self._stream = container.add_stream("libx264", rate=FPS)
        _configure(self._stream.codec_context, canvas, threads=1)
        self._stream.time_base = TICK
        self._written = 0

    def placed(self, packet: VideoPacket, index: int) -> VideoPacket:
        """The packet of the frame shown at this index, next in decode order."""
        packet.time_base = TICK
        packet.pts = index * TICKS_A_FRAME
        packet.dts = (self._written - REORDER_DELAY) * TICKS_A_FRAME
        packet.duration = TICKS_A_FRAME
        packet.stream = self._stream
        self._written += 1
        return packet


def write_segment(
    path: Path, frames: Iterable[av.VideoFrame], canvas: Canvas, keyframes: frozenset[int]
) -> int:
    """Encode frames into a canonical video-only MP4; gives how many were written."""
    count = 0
    with av.open(str(path), "w", format="mp4", container_options=_SEGMENT_OPTIONS) as container:
        track = VideoTrack(container, canvas)
        for packet in encoded(frames, canvas, keyframes):
            container.mux_one(track.placed(packet, packet.pts or 0))
            count += 1
    return count
