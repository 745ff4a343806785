"""The text track of a finished video, read as a player reads it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from av.container import InputContainer

from shared.media.probe import BadMedia, opened

_NEARLY = 0.0015  # cues lie on whole milliseconds, pictures do not


@dataclass(frozen=True)
class Cue:
    """What is shown from when to when, in seconds."""

    text: str
    start: float
    end: float


def cues(path: Path) -> list[Cue] | None:
    """The cues of the first text track; None without one; BadMedia when one can't be read."""
    with opened(path) as container:
        if not container.streams.subtitles:
            return None
        return list(_read(container, path))


def _read(container: InputContainer, path: Path) -> Iterator[Cue]:
    for packet in container.demux(subtitles=0):
        data = bytes(packet)
        if not data:
            continue
        length = int.from_bytes(data[:2], "big")  # styles may follow the text
        if len(data) < 2 + length:
            raise BadMedia(f"{path.name} has a cue cut off: {len(data) - 2} of {length} bytes")
        start = float((packet.pts or 0) * packet.time_base)
        end = start + float((packet.duration or 0) * packet.time_base)
        if text := data[2 : 2 + length].decode():  # what is no UTF-8 becomes BadMedia outside
            yield Cue(text, start, end)


def placed_well(found: list[Cue], seconds: float) -> bool:
    """One after the other, each for a time, all inside the video."""
    apart = all(one.end <= other.start + _NEARLY for one, other in pairwise(found))
    inside = all(0 <= cue.start < cue.end <= seconds + _NEARLY for cue in found)
    return bool(found) and apart and inside
