"""What only the Kafka bus must stand: bad records, replicas, and a server that comes and goes."""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from prometheus_client import REGISTRY, CollectorRegistry

from shared.base.outages import OUTAGES
from shared.bus import wire
from shared.bus.kafka import KafkaBus
from shared.bus.kafka_producer import Cluster
from shared.bus.kafka_topics import prepare_topics
from shared.ports import Unread
from shared.story.errors import BusUnavailable, Unpublishable
from shared.story.events import DeadLettered, Event, VideoDeleted, VideoSteered
from shared.story.kinds import MusicReady
from tests.bus.test_wire import BAD, NEWER, TYPE, VERSION
from tests.cluster.servers import Servers
from tests.contracts.listening import Listener, deleted, ids, music, until

pytestmark = pytest.mark.cluster


@pytest.fixture
def prefix() -> str:
    return f"t{uuid.uuid4().hex[:10]}."


@pytest.fixture
async def raw() -> AsyncIterator[AIOKafkaProducer]:
    """A producer that sends whatever it is told to."""
    producer = AIOKafkaProducer(bootstrap_servers=os.environ["STORYWAVE_KAFKA"])
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
def servers() -> Iterator[Servers]:
    """The servers of this run; whatever a test does to Kafka, it runs again afterwards."""
    servers = Servers.of_this_run()
    yield servers
    if servers.process("kafka") is None:
        servers.restart("kafka")


def kafka(prefix: str, **options: Any) -> KafkaBus:
    settings = {"partitions": 4, "session_timeout_ms": 6_000, "publish_seconds": 3.0, **options}
    return KafkaBus(os.environ["STORYWAVE_KAFKA"], prefix=prefix, **settings)


async def ready(bus: KafkaBus, *services: str) -> None:
    await bus.start()
    await until(lambda: all(bus.health(service).assigned for service in services))


async def test_every_sort_of_poison_ends_as_a_dead_letter_and_the_rest_is_handled(
    prefix: str, raw: AIOKafkaProducer
) -> None:
    bus, listener, letters = kafka(prefix), Listener(), Listener()
    bus.subscribe("s", [VideoDeleted, MusicReady], listener)
    bus.subscribe("letters", [DeadLettered], letters)
    await ready(bus, "s", "letters")
    listener.gate.clear()
    await bus.publish([VideoDeleted(video_id="first")])
    good = deleted(len(BAD)) + music(len(BAD))
    topic = f"{prefix}video-deleted"
    for (bad, _), one, other in zip(BAD.values(), good, music(len(BAD)), strict=False):
        await raw.send(topic, bad.value, bad.key, headers=list(bad.headers), partition=1)
        await raw.send(topic, wire.body(one), wire.key(one), headers=[TYPE, VERSION], partition=1)
        await bus.publish([other])
    await raw.flush()
    listener.gate.set()
    await until(lambda: set(listener.heard) >= ids(good) and len(set(letters.heard)) >= len(BAD))
    await asyncio.sleep(0.5)
    await bus.stop()
    found = [event for batch in letters.batches for event in batch]
    assert len(letters.heard) == len(BAD), "one letter for each, and no other"
    assert {e.topic for e in found if isinstance(e, DeadLettered)} == {topic}
    assert set(listener.heard) == ids(good) | {"first/VideoDeleted/0"}
    assert max(listener.heard.values()) == 1, "poison never brings a batch again"


async def test_what_was_set_aside_is_committed(prefix: str, raw: AIOKafkaProducer) -> None:
    bus, listener, letters = kafka(prefix), Listener(), Listener()
    bus.subscribe("s", [VideoDeleted], listener)
    await ready(bus, "s")
    await raw.send_and_wait(f"{prefix}video-deleted", b"poison only")
    await bus.publish(deleted(1))
    await until(lambda: bool(listener.heard))
    await bus.stop()
    again = kafka(prefix)
    again.subscribe("s", [VideoDeleted], listener)
    again.subscribe("letters", [DeadLettered], letters)
    await ready(again, "s", "letters")
    await until(lambda: bool(letters.heard))
    await again.publish(deleted(1, "later"))
    await until(lambda: len(listener.heard) == 2)
    await again.stop()
    assert sum(letters.heard.values()) == 1


