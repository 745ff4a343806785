"""An event loop whose time leaps: nobody sleeps, and half a minute is over as soon as it may be.

Time stands still while anything is being done, a store's answer included, and leaps to the next
timer when all wait. So what a test sees depends on neither the machine nor its load.
"""

import asyncio
import random
import selectors
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Returns at once where nothing is being done elsewhere, and lets the time pass instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.under_way = 0

    def select(self, timeout: float | None = None) -> Any:
        if self.under_way or timeout is None:
            return super().select(None if timeout is None or timeout > 0 else 0)
        self.now += max(timeout, 0)
        return super().select(0)


class LeapingLoop(asyncio.SelectorEventLoop):
    """A loop with a time of its own."""

    def __init__(self) -> None:
        self.clock = _Selector()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


class Slow:
    """A store that takes its time to answer, by a clock that leaps."""

    def __init__(self, store: Any, loop: LeapingLoop, seed: int = 1, most: float = 0.02) -> None:
        self._store, self._loop, self._most = store, loop, most
        self._draw = random.Random(seed)

    def now(self) -> int:
        return 1_700_000_000_000 + round(self._loop.time() * 1000)

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._store, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(self._draw.uniform(0, self._most / 2))
            self._loop.clock.under_way += 1
            try:
                answer = await inner(*args, **kwargs)
            finally:
                self._loop.clock.under_way -= 1
            await asyncio.sleep(self._draw.uniform(0, self._most / 2))
            return answer

        return call
