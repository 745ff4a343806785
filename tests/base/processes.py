"""Processes as tests see them from outside."""

import asyncio
from pathlib import Path


async def process_at(path: Path) -> int:
    """Return the process of a call that writes it here when it begins, as soon as it has."""
    while not (written := _read(path)):
        await asyncio.sleep(0.01)
    return int(written)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def is_gone(pid: int) -> bool:
    """Ended, and waited for: a zombie would still be there."""
    return not Path(f"/proc/{pid}").exists()
