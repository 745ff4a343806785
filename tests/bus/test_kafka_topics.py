"""`storywave topics` on a real Kafka: what is missing is made, and what differs is said."""

import os
import uuid
from dataclasses import replace

import pytest

from shared.bus.kafka import KafkaBus
from shared.bus.kafka_producer import Cluster
from shared.bus.kafka_topics import (
    TopicState,
    find_differences,
    look_at_topics,
    prepare_topics,
)
from shared.story.errors import BusUnavailable
from shared.story.events import VideoDeleted, VideoSteered
from tests.cluster.processes import free_ports
from tests.contracts.listening import Listener, deleted, until

BOTH = (VideoDeleted, VideoSteered)


def of(servers: str, partitions: int = 2) -> Cluster:
    return Cluster(servers, f"t{uuid.uuid4().hex[:10]}.", partitions, 1, "storywave")


@pytest.mark.cluster
async def test_what_is_missing_is_made_once_and_the_rest_left_alone() -> None:
    cluster = of(os.environ["STORYWAVE_KAFKA"])
    first = await prepare_topics(cluster, BOTH)
    assert [(each.partitions, each.done) for each in first] == [(2, "made")] * 2
    again = await prepare_topics(cluster, BOTH)
    assert [(each.partitions, each.done) for each in again] == [(2, "")] * 2
    assert find_differences(cluster, again) == []


@pytest.mark.cluster
async def test_fewer_partitions_than_wanted_are_said_and_added_when_asked_for() -> None:
    cluster = of(os.environ["STORYWAVE_KAFKA"])
    await prepare_topics(cluster, BOTH)
    wider = replace(cluster, partitions=3)
    before = await prepare_topics(wider, BOTH)
    said = find_differences(wider, before)
    assert len(said) == 1
    assert said[0].startswith("all 2 topics have 2 partitions") and "--grow" in said[0]
    await prepare_topics(wider, BOTH, grow=True)
    after = await prepare_topics(wider, BOTH)
    assert [(each.partitions, each.done) for each in after] == [(3, "")] * 2


def test_fewer_copies_than_wanted_are_said() -> None:
    cluster = replace(of("kafka:9092"), replication=3)
    (line,) = find_differences(cluster, [TopicState("a", 2, 1)])
    assert "has 1 copies and STORYWAVE_KAFKA_REPLICATION says 3" in line


def test_what_differs_is_said_topic_by_topic_in_their_order() -> None:
    cluster = of("kafka:9092", partitions=4)
    topics = [TopicState("c", 2, 1), TopicState("a", 3, 1), TopicState("b", 4, 1)]
    assert [line.split(" partitions")[0] for line in find_differences(cluster, topics)] == [
        "a has 3",
        "c has 2",
    ]
    assert len(find_differences(cluster, topics[:2])) == 2, "it is not the same for both"


async def test_without_a_server_it_says_which_setting_names_it() -> None:
    (port,) = free_ports(1)
    with pytest.raises(BusUnavailable, match="STORYWAVE_KAFKA names it"):
        await prepare_topics(of(f"127.0.0.1:{port}"), BOTH)


@pytest.mark.cluster
async def test_a_look_says_what_is_missing_and_makes_nothing() -> None:
    cluster = of(os.environ["STORYWAVE_KAFKA"])
    for _ in range(2):
        seen = await look_at_topics(cluster, BOTH)
        assert len(seen.missing) == 2 and not seen.topics
    await prepare_topics(cluster, BOTH)
    seen = await look_at_topics(cluster, BOTH)
    assert not seen.missing and [each.partitions for each in seen.topics] == [2, 2]
    assert seen.kept_ms == 7 * 24 * 3_600_000


@pytest.mark.cluster
async def test_a_service_that_finds_fewer_partitions_says_so_and_works(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster = of(os.environ["STORYWAVE_KAFKA"])
    await prepare_topics(cluster, BOTH)
    listener = Listener()
    bus = KafkaBus(cluster.servers, prefix=cluster.prefix, partitions=3)
    bus.subscribe("chunker", BOTH, listener)
    await bus.start()
    try:
        await bus.publish(deleted(2))
        await until(lambda: len(listener.heard) == 2)
    finally:
        await bus.stop()
    said = [record.getMessage() for record in caplog.records if "--grow" in record.getMessage()]
    assert any("has 2 partitions and STORYWAVE_KAFKA_PARTITIONS says 3" in line for line in said)
