"""Packages the finished video as HLS: fragmented MP4 by copying packets, nothing is encoded."""

import math
import re
from pathlib import Path

import av

from shared.media.probe import open_media

# Parts begin at keyframes only, so they are up to a second longer than this.
_PART_SECONDS = 4
_OPTIONS = {
    "hls_time": str(_PART_SECONDS),
    "hls_playlist_type": "vod",
    "hls_segment_type": "fmp4",
    "hls_flags": "single_file",  # one media file, its parts told by byte range: one blob to store
    "hls_list_size": "0",  # list all parts, not only the last few as for a live stream
}


def package_hls(video: Path, folder: Path) -> tuple[Path, Path]:
    """Write a playlist and its one media file into the folder, and return both."""
    playlist, media = folder / "hls.m3u8", folder / "hls_media.m4s"
    options = {**_OPTIONS, "hls_segment_filename": str(media)}
    with open_media(video) as source, av.open(str(playlist), "w", "hls", options) as target:
        # Players find subtitles in HLS by a playlist of their own, so the text track stays out.
        streams = [source.streams.video[0], *source.streams.audio[:1]]
        copies = {stream.index: target.add_stream_from_template(stream) for stream in streams}
        for packet in source.demux(streams):
            if packet.size:  # the last ones are empty: they tell decoders to flush
                packet.stream = copies[packet.stream_index]
                target.mux_one(packet)
    _announce_longest(playlist)
    return playlist, media


def _announce_longest(playlist: Path) -> None:
    """Make the playlist announce its longest part, rounded up.

    FFmpeg rounds 4.5 s down to 4, and players may refuse a part that is longer than announced.
    """
    text = playlist.read_text("utf-8")
    longest = max(map(float, re.findall(r"#EXTINF:([\d.]+)", text)), default=0.0)
    announced = f"#EXT-X-TARGETDURATION:{math.ceil(longest)}"
    playlist.write_text(re.sub(r"#EXT-X-TARGETDURATION:\d+", announced, text), "utf-8")
