"""The receiving half of the Kafka bus: one consumer a service, over all its topics.

Bad records are set aside one by one before the batch is handled and committed. A handler that
raises gets the same batch again, after a pause; nothing it raises makes a record a bad one.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.kafka import KafkaBroker
from faststream.message import StreamMessage

from shared.base import telemetry
from shared.bus import wire
from shared.bus.kafka_producer import Cluster
from shared.bus.retry import wait_seconds
from shared.bus.wire import BadRecord, Record
from shared.ports import Handler, Health
from shared.story.errors import InfrastructureError
from shared.story.events import DeadLettered, Event, topic

log = logging.getLogger("storywave.bus")

SLEEP_MS = 5
POLL_MS = 500
"""FastStream waits in a poll and, if it was empty, sleeps as long again: half of the time it is
deaf. So it is told the short time, and the poll itself takes the long one.
"""

Publish = Callable[[Sequence[Event]], Awaitable[None]]
Polled = dict[TopicPartition, list[ConsumerRecord]]
Poll = Callable[..., Awaitable[Polled]]
Message = StreamMessage[tuple[ConsumerRecord, ...]]


class Consumer:
    """One service's records, from Kafka to its handler."""

    def __init__(
        self, service: str, types: Sequence[type[Event]], handle: Handler, publish: Publish
    ) -> None:
        self.service = service
        self.types = tuple(dict.fromkeys(types))
        self._handle = handle
        self._publish = publish
        self._failures = 0
        self._stopping = asyncio.Event()
        self._watch = Watch()
        self._subscriber: Any = None

    def attach(
        self, broker: KafkaBroker, cluster: Cluster, max_records: int, session_timeout_ms: int
    ) -> None:
        """Subscribe on a broker that is not started yet."""
        self._stopping.clear()
        self._watch = Watch()
        self._subscriber = broker.subscriber(
            *map(cluster.topic, self.types),
            group_id=cluster.prefix + self.service,
            batch=True,
            max_records=max_records,
            batch_timeout_ms=SLEEP_MS,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            # the same partition of every topic at the same member: one replica handles a video
            partition_assignment_strategy=[RangePartitionAssignor],
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=session_timeout_ms // 4,
            listener=self._watch,
            parser=without_headers,
            decoder=raw_records,
        )
        self._subscriber(self._receive)

    def watch(self) -> None:
        """Once the broker is started: wait in polls, and note each one that ends well."""
        consumer = self._subscriber.consumer
        consumer.getmany = self._watch.patient(consumer.getmany)

    def stop(self) -> None:
        """End the pause before a retry: the batch goes to whoever comes next."""
        self._stopping.set()

    def health(self) -> Health:
        """Dead is who does not poll, does not fetch, or never gets its partitions."""
        consumer = self._subscriber and self._subscriber.consumer
        if consumer is None:
            return Health(assigned=0, progress_age=self._watch.age())
        partitions = consumer.assignment()
        fetched = [at for p in partitions if (at := consumer.last_poll_timestamp(p))]
        return Health(len(partitions), self._watch.age(max(fetched, default=None)))

    async def _receive(self, records: Sequence[ConsumerRecord]) -> None:
        """Handle a batch. Returning commits it; a NACK rewinds every partition in it."""
        about = {"stage": self.service, "action": "retry"}
        try:
            await self._take([_record(raw) for raw in records])
        except InfrastructureError as error:
            log.warning("%d events come again: %s", len(records), error, extra=about)
        except Exception:
            # the handler sets bad data aside itself: whatever else it raises must not lose events
            log.exception("%d events come again", len(records), extra=about)
        else:
            self._failures = 0
            return
        await self._pause()
        raise NackMessage

    async def _take(self, records: Sequence[Record]) -> None:
        events, letters = [], []
        for record in records:
            try:
                events.append(wire.read(record))
            except BadRecord as error:
                letters += self._set_aside(record, error)
        if letters:
            await self._publish(letters)
            telemetry.DEAD_LETTERS.labels(self.service).inc(len(letters))
        if events:
            await self._handle(events)

    def _set_aside(self, record: Record, error: BadRecord) -> list[DeadLettered]:
        """The letter about a bad record; none about a bad letter, which would go on for ever."""
        letter = wire.dead_letter(self.service, record, error)
        about = {"video_id": letter.video_id, "stage": self.service, "action": "dead-letter"}
        where = f"{record.topic} {record.position}"
        if record.topic.endswith(topic(DeadLettered)):
            log.error("dropped a dead letter that is none, %s: %s", where, error, extra=about)
            return []
        log.error("set aside %s: %s", where, error, extra=about)
        return [letter]

    async def _pause(self) -> None:
        """Never a hot loop; short against the poll interval, after which Kafka evicts us."""
        self._failures += 1
        with suppress(TimeoutError):
            seconds = wait_seconds(self._failures, random.random())
            await asyncio.wait_for(self._stopping.wait(), seconds)


class Watch(ConsumerRebalanceListener):  # type: ignore[misc]
    """When a consumer last polled and fetched, and since when it waits for partitions.

    The client's own idle time stands still after the first poll that fails: it is of no use here.
    """

    def __init__(self) -> None:
        self._polled = time.time()
        self._since = time.time()
        self._rebalancing = True

    def patient(self, poll: Poll) -> Poll:
        async def noted(*, timeout_ms: int, max_records: int) -> Polled:
            records = await poll(timeout_ms=max(timeout_ms, POLL_MS), max_records=max_records)
            self._polled = time.time()
            return records

        return noted

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self._rebalancing = True
        self._since = time.time()

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        # a member without partitions has nothing to fetch, and waits without being dead
        self._rebalancing = False
        self._since = time.time() if assigned else float("inf")
        log.info("reading %d partitions", len(assigned), extra={"action": "assigned"})

    def age(self, fetched_ms: int | None = None) -> float:
        """Seconds since the last poll, or the last answered fetch, or since the wait began."""
        fetched = self._since
        if fetched_ms is not None and not self._rebalancing:
            fetched = max(fetched, fetched_ms / 1_000)
        return max(0.0, time.time() - min(fetched, self._polled))


async def without_headers(
    records: tuple[ConsumerRecord, ...],
    original: Callable[[tuple[ConsumerRecord, ...]], Awaitable[Message]],
) -> Message:
    """One undecodable header would fail the whole batch for ever: we read them one by one."""
    message = await original((replace(records[0], headers=()),))
    message.raw_message = records
    message.body = [record.value or b"" for record in records]
    return message


async def raw_records(message: Message) -> list[ConsumerRecord]:
    """Decoding is the handler's first step: an error in it must bring the batch again."""
    return list(message.raw_message)


def _record(raw: ConsumerRecord) -> Record:
    return Record(
        raw.topic, raw.partition, raw.offset, raw.timestamp, raw.key, raw.value, raw.headers
    )
