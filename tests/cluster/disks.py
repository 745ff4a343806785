"""Disks so small that a test can fill them. Only root may mount any: others skip such tests."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")

BALLAST = "ballast"
BLOCK = b"\0" * 65_536


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Have a folder on a disk of its own, in memory, for as long as this is open."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "storywave", str(folder)]
    subprocess.run(command, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Leave no room on the disk of a folder for as long as this is open."""
    path = folder / BALLAST
    with path.open("wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(BLOCK)
    try:
        yield
    finally:
        path.unlink()
