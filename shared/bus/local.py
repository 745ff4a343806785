"""The bus in one process: a queue a service, with the semantics of a real bus.

Nothing here is durable, and need not be: at the start every fact that matters is published again
from its row. A queue keeps what it holds over `stop` and `start` of the same bus.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from shared.bus.chaos import Chaos, ChaosCrash, take
from shared.bus.retry import wait_seconds
from shared.ports import Handler, Health
from shared.story.errors import BusUnavailable, InfrastructureError
from shared.story.events import Event

log = logging.getLogger("storywave.bus")


class LocalBus:
    """Queues between the services of one process."""

    def __init__(
        self,
        chaos: Chaos | None = None,
        *,
        max_records: int = 256,
        graceful_seconds: float = 10.0,
    ) -> None:
        self._chaos = chaos
        self._max_records = max_records
        self._graceful_seconds = graceful_seconds
        self._consumers: dict[str, Consumer] = {}
        self._by_type: dict[type[Event], list[Consumer]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = False

    def subscribe(self, service: str, types: Sequence[type[Event]], handle: Handler) -> None:
        """One queue for a service over all its event types."""
        consumer = Consumer(service, handle, self._max_records, self._chaos)
        self._consumers[service] = consumer
        for cls in dict.fromkeys(types):
            self._by_type.setdefault(cls, []).append(consumer)

    async def start(self) -> None:
        """Begin to deliver, also what was published before."""
        self._stopped = False
        self._tasks = [asyncio.create_task(c.run()) for c in self._consumers.values()]
        await asyncio.sleep(0)  # every loop has begun: health and an early stop see it

    async def stop(self) -> None:
        """Let every running batch end; one that does not end in time is cancelled and kept."""
        self._stopped = True
        for consumer in self._consumers.values():
            consumer.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._graceful_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks = []

    async def publish(self, events: Sequence[Event]) -> None:
        """Into the queue of every service that reads the type; events are frozen, so shared."""
        if self._stopped:
            raise BusUnavailable("the bus is not open: what is to be published waits in its row")
        for event in events:
            for consumer in self._by_type.get(type(event), ()):
                consumer.put(event)

    def health(self, service: str) -> Health:
        """A consumer that waits for events is as alive as one that has just had some."""
        consumer = self._consumers[service]
        return Health(assigned=int(consumer.running), progress_age=consumer.progress_age())

    async def drained(self) -> None:
        """Returns once all queues are empty and no handler runs: for tests."""
        while busy := [c for c in self._consumers.values() if not c.idle.is_set()]:
            await asyncio.gather(*(consumer.idle.wait() for consumer in busy))


class Consumer:
    """One service's queue and the loop that empties it."""

    def __init__(
        self, service: str, handle: Handler, max_records: int, chaos: Chaos | None
    ) -> None:
        self.service = service
        self.running = False
        self.idle = asyncio.Event()
        self.idle.set()
        self._handle = handle
        self._max_records = max_records
        self._chaos = chaos
        self._source = chaos.source(service) if chaos else random.Random()
        self._queue: deque[Event] = deque()
        self._filled = asyncio.Event()
        self._stopping = asyncio.Event()
        self._turned = time.monotonic()

    def put(self, event: Event) -> None:
        self._queue.append(event)
        self.idle.clear()
        self._filled.set()

    def stop(self) -> None:
        self._stopping.set()
        self._filled.set()

    def progress_age(self) -> float:
        waiting = self.running and not self._queue and self.idle.is_set()
        return 0.0 if waiting else time.monotonic() - self._turned

    async def run(self) -> None:
        """Batch after batch until stopped; asleep while there is nothing."""
        self._stopping.clear()
        self.running = True
        try:
            while await self._more():
                await self._deliver(take(self._queue, self._max_records, self._chaos, self._source))
        finally:
            self.running = False

    async def _more(self) -> bool:
        if not self._queue:
            self.idle.set()
            if not self._stopping.is_set():
                self._filled.clear()
            await self._filled.wait()
        self._turned = time.monotonic()
        return not self._stopping.is_set()

    async def _deliver(self, batch: Sequence[Event]) -> None:
        """The same batch until its handler returns; a stop in between puts it back."""
        failures = 0
        delivered = False
        try:
            while not delivered and not (failures and self._stopping.is_set()):
                delivered = await self._attempt(batch)
                self._turned = time.monotonic()
                if not delivered:
                    failures += 1
                    await self._pause(wait_seconds(failures, self._source.random()))
        finally:
            if not delivered:
                self._queue.extendleft(reversed(batch))

    async def _attempt(self, batch: Sequence[Event]) -> bool:
        about = {"stage": self.service, "action": "retry"}
        try:
            await self._call(batch)
        except InfrastructureError as error:
            log.warning("%d events come again: %s", len(batch), error, extra=about)
            return False
        except Exception:
            # the handler sets bad data aside itself: whatever else it raises must not lose events
            log.exception("%d events come again", len(batch), extra=about)
            return False
        return True

    async def _call(self, batch: Sequence[Event]) -> None:
        crash = self._chaos is not None and self._source.random() < self._chaos.crash
        before = crash and self._source.random() < 0.5
        if before:
            raise ChaosCrash("torn away before its handler ran")
        await self._handle(batch)
        if crash:
            raise ChaosCrash("torn away after its handler ran")

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
