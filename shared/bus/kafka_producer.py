"""The sending half of the Kafka bus: an idempotent producer that outlives its server's absence.

Events are packed into batches of one partition here, and each batch is sent as a whole. FastStream
publishes one message at a time, each through all of its layers: see docs/decisions/0042.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence, Set
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, TopicAlreadyExistsError, for_code
from aiokafka.partitioner import murmur2
from faststream.security import BaseSecurity

from shared.base import telemetry
from shared.base.outages import OUTAGES
from shared.bus import wire
from shared.bus.security import client_options
from shared.story.errors import BusUnavailable, Unpublishable
from shared.story.events import Event, topic

log = logging.getLogger("storywave.bus")

PREFIX = "storywave."

LINGER_MS = 1
METADATA_MS = 30_000
"""After which partitions that were added are known: until then nobody reads what is in them."""
BATCH_BYTES = 128 * 1024
CLOSE_SECONDS = 5.0
LOOK_SECONDS = 0.05
ANSWER_SECONDS = 3.0
"""For how long to wait for a list of the topics, which any of Kafka's servers has at hand."""
REFUSED_SECONDS = 60.0
"""After which what was not taken has been sent again, by this process or another."""

NOT_OPEN = "the bus is not open: what is to be published waits in its row"

Packed = Sequence[tuple[Event, bytes]]
"""Events with their bodies."""

hash_key = lru_cache(20_000)(murmur2)
"""Kafka's own hash, which is slow in Python: a video has forty events."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which Kafka, and how topics are made on it."""

    servers: str
    prefix: str
    partitions: int
    replication: int
    client_id: str
    security: BaseSecurity | None = None

    def topic(self, cls: type[Event]) -> str:
        """Return the name of the topic of this event type."""
        return self.prefix + topic(cls)

    @property
    def advice(self) -> str:
        """Return what to look at where Kafka can't be spoken to."""
        known = "check that it runs and STORYWAVE_KAFKA names it"
        if self.security is None:
            return known
        # the client tells of refused certificates and passwords in the log alone
        return (
            f"{known}, and what STORYWAVE_KAFKA_TLS, STORYWAVE_CA_FILE, STORYWAVE_KAFKA_USER "
            "and STORYWAVE_KAFKA_PASSWORD say"
        )


