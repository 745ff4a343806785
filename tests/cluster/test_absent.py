"""A server is absent when a service starts, or refuses it: it waits, says for what, and goes on.

What is said stands in the log and in `/readyz`, and is measured; a process that waits is alive.
"""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.base.outages import NAMES
from shared.story.errors import BlobsUnavailable, BusUnavailable, StoreUnavailable
from tests.cluster.config import Name
from tests.cluster.fleet import PROGRAM, Fleet, Replica, tail
from tests.cluster.processes import free_ports, wait_until
from tests.cluster.proxy import Net, Network, open_network
from tests.cluster.servers import Servers
from tests.cluster.watching import list_away

pytestmark = pytest.mark.cluster

AWAY: Mapping[Name, str] = {
    "kafka": NAMES[BusUnavailable],
    "mongo": NAMES[StoreUnavailable],
    "s3": NAMES[BlobsUnavailable],
}
SETTING = {"kafka": "STORYWAVE_KAFKA", "mongo": "MongoDB at", "s3": "the object store at"}
"""What the log names of each."""
SECONDS = 40


@pytest.fixture
def network() -> Iterator[Network]:
    servers = Servers.of_this_run()
    servers.up()
    with open_network(servers.ports()) as opened:
        yield opened


def start(folder: Path, network: Network, **known: str) -> Replica:
    """Start a planner on a database and topics of its own."""
    name = f"absent{random.SystemRandom().randrange(10**6)}"
    environment = {
        **Servers.of_this_run().env(),
        **network.environment(),
        "STORYWAVE_KAFKA_PREFIX": f"{name}.",
        "STORYWAVE_KAFKA_PARTITIONS": "1",
        "STORYWAVE_MONGO_DATABASE": name,
        "STORYWAVE_SCRATCH": str(folder / "scratch"),
        **known,
    }
    (port,) = free_ports(1)
    command = [*PROGRAM, "service", "planner"]
    replica = Replica("planner", 0, port, environment, folder / f"{name}.log", command)
    replica.start()
    return replica


@pytest.mark.parametrize("server", AWAY)
def test_who_starts_without_a_server_waits_for_it(
    server: Name, network: Network, tmp_path: Path
) -> None:
    fleet = Fleet(tmp_path, {})
    try:
        with network.trouble(server, Net.CUT):
            replica = start(tmp_path, network)
            fleet.replicas.append(replica)
            until_waiting(replica, AWAY[server])
            assert SETTING[server] in replica.log.read_text(), tail(replica.log)
        fleet.wait_ready([replica], SECONDS)
        assert measure_away(replica) == dict.fromkeys(AWAY.values(), 0.0)
    finally:
        fleet.stop()


def test_who_is_refused_by_the_object_store_names_the_setting(
    network: Network, tmp_path: Path
) -> None:
    fleet = Fleet(tmp_path, {})
    try:
        replica = start(tmp_path, network, STORYWAVE_S3_SECRET="wrong")
        fleet.replicas.append(replica)
        until_waiting(replica, AWAY["s3"])
        said = replica.log.read_text()
        assert "check STORYWAVE_S3_KEY and STORYWAVE_S3_SECRET" in said, said
    finally:
        fleet.stop()


def until_waiting(replica: Replica, server: str) -> None:
    """Wait until a process says that it waits for this server alone, and that it is not ready."""
    assert wait_until(lambda: is_waiting(replica, server), SECONDS), tail(replica.log)
    assert httpx.get(f"{replica.url}/healthz", timeout=5).status_code == 200
    assert httpx.get(f"{replica.url}/readyz", timeout=5).status_code == 503
    assert {name for name, seconds in measure_away(replica).items() if seconds} == {server}


def is_waiting(replica: Replica, server: str) -> bool:
    try:
        return [*list_away([replica]).values()] == [[server]]
    except httpx.HTTPError:  # it does not listen yet
        return False


def measure_away(replica: Replica) -> dict[str, float]:
    """Return for how long each server has not answered, as Prometheus would read it."""
    told = httpx.get(f"{replica.url}/metrics", timeout=5).text
    return {
        sample.labels["server"]: sample.value
        for family in text_string_to_metric_families(told)
        for sample in family.samples
        if sample.name == "storywave_server_away_seconds"
    }
