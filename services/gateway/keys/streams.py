"""How many streams each key has open in this process: no more than it may."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from services.gateway.errors.callers import TooManyStreams
from services.gateway.keys.caller import CALLER

MOST = 200


@dataclass
class Streams:
    """Counts open streams. Where no key is needed, whoever asks is this machine: no limit then."""

    most: int = MOST
    """Of one key; 0 is no limit."""
    open: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def take_place(self) -> Iterator[None]:
        """Count one stream of who asks, as long as it lasts; refuse it at the limit."""
        caller = CALLER.get()
        key = caller.key or caller.link_key
        if not key or not self.most:
            yield
            return
        if self.open[key] >= self.most:
            raise TooManyStreams(self.most)
        self.open[key] += 1
        try:
            yield
        finally:
            self.open[key] -= 1
            if not self.open[key]:
                del self.open[key]
