"""Checks a finished video by decoding all of it, and says for each property whether it is right.

A container's header says little: a file can claim 30 s, pass every check of its packets and break
in the middle. So every frame and sample is decoded and counted, and any error counts as a fault.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import av
from av.packet import Packet

from shared.media.boxes import count_decoder_settings, read_boxes
from shared.media.cues import in_order, read_cues
from shared.media.encode import TICK, TICKS_A_FRAME
from shared.media.playlist import read_playlist
from shared.media.probe import BadMedia, open_media, probe, video_of
from shared.media.sound import RATE, Loudness, loudness, read_sound
from shared.story.errors import StorywaveError
from shared.story.formats import FPS, Canvas

_AAC_FRAME_SECONDS = 1024 / 44_100
_LUFS, _LUFS_OFF, _PEAK = -14.0, 1.0, -1.0
_PARAMETER_SETS = {7, 8}  # the types of the NAL units that hold decoder settings
_SILENT_BELOW = -60.0


@dataclass(frozen=True)
class Expectations:
    """The values that the plan gives; None: not known, so not checked."""

    frames: int | None = None
    canvas: Canvas | None = None
    has_sound: bool | None = None
    cues: int | None = None  # 0: no text track


@dataclass(frozen=True)
class Finding:
    """One property of a file, its value, and whether that is right."""

    name: str
    value: str
    ok: bool


@dataclass(frozen=True)
class Report:
    """All findings on a file."""

    path: Path
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)

    def lines(self) -> list[str]:
        """Return a text for people: a line for each finding, then the verdict."""
        wrong = sum(not finding.ok for finding in self.findings)
        lines = [f"{'ok ' if f.ok else 'BAD'}  {f.name:<22} {f.value}" for f in self.findings]
        verdict = "is right" if not wrong else f"has {wrong} fault(s)"
        return [*lines, f"{self.path.name} {verdict}"]


def report(path: Path, expected: Expectations = Expectations()) -> Report:
    """Return all findings on a file; that it can't be decoded is one of them, not an exception."""
    findings: list[Finding] = []
    try:
        is_playlist = path.suffix == ".m3u8"
        # Extended one by one, so that the findings before an error are kept.
        findings.extend(_check_playlist(path) if is_playlist else _check_video(path, expected))
    except StorywaveError as error:
        findings.append(Finding("decoding", error.message, False))
    return Report(path, tuple(findings))


@dataclass
class _Picture:
    """The counts of reading and decoding the picture track."""

    packets: list[tuple[int, int]] = field(default_factory=list)  # dts, pts
    inband_parameters: int = 0
    decoded: int = 0
    last_decoded: int | None = None
    out_of_order: int = 0


def _check_video(path: Path, expected: Expectations) -> Iterator[Finding]:
    """Yield the findings on a video file."""
    picture = _Picture()
    with open_media(path) as container:
        stream = video_of(container, path)
        context = stream.codec_context
        # By default, decoders hide damage: they repeat what is near. Here they must report it.
        context.options = {**context.options, "err_detect": "crccheck+bitstream+buffer+explode"}
        stream.thread_type = "AUTO"
        time_base, has_sound = stream.time_base or TICK, bool(container.streams.audio)
        yield from _check_format(stream, expected)
        for packet in container.demux(stream):
            _count_frames(picture, packet)
    step = int(TICKS_A_FRAME * TICK / time_base)
    yield from _check_times(picture, step, expected)
    yield from _check_structure(path, picture)
    if expected.has_sound is not None or not has_sound:
        right = expected.has_sound is None or expected.has_sound == has_sound
        yield Finding("sound", "present" if has_sound else "none", right)
    if has_sound:
        yield from _check_sound(path, picture.decoded / FPS)
    yield from _check_cues(path, picture.decoded / FPS, expected)


def _check_playlist(path: Path) -> Iterator[Finding]:
    """Yield the findings on an HLS playlist, compared with the file that its parts lie in."""
    listed = read_playlist(path)
    told = f"{len(listed.parts) - 1}, of at most {listed.longest} s"
    yield Finding("parts", told, listed.announces_longest() and len(listed.parts) > 1)
    yield Finding("end", "marked" if listed.is_complete else "open", listed.is_complete)
    whole = listed.is_whole(path.parent)
    yield Finding("bytes", f"0 to {listed.parts[-1].end}", whole)
    if whole:  # only then is there a file that can be read from its start
        pictures = probe(path.parent / listed.parts[0].name).packets / FPS
        same = abs(listed.seconds - pictures) <= 1 / FPS
        yield Finding("lengths", f"parts {listed.seconds:.3f} s, picture {pictures:.3f} s", same)


def _count_frames(picture: _Picture, packet: "Packet[av.VideoStream]") -> None:
    """Decode a packet and count what it gives; refuse damaged frames."""
    if packet.size:
        picture.packets.append((packet.dts or 0, packet.pts or 0))
        picture.inband_parameters += _count_parameter_sets(packet)
    for frame in packet.decode():
        if frame.is_corrupt:
            raise BadMedia(f"frame {picture.decoded} is damaged")
        picture.decoded += 1
        if picture.last_decoded is not None and (frame.pts or 0) <= picture.last_decoded:
            picture.out_of_order += 1
        picture.last_decoded = frame.pts or 0


