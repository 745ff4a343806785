"""Where a process works on files. Nothing in it is needed once the process is gone."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from shared.base import private
from shared.story.errors import InfrastructureError

LOCK = ".storywave-lock"
NAME = "[0-9a-f]{32}"


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """Give a folder of our own below this one; remove what dead processes have left beside it.

    A lock tells the dead from the living: the kernel lets go of it with its process, and it means
    the same in containers that share a disk but no process numbers.
    """
    try:
        parent.mkdir(private.FOLDER, parents=True, exist_ok=True)
        remove_dead(parent)
        folder, lock = _make_own(parent)
    except OSError as error:
        raise InfrastructureError(
            f"{parent} can't be worked in ({error.strerror}): make it a folder that can be "
            "written to"
        ) from error
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _make_own(parent: Path) -> tuple[Path, int]:
    """Make a folder and lock it, closed to other users; return both."""
    while True:
        folder = parent / uuid4().hex
        folder.mkdir(private.FOLDER)
        lock = _lock(folder)
        # A process that starts beside us may have seen the folder before it had its lock, taken it
        # for a dead one's and removed it: then we lock what is no longer there.
        if lock is not None and (folder / LOCK).exists():
            return folder, lock


def list_dead(parent: Path) -> list[Path]:
    """Return the folders that dead processes have left here."""
    found = []
    for folder in sorted(file.parent for file in parent.glob(f"*/{LOCK}")):
        if (lock := _lock(folder)) is not None:
            found.append(folder)
            os.close(lock)
    return found


def remove_dead(parent: Path) -> None:
    """Remove what dead processes have left here."""
    # Only folders with a lock are ours: the user may have named a folder that holds other things.
    for left in [file.parent for file in parent.glob(f"*/{LOCK}")]:
        if (lock := _lock(left)) is not None:
            _remove(left)
            os.close(lock)
    for path in parent.iterdir() if parent.exists() else ():
        # left by who died right after making it, or right before it was gone
        if re.fullmatch(NAME, path.name):
            with suppress(OSError):  # it is not empty, and so no dead one's
                path.rmdir()


def _remove(folder: Path) -> None:
    """Remove a folder, and its lock last: who dies in between leaves one that is known as ours."""
    for path in folder.glob("*"):
        if path.name != LOCK:
            with suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _lock(folder: Path) -> int | None:
    """Lock a folder and return its lock, to be closed by whoever holds it; None where it is taken.

    None as well where the folder has gone.
    """
    with suppress(FileNotFoundError):
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, private.FILE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return lock
    return None
