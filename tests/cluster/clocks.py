"""Processes whose clocks are wrong, by Debian's libfaketime: only the date is changed."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

PAUSES = Path(__file__).with_name("pauses")
LIBRARIES = tuple(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))

needs_libfaketime = pytest.mark.skipif(
    not LIBRARIES and not os.environ.get("CI"), reason="Debian's libfaketime is not installed"
)


def shift(seconds: float, file: Path) -> Mapping[str, str]:
    """Return the environment of a process whose clock is ahead by so much, or behind.

    The number is written into a file, and is followed within a second if it changes. Without the
    library clocks are right.
    """
    file.write_text(f"{seconds:+g}\n")
    if not LIBRARIES:
        return {}
    return {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        # time-outs and pauses are not told by the date
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": os.pathsep.join([str(PAUSES), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
