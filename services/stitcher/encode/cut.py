"""Makes the finished video: joined segments, mixed sound, subtitles beside it and a poster.

The file is written once, from front to back. Room for its index is kept free at the head, so that
a player can start at once, and no second pass has to move the index there.
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
from services.stitcher.encode.join import (
    Timeline,
    Windows,
    join_packets,
    make_joinable,
    start_windows,
)
from services.stitcher.encode.mix import MixSpec, mix
from services.stitcher.encode.subtrack import add_subtitles, subtitle_packets
from services.stitcher.voicefit import Word
from shared.media.boxes import switch_off
from shared.media.decode import canonical_frames
from shared.media.encode import VideoTrack
from shared.media.picture import to_image
from shared.media.probe import open_media
from shared.story.formats import FPS, TIMEBASE

AnyPacket: TypeAlias = "av.Packet[Any]"

# More than the index takes for picture, sound and text together. Too little makes the muxer fail;
# what is left over becomes an empty box.
_INDEX_BYTES_A_FRAME = 64
_INDEX_BYTES_AT_LEAST = 32_768

# From this many frames on, the mix and a window at the same time would need too much memory.
_LONG = 60 * FPS


@dataclass(frozen=True)
class CutSpec:
    """One video to finish: everything is written into the folder."""

    folder: Path
    timeline: Timeline
    sound: Path | MixSpec | None = None  # a mix is made while the windows are encoded
    words: tuple[Word, ...] = ()
    captions_burnt: bool = True  # the subtitle track is there, but off: nobody reads words twice


@dataclass(frozen=True)
class CutResult:
    """The files made, the segments that did not fit and were encoded again, the unusable sounds."""

    video: Path
    poster: Path
    srt: Path | None
    vtt: Path | None
    frames: int
    seconds: float
    encoded_again: tuple[int, ...]
    unheard: tuple[str, ...] = ()


def cut(spec: CutSpec) -> CutResult:
    """Write the video and the files beside it, and return them."""
    timeline, again = make_joinable(spec.timeline, spec.folder)
    video, poster = spec.folder / "video.mp4", spec.folder / "poster.jpg"
    # Threads are enough: mixing and encoding run outside the interpreter lock. There is one encoder
    # only, because each window takes 170 MiB while it is encoded.
    with ThreadPoolExecutor(1) as mixer, ThreadPoolExecutor(1) as encoder:
        mixing = mixer.submit(mix, spec.sound) if isinstance(spec.sound, MixSpec) else None
        if mixing and timeline.frames > _LONG:
            wait([mixing])
        windows = start_windows(timeline, encoder)
        _write_poster(timeline, poster)
        sound = spec.sound if isinstance(spec.sound, Path) else None
        sound = mixing.result().path if mixing else sound
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
        mixing.result().unheard if mixing else (),
    )


def _write_subtitles(spec: CutSpec, seconds: float) -> tuple[Path | None, Path | None]:
    """Write the words as .srt and .vtt files and return both; None where there are no words."""
    if not spec.words:
        return None, None
    srt_path, vtt_path = spec.folder / "video.srt", spec.folder / "video.vtt"
    srt_path.write_text(format_srt(spec.words, seconds), "utf-8")
    vtt_path.write_text(format_vtt(spec.words, seconds), "utf-8")
    return srt_path, vtt_path


def _mux(
    out: Path, timeline: Timeline, windows: Windows, sound: Path | None, words: Sequence[Word]
) -> None:
    """Write pictures, sound and subtitles into one MP4, packet by packet in decode order."""
    room = _INDEX_BYTES_AT_LEAST + _INDEX_BYTES_A_FRAME * timeline.frames
    options = {"video_track_timescale": str(TIMEBASE), "moov_size": str(room)}
    with (
        av.open(str(out), "w", format="mp4", container_options=options) as container,
        ExitStack() as sources,
    ):
        track = VideoTrack(container, timeline.canvas)
        joined = join_packets(timeline, windows)
        pictures = (track.place(packet, index) for packet, index in joined)
        tracks: list[Iterable[AnyPacket]] = [pictures]
        if sound is not None:
            source = sources.enter_context(open_media(sound, examine=False))
            tracks.append(_copy_sound(container, source))
        if words:
            phrases = gather_subtitles(words, timeline.frames / FPS)
            text = add_subtitles(container)
            tracks.append(subtitle_packets(text, phrases, timeline.frames / FPS))
        # Each track is in order by itself. Merged by time, no track has to wait in memory for
        # the packets of another one.
        for packet in merge(*tracks, key=_decode_seconds):
            container.mux_one(packet)


def _copy_sound(container: OutputContainer, source: InputContainer) -> Iterator[AnyPacket]:
    """Add a sound track and return its encoded packets, which are not changed."""
    stream = source.streams.audio[0]
    # Here and not in the generator: a track can't be added once the first packet is written.
    return _move_packets(source, stream, container.add_stream_from_template(stream))


def _move_packets(
    source: InputContainer, stream: av.AudioStream, target: av.AudioStream
) -> Iterator[AnyPacket]:
    """Yield the packets of one track as packets of another one."""
    for packet in source.demux(stream):
        if packet.size:  # the last one is empty: it tells decoders to flush
            packet.stream = target
            yield packet


def _decode_seconds(packet: AnyPacket) -> float:
    """Return when the packet is decoded: the tracks count in ticks of different lengths."""
    return float((packet.dts or 0) * packet.time_base)


def _write_poster(timeline: Timeline, out: Path) -> None:
    """Write the first picture as a JPEG: no caption is on it yet."""
    with closing(canonical_frames(timeline.segments[0].path, timeline.canvas)) as frames:
        to_image(next(frames)).save(out, quality=88)
