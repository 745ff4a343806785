"""The one canonical encoder: it makes segments that can be joined by copying their packets.

Every segment and every transition comes out of the same x264 settings, so that all share one
decoder configuration (avcC), byte for byte. Decode times are not taken from the sources but
counted up in the order of writing, so they rise strictly however segments are joined.

Times are whole numbers of ticks: TIMEBASE ticks a second, TICKS_A_FRAME ticks for each frame.
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
KEYFRAME_EVERY = 3 * FPS  # lets players seek and HLS begin a part, also far from any transition
# With a B-pyramid, x264 holds back up to two frames: the first one decoded may be the third one
# shown. So decode times start two frames early, and no frame is decoded after it is shown.
REORDER_DELAY = 2
THREADS = 2

# stitchable: headers that do not depend on the content. annexb: lengths before the NAL units, as
# MP4 wants. open-gop: no frame may refer across a keyframe, where we cut. scenecut and b-adapt:
# keyframes lie where we ask for them, not where x264 finds a new scene.
_X264 = (
    "stitchable=1:annexb=0:open-gop=0:scenecut=0:b-adapt=0:threads={threads}:lookahead-threads=1"
)
_SEGMENT_OPTIONS = {"video_track_timescale": str(TIMEBASE)}
_OPTIONS = {"preset": "superfast", "crf": "20", "profile": "high", "level": "4.1"}


def open_encoder(canvas: Canvas, threads: int = THREADS) -> VideoCodecContext:
    """Return a fresh canonical encoder."""
    context = av.CodecContext.create("libx264", "w")
    _configure(context, canvas, threads)
    context.open()
    return context


def _configure(context: VideoCodecContext, canvas: Canvas, threads: int) -> None:
    """Give an encoder, or a track of an output file, the canonical settings."""
    context.width, context.height = canvas.width, canvas.height
    context.pix_fmt = "yuv420p"
    context.framerate = Fraction(FPS)
    context.time_base = Fraction(1, FPS)
    context.gop_size = KEYFRAME_EVERY
    # 1 is BT.709 for the first three, and limited range for the last one.
    context.color_primaries = context.color_trc = context.colorspace = context.color_range = 1
    context.sample_aspect_ratio = Fraction(1)
    # Settings stand once in the file's head; in front of each keyframe they could contradict it.
    context.flags |= Flags.global_header
    context.options = {**_OPTIONS, "x264-params": _X264.format(threads=threads)}


@lru_cache(maxsize=8)
def canonical_avcc(canvas: Canvas) -> bytes:
    """Return the decoder configuration that every segment of this size must have."""
    return open_encoder(canvas).extradata or b""


def encode_frames(
    frames: Iterable[av.VideoFrame],
    canvas: Canvas,
    keyframes: frozenset[int],
    threads: int = THREADS,
) -> Iterator[VideoPacket]:
    """Encode frames in order and yield their packets, with keyframes at 0 and these indexes."""
    context = open_encoder(canvas, threads)
    for index, frame in enumerate(frames):
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        # A decoded frame still has the type it had in its source, and x264 would follow that.
        frame.pict_type = PictureType.I if index in keyframes else PictureType.NONE
        yield from context.encode(frame)
    yield from context.encode(None)


class VideoTrack:
    """The one video track of an output: gives each packet its times, in decode order."""

    def __init__(self, container: av.container.OutputContainer, canvas: Canvas) -> None:
        # The track's own encoder encodes nothing: its settings become those of the file.
        self._stream = container.add_stream("libx264", rate=FPS)
        _configure(self._stream.codec_context, canvas, threads=1)
        self._stream.time_base = TICK
        self._written = 0

    def place(self, packet: VideoPacket, index: int) -> VideoPacket:
        """Return the packet of the frame shown at this index, as the next one to be decoded."""
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
    """Encode frames into a canonical MP4 without sound, and return how many there were."""
    count = 0
    with av.open(str(path), "w", format="mp4", container_options=_SEGMENT_OPTIONS) as container:
        track = VideoTrack(container, canvas)
        for packet in encode_frames(frames, canvas, keyframes):
            container.mux_one(track.place(packet, packet.pts or 0))
            count += 1
    return count
