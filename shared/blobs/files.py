"""Files that are whole or absent, and a disk whose troubles have a name of ours."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from shared.story.errors import BlobsUnavailable

UNFINISHED = ".unfinished"


def steps(key: str) -> list[str]:
    """A key as steps down from a folder; raises ValueError where it would lead elsewhere."""
    found = key.split("/")
    if found[0] == UNFINISHED or {"", ".", ".."} & set(found) or "\0" in key:
        raise ValueError(f"{key!r} cannot be a key: its steps are names between single slashes")
    return found


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """The system's errors, mapped once."""
    try:
        yield
    except OSError as error:
        advice = f"{error.strerror or error}: make it a folder that can be written to"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "the disk is full: free some space, work then goes on by itself"
        raise BlobsUnavailable(f"the folder {folder} takes no bytes: {advice}") from error


@contextmanager
def whole(path: Path, *, beside: Path | None = None) -> Iterator[BinaryIO]:
    """A file to write, which gets its name when all went well and is gone otherwise."""
    unfinished = (beside or path.parent) / f"{UNFINISHED}-{os.getpid()}-{uuid4().hex}"
    try:
        with unfinished.open("xb") as file:
            yield file
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Away with what killed processes were writing there; whoever lives may still be at it."""
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
    """Make a folder that a power cut can't take back."""
    if not folder.is_dir():
        make_durably(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """A new name is durable once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
