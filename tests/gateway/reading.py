"""What tests have the picture workers do in place of reading a picture."""

from pathlib import Path

from shared.media import upload
from shared.story.images import Picture
from tests.base import calls


def hang(data: bytes) -> Picture:
    """Over what is no picture but the name of a file, which says that it has begun."""
    if data.startswith(b"/"):
        calls.hang(Path(data.decode()))
    return upload.prepare(data)


def crash(data: bytes) -> Picture:
    """Over the same bytes each time."""
    if data == b"crash":
        calls.die(11)
    return upload.prepare(data)


def crash_once(data: bytes) -> Picture:
    """As on a bad day of the machine's."""
    mark = Path(data[: data.index(b"\n")].decode())
    if not mark.exists():
        mark.touch()
        calls.die(11)
    return upload.prepare(data[data.index(b"\n") + 1 :])


def be_killed(data: bytes) -> Picture:
    calls.die(9)
    raise AssertionError(data)


def peak_of(data: bytes) -> tuple[float, float, set[str]]:
    """The most that this process has held and mapped, in MiB, and what it has imported, when it
    has read this picture.
    """
    upload.prepare(data)
    rows = Path("/proc/self/status").read_text().splitlines()
    held, mapped = (
        next(int(row.split()[1]) / 1024 for row in rows if row.startswith(field))
        for field in ("VmHWM", "VmPeak")
    )
    return held, mapped, calls.modules()
