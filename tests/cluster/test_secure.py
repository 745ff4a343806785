"""Over TLS and signed in: all three servers work, and a mistake says which setting to look at."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.bus.kafka_topics import prepare_topics
from shared.runtime.app import Ports
from shared.runtime.compose import choose_ports, name_kafka
from shared.runtime.settings import Settings
from shared.story.errors import BlobsUnavailable, BusUnavailable, StoreUnavailable
from shared.story.events import VideoDeleted
from tests.cluster.fleet import PROGRAM, Replica, tail
from tests.cluster.processes import free_ports, wait_until
from tests.cluster.secure import PASSWORD, Secure, make_authority, run_servers
from tests.cluster.servers import CHECKOUT
from tests.contracts.listening import Listener, deleted, until

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with run_servers(tmp_path_factory.mktemp("secure")) as servers:
        yield servers


def settings(secure: Secure, **other: Any) -> Settings:
    known = {
        name.removeprefix("STORYWAVE_").lower(): value for name, value in secure.environment.items()
    }
    return Settings(**{**known, **other})


def ports(secure: Secure, **other: Any) -> Ports:
    made, _ = choose_ports(settings(secure, **other))
    return made


async def test_events_rows_and_bytes_come_back_over_tls(secure: Secure) -> None:
    made = ports(secure)
    listener = Listener()
    made.bus.subscribe("chunker", [VideoDeleted], listener)
    await made.bus.start()
    await made.store.open({})
    await made.blobs.open()
    try:
        await made.bus.publish(deleted(3))
        await until(lambda: len(listener.heard) == 3)
        assert await made.store.insert("things", [{"_id": "a", "n": 1}]) == {"a"}
        await made.blobs.put("v/a.txt", b"bytes")
        assert await made.blobs.get("v/a.txt") == b"bytes"
    finally:
        await made.bus.stop()
        await made.store.close()
        await made.blobs.close()


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """The certificate of somebody who has signed none of the servers'."""
    make_authority(tmp_path, "stranger")
    return tmp_path / "stranger.pem"


async def test_a_server_that_a_stranger_has_signed_is_not_believed(
    secure: Secure, stranger: Path
) -> None:
    made = ports(secure, ca_file=stranger)
    with pytest.raises(StoreUnavailable, match="certificate"):
        await made.store.open({})
    with pytest.raises(BlobsUnavailable, match=r"(?i)certificate|ssl"):
        await made.blobs.open()
    with pytest.raises(BusUnavailable, match="STORYWAVE_CA_FILE"):
        await prepare_topics(name_kafka(settings(secure, ca_file=stranger)), [VideoDeleted])


async def test_a_wrong_password_is_told_with_the_setting_that_has_it(secure: Secure) -> None:
    address = secure.environment["STORYWAVE_MONGO"].replace(PASSWORD, "wrong")
    made = ports(secure, mongo=address, kafka_password="wrong", s3_secret="wrong")
    with pytest.raises(StoreUnavailable, match="STORYWAVE_MONGO") as refused:
        await made.store.open({})
    assert "wrong" not in str(refused.value)
    with pytest.raises(BlobsUnavailable, match="STORYWAVE_S3_SECRET"):
        await made.blobs.open()
    with pytest.raises(BusUnavailable, match="STORYWAVE_KAFKA_PASSWORD"):
        await prepare_topics(name_kafka(settings(secure, kafka_password="wrong")), [VideoDeleted])


def call(secure: Secure, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *PROGRAM, *words],
        cwd=CHECKOUT,
        env=os.environ | secure.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_operator_prepares_topics_and_indexes_as_often_as_they_like(secure: Secure) -> None:
    for _ in range(2):
        topics = call(secure, "topics")
        assert topics.returncode == 0, topics.stderr
        assert topics.stdout.endswith("topics are there\n")
        indexes = call(secure, "indexes")
        assert indexes.returncode == 0, indexes.stderr
    assert topics.stdout.count("\n") == 1  # the second time nothing was missing


def test_a_service_is_ready_over_tls_and_serves_metrics_apart(
    secure: Secure, tmp_path: Path
) -> None:
    port, metrics = free_ports(2)
    known = {
        **secure.environment,
        "STORYWAVE_METRICS_PORT": str(metrics),
        "STORYWAVE_SCRATCH": str(tmp_path / "scratch"),
    }
    command = [*PROGRAM, "service", "planner"]
    replica = Replica("planner", 0, port, known, tmp_path / "planner.log", command)
    replica.start()
    try:
        assert wait_until(replica.ready, 60), tail(replica.log)
        assert httpx.get(f"{replica.url}/metrics").status_code == 404
        apart = f"http://127.0.0.1:{metrics}"
        assert "storywave_events_handled" in httpx.get(f"{apart}/metrics").text
        assert httpx.get(f"{apart}/healthz").status_code == 404
    finally:
        assert replica.signal(signal.SIGTERM) == 0
