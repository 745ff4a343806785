"""The receiving half of the Kafka bus: one consumer a service, over all its topics.

The order of things is what loses nothing. A batch is read; bad records are published as dead
letters, and that is acknowledged; the handler returns, so what follows from the batch is durable;
only then are the positions committed. A crash anywhere before brings the whole batch again, and
handlers don't mind. What FastStream would do by default loses messages: it commits first.

A handler that raises gets the same batch again, after a pause. FastStream rewinds every partition
of it, so nothing of it is passed over. No error of a handler makes a record a bad one.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.kafka import KafkaBroker
from faststream.message import StreamMessage

from shared.base import telemetry
from shared.base.chance import CHANCE
from shared.bus import wire
from shared.bus.handover import hand_over, note_unread, pause
from shared.bus.kafka_producer import Cluster
from shared.bus.wire import BadRecord, Record
from shared.ports import Handler, Health, Heard
from shared.story.errors import BusUnavailable
from shared.story.events import DeadLettered, Event, topic

log = logging.getLogger("storywave.bus")

# FastStream waits in a poll and, if that came back empty, sleeps as long again: half of the time it
# hears nothing. So it is told the short time, and the poll itself is given the long one.
SLEEP_MS = 5
POLL_MS = 500
LOOK_SECONDS = 0.2

# Each batch costs a write and a decision for each of its videos, however little is heard of them.
# So where much comes, somewhat more of it is awaited; what comes alone is never kept waiting.
CROWD = 20
BYTES_A_PARTITION = 8 << 20
"""The most that a partition gives to a fetch, and all together 50 MiB: with Kafka's usual 1 MiB, a
backlog would come in batches that are not full."""


class Rests(NamedTuple):
    """How long to wait for more: so many times as long as the last batch took, within a limit."""

    batches: int
    longest: float


SHORT_RESTS = Rests(1, 0.1)
LONG_RESTS = Rests(3, 0.5)

RECORDS_AT_ONCE = 200
"""So many records are decoded before others of this process have their turn."""

Publish = Callable[[Sequence[Event]], Awaitable[None]]
Polled = dict[TopicPartition, list[ConsumerRecord]]
Poll = Callable[..., Awaitable[Polled]]
Message = StreamMessage[tuple[ConsumerRecord, ...]]


class Consumer:
    """One service's records, from Kafka to its handler."""

    def __init__(
        self,
        service: str,
        types: Sequence[type[Event]],
        handle: Handler,
        publish: Publish,
        rests: Rests = SHORT_RESTS,
    ) -> None:
        self.service = service
        self.types = tuple(dict.fromkeys(types))
        self._handle = handle
        self._publish = publish
        self._rests = rests
        self._failures = 0
        self._stopping = asyncio.Event()
        self._watch = Watch()
        self._subscriber: Any = None
        self._max_records = 0

    def attach(
        self, broker: KafkaBroker, cluster: Cluster, max_records: int, session_timeout_ms: int
    ) -> None:
        """Subscribe on a broker that is not started yet."""
        self._stopping.clear()
        self._watch = Watch()  # a bus may be started again: its age begins anew
        self._max_records = max_records
        self._subscriber = broker.subscriber(
            *map(cluster.topic, self.types),
            group_id=cluster.prefix + self.service,
            batch=True,
            max_records=max_records,
            batch_timeout_ms=SLEEP_MS,
            max_partition_fetch_bytes=BYTES_A_PARTITION,
            # a group that is new, or was away for longer than Kafka remembers, hears all there is
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            # gives the same partition of every topic to one member: one replica handles a video
            partition_assignment_strategy=[RangePartitionAssignor],
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=session_timeout_ms // 4,
            listener=self._watch,
            parser=without_headers,
            decoder=raw_records,
        )
        self._subscriber(self._receive)

    def watch(self) -> None:
        """Note every poll of the broker, now that it is started, and let each wait longer."""
        consumer = self._subscriber.consumer
        consumer.getmany = self._watch.wrap(consumer)

    def stop(self) -> None:
        """End the pause before a retry: the batch goes to whoever comes next."""
        self._stopping.set()

    def health(self) -> Health:
        """Return how the consumer does: dead is one that no longer polls or fetches."""
        consumer = self._subscriber and self._subscriber.consumer
        if consumer is None:
            return Health(0, self._watch.age(), has_joined=False)
        assigned, joined = len(consumer.assignment()), self._watch.has_joined
        return Health(assigned, self._watch.age(), has_joined=joined)

    async def measure_lag(self) -> int:
        """Return how many records of its partitions it has not been given yet."""
        consumer = self._subscriber and self._subscriber.consumer
        if consumer is None:
            raise BusUnavailable(f"{self.service} does not listen yet")
        try:
            # asked for: what came with the last records is old where a batch takes long
            ends = await self._ask_for_ends(consumer)
            return sum([max(0, end - await consumer.position(at)) for at, end in ends.items()])
        except KafkaError as error:  # the server is away, or a partition is another's by now
            raise BusUnavailable(f"nobody tells {self.service} its lag: {error}") from error

    def note_silence(self) -> None:
        """Note that Kafka gives no answer: a consumer that fetches nothing is not dead then."""
        self._watch.note_silence()

    async def _ask_for_ends(self, consumer: Any) -> Mapping[TopicPartition, int]:
        """Return where its partitions end; note where Kafka has no answer, or whoever asks leaves.

        While the server is away a client neither polls nor fetches, and is not dead.
        """
        is_answered = False
        try:
            ends: Mapping[TopicPartition, int] = await consumer.end_offsets(consumer.assignment())
            is_answered = True
            return ends
        finally:
            if not is_answered:
                self.note_silence()

    async def _receive(self, raws: Sequence[ConsumerRecord]) -> None:
        """Handle a batch. Returning commits it; a NACK rewinds every partition in it."""
        records, began = [_record(raw) for raw in raws], time.monotonic()
        if await hand_over(self.service, len(records), partial(self._handle_all, records)):
            self._failures = 0
            took = time.monotonic() - began
            self._watch.rest = find_rest(len(records), self._max_records, took, self._rests)
            return
        self._failures += 1
        # never for longer than Kafka lets a consumer be silent before it takes it for dead
        await pause(self._failures, self._stopping, CHANCE)
        raise NackMessage

    async def _handle_all(self, records: Sequence[Record]) -> None:
        types = {cls.__name__: cls for cls in self.types}
        heard, letters = list[Heard](), list[DeadLettered]()
        for n, record in enumerate(records, start=1):
            if n % RECORDS_AT_ONCE == 0:
                await asyncio.sleep(0)
            try:
                heard.append(wire.read(record, types))
            except BadRecord as error:
                letters += self._set_aside(record, error)
        if letters:
            await self._publish(letters)
            telemetry.DEAD_LETTERS.labels(self.service).inc(len(letters))
        if heard:
            await self._handle(heard)
            note_unread(self.service, heard)

    def _set_aside(self, record: Record, error: BadRecord) -> list[DeadLettered]:
        """Return the letter about a bad record; none about a bad letter: it would have no end."""
        letter = wire.dead_letter(self.service, record, error)
        about = {"video_id": letter.video_id, "stage": self.service, "action": "dead-letter"}
        where = f"{record.topic} {record.position}"
        if record.topic.endswith(topic(DeadLettered)):
            log.error("dropped a dead letter that is none, %s: %s", where, error, extra=about)
            return []
        log.error("set aside %s: %s", where, error, extra=about)
        return [letter]