async def test_a_dead_letter_that_is_none_is_dropped(prefix: str, raw: AIOKafkaProducer) -> None:
    bus, letters = kafka(prefix), Listener()
    bus.subscribe("letters", [DeadLettered], letters)
    await ready(bus, "letters")
    await raw.send_and_wait(f"{prefix}dead-lettered", b"nonsense", b"v1")
    good = DeadLettered(video_id="v", service="s", topic="t", position="0-1", error="e")
    await bus.publish([good])
    await until(lambda: bool(letters.heard))
    await asyncio.sleep(0.3)
    await bus.stop()
    assert letters.batches == [[good]]


@pytest.mark.parametrize("letters", [200_000, 900_000, 2_000_000])
async def test_an_event_too_large_for_its_topic_fails_alone(prefix: str, letters: int) -> None:
    """What is larger than all brokers take is not sent; a topic may take less, and says so late."""
    bus, listener = kafka(prefix), Listener()
    bus.subscribe("s", [DeadLettered], listener)
    await ready(bus, "s")
    await limit(f"{prefix}dead-lettered", 100_000)
    about = {"video_id": "v", "service": "s", "topic": "t", "error": "e"}
    small = [DeadLettered(**about, position=f"{n}") for n in range(6)]
    large = DeadLettered(**about, position="large", body="x" * letters)
    with pytest.raises(Unpublishable, match=f"{large.id}: it is too large") as caught:
        await bus.publish([*small[:3], large, *small[3:]])
    assert set(caught.value.refused) == {large.id}
    await bus.publish([small[0]])
    await until(lambda: set(listener.heard) == ids(small))
    await bus.stop()


async def test_what_a_newer_version_wrote_is_kept_counted_and_no_dead_letter(
    prefix: str, raw: AIOKafkaProducer, caplog: pytest.LogCaptureFixture
) -> None:
    bus, listener, letters = kafka(prefix), Listener(), Listener()
    bus.subscribe("s", [VideoDeleted, VideoSteered, MusicReady], listener)
    bus.subscribe("letters", [DeadLettered], letters)
    await ready(bus, "s", "letters")
    before = counted("s")
    for sent in NEWER.values():
        record = sent.record(prefix)
        await raw.send_and_wait(record.topic, record.value, b"v1", headers=list(record.headers))
    good = deleted(5, "good")
    await bus.publish(good)
    kept = {Unread("v1", sent.type, sent.slot, sent.body).id for sent in NEWER.values()}
    await until(lambda: set(listener.heard) == kept | ids(good))
    await asyncio.sleep(0.3)
    await bus.stop()
    assert not letters.batches
    once = len(NEWER) + len(good)
    assert sum(listener.heard.values()) == once, "a batch with them is committed like any other"
    assert counted("s") - before == len(NEWER)
    told = [r for r in caplog.records if getattr(r, "action", "") == "unread"]
    assert {record.args[0] for record in told if isinstance(record.args, tuple)} == kept


def counted(service: str) -> float:
    return REGISTRY.get_sample_value("storywave_events_unread_total", {"service": service}) or 0.0


async def limit(topic: str, size: int) -> None:
    wanted = {"max.message.bytes": str(size)}
    async with administer() as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, wanted)])


@asynccontextmanager
async def administer() -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=os.environ["STORYWAVE_KAFKA"])
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def test_one_replica_handles_all_topics_of_a_video(prefix: str) -> None:
    buses, listeners = [kafka(prefix), kafka(prefix)], [Listener(), Listener()]
    for bus, listener in zip(buses, listeners, strict=True):
        bus.subscribe("s", [VideoDeleted, MusicReady], listener)
        await bus.start()
    await until(lambda: [bus.health("s").assigned for bus in buses] == [4, 4])
    sent = deleted(60) + music(60)
    await buses[0].publish(sent)
    await until(lambda: sum(len(listener.heard) for listener in listeners) >= len(sent))
    videos = [{event.split("/")[0] for event in listener.heard} for listener in listeners]
    assert videos[0] and videos[1] and not videos[0] & videos[1]
    await asyncio.gather(*(bus.stop() for bus in buses))


