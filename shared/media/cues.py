"""Reads the text track of a finished video as a player does."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from av.container import InputContainer

from shared.media.probe import BadMedia, open_media

_NEARLY = 0.0015  # seconds: cues lie on whole milliseconds, pictures do not


@dataclass(frozen=True)
class Cue:
    """A text and from when to when it is shown, in seconds."""

    text: str
    start: float
    end: float


def read_cues(path: Path) -> list[Cue] | None:
    """Return the cues of the first text track; None without one, BadMedia if it is damaged."""
    with open_media(path) as container:
        if not container.streams.subtitles:
            return None
        return list(_read_samples(container, path))


def _read_samples(container: InputContainer, path: Path) -> Iterator[Cue]:
    """Yield a cue for each sample of the track that has a text."""
    for packet in container.demux(subtitles=0):
        data = bytes(packet)
        if not data:
            continue
        length = int.from_bytes(data[:2], "big")  # of the text alone: styles may follow it
        if len(data) < 2 + length:
            raise BadMedia(f"{path.name} has a cue cut off: {len(data) - 2} of {length} bytes")
        start = float((packet.pts or 0) * packet.time_base)
        end = start + float((packet.duration or 0) * packet.time_base)
        # Silences are samples without text. A text that is not UTF-8 becomes BadMedia outside.
        if text := data[2 : 2 + length].decode():
            yield Cue(text, start, end)


def in_order(cues: list[Cue], seconds: float) -> bool:
    """Return whether the cues come one after the other, each for some time, inside the video."""
    apart = all(one.end <= other.start + _NEARLY for one, other in pairwise(cues))
    inside = all(0 <= cue.start < cue.end <= seconds + _NEARLY for cue in cues)
    return bool(cues) and apart and inside
