"""Two gateways that start at once: one first key, and what one revokes the other refuses."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.cluster import clocks
from tests.cluster.fleet import PROGRAM, Fleet, Replica
from tests.cluster.processes import free_ports

pytestmark = pytest.mark.cluster


@pytest.fixture
def gateways(tmp_path: Path) -> Iterator[list[Replica]]:
    """Two that others can ask, on a database of their own, with clocks two minutes apart."""
    name = f"keys-{uuid4().hex[:8]}"
    environment = {
        "STORYWAVE_ENGINE": "rehearsal",
        "STORYWAVE_MONGO_DATABASE": name,
        "STORYWAVE_KAFKA_PREFIX": f"{name}.",
        "STORYWAVE_PUBLIC_URL": "https://film.example",
        "STORYWAVE_SCRATCH": str(tmp_path),
    }
    fleet = Fleet(tmp_path, environment)
    for number, port in enumerate(free_ports(2)):
        log, command = tmp_path / f"gateway-{number}.log", [*PROGRAM, "service", "gateway"]
        clock = clocks.shift(60 if number else -60, tmp_path / f"clock-{number}")
        known = {**environment, **clock}
        fleet.replicas.append(Replica("gateway", number, port, known, log, command))
    for replica in fleet.replicas:
        replica.start()
    fleet.wait_ready(fleet.replicas)
    yield fleet.replicas
    fleet.stop()


def find_token(gateways: list[Replica]) -> str:
    """The first key, as one of the logs tells it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        told = [re.findall(r"sw_first_\w+", each.log.read_text()) for each in gateways]
        if any(told):
            time.sleep(1)  # the other one has started too, and would tell another key by now
            told = [re.findall(r"sw_first_\w+", each.log.read_text()) for each in gateways]
            [token] = [token for tokens in told for token in tokens]
            return str(token)
        time.sleep(0.1)
    raise TimeoutError("no gateway told a first key")


def ask(gateway: Replica, token: str, method: str, path: str, **sent: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=gateway.url, headers=headers, timeout=10) as http:
        return http.request(method, path, **sent)  # type: ignore[arg-type]


def test_two_gateways_make_one_key_and_agree_on_what_is_revoked_and_signed(
    gateways: list[Replica],
) -> None:
    here, there = gateways
    admin = find_token(gateways)
    assert httpx.get(f"{here.url}/v1/videos").status_code == 401
    wanted = {"owner": "acme", "role": "maker"}
    made = ask(here, admin, "POST", "/v1/keys", json=wanted).json()
    key = made["token"]
    video = ask(here, key, "POST", "/v1/videos", json={"prompt": "the sea"}).json()
    shown = ask(there, key, "GET", f"/v1/videos/{video['id']}").json()
    stream = shown["links"]["events"]
    for gateway in gateways:
        with httpx.stream("GET", f"{gateway.url}{stream}", timeout=10) as followed:
            assert followed.status_code == 200
        assert httpx.get(f"{gateway.url}{stream}0").status_code == 403
    assert ask(there, admin, "GET", f"/v1/videos/{video['id']}").status_code == 404
    assert ask(here, admin, "DELETE", f"/v1/keys/{made['id']}").status_code == 200
    revoked = time.monotonic()
    while ask(there, key, "GET", "/v1/videos").status_code != 401:
        assert time.monotonic() < revoked + 5, "it lets a revoked key in"
        time.sleep(0.1)
