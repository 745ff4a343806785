"""Whole pipelines on the real servers, every service as processes, while everything is killed.

Replicas die by SIGKILL and SIGTERM or stand still for longer than their leases, each of the three
servers is killed and comes back, all of it in mid-flight. Rows lie in between that nobody can read,
and records of a newer version. Every video finishes, nothing is lost or run again.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import services
from shared.media import verify
from tests.cluster.report import report
from tests.cluster.servers import Servers
from tests.cluster.storm import Storm, storm
from tests.cluster.trouble import check_future, check_odd_rows, put_in

pytestmark = pytest.mark.cluster

SEED = random.SystemRandom().randrange(10**6)
LEASE_SECONDS = 3.0


@pytest.fixture
def servers() -> Iterator[Servers]:
    running = Servers.of_this_run()
    running.up()
    yield running
    running.up()  # whatever a test has killed


async def test_orchestration_under_a_storm(servers: Servers, tmp_path: Path) -> None:
    """Many videos without media: kills, a rebalance at each of them, and two server restarts."""
    print(f"seed={SEED}")
    draw = random.Random(SEED)
    known = {
        "STORYWAVE_ENGINE": "rehearsal",
        "STORYWAVE_REHEARSAL_SECONDS": "0.3",
        "STORYWAVE_LEASE_SECONDS": str(LEASE_SECONDS),
    }
    async with storm(servers, tmp_path, f"storm{SEED}", known) as s:
        asking = asyncio.create_task(s.ask(40, 1.0, duration=30, end_card={"seconds": 2.5}))
        await asyncio.sleep(3)
        await s.poison(f"storm{SEED}.")
        async with s.store() as store:
            await put_in(store)
        stopping = asyncio.create_task(stop_ten(s, draw))
        victims = draw.sample(s.fleet.replicas, 8)
        for number, replica in enumerate(victims):
            await s.kill(replica, signal.SIGTERM if number % 4 == 3 else signal.SIGKILL)
            if number == 2:
                await s.restart("kafka")
            if number == 5:
                await s.restart("mongo")
            await asyncio.sleep(draw.uniform(2, 4))
        await asking
        await stopping
        ends = await s.ended(120)
        assert Counter(end["status"] for end in ends) == {"completed": 40}
        async with s.store() as store:
            await check_odd_rows(store, s.fleet.environment)
            await check_future(store, s.videos[0])
        await report(s, f"storm{SEED}")


async def stop_ten(s: Storm, draw: random.Random) -> None:
    """Of every service one replica, and four more, each for longer than its lease."""
    victims = [draw.choice([r for r in s.fleet.replicas if r.service == n]) for n in services.NAMES]
    victims += draw.sample([r for r in s.fleet.replicas if r not in victims], 4)
    draw.shuffle(victims)
    for replica in victims:
        await s.stop(replica, LEASE_SECONDS + draw.uniform(0.5, 1.5))


async def test_media_under_a_storm(servers: Servers, tmp_path: Path) -> None:
    """Real videos through the object store, which is killed in mid-flight, as are two replicas."""
    async with storm(servers, tmp_path, f"media{SEED}") as s:
        await s.ask(2, 0.1, duration=10)
        await asyncio.sleep(4)
        await s.restart("s3")
        for service in ("stitcher", "chunker"):
            victim = next(r for r in s.fleet.replicas if r.service == service)
            await s.kill(victim, signal.SIGKILL)
        ends = await s.ended(150)
        assert Counter(end["status"] for end in ends) == {"completed": 2}
        for video in s.videos:
            path = await s.download(video, tmp_path)
            made = verify.report(path)
            assert made.ok, "\n".join(made.lines())
        await report(s, f"media{SEED}")