def _count_parameter_sets(packet: "Packet[av.VideoStream]") -> int:
    """Return how many of a packet's NAL units are decoder settings."""
    # There should be none: settings between the frames would override those in the file's head.
    data, at, count = memoryview(packet), 0, 0
    while at + 5 <= len(data):
        count += (data[at + 4] & 31) in _PARAMETER_SETS
        at += 4 + int.from_bytes(data[at : at + 4], "big")  # our avcC says: lengths of 4 bytes
    return count


def _check_format(stream: av.VideoStream, expected: Expectations) -> Iterator[Finding]:
    """Yield the findings on size, codec, pixels, colours and frame rate."""
    context = stream.codec_context
    size = Canvas(context.width, context.height)
    fits = expected.canvas in (None, size) and size.width % 2 == size.height % 2 == 0
    yield Finding("size", f"{size.width}x{size.height}", fits)
    yield Finding("codec", context.name, context.name == "h264")
    yield Finding("pixels", str(context.pix_fmt), context.pix_fmt == "yuv420p")
    aspect = stream.sample_aspect_ratio or 1
    yield Finding("pixel aspect", str(aspect), aspect == 1)
    tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
    right = tags == (1, 1, 1, 1)
    told = "bt709, limited" if right else f"matrix, primaries, curve, range {tags}"
    yield Finding("colour tags", told, right)
    rate = stream.average_rate
    yield Finding("frame rate", str(rate), rate == FPS)


def _check_times(picture: _Picture, step: int, expected: Expectations) -> Iterator[Finding]:
    """Yield the findings on the number of frames and when each is decoded and shown."""
    packets, decoded = len(picture.packets), picture.decoded
    planned = decoded if expected.frames is None else expected.frames
    counts = f"decoded {decoded}, packets {packets}, planned {expected.frames or 'unknown'}"
    yield Finding("frames", counts, 0 < decoded == packets == planned)
    decode = [dts for dts, _ in picture.packets]
    rising = all(a < b for a, b in pairwise(decode))
    yield Finding("decode times", "strictly rising" if rising else "not rising", rising)
    shown = sorted(pts for _, pts in picture.packets)
    even = shown == list(range(0, step * packets, step)) if step else False
    told = f"from 0, every 1/{FPS} s" if even else f"uneven, or not from 0 (start {shown[:1]})"
    yield Finding("show times", told, even)
    yield Finding("order", f"{picture.out_of_order} backwards", picture.out_of_order == 0)


def _check_structure(path: Path, picture: _Picture) -> Iterator[Finding]:
    """Yield the findings on where the index lies and how often decoder settings occur."""
    order = [box.path for box in read_boxes(path) if "/" not in box.path]
    # With the index (moov) after the data (mdat), a player must load the whole file to start.
    first = "moov" in order and "mdat" in order and order.index("moov") < order.index("mdat")
    yield Finding("index first", " ".join(order), first)
    settings = count_decoder_settings(path, b"avcC")
    one = settings == 1 and picture.inband_parameters == 0
    told = f"{settings} in the index, {picture.inband_parameters} between the frames"
    yield Finding("decoder settings", told, one)


def _check_sound(path: Path, video_seconds: float) -> Iterator[Finding]:
    """Yield the findings on the length and the loudness of the sound."""
    samples = read_sound(path)
    seconds = len(samples) / RATE
    off = abs(seconds - video_seconds)
    told = f"picture {video_seconds:.3f} s, sound {seconds:.3f} s"
    # AAC comes in whole frames, so the sound may be longer than the picture by one of them.
    yield Finding("lengths", told, off <= _AAC_FRAME_SECONDS + 1e-6)
    yield from _check_level(loudness(samples))


def _check_cues(path: Path, video_seconds: float, expected: Expectations) -> Iterator[Finding]:
    """Yield the finding on the subtitles, if there are any or some were expected."""
    found = read_cues(path)
    if found is None:
        if expected.cues is not None:
            yield Finding("subtitles", "none", expected.cues == 0)
        return
    right = expected.cues in (None, len(found)) and in_order(found, video_seconds)
    span = f", {found[0].start:.2f} to {found[-1].end:.2f} s" if found else ""
    yield Finding("subtitles", f"{len(found)} cues{span}", right)


def _check_level(found: Loudness) -> Iterator[Finding]:
    """Yield the findings on loudness and peak."""
    # A video that was meant to be silent has no loudness that could be wrong.
    if found.lufs < _SILENT_BELOW:
        yield Finding("loudness", "silent", True)
        return
    yield Finding("loudness", f"{found.lufs:.1f} LUFS", abs(found.lufs - _LUFS) <= _LUFS_OFF)
    yield Finding("true peak", f"{found.peak_dbtp:.1f} dBTP", found.peak_dbtp <= _PEAK)
