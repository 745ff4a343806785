"""The bus on Kafka, through FastStream on aiokafka."""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity

from shared.base.outages import OUTAGES
from shared.bus.kafka_consumer import LONG_RESTS, SHORT_RESTS, Consumer
from shared.bus.kafka_producer import METADATA_MS, PREFIX, Cluster, Producer
from shared.ports import Handler, Health
from shared.story.errors import BusUnavailable
from shared.story.events import DeadLettered, Event

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

log = logging.getLogger("storywave.bus")

client_log = logging.getLogger("storywave.bus.faststream")
client_log.setLevel(logging.WARNING)  # below, it lists every partition by name at each rebalance
# It warns at every start that a broker which only listens creates no topics: the producer does.
client_log.addFilter(lambda record: "Topic creation is skipped" not in record.getMessage())

LONGEST_WAIT_SECONDS = 10.0

MOST_RECORDS = 4_000
"""Of one batch. Records come topic by topic: in a small batch, what is heard of a video at one time
would be spread over several, each with a write of its view.
"""


class KafkaBus:
    """Topics for events, one consumer group a service, at least once."""

    def __init__(
        self,
        servers: str,
        *,
        prefix: str = PREFIX,
        partitions: int = 12,
        replication: int = 1,
        session_timeout_ms: int = 10_000,
        client_id: str = "storywave",
        security: BaseSecurity | None = None,
        max_records: int = MOST_RECORDS,
        publish_seconds: float = 15.0,
        graceful_seconds: float = 5.0,
        registry: "CollectorRegistry | None" = None,
    ) -> None:
        self._cluster = Cluster(servers, prefix, partitions, replication, client_id, security)
        self._session_timeout_ms = session_timeout_ms
        self._max_records = max_records
        self._graceful_seconds = graceful_seconds
        self._middlewares = _make_metrics(registry)
        self._producer = Producer(self._cluster, publish_seconds)
        self._consumers: dict[str, Consumer] = {}
        self._broker: KafkaBroker | None = None

    def subscribe(
        self,
        service: str,
        types: Sequence[type[Event]],
        handle: Handler,
        *,
        is_patient: bool = False,
    ) -> None:
        """Give a service one consumer group over the topics of all its event types."""
        rests = LONG_RESTS if is_patient else SHORT_RESTS
        self._consumers[service] = Consumer(service, types, handle, self.publish, rests)

    async def start(self) -> None:
        """Begin to deliver; wait for a server that is absent, and say so. May be cancelled."""
        wait = 0.5
        while True:
            try:
                return await self._open()
            except BusUnavailable as error:
                log.warning("%s; next try in %.1f s", error, wait, extra={"action": "wait"})
            await self.stop()
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    async def stop(self) -> None:
        """Begin no new batch, finish and commit the running ones, then publish nothing more."""
        for consumer in self._consumers.values():
            consumer.stop()
        if self._broker is not None:
            broker, self._broker = self._broker, None
            # The client tells the server that it leaves. Without a server it would wait for long.
            try:
                await asyncio.wait_for(broker.stop(), 2 * self._graceful_seconds)
            except (KafkaError, TimeoutError) as error:
                log.warning("left Kafka without telling it: %s", error, extra={"action": "stop"})
        await self._producer.close()

    async def publish(self, events: Sequence[Event]) -> None:
        """Return when every event is acknowledged by all in-sync replicas."""
        await self._producer.publish(events)

    def health(self, service: str) -> Health:
        """Return how the consumer of this service does."""
        return self._consumers[service].health()

    async def measure_lag(self, service: str) -> int:
        """Return how many records of its partitions this consumer has not fetched yet."""
        consumer = self._consumers[service]
        try:
            await self._producer.look()
        except BusUnavailable:
            consumer.note_silence()
            raise
        return await consumer.measure_lag()

    async def _open(self) -> None:
        await self._producer.open()
        types = {cls for consumer in self._consumers.values() for cls in consumer.types}
        # Before anyone listens: a consumer of topics that are missing gets no partitions for long.
        await self._producer.ensure_topics({*types, DeadLettered})
        self._broker = KafkaBroker(
            self._cluster.servers,
            security=self._cluster.security,
            client_id=self._cluster.client_id,
            metadata_max_age_ms=METADATA_MS,
            consumer_only=True,
            graceful_timeout=self._graceful_seconds,
            middlewares=self._middlewares,
            logger=client_log,
            log_level=logging.DEBUG,
            apply_types=False,
        )
        for consumer in self._consumers.values():
            consumer.attach(
                self._broker, self._cluster, self._max_records, self._session_timeout_ms
            )
        try:
            await self._broker.start()
        except (KafkaError, OSError) as error:
            OUTAGES.note(BusUnavailable)
            raise BusUnavailable(f"Kafka at {self._cluster.servers}: {error}") from error
        for consumer in self._consumers.values():
            consumer.watch()


def _make_metrics(registry: "CollectorRegistry | None") -> Sequence[Any]:
    """Return FastStream's own metrics, one for the whole bus: a registry takes them only once."""
    if registry is None:
        return ()
    from faststream.kafka.prometheus import KafkaPrometheusMiddleware

    return (KafkaPrometheusMiddleware(registry=registry),)
