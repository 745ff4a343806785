"""The sending half of the Kafka bus: an idempotent producer that outlives its server's absence."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from faststream.kafka import KafkaBroker
from faststream.kafka.schemas import Topic
from faststream.security import BaseSecurity

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

Packed = Sequence[tuple[Event, bytes]]
"""Events with their bodies."""


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

    def __init__(self, cluster: Cluster, seconds: float, middlewares: Sequence[Any]) -> None:
        self._cluster = cluster
        self._seconds = seconds
        self._request_timeout_ms = round(1_000 * seconds)
        self._middlewares = middlewares
        self._broker: KafkaBroker | None = None
        self._broken = False
        self._renewing = asyncio.Lock()
        self._known: set[str] = set()

    async def open(self) -> None:
        """Connect; raises BusUnavailable when no server answers."""
        broker = self._make_broker()
        try:
            await self._look_for_server()
            async with asyncio.timeout(2 * self._seconds):
                await broker.connect()
        except (KafkaError, OSError, TimeoutError) as error:
            await _close(broker)
            raise self._unavailable(error) from error
        self._broker, self._broken = broker, False
        OUTAGES.clear(BusUnavailable)

    async def close(self) -> None:
        """Flush and leave, within a time: without a server there is nothing to flush to."""
        if self._broker is not None:
            broker, self._broker = self._broker, None
            await _close(broker)

    async def publish(self, events: Sequence[Event]) -> None:
        """Return when all are acknowledged; raises Unpublishable, or BusUnavailable."""
        packed, refused = wire.pack(events)
        try:
            async with asyncio.timeout(self._seconds):
                await self.ensure_topics({type(event) for event, _ in packed})
                refused |= await self._send_all(packed)
        except TimeoutError as error:
            raise self._unavailable(error) from error
        OUTAGES.clear(BusUnavailable)
        if refused:
            raise Unpublishable(refused)

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

    def _make_broker(self) -> KafkaBroker:
        return KafkaBroker(
            self._cluster.servers,
            security=self._cluster.security,
            client_id=self._cluster.client_id,
            request_timeout_ms=self._request_timeout_ms,
            metadata_max_age_ms=METADATA_MS,
            # an event counts as published when no single server's death can lose it
            acks="all",
            enable_idempotence=True,
            linger_ms=LINGER_MS,
            max_batch_size=BATCH_BYTES,
            middlewares=self._middlewares,
            logger=log,
            log_level=logging.DEBUG,
            apply_types=False,
        )

    async def _look_for_server(self) -> None:
        """Look whether the server answers, before FastStream connects to it.

        FastStream drops a producer that could not connect without closing it. And the time-out is
        the client's own, not ours: cancelled while it connects, the client leaks its connection.
        """
        client = AIOKafkaAdminClient(
            bootstrap_servers=self._cluster.servers,
            request_timeout_ms=self._request_timeout_ms,
            **client_options(self._cluster.security),
        )
        try:
            await client.start()
        finally:
            await client.close()

    async def _create(self, names: Iterable[str]) -> None:
        admin = (await self._get_broker()).config.broker_config.admin
        wanted = [
            Topic(
                name,
                num_partitions=self._cluster.partitions,
                replication_factor=self._cluster.replication,
            )
            for name in names
        ]
        # FastStream takes "it exists already" for a success: another replica was faster.
        for result in await admin.create_topics(wanted):
            if result.error is not None:
                raise result.error
        described = await admin.client.describe_topics(list(names))
        while not all(map(_has_leaders, described)):
            await asyncio.sleep(LOOK_SECONDS)
            described = await admin.client.describe_topics(list(names))
        for each in described:
            self._compare(each["topic"], len(each["partitions"]))

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
        """Put one by one into the buffer, which keeps the order; then await all at once."""
        broker = await self._get_broker()
        try:
            acknowledgements = [await self._enqueue(broker, event, body) for event, body in packed]
            await asyncio.gather(*acknowledgements)
        except KafkaError as error:
            # An idempotent producer tries again by itself. What it has given up on leaves a gap in
            # its numbers, after which the broker takes nothing more of it: it is to be renewed.
            self._broken = True
            if isinstance(error, MessageSizeTooLargeError):
                raise
            raise self._unavailable(error) from error

    async def _enqueue(
        self, broker: KafkaBroker, event: Event, body: bytes
    ) -> "asyncio.Future[Any]":
        return await broker.publish(
            body,
            self._cluster.topic(type(event)),
            key=wire.key(event),
            headers=wire.headers(event),
            correlation_id=event.id,
            no_confirm=True,
        )

    async def _get_broker(self) -> KafkaBroker:
        """Return the broker; a new one in place of one that is broken."""
        async with self._renewing:  # of many who find it broken, one renews it
            if self._broker is None:
                raise BusUnavailable(
                    "the bus is not open: what is to be published waits in its row"
                )
            if self._broken:
                log.warning("the Kafka producer broke and is renewed", extra={"action": "publish"})
                old = self._broker
                await self.open()
                await _close(old)
            return self._broker

    def _unavailable(self, error: Exception) -> BusUnavailable:
        OUTAGES.note(BusUnavailable)
        return BusUnavailable(
            f"Kafka at {self._cluster.servers} does not take messages "
            f"({type(error).__name__}: {error}): {self._cluster.advice}"
        )


async def _close(broker: KafkaBroker) -> None:
    with suppress(KafkaError, OSError, TimeoutError):
        await asyncio.wait_for(broker.stop(), CLOSE_SECONDS)


def _has_leaders(described: dict[str, Any]) -> bool:
    """Return whether a topic can be used: a new one has no leaders for a while."""
    partitions = described["partitions"]
    return bool(partitions) and all(p["leader"] >= 0 for p in partitions)
