"""The finished video: joined pictures, the mixed sound, subtitles beside it and a poster.

The file is written once, front to back: room for its index is kept at the head (so that players
start at once), with no second pass to move it there.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.container import InputContainer, OutputContainer

from services.stitcher.captions import format_srt, format_vtt, gather_subtitles
from services.stitcher.encode.join import Timeline, Windows, joined, made_joinable, start_windows
from services.stitcher.encode.mix import MixSpec, mix
from services.stitcher.encode.subtrack import add_subtitles, subtitle_packets
from services.stitcher.voicefit import Word
from shared.media.boxes import switch_off
from shared.media.decode import canonical_frames
from shared.media.encode import VideoTrack
from shared.media.picture import to_image
from shared.media.probe import opened
from shared.story.formats import FPS, TIMEBASE

AnyPacket: TypeAlias = "av.Packet[Any]"

_INDEX_BYTES_A_FRAME = 64
_INDEX_BYTES_AT_LEAST = 32_768
_LONG = 60 * FPS  # from here on the mix and the windows would need too much memory together


@dataclass(frozen=True)
class CutSpec:
    """One video to finish: everything is written into the folder."""

    folder: Path
    timeline: Timeline
    sound: Path | MixSpec | None = None  # what is to be mixed is mixed beside the pictures
    words: tuple[Word, ...] = ()
    captions_burnt: bool = True  # then the subtitle track is there, but off


@dataclass(frozen=True)
class CutResult:
    """The files made, which segments had to be encoded again because they did not fit, and
    which sounds could not be used."""

    video: Path
    poster: Path
    srt: Path | None
    vtt: Path | None
    frames: int
    seconds: float
    encoded_again: tuple[int, ...]
    unheard: tuple[str, ...] = ()


def cut(spec: CutSpec) -> CutResult:
    """Join, mux and write what stands beside the video."""
    timeline, again = made_joinable(spec.timeline, spec.folder)
    video, poster = spec.folder / "video.mp4", spec.folder / "poster.jpg"
    # Their work runs outside the interpreter lock. One window at a time: each takes 170 MiB.
    with ThreadPoolExecutor(1) as mixer, ThreadPoolExecutor(1) as encoder:
        mixed = mixer.submit(mix, spec.sound) if isinstance(spec.sound, MixSpec) else None
        if mixed and timeline.frames > _LONG:
            wait([mixed])
        windows = start_windows(timeline, encoder)
        _write_poster(timeline, poster)
        sound = spec.sound if isinstance(spec.sound, Path) else None
        sound = mixed.result().path if mixed else sound
        _mux(video, timeline, windows, sound, spec.words)
    if spec.captions_burnt:
        switch_off(video, b"sbtl")
    srt_path, vtt_path = _write_subtitles(spec, timeline.frames / FPS)
    return CutResult(
        video,
        poster,
        srt_path,
        vtt_path,
        timeline.frames,
        timeline.frames / FPS,
        again,
        mixed.result().unheard if mixed else (),
    )


def _write_subtitles(spec: CutSpec, seconds: float) -> tuple[Path | None, Path | None]:
    if not spec.words:
        return None, None
    srt_path, vtt_path = spec.folder / "video.srt", spec.folder / "video.vtt"
    srt_path.write_text(format_srt(spec.words, seconds), "utf-8")
    vtt_path.write_text(format_vtt(spec.words, seconds), "utf-8")
    return srt_path, vtt_path


def _mux(
    out: Path, timeline: Timeline, windows: Windows, sound: Path | None, words: Sequence[Word]
) -> None:
    room = _INDEX_BYTES_AT_LEAST + _INDEX_BYTES_A_FRAME * timeline.frames
    options = {"video_track_timescale": str(TIMEBASE), "moov_size": str(room)}
    with (
        av.open(str(out), "w", format="mp4", container_options=options) as container,
        ExitStack() as sources,
    ):
        track = VideoTrack(container, timeline.canvas)
        pictures = (track.placed(packet, index) for packet, index in joined(timeline, windows))
        tracks: list[Iterable[AnyPacket]] = [pictures]
        if sound is not None:
            source = sources.enter_context(opened(sound, examine=False))
            tracks.append(_copied(container, source))
        if words:
            phrases = gather_subtitles(words, timeline.frames / FPS)
            text = add_subtitles(container)
            tracks.append(subtitle_packets(text, phrases, timeline.frames / FPS))
        for packet in merge(*tracks, key=_moment):
            container.mux_one(packet)


def _copied(container: OutputContainer, source: InputContainer) -> Iterator[AnyPacket]:
    """The encoded sound's packets as they are, on a track added at once."""
    stream = source.streams.audio[0]
    return _moved(source, stream, container.add_stream_from_template(stream))


def _moved(
    source: InputContainer, stream: av.AudioStream, copy: av.AudioStream
) -> Iterator[AnyPacket]:
    for packet in source.demux(stream):
        if packet.size:
            packet.stream = copy
            yield packet


def _moment(packet: AnyPacket) -> float:
    return float((packet.dts or 0) * packet.time_base)


def _write_poster(timeline: Timeline, out: Path) -> None:
    """The first picture: captions have not begun there."""
    with closing(canonical_frames(timeline.segments[0].path, timeline.canvas)) as frames:
        to_image(next(frames)).save(out, quality=88)
