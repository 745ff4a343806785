"""Files that are whole or absent, and a disk whose troubles have a name of ours."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from shared.base import private
from shared.story.errors import BlobsUnavailable

UNFINISHED = ".unfinished"


def split_key(key: str) -> list[str]:
    """Return a key as steps down from a folder; raises ValueError where it would lead elsewhere."""
    found = key.split("/")
    if found[0] == UNFINISHED or {"", ".", ".."} & set(found) or "\0" in key:
        raise ValueError(f"{key!r} cannot be a key: its steps are names between single slashes")
    return found


@contextmanager
def map_errors(place: str) -> Iterator[None]:
    """Map the system's errors about this place, here and nowhere else."""
    try:
        yield
    except OSError as error:
        advice = f"{error.strerror or error}: make it a folder that can be written to"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "the disk is full: free some space, work then goes on by itself"
        raise BlobsUnavailable(f"{place} takes no bytes: {advice}") from error


@contextmanager
def write_whole(path: Path, *, beside: Path | None = None, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Give a file to write, which gets its name when all went well and is gone otherwise.

    A process that is killed leaves a file with an unfinished name, never half a file with a name
    that others read. The last step, the renaming, is done by the system as a whole or not at all.
    """
    unfinished = (beside or path.parent) / f"{UNFINISHED}-{os.getpid()}-{uuid4().hex}"
    try:
        with open(unfinished, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Remove what killed processes were writing there; whoever lives may still be at it."""
    for unfinished in folder.glob(f"{UNFINISHED}-*-*"):
        pid = unfinished.name.split("-")[1]
        if pid.isdecimal() and not _lives(int(pid)):
            unfinished.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # another user's
    return True


def make_durably(folder: Path) -> None:
    """Make a folder that a power cut can't take back, closed to other users."""
    if not folder.is_dir():
        make_durably(folder.parent)
        folder.mkdir(private.FOLDER, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: syncing a file keeps its bytes, not its name."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
