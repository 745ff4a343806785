"""The Blobs in a folder: a key is a path in it. File work runs beside the event loop."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from shared.blobs.files import UNFINISHED, disk, make_durably, steps, sync_folder, whole
from shared.ports import Blob
from shared.story.errors import BlobMissing

PIECE = 1 << 20


class DiskBlobs:
    """Bytes by key, in files; one process at a time (the store locks the data folder)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def open(self) -> None:
        """Make the folder, without what a crash left half written."""
        await asyncio.to_thread(self._prepare)

    async def close(self) -> None:
        """Nothing is held open between calls."""

    async def put(self, key: str, source: Path | bytes) -> Blob:
        return await asyncio.to_thread(self._put, key, source)

    async def get(self, key: str) -> bytes:
        return await asyncio.to_thread(self._get, key)

    async def fetch(self, key: str, to: Path) -> None:
        await asyncio.to_thread(self._fetch, key, to)

    async def stream(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        file = await asyncio.to_thread(self._open, key)
        try:
            left = (os.fstat(file.fileno()).st_size if end is None else end) - start
            file.seek(start)
            while left > 0 and (piece := await asyncio.to_thread(file.read, min(left, PIECE))):
                left -= len(piece)
                yield piece
        finally:
            file.close()

    async def stat(self, key: str) -> Blob:
        """The sha256 is empty: a folder does not remember it."""
        return await asyncio.to_thread(self._stat, key)

    async def keys(self, prefix: str) -> list[str]:
        return await asyncio.to_thread(self._keys, prefix)

    async def delete(self, keys: Sequence[str]) -> None:
        await asyncio.to_thread(self._delete, keys)

    # ── beside the event loop ───────────────────────────────────────────────────────────────────

    def _prepare(self) -> None:
        with disk(self._folder):
            shutil.rmtree(self._folder / UNFINISHED, ignore_errors=True)
            (self._folder / UNFINISHED).mkdir(parents=True)

    def _put(self, key: str, source: Path | bytes) -> Blob:
        path = self._path(key)
        if isinstance(source, Path):
            with source.open("rb") as bytes_in, disk(self._folder):
                return self._write(key, path, iter(lambda: bytes_in.read(PIECE), b""))
        with disk(self._folder):
            return self._write(key, path, iter([source]))

    def _write(self, key: str, path: Path, pieces: Iterator[bytes]) -> Blob:
        """Whole or not at all, and still there after a power cut."""
        make_durably(path.parent)
        digest, size = hashlib.sha256(), 0
        with whole(path, beside=self._folder / UNFINISHED) as file:
            for piece in pieces:
                digest.update(piece)
                size += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
        return Blob(key, size, digest.hexdigest())

    def _get(self, key: str) -> bytes:
        with self._open(key) as file, disk(self._folder):
            return file.read()

    def _fetch(self, key: str, to: Path) -> None:
        with self._open(key) as file, disk(to.parent), whole(to) as out:
            shutil.copyfileobj(file, out, PIECE)

    def _stat(self, key: str) -> Blob:
        with self._open(key) as file:
            return Blob(key, os.fstat(file.fileno()).st_size, "")

    def _keys(self, prefix: str) -> list[str]:
        """Walks only the folder that the prefix names."""
        top = self._path(prefix.rpartition("/")[0]) if "/" in prefix else self._folder
        found = []
        with disk(self._folder):
            for at, folders, names in os.walk(top):
                if Path(at) == self._folder and UNFINISHED in folders:
                    folders.remove(UNFINISHED)
                found += [(Path(at) / name).relative_to(self._folder).as_posix() for name in names]
        return sorted(key for key in found if key.startswith(prefix))

    def _delete(self, keys: Sequence[str]) -> None:
        with disk(self._folder):
            for path in map(self._path, keys):
                path.unlink(missing_ok=True)

    def _open(self, key: str) -> BinaryIO:
        path = self._path(key)
        with disk(self._folder):
            try:
                return path.open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
                raise BlobMissing(key) from error

    def _path(self, key: str) -> Path:
        return self._folder.joinpath(*steps(key))
