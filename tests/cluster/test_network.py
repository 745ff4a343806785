"""The network between services and servers fails in every way, and every video ends right.

What is bought is bought at the stand-in for Replicate, whose books say whether anything was paid
twice. A service says for which server it waits; it says it once, and does not spin meanwhile.
"""

import asyncio
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from benchmarks.chaos.target import Target
from benchmarks.provider import StandInProcess
from shared.base.outages import NAMES
from shared.story.errors import BlobsUnavailable, BusUnavailable, StoreUnavailable
from tests.cluster.config import Name
from tests.cluster.judging import PACE, Market
from tests.cluster.proxy import Net, Network, open_network
from tests.cluster.servers import Servers
from tests.cluster.watching import Seen, list_away, watch
from tests.engines.replicate.provider import needs_client

pytestmark = [
    pytest.mark.cluster,
    needs_client,
    # what is cut off is left to the collector, which may come by while another test runs
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SERVERS: dict[Name, str] = {
    "kafka": NAMES[BusUnavailable],
    "mongo": NAMES[StoreUnavailable],
    "s3": NAMES[BlobsUnavailable],
}
TROUBLES = {Net.CUT: 6.0, Net.RESET: 6.0, Net.MUTE: 6.0, Net.DELAY: 6.0, Net.DRIP: 3.0}
"""With the seconds that each lasts."""
TOLD = {Net.CUT, Net.RESET}
"""What is noticed at once; of Kafka once something could not be published for 15 seconds."""
KAFKA_SECONDS = 20.0
BUSY = 0.5
"""Of a processor: no process needs more, save one that spins."""
OFTEN = 3
"""In these seconds: what is said each second is said too often."""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """One process of every service, behind proxies, and the provider where they buy."""
    folder = tmp_path_factory.mktemp("network")
    servers = Servers.of_this_run()
    servers.up()
    provider = StandInProcess(folder / "replicate", PACE)
    with open_network(servers.ports()) as network:
        name = f"network{random.SystemRandom().randrange(10**6)}"
        target = Target(folder, provider.environment, servers, network, name=name)
        try:
            asyncio.run(provider.start(1, create_burst=30, shrink=8))
            asyncio.run(target.start(copies=1))
            yield Market(target, provider)
        finally:
            target.stop()
            provider.stop()


@pytest.mark.parametrize("name", SERVERS)
async def test_every_video_ends_right_whatever_the_way_to_a_server_does(
    market: Market, name: Name, tmp_path: Path
) -> None:
    users = await market.play([partial(let_fail, market, name, net) for net in TROUBLES])
    assert not any((await asyncio.to_thread(list_away, market.replicas)).values())
    assert await market.judge(users, tmp_path) == {}


async def let_fail(market: Market, name: Name, net: Net) -> None:
    """Let the way to one server fail for a while; nobody spins, or repeats itself each second."""
    seconds = KAFKA_SECONDS if (name, net) == ("kafka", Net.CUT) else TROUBLES[net]
    with watch(market.replicas) as seen, network_of(market).trouble(name, net):
        await asyncio.sleep(seconds)
        away = await asyncio.to_thread(list_away, market.replicas)
    check_calm(seen, seconds, f"{name} {net}")
    told = {each for said in away.values() for each in said}
    assert told <= {SERVERS[name]}, net
    if net is Net.CUT or (net in TOLD and name != "kafka"):
        assert told, f"nobody says that {SERVERS[name]} is away"


def check_calm(seen: Seen, seconds: float, when: str) -> None:
    busy = {who: cpu for who, cpu in seen.cpu.items() if cpu > BUSY * seconds}
    assert not busy, f"{when}: {busy} of {seconds} seconds"
    often = seen.said_often(OFTEN)
    assert not often, f"{when}: {often}"


def network_of(market: Market) -> Network:
    assert market.target.network is not None
    return market.target.network


async def test_an_object_store_without_room_holds_work_up_and_loses_nothing_that_was_paid_for(
    market: Market, tmp_path: Path
) -> None:
    async def fill() -> None:
        with watch(market.replicas) as seen, network_of(market).trouble("s3", Net.FULL):
            await asyncio.sleep(8)
        check_calm(seen, 8, "s3 full")
        said = [line for lines in seen.lines.values() for line in lines]
        assert any("the object store" in line and "507" in line for line in said), said

    users = await market.play([fill])
    assert await market.judge(users, tmp_path) == {}
