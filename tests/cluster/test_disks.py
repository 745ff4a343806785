"""A disk is full in the midst of work: it is said, nothing is lost, and nothing is paid again."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.chaos.target import Target
from benchmarks.provider import StandInProcess
from tests.cluster.disks import filled, needs_root, small_disk
from tests.cluster.judging import PACE, Market
from tests.cluster.servers import Servers
from tests.cluster.watching import watch
from tests.engines.replicate.provider import needs_client

pytestmark = [pytest.mark.cluster, needs_client, needs_root]

WORDS = "free some space"
PATIENCE_SECONDS = 90
"""Within which somebody needs room, also on a busy machine."""
FULL_SECONDS = 4.0
DISK_MEGABYTES = 64


@pytest.fixture(params=["the data folder of one process", "the folders that services work in"])
def market(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Market]:
    """All in one process on a small disk; or one process of each service, which work on one."""
    provider = StandInProcess(tmp_path / "replicate", PACE)
    servers, folder = None, tmp_path / "data"
    if "services" in request.param:
        servers, folder = Servers.of_this_run(), tmp_path / "work"
        servers.up()
    name = f"disks{random.SystemRandom().randrange(10**6)}"
    known = {**provider.environment, **({"STORYWAVE_SCRATCH": str(folder)} if servers else {})}
    target = Target(tmp_path, known, servers, name=name)
    with small_disk(folder, DISK_MEGABYTES):
        try:
            asyncio.run(provider.start(1, create_burst=30, shrink=8))
            asyncio.run(target.start(copies=1))
            yield Market(target, provider)
        finally:
            target.stop()
            provider.stop()


async def test_work_waits_for_room_and_goes_on(market: Market, tmp_path: Path) -> None:
    [folder] = [path for path in (tmp_path / "data", tmp_path / "work") if path.exists()]

    async def fill() -> None:
        await asyncio.sleep(3)
        with watch(market.replicas) as seen, filled(folder):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not any(WORDS in replica.log.read_text() for replica in market.replicas):
                    await asyncio.sleep(0.5)
            await asyncio.sleep(FULL_SECONDS)
            answer = await asyncio.to_thread(ask_for_list, market)
        assert not seen.said_often(4)
        assert answer.status_code in (200, 503, 507), answer.text
        assert str(tmp_path) not in answer.text

    users = await market.play([fill])
    assert await market.judge(users, tmp_path) == {}


def ask_for_list(market: Market) -> httpx.Response:
    return httpx.get(f"{market.target.fleet.gateways()[0].url}/v1/videos", timeout=10)
