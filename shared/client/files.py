"""Downloads: a file has its name once it is whole, and what broke off goes on where it was."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx

from shared.client.errors import Refused
from shared.client.wire import AGAIN, Wire

SILENCE = 60.0
PREFIX = ".storywave-"


async def download(wire: Wire, path: str, target: Path) -> Path:
    """Write what lies at a path of the server to a file, and return the file.

    It is written beside it first: whatever breaks off, a file of this name is whole.
    """
    with _open_beside(target) as file:
        part, patience = Part(file), wire.be_patient()
        while True:
            before = file.tell()
            try:
                await part.fetch_rest(wire, path)
                return target
            except httpx.TransportError as error:
                if file.tell() > before:  # it gets on: each part has a patience of its own
                    patience = wire.be_patient()
                await patience.use(wire.explain(error), may_wait=wire.has_answered)
            except Refused as error:
                await patience.use(error, may_wait=error.status in AGAIN)


@dataclass
class Part:
    """What there is of a file so far."""

    file: BinaryIO
    tag: str = ""
    """Which bytes they are, as the server has named them."""

    async def fetch_rest(self, wire: Wire, path: str) -> None:
        """Write what is missing; all of it, where it is another file by now."""
        async with wire.open(path, self._ask_for_rest(), SILENCE) as answer:
            if answer.status_code != 206:
                self.file.seek(0)
                self.file.truncate()
            self.tag = answer.headers.get("etag", "")
            async for piece in answer.aiter_bytes():
                self.file.write(piece)

    def _ask_for_rest(self) -> dict[str, str]:
        plain = {"Accept-Encoding": "identity"}  # a range of a compressed body is none of the file
        there = self.file.tell()
        if not (there and self.tag):
            return plain
        return {**plain, "Range": f"bytes={there}-", "If-Range": self.tag}


@contextmanager
def _open_beside(target: Path) -> Iterator[BinaryIO]:
    """Give a file that gets its name when the block ends well, and is gone when it does not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=PREFIX)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o666 & ~_read_umask())  # a temporary file is for nobody else
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _read_umask() -> int:
    """Return what the user takes away from new files."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
