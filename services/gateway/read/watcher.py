"""One open stream: what its reader has still to be told, within bounds."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from services.gateway.read.actions import FINAL
from services.gateway.read.live import Live
from services.gateway.read.places import LATE_MS, Place
from services.gateway.read.status import VideoStatus

MOST = 500
"""Messages that wait for one reader. One that falls back further is cut off: it may come again,
and is then told where things stand, and what it has missed.
"""
RETRY_MS = 2_000
"""How long a client waits before it comes again."""
MOST_MISSED = 100
"""Of what a reader has missed of one video, so much is told: the latest. All of it could be more
than may wait, and then it would be cut off again and again.
"""


@dataclass(frozen=True)
class Said:
    """A message, with its sort, as in "progress", and the place that its reader then has."""

    sort: str
    live: Live
    place: str

    @cached_property
    def frame(self) -> bytes:
        """Return the message as it is sent as an event: written once for all who read it."""
        retry = f"retry: {RETRY_MS}\n" if self.sort == "snapshot" else ""
        text = self.live.model_dump_json()  # on one line, whatever is in it
        return f"event: {self.sort}\ndata: {text}\nid: {self.place}\n{retry}\n".encode()


class Watcher:
    """A reader of one video, or of all videos of an owner."""

    def __init__(self, *, of_one: bool = True, most: int = MOST) -> None:
        self._of_one = of_one
        self._queue: asyncio.Queue[Said | None] = asyncio.Queue(most)
        self._is_cut_off = False

    def tell(self, said: Said) -> None:
        """Give it a message; a reader that is too slow is cut off instead."""
        if self._is_cut_off:
            return
        if self._queue.full():
            self.close()
        else:
            self._queue.put_nowait(said)

    def hear(self, said: Iterable[Said]) -> None:
        """Give it messages, one after the other."""
        for each in said:
            self.tell(each)

    def finish(self) -> None:
        """Tell it that nothing more comes of a video."""
        if self._of_one:
            self._stop(drop=self._queue.full())

    def close(self) -> None:
        """End its stream; what it has not read yet is told when it comes again."""
        self._stop(drop=self._queue.full())

    def _stop(self, *, drop: bool) -> None:
        if self._is_cut_off:
            return
        self._is_cut_off = True
        while drop and not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    def is_missed(self, now: VideoStatus | None, place: Place | None) -> bool:
        """Tell whether a new reader of many is to be told of this video: it has not ended, or has
        ended since the place that the reader had before.
        """
        if now is None or now.status not in FINAL:
            return now is not None
        if place is None:
            return False
        at = datetime.fromtimestamp(place.at / 1000, UTC)
        return now.updated_at > at - timedelta(milliseconds=LATE_MS)

    def take(self) -> Iterator[Said]:
        """Yield what waits for it just now."""
        while not (self._is_cut_off or self._queue.empty()):
            if said := self._queue.get_nowait():
                yield said

    async def read(self, patience: float | None = None) -> AsyncIterator[Sequence[Said]]:
        """Yield what waits for it, as soon as there is any, until nothing more comes; and nothing
        after each silence of so many seconds.
        """
        said: Said | None = None
        while True:
            try:
                async with asyncio.timeout(patience):
                    said = await self._queue.get()
            except TimeoutError:
                yield ()
                continue
            if said is None:
                return
            yield [said, *self._take_rest()]

    def _take_rest(self) -> Iterator[Said]:
        """Yield what waits behind a message; the end stays where it is."""
        while not self._queue.empty():
            if (said := self._queue.get_nowait()) is None:
                self._queue.put_nowait(None)
                return
            yield said
