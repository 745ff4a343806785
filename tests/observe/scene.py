"""A short load on the real servers, watched by a real Prometheus."""

import asyncio
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from benchmarks.chaos.faults import RATES
from benchmarks.chaos.roles import cast
from benchmarks.chaos.target import MEMBER, SETTINGS
from benchmarks.chaos.users import Users
from benchmarks.provider import StandInProcess
from tests.cluster.fleet import Fleet
from tests.cluster.processes import free_ports
from tests.cluster.servers import Servers
from tests.standins.collector import Collector, collector
from tools.observe.files import describe_scrapes
from tools.observe.rules import write_rules

PROMETHEUS = shutil.which("prometheus")
SCRAPE_SECONDS = 3
VIDEOS = int(os.environ.get("STORYWAVE_OBSERVE_VIDEOS", "12"))
ASKING_SECONDS = float(os.environ.get("STORYWAVE_OBSERVE_SECONDS", "50"))
MOST_TIMES = 2.5
"""As long as videos are asked for: what has not ended by then is left, on a busy machine."""
FEWER = {name: 0.4 * rate for name, rate in RATES.items()}
OTHERS: Sequence[Mapping[str, Any]] = (
    {"name": "429", "after": 10, "times": 3},
    {"name": "fails", "error": "E001", "kind": "clip", "after": 10, "times": 4},
)
"""What happens for sure, so that there is something to see."""


@dataclass
class Scene:
    """A Prometheus that has seen services at work."""

    url: str
    begin: float
    end: float
    videos: list[str]
    traces: Collector
    logs: Path

    def ask(self, path: str, **asked: Any) -> Any:
        """Return what Prometheus answers."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=asked, timeout=20).json()
        assert answer["status"] == "success", (asked, answer)
        return answer["data"]


@contextmanager
def play(folder: Path) -> Iterator[Scene]:
    """Run the services under a load, end it, and give the Prometheus that has watched."""
    with collector() as traces:
        yield from _play(folder, traces)


def _play(folder: Path, traces: Collector) -> Iterator[Scene]:
    provider = StandInProcess(folder / "replicate", 10.0)
    known = {**SETTINGS, **provider.environment, **Servers.of_this_run().env()}
    known |= {"STORYWAVE_KAFKA_PREFIX": "observe.", "STORYWAVE_MONGO_DATABASE": "observe"}
    known |= {"STORYWAVE_OTLP_URL": traces.url}
    fleet = Fleet(folder, known, MEMBER)
    begin = time.time()
    try:
        asyncio.run(provider.start(1, create_burst=30, list_lag=1.5, shrink=8))
        fleet.start(copies=1)
        with _prometheus(folder, fleet) as url:
            asyncio.run(provider.misbehave(FEWER, OTHERS))
            videos = asyncio.run(_load(fleet))
            time.sleep(5 * SCRAPE_SECONDS)
            yield Scene(url, begin, time.time(), videos, traces, folder)
    finally:
        fleet.stop()
        provider.stop()


async def _load(fleet: Fleet) -> list[str]:
    """Let users ask for videos, and return these once all have ended, or it is time to look."""
    users = Users(fleet.gateways(), random.Random(1))
    roles = cast(VIDEOS, 2)
    watching = asyncio.create_task(users.watch())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(MOST_TIMES * ASKING_SECONDS), asyncio.TaskGroup() as tasks:
                for role in roles:
                    tasks.create_task(users.play(role))
                    await asyncio.sleep(ASKING_SECONDS / len(roles))
    finally:
        watching.cancel()
        await users.client.aclose()
    return list(users.videos)


@contextmanager
def _prometheus(folder: Path, fleet: Fleet) -> Iterator[str]:
    """Run a Prometheus that asks every process of the fleet."""
    assert PROMETHEUS is not None
    home = folder / "prometheus"
    home.mkdir()
    [port] = free_ports(1)
    (home / "alerts.yml").write_text(write_rules())
    (home / "prometheus.yml").write_text(yaml.safe_dump(_settings(fleet)))
    command = [PROMETHEUS, f"--config.file={home / 'prometheus.yml'}"]
    command += [f"--storage.tsdb.path={home / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    command += ["--enable-feature=exemplar-storage", "--log.level=warn"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/-/ready")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _settings(fleet: Fleet) -> Mapping[str, Any]:
    each = [(f"127.0.0.1:{replica.port}", replica.service) for replica in fleet.replicas]
    targets = [{"targets": [at], "labels": {"component": name}} for at, name in each]
    known = dict(describe_scrapes([{"static_configs": targets}]))
    often = {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": f"{SCRAPE_SECONDS}s"}
    return {**known, "global": often}


def _wait_for(url: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=1).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{url} does not answer")
