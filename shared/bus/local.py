"""The bus in one process: a queue a service, with the semantics of a real bus.

Nothing here is durable, and need not be: at the start every fact that matters is published again
from its row. A queue keeps what it holds over `stop` and `start` of the same bus.

What Kafka refuses is refused here, too, and what another version wrote is read as it is read from
Kafka: so what works in one process works on servers.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from functools import partial

from shared.bus import wire
from shared.bus.chaos import Chaos, ChaosCrash, draw_batch
from shared.bus.handover import hand_over, note_unread, pause
from shared.ports import Handler, Health, Heard
from shared.story.errors import BusUnavailable, Unpublishable
from shared.story.events import Event


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
        self._by_name: dict[str, list[Consumer]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped = False

    def subscribe(
        self,
        service: str,
        types: Sequence[type[Event]],
        handle: Handler,
        *,
        is_patient: bool = False,
    ) -> None:
        """Give a service one queue over all its event types."""
        by_name = {cls.__name__: cls for cls in types}
        consumer = Consumer(service, by_name, handle, self._max_records, self._chaos)
        self._consumers[service] = consumer
        for name in by_name:
            self._by_name.setdefault(name, []).append(consumer)

    async def start(self) -> None:
        """Begin to deliver, also what was published before."""
        self._stopped = False
        self._tasks = [asyncio.create_task(c.run()) for c in self._consumers.values()]
        await asyncio.sleep(0)  # until every loop has begun: health and an early stop see it

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
        """Put each into the queue of every service that reads its type."""
        if self._stopped:
            raise BusUnavailable("the bus is not open: what is to be published waits in its row")
        packed, refused = wire.pack(events)
        for event, body in packed:
            for consumer in self._by_name.get(type(event).__name__, ()):
                consumer.put(event, body)
        if refused:
            raise Unpublishable(refused)

    def health(self, service: str) -> Health:
        """Return how a consumer does: one that waits is as alive as one that just had events."""
        consumer = self._consumers[service]
        running = consumer.running
        return Health(int(running), consumer.progress_age(), has_joined=running)

    async def measure_lag(self, service: str) -> int:
        """Return how many events are in the queue of this service."""
        return self._consumers[service].count_waiting()

    async def wait_until_idle(self) -> None:
        """Wait until all queues are empty and no handler runs: for tests."""
        while busy := [c for c in self._consumers.values() if not c.idle.is_set()]:
            await asyncio.gather(*(consumer.idle.wait() for consumer in busy))


class Consumer:
    """One service's queue and the loop that empties it."""

    def __init__(
        self,
        service: str,
        types: wire.Types,
        handle: Handler,
        max_records: int,
        chaos: Chaos | None,
    ) -> None:
        self.service = service
        self.running = False
        self.idle = asyncio.Event()
        self.idle.set()
        self._types = types
        self._handle = handle
        self._max_records = max_records
        self._chaos = chaos
        self._source = chaos.source(service) if chaos else random.Random()
        self._queue: deque[Heard] = deque()
        self._filled = asyncio.Event()
        self._stopping = asyncio.Event()
        self._turned = time.monotonic()

    def put(self, event: Event, body: bytes) -> None:
        """Add an event to the queue, read as this service reads it."""
        # Events are frozen, so all services may have the same one. Where its class is not the one
        # that this service reads, it is of another version, and is read as from Kafka.
        ours = self._types[type(event).__name__] is type(event)
        self._queue.append(event if ours else wire.reread(event, body, self._types))
        self.idle.clear()
        self._filled.set()

    def count_waiting(self) -> int:
        """Return how many events are in the queue."""
        return len(self._queue)

    def stop(self) -> None:
        """Begin no new batch."""
        self._stopping.set()
        self._filled.set()

    def progress_age(self) -> float:
        """Return the seconds since the loop last turned; 0 while it waits for events."""
        waiting = self.running and not self._queue and self.idle.is_set()
        return 0.0 if waiting else time.monotonic() - self._turned

    async def run(self) -> None:
        """Deliver batch after batch until stopped; sleep while there is nothing."""
        self._stopping.clear()
        self.running = True
        try:
            while await self._wait_for_more():
                batch = draw_batch(self._queue, self._max_records, self._chaos, self._source)
                await self._deliver(batch)
        finally:
            self.running = False

    async def _wait_for_more(self) -> bool:
        """Wait until there is something to deliver; return whether to go on."""
        if not self._queue:
            self.idle.set()
            if not self._stopping.is_set():
                self._filled.clear()
            await self._filled.wait()  # a stop sets it, too
        self._turned = time.monotonic()
        return not self._stopping.is_set()

    async def _deliver(self, batch: Sequence[Heard]) -> None:
        """Hand over the same batch until its handler returns; a stop in between puts it back."""
        failures = 0
        delivered = False
        try:
            while not delivered and not (failures and self._stopping.is_set()):
                call = partial(self._call, batch)
                delivered = await hand_over(self.service, len(batch), call)
                self._turned = time.monotonic()
                if not delivered:
                    failures += 1
                    await pause(failures, self._stopping, self._source)
            if delivered:
                note_unread(self.service, batch)
        finally:
            # Also where the task is cancelled: what was not handled is there at the next start.
            if not delivered:
                self._queue.extendleft(reversed(batch))

    async def _call(self, batch: Sequence[Heard]) -> None:
        """Call the handler; with chaos, tear the batch away before or after it."""
        crash = self._chaos is not None and self._source.random() < self._chaos.crash
        before = crash and self._source.random() < 0.5
        if before:
            raise ChaosCrash("torn away before its handler ran")
        await self._handle(batch)
        if crash:
            raise ChaosCrash("torn away after its handler ran")