async def test_a_replica_that_leaves_hands_over_without_loss(prefix: str) -> None:
    buses, listeners = [kafka(prefix), kafka(prefix)], [Listener(), Listener()]
    for bus, listener in zip(buses, listeners, strict=True):
        bus.subscribe("s", [VideoDeleted], listener)
        await bus.start()
    await until(lambda: [bus.health("s").assigned for bus in buses] == [2, 2])
    sent: list[Event] = []
    for part in range(20):
        batch = deleted(50, f"p{part}-")
        await buses[1].publish(batch)
        sent += batch
        if part == 10:
            leaving = asyncio.create_task(buses[0].stop())
    await leaving
    await until(lambda: {*listeners[0].heard, *listeners[1].heard} == ids(sent))
    await buses[1].stop()


async def test_a_replica_for_which_no_partition_is_left_has_joined(prefix: str) -> None:
    """A rollout at as many replicas as partitions would else wait for ever for one more."""
    buses = [kafka(prefix, partitions=1), kafka(prefix, partitions=1)]
    for bus in buses:
        bus.subscribe("s", [VideoDeleted], Listener())
        assert not bus.health("s").has_joined
        await bus.start()
    await until(lambda: all(bus.health("s").has_joined for bus in buses))
    await until(lambda: sorted(bus.health("s").assigned for bus in buses) == [0, 1])
    await asyncio.gather(*(bus.stop() for bus in buses))


