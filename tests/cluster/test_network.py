"""The network between services and servers fails in every way, and every video ends right.

What is bought is bought at the stand-in for Replicate, whose books say whether anything was paid
twice. A service says for which server it waits; it says it once, and does not spin meanwhile.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
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
    pytest.mark.alone,
    needs_client,
    # what is cut off is left to the collector, which may come by while another test runs
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SERVERS: dict[Name, str] = {
    "s3": NAMES[BlobsUnavailable],
    "mongo": NAMES[StoreUnavailable],
    "kafka": NAMES[BusUnavailable],
}
ALONE = {Net.RESET: 6.0, Net.MUTE: 5.0, Net.CUT: 6.0}
"""What befalls one server after the other, with the seconds that each lasts: who waits for one does
not ask another."""
TOGETHER = {Net.DELAY: 6.0, Net.DRIP: 4.0}
"""What is only slow befalls all servers at once."""
FULL_SECONDS = 8.0
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


async def test_every_video_ends_right_whatever_the_way_to_each_server_does(
    market: Market, tmp_path: Path
) -> None:
    """With each sort of trouble another video begins, while those before it are still made.

    What is told at once comes last: by then every server is asked for something all the time.
    """
    alone = [partial(let_each_fail, market, net) for net in ALONE]
    slow = [partial(let_fail, market, tuple(SERVERS), net, s) for net, s in TOGETHER.items()]
    users = await market.play([*slow, partial(fill, market), *alone])
    assert not any((await asyncio.to_thread(list_away, market.replicas)).values())
    assert await market.judge(users, tmp_path) == {}


async def let_each_fail(market: Market, net: Net) -> None:
    for name in SERVERS:
        seconds = KAFKA_SECONDS if (name, net) == ("kafka", Net.CUT) else ALONE[net]
        told = await let_fail(market, (name,), net, seconds)
        if net is Net.CUT or (net in TOLD and name != "kafka"):
            assert told, f"nobody says that {SERVERS[name]} is away"


async def let_fail(market: Market, names: Sequence[Name], net: Net, seconds: float) -> set[str]:
    """Let the way to servers fail for a while, and return which are said to be away.

    Nobody spins, or repeats itself each second.
    """
    with watch(market.replicas) as seen, ExitStack() as troubles:
        for name in names:
            troubles.enter_context(network_of(market).trouble(name, net))
        await asyncio.sleep(seconds)
        away = await asyncio.to_thread(list_away, market.replicas)
    check_calm(seen, seconds, f"{', '.join(names)} {net}")
    told = {each for said in away.values() for each in said}
    assert told <= {SERVERS[name] for name in names}, net
    return told


async def fill(market: Market) -> None:
    """An object store without room holds work up, and says so; what was paid for waits for it."""
    with watch(market.replicas) as seen, network_of(market).trouble("s3", Net.FULL):
        await asyncio.sleep(FULL_SECONDS)
    check_calm(seen, FULL_SECONDS, "s3 full")
    said = [line for lines in seen.lines.values() for line in lines]
    assert any("the object store" in line and "507" in line for line in said), said


def check_calm(seen: Seen, seconds: float, when: str) -> None:
    busy = {who: cpu for who, cpu in seen.cpu.items() if cpu > BUSY * seconds}
    assert not busy, f"{when}: {busy} of {seconds} seconds"
    often = seen.said_often(OFTEN)
    assert not often, f"{when}: {often}"


def network_of(market: Market) -> Network:
    assert market.target.network is not None
    return market.target.network
