"""Where a process works on files. Nothing in it is needed once the process is gone."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from shared.story.errors import InfrastructureError

LOCK = ".storywave-lock"


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A folder of our own below this one; what dead processes have left beside it is removed.

    A lock tells the dead from the living: the kernel lets go of it with its process, and it means
    the same in containers that share a disk but no process numbers.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _remove_dead(parent)
        folder, lock = _own(parent)
    except OSError as error:
        raise InfrastructureError(
            f"{parent} can't be worked in ({error.strerror}): make it a folder that can be "
            "written to"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _own(parent: Path) -> tuple[Path, int]:
    """A process that starts beside us may take a folder without a lock for a dead one's."""
    while True:
        folder = parent / uuid4().hex
        folder.mkdir()
        lock = _locked(folder)
        if lock is not None and (folder / LOCK).exists():
            return folder, lock


def _remove_dead(parent: Path) -> None:
    for left in [file.parent for file in parent.glob(f"*/{LOCK}")]:  # nothing else is ours
        if (lock := _locked(left)) is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)


def _locked(folder: Path) -> int | None:
    """The lock of a folder, which whoever holds it closes; None where another has it."""
    with suppress(FileNotFoundError):
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return lock
    return None
