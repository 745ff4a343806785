"""The Blobs in a folder: a key is a path in it. File work runs beside the event loop."""

import asyncio
import hashlib
import os
import shutil
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from shared.base import private
from shared.blobs.files import (
    UNFINISHED,
    make_durably,
    map_errors,
    split_key,
    sync_folder,
    write_whole,
)
from shared.ports import Blob, Stored
from shared.story.errors import BlobMissing

READ_BYTES = 1 << 20

# Users read of trouble with it, too, to whom our paths are no help.
PLACE = "the folder of the stored files"


class DiskBlobs:
    """Bytes by key, in files; one process at a time (the store locks the data folder)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = threading.Lock()
        """Held while a file gets its name, and while empty folders are removed."""

    async def open(self, *, make: bool = True) -> None:
        """Make the folder, closed to other users, without what a crash left half written."""
        if make:
            await asyncio.to_thread(self._prepare)

    async def close(self) -> None:
        """Do nothing: no file is open between calls."""

    async def put(self, key: str, source: Path | bytes) -> Blob:
        """Store these bytes durably, in place of those before; return what was stored."""
        return await asyncio.to_thread(self._put, key, source)

    async def get(self, key: str) -> bytes:
        """Return all bytes."""
        return await asyncio.to_thread(self._get, key)

    async def fetch(self, key: str, to: Path) -> None:
        """Write the bytes into a file, which is whole or absent."""
        await asyncio.to_thread(self._fetch, key, to)

    async def stream(
        self, key: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from `start` up to but not including `end`, in parts."""
        file = await asyncio.to_thread(self._open, key)
        try:
            left = (os.fstat(file.fileno()).st_size if end is None else end) - start
            file.seek(start)
            while left > 0 and (part := await asyncio.to_thread(file.read, min(left, READ_BYTES))):
                left -= len(part)
                yield part
        finally:
            file.close()

    async def stat(self, key: str) -> Blob:
        """Return what is stored. Its sha256 is empty: a folder does not remember it."""
        return await asyncio.to_thread(self._stat, key)

    async def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin so."""
        return await asyncio.to_thread(self._keys, prefix)

    async def list_stored(self, prefix: str) -> list[Stored]:
        """Return what is stored under the keys that begin so."""
        return await asyncio.to_thread(self._list_stored, prefix)

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete these, and folders that are empty then; missing keys are fine."""
        await asyncio.to_thread(self._delete, keys)

    # ── beside the event loop ───────────────────────────────────────────────────────────────────

    def _prepare(self) -> None:
        # At the start the path is named: whoever starts a process has given it.
        with map_errors(f"the folder {self._folder}"):
            # Its files need no look: nobody else gets through the folder's own door.
            private.make_folder(self._folder)
            shutil.rmtree(self._folder / UNFINISHED, ignore_errors=True)
            (self._folder / UNFINISHED).mkdir(private.FOLDER)

    def _put(self, key: str, source: Path | bytes) -> Blob:
        path = self._path(key)
        if isinstance(source, bytes):
            return self._write(key, path, iter([source]))
        with source.open("rb") as file:
            return self._write(key, path, iter(lambda: file.read(READ_BYTES), b""))

    def _write(self, key: str, path: Path, parts: Iterator[bytes]) -> Blob:
        """Write all or nothing, so that a power cut can't take back what was answered."""
        digest, size = hashlib.sha256(), 0
        with map_errors(PLACE):
            with self._names:
                make_durably(path.parent)
            beside = self._folder / UNFINISHED  # on the same disk: across disks nothing is renamed
            with ExitStack() as naming, write_whole(path, beside=beside, mode=private.FILE) as file:
                for part in parts:
                    digest.update(part)
                    size += file.write(part)
                file.flush()
                # The bytes first, then the name: else a power cut leaves a name without its bytes.
                os.fsync(file.fileno())
                naming.enter_context(self._names)
                make_durably(path.parent)  # it may have been removed meanwhile, as empty
            with suppress(FileNotFoundError):  # it was deleted at once
                sync_folder(path.parent)
        return Blob(key, size, digest.hexdigest())

    def _get(self, key: str) -> bytes:
        with self._open(key) as file, map_errors(PLACE):
            return file.read()

    def _fetch(self, key: str, to: Path) -> None:
        # Whoever fetches has named the folder, so it may be named to them.
        place = f"the folder {to.parent}"
        with self._open(key) as file, map_errors(place), write_whole(to) as out:
            shutil.copyfileobj(file, out, READ_BYTES)

    def _stat(self, key: str) -> Blob:
        with self._open(key) as file:
            return Blob(key, os.fstat(file.fileno()).st_size, "")

    def _keys(self, prefix: str) -> list[str]:
        # Only the folder that the prefix names: there may be thousands of videos beside it.
        top = self._path(prefix.rpartition("/")[0]) if "/" in prefix else self._folder
        found = []
        with map_errors(PLACE):
            for at, folders, names in os.walk(top):
                if Path(at) == self._folder and UNFINISHED in folders:
                    folders.remove(UNFINISHED)
                found += [(Path(at) / name).relative_to(self._folder).as_posix() for name in names]
        return sorted(key for key in found if key.startswith(prefix))

    def _list_stored(self, prefix: str) -> list[Stored]:
        found = []
        for key in self._keys(prefix):
            with suppress(FileNotFoundError), map_errors(PLACE):
                stat = self._path(key).stat()
                found.append(Stored(key, stat.st_size, round(stat.st_mtime * 1000)))
        return found

    def _delete(self, keys: Sequence[str]) -> None:
        with map_errors(PLACE):
            paths = [self._path(key) for key in keys]
            for path in paths:
                with suppress(NotADirectoryError):  # a step of the key is a file: so it is missing
                    path.unlink(missing_ok=True)
            with self._names:
                for folder in {path.parent for path in paths}:
                    self._remove_empty(folder)

    def _remove_empty(self, folder: Path) -> None:
        """Remove a folder if nothing is in it, and those around it."""
        while folder != self._folder:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass  # those around it may be there all the same
            except OSError:
                return
            folder = folder.parent

    def _open(self, key: str) -> BinaryIO:
        path = self._path(key)
        with map_errors(PLACE):
            try:
                return path.open("rb")
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
                raise BlobMissing(key) from error

    def _path(self, key: str) -> Path:
        return self._folder.joinpath(*split_key(key))