class Producer:
    """Publishes, creates the topics that it needs, and is renewed when it broke for good."""

    def __init__(self, cluster: Cluster, seconds: float) -> None:
        self._cluster = cluster
        self._seconds = seconds
        self._producer: AIOKafkaProducer | None = None
        self._broken = False
        self._refused = float("-inf")
        self._renewing = asyncio.Lock()
        self._known: set[str] = set()

    async def open(self) -> None:
        """Connect; raises BusUnavailable when no server answers."""
        producer = self._make_producer()
        try:
            # the time-out is the client's own: cancelled while it connects, it leaks its connection
            await producer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            await _close(producer)
            raise self._unavailable(error) from error
        self._producer, self._broken = producer, False
        OUTAGES.clear(BusUnavailable)

    async def close(self) -> None:
        """Flush and leave, within a time: without a server there is nothing to flush to."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await _close(producer)

    async def publish(self, events: Sequence[Event]) -> None:
        """Return when all are acknowledged; raises Unpublishable, or BusUnavailable."""
        packed, refused = wire.pack(events)
        try:
            async with asyncio.timeout(self._seconds):
                await self.ensure_topics({type(event) for event, _ in packed})
                refused |= await self._send_all(packed)
        except (KafkaError, TimeoutError) as error:
            raise await self._explain(error, packed) from error
        OUTAGES.clear(BusUnavailable)
        if refused:
            raise Unpublishable(refused)

    async def look(self) -> None:
        """Ask whether Kafka answers: while nothing is to be published, nobody else does.

        Raises BusUnavailable where it does not.
        """
        await self._list_topics()
        # a Kafka that answers, and takes nothing, is away all the same
        if time.monotonic() - self._refused > REFUSED_SECONDS:
            OUTAGES.clear(BusUnavailable)

    async def ensure_topics(self, types: Iterable[type[Event]]) -> None:
        """Create what is missing, and wait until it can be used; many replicas may do this."""
        names = {self._cluster.topic(cls) for cls in types} - self._known
        if not names:
            return
        try:
            await self._create(names)
        except (KafkaError, OSError) as error:
            raise self._unavailable(error) from error
        self._known |= names

    def _make_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self._cluster.servers,
            client_id=self._cluster.client_id,
            request_timeout_ms=round(1_000 * self._seconds),
            metadata_max_age_ms=METADATA_MS,
            # an event counts as published when no single server's death can lose it
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            max_batch_size=BATCH_BYTES,
            **client_options(self._cluster.security),
        )

    async def _create(self, names: Iterable[str]) -> None:
        async with self._administer() as admin:
            await make_topics(admin, self._cluster, names)
            described = await admin.describe_topics(list(names))
            while not all(map(_has_leaders, described)):
                await asyncio.sleep(LOOK_SECONDS)
                described = await admin.describe_topics(list(names))
        for each in described:
            self._compare(each["topic"], len(each["partitions"]))

    @asynccontextmanager
    async def _administer(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._cluster.servers,
            client_id=self._cluster.client_id,
            request_timeout_ms=round(1_000 * self._seconds),
            **client_options(self._cluster.security),
        )
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()

    def _compare(self, name: str, partitions: int) -> None:
        """Tell of a topic that gives work to fewer replicas than it should."""
        wanted = self._cluster.partitions
        if partitions < wanted:
            log.warning(
                "%s has %d partitions and STORYWAVE_KAFKA_PARTITIONS says %d: `storywave topics "
                "--grow` adds them",
                *(name, partitions, wanted),
                extra={"action": "topics"},
            )

    async def _send_all(self, packed: Packed) -> dict[str, str]:
        """Send all; return those that their topic never takes, each with the reason."""
        try:
            await self._send(packed)
            return {}
        except MessageSizeTooLargeError:
            pass  # the broker refuses whole batches, and does not say over which of the events
        refused = {}
        for event, body in packed:
            try:
                await self._send([(event, body)])
            except MessageSizeTooLargeError:
                refused[event.id] = f"it is too large for its topic: {len(body):,} bytes"
        return refused

    async def _send(self, packed: Packed) -> None:
        """Put one batch after the other into the buffer, which keeps the order; then await all."""
        producer = await self._get_producer()
        try:
            with telemetry.PUBLISH_SECONDS.time():
                sent = [
                    await producer.send_batch(batch, name, partition=partition)
                    for (name, partition), group in (await self._sort(producer, packed)).items()
                    for batch in _fill_batches(producer, group)
                ]
                await asyncio.gather(*sent)
            _count(packed)
        except KafkaError:
            # An idempotent producer tries again by itself. What it has given up on leaves a gap in
            # its numbers, after which the broker takes nothing more of it: it is to be renewed.
            self._broken = True
            raise

    async def _sort(
        self, producer: AIOKafkaProducer, packed: Packed
    ) -> dict[tuple[str, int], list[tuple[Event, bytes]]]:
        """Return the events by topic and partition, in their order."""
        sorted_: dict[tuple[str, int], list[tuple[Event, bytes]]] = {}
        partitions = dict[str, int]()
        for event, body in packed:
            name = self._cluster.topic(type(event))
            if name not in partitions:
                partitions[name] = len(await producer.partitions_for(name))
            # as Kafka's own clients choose it: all of a video goes to one partition
            number = hash_key(wire.key(event) or event.id.encode()) & 0x7FFFFFFF
            sorted_.setdefault((name, number % partitions[name]), []).append((event, body))
        return sorted_

    async def _get_producer(self) -> AIOKafkaProducer:
        """Return the producer; a new one in place of one that is broken."""
        async with self._renewing:  # of many who find it broken, one renews it
            if self._producer is None:
                raise BusUnavailable(NOT_OPEN)
            if self._broken:
                log.warning("the Kafka producer broke and is renewed", extra={"action": "publish"})
                old = self._producer
                await self.open()
                await _close(old)
            return self._producer

    async def _explain(self, error: Exception, packed: Packed) -> BusUnavailable:
        """Return why nothing was taken: a topic may be gone from a Kafka that is there."""
        names = {self._cluster.topic(type(event)) for event, _ in packed}
        with suppress(BusUnavailable):
            if missing := sorted(names - await self._list_topics()):
                return BusUnavailable(
                    f"Kafka at {self._cluster.servers} answers and has no topic "
                    f"{', '.join(missing)}: `storywave topics` makes it"
                )
        self._refused = time.monotonic()
        return self._unavailable(error)

    async def _list_topics(self) -> Set[str]:
        """Return the topics that Kafka has just now; raises BusUnavailable without an answer.

        They are asked for over a connection of their own: one that went silent stays so for as
        long as its client waits, though Kafka may answer again.
        """
        if self._producer is None:
            raise BusUnavailable(NOT_OPEN)
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._administer() as admin:
                return frozenset(await admin.list_topics())
        except (KafkaError, OSError, TimeoutError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> BusUnavailable:
        OUTAGES.note(BusUnavailable)
        return BusUnavailable(
            f"Kafka at {self._cluster.servers} does not take messages "
            f"({type(error).__name__}: {error}): {self._cluster.advice}"
        )


async def make_topics(admin: AIOKafkaAdminClient, cluster: Cluster, names: Iterable[str]) -> None:
    """Make these topics; what exists already, another replica made."""
    wanted = [NewTopic(name, cluster.partitions, cluster.replication) for name in sorted(names)]
    if not wanted:
        return
    answer = await admin.create_topics(wanted)
    for _, code, message in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(message)


def _fill_batches(producer: AIOKafkaProducer, group: Packed) -> Iterator[Any]:
    """Yield the batches that hold these events of one partition."""
    batch = producer.create_batch()
    for event, body in group:
        if not _add(batch, event, body):  # it is full; the first of a batch always fits
            yield batch
            batch = producer.create_batch()
            _add(batch, event, body)
    yield batch


def _add(batch: Any, event: Event, body: bytes) -> bool:
    record = {"key": wire.key(event), "value": body, "headers": wire.headers(event)}
    return batch.append(timestamp=None, **record) is not None


def _count(packed: Packed) -> None:
    for name, count in Counter(type(event).__name__ for event, _ in packed).items():
        telemetry.PUBLISHED.labels(name).inc(count)


async def _close(producer: AIOKafkaProducer) -> None:
    with suppress(KafkaError, OSError, TimeoutError):
        await asyncio.wait_for(producer.stop(), CLOSE_SECONDS)


def _has_leaders(described: dict[str, Any]) -> bool:
    """Return whether a topic can be used: a new one has no leaders for a while."""
    partitions = described["partitions"]
    return bool(partitions) and all(p["leader"] >= 0 for p in partitions)
