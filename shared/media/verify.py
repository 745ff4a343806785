"""The media verifier: decodes a finished video completely and says what is right and what is not.

Container headers say little: a file can claim 30 s, pass every packet check and break in the
middle. So every frame and sample is decoded, with errors made fatal, and counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import av
from av.packet import Packet

from shared.media.boxes import boxes, sample_descriptions
from shared.media.cues import cues, placed_well
from shared.media.encode import TICK, TICKS_A_FRAME
from shared.media.playlist import read_playlist
from shared.media.probe import BadMedia, opened, probe, video_of
from shared.media.sound import RATE, Loudness, loudness, read_sound
from shared.story.errors import StorywaveError
from shared.story.formats import FPS, Canvas

_AAC_FRAME_SECONDS = 1024 / 44_100
_LUFS, _LUFS_OFF, _PEAK = -14.0, 1.0, -1.0
_PARAMETER_SETS = {7, 8}
_AT_LEAST_AUDIBLE = -60.0


@dataclass(frozen=True)
class Expectations:
    """What the plan says; None: not known, so not asserted."""

    frames: int | None = None
    canvas: Canvas | None = None
    has_sound: bool | None = None
    cues: int | None = None  # 0: no text track


@dataclass(frozen=True)
class Finding:
    """One property: what it is, and whether that is right."""

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
        """For people: one line a finding, then the verdict."""
        wrong = sum(not finding.ok for finding in self.findings)
        lines = [f"{'ok ' if f.ok else 'BAD'}  {f.name:<22} {f.value}" for f in self.findings]
        verdict = "is right" if not wrong else f"has {wrong} fault(s)"
        return [*lines, f"{self.path.name} {verdict}"]


def report(path: Path, expected: Expectations = Expectations()) -> Report:
    """Examine a file; a file that can't be decoded is a finding, not an exception."""
    findings: list[Finding] = []
    try:
        look = _listed(path) if path.suffix == ".m3u8" else _examined(path, expected)
        findings.extend(look)  # keeps what came before an error
    except StorywaveError as error:
        findings.append(Finding("decoding", error.message, False))
    return Report(path, tuple(findings))


@dataclass
class _Picture:
    """What reading and decoding the picture track gave."""

    packets: list[tuple[int, int]] = field(default_factory=list)  # dts, pts
    inband_parameters: int = 0
    decoded: int = 0
    last_decoded: int | None = None
    out_of_order: int = 0


def _examined(path: Path, expected: Expectations) -> Iterator[Finding]:
    picture = _Picture()
    with opened(path) as container:
        stream = video_of(container, path)
        context = stream.codec_context
        context.options = {**context.options, "err_detect": "crccheck+bitstream+buffer+explode"}
        stream.thread_type = "AUTO"
        time_base, has_sound = stream.time_base or TICK, bool(container.streams.audio)
        yield from _format(stream, expected)
        for packet in container.demux(stream):
            _count(picture, packet)
    step = int(TICKS_A_FRAME * TICK / time_base)
    yield from _timing(picture, step, expected)
    yield from _structure(path, picture)
    if expected.has_sound is not None or not has_sound:
        right = expected.has_sound is None or expected.has_sound == has_sound
        yield Finding("sound", "present" if has_sound else "none", right)
    if has_sound:
        yield from _sound(path, picture.decoded / FPS)
    yield from _text(path, picture.decoded / FPS, expected)


def _listed(path: Path) -> Iterator[Finding]:
    """An HLS playlist: its parts against the file they are taken from."""
    listed = read_playlist(path)
    told = f"{len(listed.parts) - 1}, of at most {listed.longest} s"
    yield Finding("parts", told, listed.keeps_its_word() and len(listed.parts) > 1)
    yield Finding("end", "marked" if listed.is_complete else "open", listed.is_complete)
    whole = listed.is_whole(path.parent)
    yield Finding("bytes", f"0 to {listed.parts[-1].end}", whole)
    if whole:
        pictures = probe(path.parent / listed.parts[0].name).packets / FPS
        same = abs(listed.seconds - pictures) <= 1 / FPS
        yield Finding("lengths", f"parts {listed.seconds:.3f} s, picture {pictures:.3f} s", same)


