"""Reads an HLS playlist whose parts are byte ranges of one file, as a player reads it."""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from shared.media.probe import BadMedia

_RANGE = re.compile(r"(\d+)@(\d+)")
_MAP = re.compile(r'#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@(\d+)"')
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Part:
    """A range of bytes of a media file."""

    name: str
    start: int
    end: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Playlist:
    """All parts in order; the first one holds the decoder's settings."""

    parts: tuple[Part, ...]
    longest: int
    is_complete: bool

    @property
    def seconds(self) -> float:
        return sum(part.seconds for part in self.parts)

    def is_whole(self, folder: Path) -> bool:
        """Return whether the parts are one file in this folder, from its first byte to its last."""
        media = folder / self.parts[0].name
        adjoining = all(a.name == b.name and a.end == b.start for a, b in pairwise(self.parts))
        there = media.is_file() and self.parts[-1].end == media.stat().st_size
        return adjoining and there and self.parts[0].start == 0

    def announces_longest(self) -> bool:
        """Return whether no part is longer than the playlist says."""
        # Half a second is rounded up, as the standard wants; Python's round() would not do so.
        return all(int(part.seconds + 0.5) <= self.longest for part in self.parts)


def read_playlist(path: Path) -> Playlist:
    """Return the playlist; BadMedia if it is not of this kind."""
    try:
        lines = path.read_bytes()[:_MOST_BYTES].decode().splitlines()
        values = {key: value for key, _, value in (line.partition(":") for line in lines)}
        settings = next(found for line in lines if (found := _MAP.fullmatch(line)))
        longest = int(values["#EXT-X-TARGETDURATION"])
        # Three lines tell of a part: its length, its byte range, its file.
        parts = [_read_part(*three) for three in zip(lines, lines[1:], lines[2:], strict=False)]
    except (ValueError, KeyError, StopIteration) as error:
        raise BadMedia(f"{path.name} is not a playlist of byte ranges") from error
    name, size, start = settings[1], int(settings[2]), int(settings[3])
    listed = (Part(name, start, start + size), *(part for part in parts if part))
    # A playlist is a text that anyone can write: it must not lead to files elsewhere.
    if any("/" in part.name for part in listed):
        raise BadMedia(f"{path.name} names files that do not lie beside it")
    return Playlist(listed, longest, "#EXT-X-ENDLIST" in lines)


def _read_part(length: str, place: str, name: str) -> Part | None:
    """Return the part that these three lines describe; None if they describe none."""
    if not length.startswith("#EXTINF:"):
        return None
    found = _RANGE.fullmatch(place.removeprefix("#EXT-X-BYTERANGE:"))
    if found is None:
        raise ValueError(place)
    size, start = int(found[1]), int(found[2])
    seconds = float(length.removeprefix("#EXTINF:").rstrip(","))
    return Part(name, start, start + size, seconds)
