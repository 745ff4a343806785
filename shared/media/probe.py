"""Finds out what a media file is, within bounds of time, memory and size.

Files come from engines and users, so nothing in them is believed. Only plain container formats on
the local disk are opened (no playlists, no network). Pictures that are too large are refused before
a decoder reserves memory for them. Every refusal says what is wrong with which file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from shared.media.boxes import count_samples
from shared.story.errors import TransientError, cause, machine_trouble

MAX_BYTES = 1 << 30
MAX_PIXELS = 4096 * 2304
MAX_SECONDS = 600
MAX_FRAMES = 72_000  # ten minutes at 120 a second; a small file may hold millions of tiny pictures
MAX_DECODED = 40_000_000_000  # pixels in all: ten minutes of 1080p, some minutes of work
MAX_SAMPLES = 2_000_000  # in an MP4's index, where each takes 70 bytes of memory
MIN_SIDE = 16
_NEVER = -(1 << 63)
# Only while opening: then nothing is decoded to find out what the header does not say.
_UNEXAMINED = {"skip_frame": "all", "probesize": "32"}
_FORMATS = "mov,matroska,avi,mpegts,flv,ogg,wav,mp3,flac,aac,mpeg,h264,hevc,ivf,asf"


class BadMedia(TransientError):
    """A file is not the media it should be; another try of its engine may give a good one."""


@dataclass(frozen=True)
class VideoFacts:
    """The facts about a video file."""

    width: int
    height: int
    seconds: float
    packets: int
    codec: str
    has_sound: bool
    last: int
    """When the picture shown last comes up, in the track's own ticks."""


def probe(path: Path) -> VideoFacts:
    """Return the facts about a video; BadMedia if we can't use it."""
    with open_media(path) as container:
        return describe(container, path)


def describe(container: InputContainer, path: Path) -> VideoFacts:
    """Return the facts about an open video; its packets are then all read, but none is decoded."""
    stream = video_of(container, path)
    _refuse_size(stream, path)
    _refuse_cut_off(stream, path)
    span = _measure_span(container, stream, path)
    if span.packets < 2:
        raise BadMedia(f"{path.name} holds {span.packets} frame(s): a picture, not a clip")
    if span.packets * stream.width * stream.height > MAX_DECODED:
        raise BadMedia(f"{path.name} is too long and large: over {MAX_DECODED:,} pixels in all")
    return VideoFacts(
        stream.width,
        stream.height,
        span.end - span.start,
        span.packets,
        stream.codec_context.name,
        bool(container.streams.audio),
        span.last,
    )


@contextmanager
def open_media(path: Path, examine: bool = True) -> Iterator[InputContainer]:
    """Open a file, and turn all that a decoder may raise while it is open into BadMedia.

    Without examining, nothing is decoded to find out what the header does not say. This saves
    60 ms with an MP4 of our own, whose header says everything.
    """
    if looks_like_mp4(path):
        _refuse_samples(path)
    try:
        with av.open(
            str(path.resolve()),
            options={"max_pixels": str(MAX_PIXELS), **({} if examine else _UNEXAMINED)},
            container_options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"},
        ) as container:
            yield container
    except (av.error.FFmpegError, ValueError, UnicodeError) as error:
        if machine_trouble(error):
            raise  # the file may be as good as any
        raise BadMedia(f"{path.name} can't be read as media: {cause(error)}") from error


def looks_like_mp4(path: Path) -> bool:
    """Return whether the file calls itself MP4 or QuickTime: then its header says everything."""
    _refuse_file(path)
    with path.open("rb") as file:
        return file.read(8)[4:] == b"ftyp"


def video_of(container: InputContainer, path: Path) -> VideoStream:
    """Return the file's picture track; a cover image does not count as one."""
    for stream in container.streams.video:
        # A stream that no decoder is there for has no context, whatever the types say.
        context = getattr(stream, "codec_context", None)
        if context is not None and not stream.disposition & av.stream.Disposition.attached_pic:
            # The header tells one size; the pictures inside may be of another.
            context.options = {"max_pixels": str(MAX_PIXELS)}
            return stream
    raise BadMedia(f"{path.name} holds no video that we can decode")


def _refuse_file(path: Path) -> None:
    """Refuse what is not a file, an empty file, and one that is too large."""
    if not path.is_file():
        raise BadMedia(f"{path.name} is missing or not a plain file")
    size = path.stat().st_size
    if size == 0:
        raise BadMedia(f"{path.name} is empty (0 bytes)")
    if size > MAX_BYTES:
        raise BadMedia(f"{path.name} is too large: {size:,} bytes, at most {MAX_BYTES:,}")


def _refuse_samples(path: Path) -> None:
    """Refuse an MP4 whose index announces more samples than the file can hold."""
    # FFmpeg reserves memory for all of them before it reads one: a few bytes may ask for billions.
    claimed, size = count_samples(path), path.stat().st_size
    if claimed > min(size, MAX_SAMPLES):
        raise BadMedia(f"{path.name} claims {claimed:,} samples in its {size:,} bytes")


def _refuse_size(stream: VideoStream, path: Path) -> None:
    """Refuse pictures that are too small or too large."""
    width, height = stream.width, stream.height
    if min(width, height) < MIN_SIDE:
        # A decoder that finds a larger picture than we allow reports no size at all.
        raise BadMedia(
            f"{path.name} has no usable picture: it is {width}x{height}, "
            f"or larger than {MAX_PIXELS:,} pixels"
        )
    if width * height > MAX_PIXELS:
        raise BadMedia(f"{path.name} is too large: {width}x{height}, at most {MAX_PIXELS:,} pixels")


def _refuse_cut_off(stream: VideoStream, path: Path) -> None:
    """Refuse a file whose end is missing."""
    # With the index at its head, such a file opens and plays like a whole one until it breaks off.
    size = path.stat().st_size
    if any(entry.pos + entry.size > size for entry in stream.index_entries):
        raise BadMedia(f"{path.name} is truncated: its index points beyond its {size:,} bytes")


@dataclass
class _Span:
    """From when to when a track shows something (in seconds), and its last picture's tick."""

    start: float = float("inf")
    end: float = float("-inf")
    last: int = _NEVER
    packets: int = 0


def _measure_span(container: InputContainer, stream: VideoStream, path: Path) -> _Span:
    """Return the span of a track. All its packets are read: a header's length is only a claim."""
    span = _Span()
    for packet in container.demux(stream):
        if packet.pts is None or packet.size == 0:
            continue
        shown = float(packet.pts * packet.time_base)
        length = float((packet.duration or 0) * packet.time_base)
        span.start, span.end = min(span.start, shown), max(span.end, shown + length)
        # An edit list may hide pictures at the end. They are decoded, but marked to be thrown away.
        if not packet.is_discard:
            span.last = max(span.last, packet.pts)
        span.packets += 1
        if span.end - span.start > MAX_SECONDS:
            raise BadMedia(f"{path.name} is too long: more than {MAX_SECONDS} s")
        if span.packets > MAX_FRAMES:
            raise BadMedia(f"{path.name} holds more than {MAX_FRAMES:,} pictures")
    return span
