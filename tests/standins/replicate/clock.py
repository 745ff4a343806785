"""The stand-in's own clock: ahead of or behind ours, and moved by tests instead of waited for."""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import formatdate


class Clock:
    """Seconds since 1970 as the provider counts them."""

    def __init__(self, skew: float = 0.0) -> None:
        self.skew = skew
        self.ahead = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """Return the provider's time."""
        return time.time() + self.skew + self.ahead

    def move(self, seconds: float) -> None:
        """Let so much time have passed, and wake whoever waits for it."""
        self.ahead += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, when: float) -> None:
        """Return once it is that late, however the time has passed."""
        while (left := when - self.now()) > 0:
            try:
                await asyncio.wait_for(self._moved.wait(), left)
            except TimeoutError:
                continue


def iso(when: float | None) -> str | None:
    """Return a time as the API writes it."""
    if when is None:
        return None
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def http_date(when: float) -> str:
    """Return a time as the header `Date` has it."""
    return formatdate(when, usegmt=True)


def read_iso(text: str) -> float:
    """Return the time that a caller names; ValueError if it is none."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
