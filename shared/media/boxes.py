"""Reads the box structure of an MP4: which boxes lie where. No decoder is needed.

An MP4 is a tree of boxes: 4 bytes of size, 4 bytes of name, then content or further boxes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PARENTS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"}
_COUNTS_AT = {"stsz": 8, "stz2": 8, "trun": 4}  # where a table says how many samples it has


@dataclass(frozen=True)
class Box:
    """One box: its path of names from the top, and where its content lies."""

    path: str
    start: int
    size: int


def read_boxes(path: Path) -> list[Box]:
    """Return all boxes down to the sample tables, in file order; a broken box ends the list."""
    with path.open("rb") as file:
        return list(_walk(file, 0, path.stat().st_size, ""))


def _walk(file: BinaryIO, at: int, end: int, above: str) -> Iterator[Box]:
    """Yield the boxes between two places of a file, each followed by the boxes inside it."""
    while at + 8 <= end:
        file.seek(at)
        head = file.read(16)  # the longest that a head can be
        if len(head) < 8:
            return
        size, name = struct.unpack(">I4s", head[:8])
        length = 8
        if size == 1:  # it stands for: the size follows in 8 bytes
            if len(head) < 16:
                return
            size, length = struct.unpack(">Q", head[8:])[0], 16
        size = size or end - at  # 0 stands for: up to the end
        if size < length:
            return
        size = min(size, end - at)  # a box cut off with its file is read as far as it goes
        here = f"{above}/{name.decode('latin-1')}".lstrip("/")
        yield Box(here, at + length, size - length)
        if name in _PARENTS:
            yield from _walk(file, at + length, at + size, here)
        at += size


def count_samples(path: Path) -> int:
    """Return how many samples the tables announce, whether they are in the file or not."""
    count = 0
    with path.open("rb") as file:
        for box in read_boxes(path):
            if at := _COUNTS_AT.get(box.path.rpartition("/")[2]):
                file.seek(box.start + at)
                count += int.from_bytes(file.read(4), "big")
    return count


def switch_off(path: Path, handler: bytes) -> None:
    """Mark the tracks of a kind (b"sbtl") as off: a player shows them when the user asks."""
    with path.open("r+b") as file:
        flags_at = 0
        for box in read_boxes(path):
            # A track's header comes before its handler, which alone says of what kind it is.
            if box.path.endswith("/tkhd"):
                flags_at = box.start + 3
            file.seek(box.start + 8)
            if box.path.endswith("/hdlr") and file.read(4) == handler:
                _clear_on_flag(file, flags_at)


def _clear_on_flag(file: BinaryIO, flags_at: int) -> None:
    """Clear the lowest flag of a track's header: the one that says that the track is on."""
    file.seek(flags_at)
    flags = file.read(1)[0]
    file.seek(flags_at)
    file.write(bytes([flags & ~1]))


def count_decoder_settings(path: Path, codec: bytes) -> int:
    """Return how many decoder settings of a codec the file has; more than one is a bad join."""
    count = 0
    with path.open("rb") as file:
        for box in read_boxes(path):
            if box.path.endswith("stbl/stsd"):
                file.seek(box.start)
                count += file.read(box.size).count(codec)
    return count
