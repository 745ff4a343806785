"""What a media file is, found out within bounds of time, memory and dimension.

Files come from engines and users, so nothing in them is believed: only plain container formats
on the local disk are opened (no playlists, no network), oversized pictures are refused before a
decoder allocates for them, and every refusal says what is wrong with which file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from shared.media.boxes import samples_claimed
from shared.story.errors import TransientError, cause, machine_trouble

MAX_BYTES = 1 << 30
MAX_PIXELS = 4096 * 2304
MAX_SECONDS = 600
MAX_FRAMES = 72_000
"""Ten minutes at 120 a second: of tiny pictures, a small file may hold millions."""
MAX_DECODED = 40_000_000_000
"""Pixels in all: ten minutes of 1080p, some minutes of work."""
MAX_SAMPLES = 2_000_000
"""In an MP4's index; each takes 70 bytes of memory, and a table of no bytes may claim billions."""
MIN_SIDE = 16
_NEVER = -(1 << 63)
_UNEXAMINED = {"skip_frame": "all", "probesize": "32"}  # while opening; decoding is not touched
_FORMATS = "mov,matroska,avi,mpegts,flv,ogg,wav,mp3,flac,aac,mpeg,h264,hevc,ivf,asf"


class BadMedia(TransientError):
    """A file is not the media it should be; another try of its engine may give a good one."""


@dataclass(frozen=True)
class Clip:
    """What a video file holds."""

    width: int
    height: int
    seconds: float
    packets: int
    codec: str
    has_sound: bool
    last: int
    """When the picture shown last comes up, in the track's own ticks."""


def probe(path: Path) -> Clip:
    """What this video is; BadMedia when it is none we can use."""
    with opened(path) as container:
        return described(container, path)


def described(container: InputContainer, path: Path) -> Clip:
    """What an open video is; all its packets have been read then, none decoded."""
    stream = video_of(container, path)
    _refuse_size(stream, path)
    _refuse_truncated(stream, path)
    span = _span(container, stream, path)
    if span.packets < 2:
        raise BadMedia(f"{path.name} holds {span.packets} frame(s): a picture, not a clip")
    if span.packets * stream.width * stream.height > MAX_DECODED:
        raise BadMedia(f"{path.name} is too long and large: over {MAX_DECODED:,} pixels in all")
    return Clip(
        stream.width,
        stream.height,
        span.end - span.start,
        span.packets,
        stream.codec_context.name,
        bool(container.streams.audio),
        span.last,
    )


@contextmanager
def opened(path: Path, examine: bool = True) -> Iterator[InputContainer]:
    """The file's container, with everything a decoder may raise turned into BadMedia.

    Without examining, nothing is decoded to find out what the header does not say: 60 ms less for
    an MP4 of our own, whose header says all.
    """
    if header_says_all(path):
        _refuse_claims(path)
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


def header_says_all(path: Path) -> bool:
    """Whether it calls itself an MP4 or QuickTime file, which need not be examined."""
    _refuse_file(path)
    with path.open("rb") as file:
        return file.read(8)[4:] == b"ftyp"


def video_of(container: InputContainer, path: Path) -> VideoStream:
    """The file's picture track (a cover image is none)."""
    for stream in container.streams.video:
        # Without a decoder for it, a stream has no context, whatever the types say.
        context = getattr(stream, "codec_context", None)
        if context is not None and not stream.disposition & av.stream.Disposition.attached_pic:
            # Whatever size the header tells, the pictures inside may claim another.
            context.options = {"max_pixels": str(MAX_PIXELS)}
            return stream
    raise BadMedia(f"{path.name} holds no video that we can decode")


def _refuse_file(path: Path) -> None:
    if not path.is_file():
        raise BadMedia(f"{path.name} is missing or not a plain file")
    size = path.stat().st_size
    if size == 0:
        raise BadMedia(f"{path.name} is empty (0 bytes)")
    if size > MAX_BYTES:
        raise BadMedia(f"{path.name} is too large: {size:,} bytes, at most {MAX_BYTES:,}")


def _refuse_claims(path: Path) -> None:
    """A reader makes room for all samples that an index speaks of, before it reads one."""
    claimed, size = samples_claimed(path), path.stat().st_size
    if claimed > min(size, MAX_SAMPLES):
        raise BadMedia(f"{path.name} claims {claimed:,} samples in its {size:,} bytes")


def _refuse_size(stream: VideoStream, path: Path) -> None:
    width, height = stream.width, stream.height
    if min(width, height) < MIN_SIDE:
        # A decoder that meets a larger picture than we let it have reports no size at all.
        raise BadMedia(
            f"{path.name} has no usable picture: it is {width}x{height}, "
            f"or larger than {MAX_PIXELS:,} pixels"
        )
    if width * height > MAX_PIXELS:
        raise BadMedia(f"{path.name} is too large: {width}x{height}, at most {MAX_PIXELS:,} pixels")


def _refuse_truncated(stream: VideoStream, path: Path) -> None:
    """An index at the file's head outlives a cut tail, so the reader alone would not notice."""
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


def _span(container: InputContainer, stream: VideoStream, path: Path) -> _Span:
    """By reading all packets once."""
    span = _Span()
    for packet in container.demux(stream):
        if packet.pts is None or packet.size == 0:
            continue
        shown = float(packet.pts * packet.time_base)
        length = float((packet.duration or 0) * packet.time_base)
        span.start, span.end = min(span.start, shown), max(span.end, shown + length)
        if not packet.is_discard:
            span.last = max(span.last, packet.pts)
        span.packets += 1
        if span.end - span.start > MAX_SECONDS:
            raise BadMedia(f"{path.name} is too long: more than {MAX_SECONDS} s")
        if span.packets > MAX_FRAMES:
            raise BadMedia(f"{path.name} holds more than {MAX_FRAMES:,} pictures")
    return span
