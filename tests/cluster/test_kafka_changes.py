"""Kafka is changed under our hands: topics grow, and groups are forgotten."""

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import DeleteGroupsRequest

import services
from shared.bus.kafka_producer import Cluster
from shared.bus.kafka_topics import prepare_topics
from shared.story.kinds import KINDS
from tests.cluster.report import report
from tests.cluster.servers import Servers
from tests.cluster.storm import Storm, storm

pytestmark = pytest.mark.cluster

SEED = random.SystemRandom().randrange(10**6)
FEW, MANY = 2, 6
REHEARSED = {
    "STORYWAVE_ENGINE": "rehearsal",
    "STORYWAVE_REHEARSAL_SECONDS": "0.3",
    "STORYWAVE_KAFKA_PARTITIONS": str(FEW),
}


@pytest.fixture
def servers() -> Servers:
    running = Servers.of_this_run()
    running.up()
    return running


async def test_topics_that_grow_under_load_lose_and_repeat_nothing(
    servers: Servers, tmp_path: Path
) -> None:
    """From then on most videos have another partition, and for a while two processes at once."""
    name = f"grow{SEED}"
    async with storm(servers, tmp_path, name, REHEARSED) as s:
        asking = asyncio.create_task(s.ask(12, 0.7, duration=30))
        await asyncio.sleep(3)
        cluster = Cluster(s.fleet.environment["STORYWAVE_KAFKA"], f"{name}.", MANY, 1, "grow")
        topics = await prepare_topics(cluster, KINDS.events.values(), grow=True)
        assert {topic.done for topic in topics} == {f"grown from {FEW}"}
        await asking
        ends = await s.ended(90)
        assert {end["status"] for end in ends} == {"completed"}
        await report(s, name)


async def test_what_a_forgotten_group_hears_again_does_nothing_again(
    servers: Servers, tmp_path: Path
) -> None:
    """Kafka forgets where a group was that is away for a week; here it is told to."""
    name = f"forgotten{SEED}"
    async with storm(servers, tmp_path, name, REHEARSED, copies=1) as s:
        await s.ask(6, 0.2, duration=30)
        await until_some_have_ended(s)
        await asyncio.to_thread(s.fleet.stop)
        codes = await forget_groups(s.fleet.environment["STORYWAVE_KAFKA"], f"{name}.")
        assert codes == dict.fromkeys(codes, 0), "groups are there, and forgotten"
        for replica in s.fleet.replicas:
            replica.start()
        await asyncio.to_thread(s.fleet.wait_ready, s.fleet.replicas)
        ends = await s.ended(90)
        assert {end["status"] for end in ends} == {"completed"}
        await report(s, name)


async def until_some_have_ended(s: Storm) -> None:
    async with s.store() as store, asyncio.timeout(60):
        while not await store.count("outbox", {"name": "VideoCompleted"}):
            await asyncio.sleep(0.1)


async def forget_groups(kafka: str, prefix: str) -> Mapping[str, int]:
    """Let Kafka forget where all services were; return what it says to each."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        groups = [f"{prefix}{name}" for name in services.NAMES]
        node = await admin.find_coordinator(groups[0])
        # the client has no call for it, only the request
        answer = await admin._send_request(DeleteGroupsRequest(groups), node)  # noqa: SLF001
        return dict(answer.results)
    finally:
        await admin.close()