def _count(picture: _Picture, packet: "Packet[av.VideoStream]") -> None:
    if packet.size:
        picture.packets.append((packet.dts or 0, packet.pts or 0))
        picture.inband_parameters += _parameter_sets(packet)
    for frame in packet.decode():
        if frame.is_corrupt:
            raise BadMedia(f"frame {picture.decoded} is damaged")
        picture.decoded += 1
        if picture.last_decoded is not None and (frame.pts or 0) <= picture.last_decoded:
            picture.out_of_order += 1
        picture.last_decoded = frame.pts or 0


def _parameter_sets(packet: "Packet[av.VideoStream]") -> int:
    """Parameter sets among the packet's NAL units (4-byte lengths, as our avcC says)."""
    data, at, found = memoryview(packet), 0, 0
    while at + 5 <= len(data):
        found += (data[at + 4] & 31) in _PARAMETER_SETS
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    return found


def _format(stream: av.VideoStream, expected: Expectations) -> Iterator[Finding]:
    context = stream.codec_context
    size = Canvas(context.width, context.height)
    fits = expected.canvas in (None, size) and size.width % 2 == size.height % 2 == 0
    yield Finding("size", f"{size.width}x{size.height}", fits)
    yield Finding("codec", context.name, context.name == "h264")
    yield Finding("pixels", str(context.pix_fmt), context.pix_fmt == "yuv420p")
    aspect = stream.sample_aspect_ratio or 1
    yield Finding("pixel aspect", str(aspect), aspect == 1)
    tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
    yield Finding("colour tags", _tags(tags), tags == (1, 1, 1, 1))
    rate = stream.average_rate
    yield Finding("frame rate", str(rate), rate == FPS)


def _tags(tags: tuple[int, ...]) -> str:
    return "bt709, limited" if tags == (1, 1, 1, 1) else f"matrix, primaries, curve, range {tags}"


def _timing(picture: _Picture, step: int, expected: Expectations) -> Iterator[Finding]:
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


def _structure(path: Path, picture: _Picture) -> Iterator[Finding]:
    order = [box.path for box in boxes(path) if "/" not in box.path]
    first = "moov" in order and "mdat" in order and order.index("moov") < order.index("mdat")
    yield Finding("index first", " ".join(order), first)
    configurations = sample_descriptions(path, b"avcC")
    one = configurations == 1 and picture.inband_parameters == 0
    told = f"{configurations} in the index, {picture.inband_parameters} between the frames"
    yield Finding("decoder settings", told, one)


def _sound(path: Path, video_seconds: float) -> Iterator[Finding]:
    samples = read_sound(path)
    seconds = len(samples) / RATE
    off = abs(seconds - video_seconds)
    told = f"picture {video_seconds:.3f} s, sound {seconds:.3f} s"
    yield Finding("lengths", told, off <= _AAC_FRAME_SECONDS + 1e-6)
    yield from _level(loudness(samples))


def _text(path: Path, video_seconds: float, expected: Expectations) -> Iterator[Finding]:
    found = cues(path)
    if found is None:
        if expected.cues is not None:
            yield Finding("subtitles", "none", expected.cues == 0)
        return
    right = expected.cues in (None, len(found)) and placed_well(found, video_seconds)
    span = f", {found[0].start:.2f} to {found[-1].end:.2f} s" if found else ""
    yield Finding("subtitles", f"{len(found)} cues{span}", right)


def _level(found: Loudness) -> Iterator[Finding]:
    if found.lufs < _AT_LEAST_AUDIBLE:
        yield Finding("loudness", "silent", True)
        return
    yield Finding("loudness", f"{found.lufs:.1f} LUFS", abs(found.lufs - _LUFS) <= _LUFS_OFF)
    yield Finding("true peak", f"{found.peak_dbtp:.1f} dBTP", found.peak_dbtp <= _PEAK)