async def test_an_absent_server_is_waited_for_and_named(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        bus = KafkaBus(address, publish_seconds=1.0)
        bus.subscribe("s", [VideoDeleted], Listener())
        with caplog.at_level(logging.WARNING, "storywave.bus"):
            starting = asyncio.create_task(bus.start())
            await until(lambda: caplog.text.count(f"Kafka at {address}") >= 2)
        assert not bus.health("s").has_joined
        with pytest.raises(BusUnavailable):
            await bus.publish(deleted(1))
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await bus.stop()


async def test_a_server_that_goes_away_and_comes_back(prefix: str, servers: Servers) -> None:
    bus, listener = kafka(prefix), Listener()
    bus.subscribe("s", [VideoDeleted], listener)
    leaving = kafka(prefix, graceful_seconds=2.0)
    leaving.subscribe("leaving", [VideoDeleted], Listener())
    await asyncio.gather(ready(bus, "s"), ready(leaving, "leaving"))
    await bus.publish(deleted(100))
    await asyncio.to_thread(servers.kill, "kafka")
    begun = asyncio.get_running_loop().time()
    with pytest.raises(BusUnavailable):
        await bus.publish(deleted(100, "lost"))
    assert asyncio.get_running_loop().time() - begun < 5
    async with asyncio.timeout(20):
        await leaving.stop()
    late = kafka(prefix)
    late.subscribe("late", [VideoDeleted], late_listener := Listener())
    starting = asyncio.create_task(late.start())
    await asyncio.sleep(1)
    assert not starting.done()
    await asyncio.to_thread(servers.restart, "kafka")
    await _until_published(bus, deleted(100, "back"))
    expected = ids(deleted(100)) | ids(deleted(100, "back"))
    await starting
    await until(lambda: set(listener.heard) >= expected, 60)
    await until(lambda: set(late_listener.heard) >= expected, 60)
    await asyncio.gather(bus.stop(), late.stop())


async def test_a_consumer_is_not_dead_while_its_server_is_away(
    prefix: str, servers: Servers
) -> None:
    """Else an orchestrator would end every process there is, a minute after Kafka went."""
    bus, listener = kafka(prefix), Listener()
    bus.subscribe("s", [VideoDeleted], listener)
    await ready(bus, "s")
    await bus.publish(deleted(1))
    await until(lambda: bool(listener.heard))
    await asyncio.to_thread(servers.kill, "kafka")
    await asyncio.sleep(6)
    assert bus.health("s").progress_age > 4, "nothing was fetched since"
    with suppress(BusUnavailable):  # as a process measures its lag now and then
        await bus.measure_lag("s")
    assert bus.health("s").progress_age < 2
    await asyncio.to_thread(servers.restart, "kafka")
    await _until_published(bus, deleted(1, "back"))
    await until(lambda: len(set(listener.heard)) == 2, 60)
    await bus.measure_lag("s")
    assert bus.health("s").progress_age < 2
    await bus.stop()


async def test_a_server_that_goes_while_nothing_is_published_is_noted_by_who_measures(
    prefix: str, servers: Servers
) -> None:
    bus = kafka(prefix)
    bus.subscribe("s", [VideoDeleted], Listener())
    await ready(bus, "s")
    assert await bus.measure_lag("s") == 0
    await asyncio.to_thread(servers.kill, "kafka")
    with pytest.raises(BusUnavailable):
        await bus.measure_lag("s")
    assert OUTAGES.away().keys() == {"Kafka"}
    await asyncio.to_thread(servers.restart, "kafka")
    async with asyncio.timeout(60):
        while await measured(bus) != 0:
            await asyncio.sleep(0.2)
    assert not OUTAGES.away()
    await bus.stop()


async def measured(bus: KafkaBus) -> int | None:
    with suppress(BusUnavailable):
        return await bus.measure_lag("s")
    return None


async def test_a_deleted_topic_is_named_and_kafka_is_not_away(prefix: str) -> None:
    bus, gone = kafka(prefix), f"{prefix}video-deleted"
    await bus.start()
    await bus.publish(deleted(1))
    async with administer() as admin:
        await admin.delete_topics([gone])
    with pytest.raises(BusUnavailable, match=f"no topic {gone}: `storywave topics` makes it"):
        await bus.publish(deleted(1, "kept"))
    assert not OUTAGES.away()
    await prepare_topics(name_cluster(prefix), [VideoDeleted])
    await _until_published(bus, deleted(1, "kept"))
    await bus.stop()


def name_cluster(prefix: str) -> Cluster:
    return Cluster(os.environ["STORYWAVE_KAFKA"], prefix, 4, 1, "test")


async def _until_published(bus: KafkaBus, events: list[Event]) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                return await bus.publish(events)
            except BusUnavailable:
                await asyncio.sleep(0.2)


# The names of the client's own coroutines: one polls, one fetches.
@pytest.mark.parametrize("part", ["_run_consume_loop", "Fetcher._fetch_requests_routine"])
async def test_health_sees_a_consumer_that_died_inside(prefix: str, part: str) -> None:
    bus, listener = kafka(prefix), Listener()
    bus.subscribe("s", [VideoDeleted], listener)
    await ready(bus, "s")
    await bus.publish(deleted(1))
    await until(lambda: bool(listener.heard))
    await asyncio.sleep(1)
    assert bus.health("s").progress_age < 1.0
    dying = [task for task in asyncio.all_tasks() if part in repr(task.get_coro())]
    assert len(dying) == 1
    dying[0].cancel()
    await asyncio.sleep(2.5)
    assert bus.health("s").assigned == 4, "a look at the assignment alone sees nothing"
    assert bus.health("s").progress_age > 1.5
    await bus.stop()


async def test_metrics_of_the_client_land_in_our_registry(prefix: str) -> None:
    registry = CollectorRegistry()
    bus, listener = kafka(prefix, registry=registry), Listener()
    bus.subscribe("s", [VideoDeleted], listener)
    await ready(bus, "s")
    await bus.publish(deleted(5))
    await until(lambda: len(listener.heard) == 5)
    await bus.stop()
    labels = {"app_name": "faststream", "broker": "kafka", "handler": f"{prefix}video-deleted"}
    assert registry.get_sample_value("faststream_received_messages_total", labels) == 5.0
