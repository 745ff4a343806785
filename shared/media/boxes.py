"""Reads the box structure of an MP4: what stands where, without a decoder."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_INSIDE = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"}
_COUNTS_AT = {"stsz": 8, "stz2": 8, "trun": 4}  # where a table says how many samples there are


@dataclass(frozen=True)
class Box:
    """One box: its path of names from the top, and where its content lies."""

    path: str
    start: int
    size: int


def boxes(path: Path) -> list[Box]:
    """All boxes down to the sample tables, in file order; a broken one ends the list."""
    with path.open("rb") as file:
        return list(_walk(file, 0, path.stat().st_size, ""))


def _walk(file: BinaryIO, at: int, end: int, above: str) -> Iterator[Box]:
    while at + 8 <= end:
        file.seek(at)
        size, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", file.read(8))[0], 16
        size = size or end - at
        if size < head:
            return
        size = min(size, end - at)  # one that goes on beyond the file is read as far as it goes
        here = f"{above}/{name.decode('latin-1')}".lstrip("/")
        yield Box(here, at + head, size - head)
        if name in _INSIDE:
            yield from _walk(file, at + head, at + size, here)
        at += size


def samples_claimed(path: Path) -> int:
    """How many samples all tables together speak of, whether they are there or not."""
    claimed = 0
    with path.open("rb") as file:
        for box in boxes(path):
            if at := _COUNTS_AT.get(box.path.rpartition("/")[2]):
                file.seek(box.start + at)
                claimed += int.from_bytes(file.read(4), "big")
    return claimed


def switch_off(path: Path, handler: bytes) -> None:
    """Mark the tracks of a kind (b"sbtl") as there, but not shown until someone asks."""
    with path.open("r+b") as file:
        flags_at = 0
        for box in boxes(path):
            if box.path.endswith("/tkhd"):
                flags_at = box.start + 3
            file.seek(box.start + 8)
            if box.path.endswith("/hdlr") and file.read(4) == handler:
                _clear_enabled(file, flags_at)


def _clear_enabled(file: BinaryIO, flags_at: int) -> None:
    file.seek(flags_at)
    flags = file.read(1)[0]
    file.seek(flags_at)
    file.write(bytes([flags & ~1]))


def sample_descriptions(path: Path, codec: bytes) -> int:
    """How many decoder configurations a codec has in the file: more than one is a bad join."""
    found = 0
    with path.open("rb") as file:
        for box in boxes(path):
            if box.path.endswith("stbl/stsd"):
                file.seek(box.start)
                found += file.read(box.size).count(codec)
    return found
