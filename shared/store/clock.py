"""The clock of a store that has no server to ask."""

import time


class LocalClock:
    """Tells milliseconds by the wall; where that is set back, the monotonic clock carries on."""

    def __init__(self) -> None:
        self._ahead = 0

    def __call__(self) -> int:
        self._ahead = max(self._ahead, time.time_ns() - time.monotonic_ns())
        return (self._ahead + time.monotonic_ns()) // 1_000_000
