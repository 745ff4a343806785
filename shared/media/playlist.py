"""An HLS playlist of byte ranges, read as a player reads it."""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from shared.media.probe import BadMedia

_RANGE = re.compile(r"(\d+)@(\d+)")
_MAP = re.compile(r'#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@(\d+)"')
_LONGEST = 1 << 20  # characters


@dataclass(frozen=True)
class Part:
    """A stretch of a file."""

    name: str
    start: int
    end: int
    seconds: float = 0.0


@dataclass(frozen=True)
class Playlist:
    """All parts in order, the one with the decoder's settings first."""

    parts: tuple[Part, ...]
    longest: int
    is_complete: bool

    @property
    def seconds(self) -> float:
        return sum(part.seconds for part in self.parts)

    def is_whole(self, folder: Path) -> bool:
        """Whether the parts are one file from its first byte to its last."""
        media = folder / self.parts[0].name
        adjoining = all(a.name == b.name and a.end == b.start for a, b in pairwise(self.parts))
        there = media.is_file() and self.parts[-1].end == media.stat().st_size
        return adjoining and there and self.parts[0].start == 0

    def keeps_its_word(self) -> bool:
        """Whether no part is longer than announced (rounded half up, as the standard wants)."""
        return all(int(part.seconds + 0.5) <= self.longest for part in self.parts)


def read_playlist(path: Path) -> Playlist:
    """BadMedia when it is none of this kind."""
    try:
        lines = path.read_bytes()[:_LONGEST].decode().splitlines()
        told = {key: value for key, _, value in (line.partition(":") for line in lines)}
        settings = next(found for line in lines if (found := _MAP.fullmatch(line)))
        longest = int(told["#EXT-X-TARGETDURATION"])
        parts = [_part(*three) for three in zip(lines, lines[1:], lines[2:], strict=False)]
    except (ValueError, KeyError, StopIteration) as error:
        raise BadMedia(f"{path.name} is no playlist of byte ranges") from error
    name, size, start = settings[1], int(settings[2]), int(settings[3])
    listed = (Part(name, start, start + size), *(part for part in parts if part))
    if any("/" in part.name for part in listed):
        raise BadMedia(f"{path.name} names files that do not lie beside it")
    return Playlist(listed, longest, "#EXT-X-ENDLIST" in lines)


def _part(length: str, place: str, name: str) -> Part | None:
    if not length.startswith("#EXTINF:"):
        return None
    found = _RANGE.fullmatch(place.removeprefix("#EXT-X-BYTERANGE:"))
    if found is None:
        raise ValueError(place)
    size, start = int(found[1]), int(found[2])
    seconds = float(length.removeprefix("#EXTINF:").rstrip(","))
    return Part(name, start, start + size, seconds)
