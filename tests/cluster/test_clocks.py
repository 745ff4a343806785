"""The clocks of all processes are wrong, by two minutes between them, and then they leap."""

import asyncio
import json
import os
import random
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from benchmarks.chaos.target import Target
from benchmarks.provider import StandInProcess
from tests.cluster.clocks import needs_libfaketime, shift
from tests.cluster.judging import PACE, Market
from tests.cluster.servers import Servers
from tests.engines.replicate.provider import needs_client

pytestmark = [pytest.mark.cluster, needs_client, needs_libfaketime]

WRONG_SECONDS = 60.0


@pytest.mark.parametrize("wrong", [60, -60])
def test_only_the_date_of_a_wrong_clock_is_wrong(tmp_path: Path, wrong: int) -> None:
    told = "import time; a = time.monotonic(); time.sleep(0.2); print(time.monotonic() - a)"
    environment = {**os.environ, **shift(wrong, tmp_path / "clock")}
    slept = subprocess.run(
        [sys.executable, "-c", told], env=environment, check=True, capture_output=True
    )
    assert 0.2 <= float(slept.stdout) < 2


async def test_wrong_clocks_end_no_lease_early_and_start_nothing_again(tmp_path: Path) -> None:
    servers = Servers.of_this_run()
    servers.up()
    provider = StandInProcess(tmp_path / "replicate", PACE)
    name = f"clocks{random.SystemRandom().randrange(10**6)}"
    target = Target(tmp_path, provider.environment, servers, clocks=WRONG_SECONDS, name=name)
    market = Market(target, provider)

    async def leap() -> None:
        await asyncio.sleep(3)
        target.fleet.leap()
        dead = await asyncio.to_thread(list_dead, market)
        assert not dead, "a process is not dead because its clock has leapt"

    try:
        await provider.start(1, create_burst=30, shrink=8)
        await target.start()
        check_clocks_are_wrong(market)
        users = await market.play([leap, leap, leap])
        assert await market.judge(users, tmp_path) == {}
        assert set(provider.read_answers_to_hooks()) == {"204"}
    finally:
        await asyncio.to_thread(target.stop)
        provider.stop()


def check_clocks_are_wrong(market: Market) -> None:
    """Each process has another time than the disk with its log: else all this says little."""
    for replica in market.replicas:
        lines = replica.log.read_text().splitlines()
        last = json.loads([line for line in lines if line.startswith("{")][-1])
        said = datetime.fromisoformat(last["time"]).timestamp()
        assert abs(said - replica.log.stat().st_mtime) > WRONG_SECONDS / 2, replica.log


def list_dead(market: Market) -> list[str]:
    asked = {r.log.stem: httpx.get(f"{r.url}/healthz", timeout=10) for r in market.replicas}
    return [f"{name}: {answer.text}" for name, answer in asked.items() if answer.status_code != 200]
