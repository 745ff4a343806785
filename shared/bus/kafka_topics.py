"""The topics as an operator sees them: made where they are missing, and compared with the settings.

Services make topics themselves. This is for whoever wants it done before, or said what differs.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from shared.bus.kafka_producer import Cluster, make_topics
from shared.bus.security import client_options
from shared.story.errors import BusUnavailable
from shared.story.events import Event

PATIENCE_MS = 10_000
RETENTION = "retention.ms"


@dataclass(frozen=True, slots=True)
class TopicState:
    """One topic as it is now, and what was done to it."""

    name: str
    partitions: int
    copies: int
    done: str = ""
    """`made`, or from how many partitions it has grown."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the topics has found."""

    topics: Sequence[TopicState]
    missing: Sequence[str]
    kept_ms: int | None
    """For how long at most they keep events; None is for ever."""


async def prepare_topics(
    cluster: Cluster, types: Iterable[type[Event]], *, grow: bool = False
) -> list[TopicState]:
    """Make the topics that are missing; return all. With `grow`, add partitions to smaller ones."""
    names = sorted({cluster.topic(cls) for cls in types})
    try:
        async with administer(cluster) as admin:
            there = await _describe(admin, names)
            await make_topics(admin, cluster, set(names) - there.keys())
            if grow:
                small = [n for n, each in there.items() if each.partitions < cluster.partitions]
                await _grow(admin, cluster, small)
            return [_after(cluster, name, there.get(name), grow=grow) for name in names]
    except (KafkaError, OSError, TimeoutError) as error:
        raise explain(cluster, error) from error


def find_differences(cluster: Cluster, topics: Iterable[TopicState]) -> list[str]:
    """Return, in words for an operator, where topics are not as the settings say."""
    sorted_ = sorted(topics, key=lambda topic: topic.name)
    narrow = {
        topic.name: f"{topic.partitions} partitions and STORYWAVE_KAFKA_PARTITIONS says "
        f"{cluster.partitions}: `storywave topics --grow` adds them"
        for topic in sorted_
        if topic.partitions < cluster.partitions
    }
    thin = {
        topic.name: f"{topic.copies} copies and STORYWAVE_KAFKA_REPLICATION says "
        f"{cluster.replication}: Kafka's own kafka-reassign-partitions adds them"
        for topic in sorted_
        if topic.copies < cluster.replication
    }
    return [*_tell(narrow, len(sorted_)), *_tell(thin, len(sorted_))]


def _tell(faults: Mapping[str, str], count: int) -> list[str]:
    """Return what each topic has; where all `count` of them have the same, it is said once."""
    if len(faults) == count > 1 and len(set(faults.values())) == 1:
        return [f"all {count} topics have {fault}" for fault in set(faults.values())]
    return [f"{name} has {fault}" for name, fault in faults.items()]


async def look_at_topics(cluster: Cluster, types: Iterable[type[Event]]) -> Seen:
    """Return how the topics are; nothing is made."""
    names = sorted({cluster.topic(cls) for cls in types})
    try:
        async with administer(cluster) as admin:
            there = await _describe(admin, names)
            kept = await _read_retention(admin, list(there))
    except (KafkaError, OSError, TimeoutError) as error:
        raise explain(cluster, error) from error
    return Seen(list(there.values()), [name for name in names if name not in there], kept)


def explain(cluster: Cluster, error: Exception) -> BusUnavailable:
    """Return what an operator is told where Kafka does not do what was asked of it."""
    return BusUnavailable(
        f"Kafka at {cluster.servers} does not do this "
        f"({type(error).__name__}: {error}): {cluster.advice}"
    )


async def _read_retention(admin: AIOKafkaAdminClient, names: Sequence[str]) -> int | None:
    asked = [ConfigResource(ConfigResourceType.TOPIC, name, {RETENTION: ""}) for name in names]
    answers = await admin.describe_configs(asked) if asked else []
    found = [int(entry[1]) for each in answers for topic in each.resources for entry in topic[4]]
    return None if any(ms < 0 for ms in found) else max(found, default=0)


def _after(cluster: Cluster, name: str, before: TopicState | None, *, grow: bool) -> TopicState:
    """Return a topic as it is once what is missing has been made."""
    if before is None:
        return TopicState(name, cluster.partitions, cluster.replication, "made")
    if grow and before.partitions < cluster.partitions:
        grown = f"grown from {before.partitions}"
        return TopicState(name, cluster.partitions, before.copies, grown)
    return before


@asynccontextmanager
async def administer(cluster: Cluster) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give a connection for an operator's questions."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=cluster.servers,
        client_id=cluster.client_id,
        request_timeout_ms=PATIENCE_MS,
        **client_options(cluster.security),
    )
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _describe(admin: AIOKafkaAdminClient, names: Sequence[str]) -> Mapping[str, TopicState]:
    """Return those of these topics that exist."""
    there = set(await admin.list_topics()) & set(names)
    # asked for no topic at all, Kafka would describe every one that it has
    described: list[dict[str, Any]] = await admin.describe_topics(sorted(there)) if there else []
    return {each["topic"]: _read(each) for each in described}


def _read(described: Mapping[str, Any]) -> TopicState:
    partitions = described["partitions"]
    copies = min((len(each["replicas"]) for each in partitions), default=0)
    return TopicState(described["topic"], len(partitions), copies)


async def _grow(admin: AIOKafkaAdminClient, cluster: Cluster, names: Iterable[str]) -> None:
    wanted = {name: NewPartitions(cluster.partitions) for name in names}
    if wanted:
        await admin.create_partitions(wanted)
