"""Lets `time.sleep` work under libfaketime: Python loads this file as it starts, by its name.

`time.sleep` asks for a moment on the monotonic clock. libfaketime takes that moment for one on the
clock that it has moved, and refuses it: every thread that pauses, such as those of MongoDB's driver
that watch its servers, would end at its first pause.
"""

import select
import time


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep  # type: ignore[assignment]
