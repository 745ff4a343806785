"""Files and folders that their owner alone can read: users' pictures and words lie in them."""

import os
from contextlib import suppress
from pathlib import Path

FOLDER = 0o700
FILE = 0o600


def make_folder(folder: Path) -> None:
    """Make a folder that is closed to others; close one that is there already."""
    folder.mkdir(FOLDER, parents=True, exist_ok=True)
    close_to_others(folder, FOLDER)


def make_file(path: Path) -> None:
    """Make an empty file that is closed to others; close one that is there already."""
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, FILE))
    close_to_others(path, FILE)


def close_to_others(path: Path, mode: int) -> None:
    """Give a file or folder this mode, if it is ours."""
    # A mounted volume may belong to another user, who alone decides who may read it.
    with suppress(PermissionError):
        path.chmod(mode)
