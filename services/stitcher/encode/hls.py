"""The finished video as HLS: fragmented MP4 by copying, nothing encoded again."""

import math
import re
from pathlib import Path

import av

from shared.media.probe import opened

_SEGMENT_SECONDS = 4
_OPTIONS = {
    "hls_time": str(_SEGMENT_SECONDS),
    "hls_playlist_type": "vod",
    "hls_segment_type": "fmp4",
    "hls_flags": "single_file",  # one media file, its parts named by byte range
    "hls_list_size": "0",
}


def package_hls(video: Path, folder: Path) -> tuple[Path, Path]:
    """Write a playlist and its one media file into the folder; gives both."""
    playlist, media = folder / "hls.m3u8", folder / "hls_media.m4s"
    options = {**_OPTIONS, "hls_segment_filename": str(media)}
    with opened(video) as source, av.open(str(playlist), "w", "hls", options) as target:
        streams = [source.streams.video[0], *source.streams.audio[:1]]
        copies = {stream.index: target.add_stream_from_template(stream) for stream in streams}
        for packet in source.demux(streams):
            if packet.size:
                packet.stream = copies[packet.stream_index]
                target.mux_one(packet)
    _announce_longest(playlist)
    return playlist, media


def _announce_longest(playlist: Path) -> None:
    """FFmpeg rounds 4.5 s down to 4; players may refuse parts that are longer than announced."""
    text = playlist.read_text("utf-8")
    longest = max(map(float, re.findall(r"#EXTINF:([\d.]+)", text)), default=0.0)
    announced = f"#EXT-X-TARGETDURATION:{math.ceil(longest)}"
    playlist.write_text(re.sub(r"#EXT-X-TARGETDURATION:\d+", announced, text), "utf-8")