def find_rest(size: int, most: int, took: float, rests: Rests) -> float:
    """Return how many seconds to wait before the next batch, after one of this size.

    A full batch says that more is there already. Otherwise the rest is as long as this batch took,
    or some times as long.
    """
    return min(rests.batches * took, rests.longest) if CROWD <= size < most else 0.0


def _find_last_fetch(consumer: Any) -> int | None:
    """Return when the client has last fetched, by its own clock."""
    times = [at for p in consumer.assignment() if (at := consumer.last_poll_timestamp(p))]
    return max(times, default=None)


class Watch(ConsumerRebalanceListener):  # type: ignore[misc]
    """Remembers when a consumer last polled, and since when it waits for partitions.

    The client tells how long it has been idle, but that stands still after the first poll that
    fails, when it matters most.
    """

    def __init__(self) -> None:
        self._polled = time.monotonic()
        self._since = time.monotonic()
        self._looked, self._fetch, self._fetched = 0.0, 0, 0.0
        self._find_last_fetch: Callable[[], int | None] = lambda: None
        self._rebalancing = True
        self._silent = 0.0
        self.has_joined = False
        self.rest = 0.0
        """How long to wait before the next poll."""

    def wrap(self, consumer: Any) -> Poll:
        """Return the poll of this client, given more time, and noted when it ends well.

        By itself the client fetches again as soon as its records are taken: it would get the first
        few of the next crowd, and the others one batch later. All partitions are therefore paused
        while a crowd is handled.
        """
        poll: Poll = consumer.getmany
        self._find_last_fetch = partial(_find_last_fetch, consumer)

        async def poll_and_note(*, timeout_ms: int, max_records: int) -> Polled:
            rest, self.rest = self.rest, 0.0
            await asyncio.sleep(rest)
            consumer.resume(*consumer.paused())
            records = await poll(timeout_ms=max(timeout_ms, POLL_MS), max_records=max_records)
            count = sum(map(len, records.values()))
            if count >= CROWD:
                consumer.pause(*consumer.assignment())
            self._polled = time.monotonic()
            if count:  # they have been fetched: while they last, no more has to be
                self._fetched = self._polled
            if self._polled > self._looked + LOOK_SECONDS:
                self._look()
            return records

        return poll_and_note

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Note the begin of a rebalance: until its end there is nothing to fetch."""
        self._rebalancing = True
        self._since = time.monotonic()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Note the end of a rebalance, and what it gave us."""
        # A member without partitions has nothing to fetch: it waits, and is not dead.
        self._rebalancing, self.has_joined = False, True
        self._since = time.monotonic() if assigned else float("inf")
        log.info("reading %d partitions", len(assigned), extra={"action": "assigned"})

    def note_silence(self) -> None:
        """Note that Kafka gives no answer: nothing can be fetched, and a commit may wait for it."""
        self._silent = time.monotonic()

    def _look(self) -> None:
        self._looked, fetch = time.monotonic(), self._find_last_fetch()
        # the client dates its fetches by the wall, which may leap: what counts is that they go on
        if fetch is not None and fetch != self._fetch:
            self._fetch, self._fetched = fetch, time.monotonic()

    def age(self) -> float:
        """Return the seconds since the last sign of life, of the poll or the fetch that is older.

        They are two loops of the client, and each has died alone. While Kafka is away nobody can
        tell which of them is dead: all processes would be started again then, and none helped.
        """
        self._look()
        fetched = self._since if self._rebalancing else max(self._since, self._fetched)
        sign = max(min(fetched, self._polled), self._silent)
        return max(0.0, time.monotonic() - sign)


async def without_headers(
    records: tuple[ConsumerRecord, ...],
    original: Callable[[tuple[ConsumerRecord, ...]], Awaitable[Message]],
) -> Message:
    """Return the message with its records as they came, for us to read one by one.

    The client's own parser reads all headers: one that is no text would fail the whole batch, and
    that for ever.
    """
    message = await original((replace(records[0], headers=()),))
    message.raw_message = records
    message.body = [record.value or b"" for record in records]
    return message


async def raw_records(message: Message) -> list[ConsumerRecord]:
    """Return the records. They are decoded as the handler's first step, not here.

    An error in a decoder would lose the batch; in the handler it brings the batch again.
    """
    return list(message.raw_message)


def _record(raw: ConsumerRecord) -> Record:
    return Record(
        raw.topic, raw.partition, raw.offset, raw.timestamp, raw.key, raw.value, raw.headers
    )
