"""A data folder belongs to one process, and is closed to other users of the machine."""

import fcntl
import os
from pathlib import Path

from shared.base import private
from shared.story.errors import BadInput, StoreUnavailable


class FolderLock:
    """Held from construction to `release`; the kernel releases it when the process dies."""

    def __init__(self, folder: Path) -> None:
        path = folder / "lock"
        try:
            private.make_folder(folder)
            private.make_file(path)
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise StoreUnavailable(
                f"data folder {folder} cannot be used ({error.strerror}): make it writable, "
                "or choose another with --data"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._file, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise BadInput(
                f"data folder {folder} is in use by process {owner}: stop it "
                "or choose another with --data",
                field="data",
            ) from error
        # Who holds it is written for the next one to read. The lock itself is the kernel's: a
        # file with a process id in it would outlive a process that is killed.
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let another process have the folder."""
        os.close(self._file)
