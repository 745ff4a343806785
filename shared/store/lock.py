"""A data folder belongs to one process."""

import fcntl
import os
from pathlib import Path

from shared.story.errors import BadInput, StoreUnavailable


class FolderLock:
    """Held from construction to `release`; the kernel releases it when the process dies."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
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
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        os.close(self._file)
