"""The drill: everything is lost, and what was backed up is enough to finish what was in flight."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.chaos.outcome import Outcome
from benchmarks.chaos.roles import Role
from benchmarks.chaos.target import Target
from benchmarks.chaos.truth import compare, find_wrong_ends
from benchmarks.chaos.users import Users
from benchmarks.provider import StandInProcess
from tests.cluster import backup
from tests.cluster.config import NAMES
from tests.cluster.servers import CHECKOUT, Servers

pytestmark = pytest.mark.cluster

VIDEOS = 2
PACE = 20.0
LIMIT = 200.0


async def test_after_everything_was_lost_a_backup_finishes_what_was_paid_for(
    tmp_path: Path,
) -> None:
    servers = Servers(tmp_path / "servers")
    servers.up()
    provider = StandInProcess(tmp_path / "replicate", PACE)
    target = Target(tmp_path, provider.environment, servers)
    try:
        await provider.start(7, create_burst=30, list_lag=1.5, shrink=8)
        await asyncio.to_thread(target.fleet.start, 1)
        async with asyncio.timeout(LIMIT):
            await _drill(tmp_path, servers, provider, target)
    finally:
        await asyncio.to_thread(target.stop)
        provider.stop()
        servers.down(wipe=True)


async def _drill(folder: Path, servers: Servers, provider: StandInProcess, target: Target) -> None:
    users = Users(target.fleet.gateways(), random.Random(7))
    watching = asyncio.create_task(users.watch())
    playing = [asyncio.create_task(users.play(Role(n, "plain"))) for n in range(VIDEOS)]
    await _until_amid(provider)
    paid_before = len(provider.read_runs())
    _kill_all(target)
    await _lose_and_restore(folder, servers, target)
    await asyncio.to_thread(_start_again, target)
    for video in users.videos:  # Kafka's own records are gone: all facts are told again
        await asyncio.to_thread(_replay, target, video)
    await asyncio.gather(*playing)
    watching.cancel()
    await users.settle(30)
    await users.client.aclose()
    assert find_wrong_ends(users.videos, users.ended) == []
    assert len(provider.read_runs()) > paid_before, "nothing was in flight"
    outcome = Outcome("backup")
    compare(outcome, await target.read_rows(), provider.read_runs(), provider.judge())
    assert outcome.paid_twice == []
    assert outcome.over_budget == []
    assert outcome.lost == []


async def _until_amid(provider: StandInProcess) -> None:
    """Wait until some clips are paid for and made, and others are under way."""
    while True:
        runs = [run for run in provider.read_runs() if run.kind == "clip"]
        ended = sum(run.status == "succeeded" for run in runs)
        if ended >= 2 and len(runs) > ended:
            return
        await asyncio.sleep(0.1)


def _kill_all(target: Target) -> None:
    for replica in target.fleet.replicas:
        replica.signal(signal.SIGKILL)


async def _lose_and_restore(folder: Path, servers: Servers, target: Target) -> None:
    """Back everything up as the dead left it, lose all three servers, and restore two of them."""
    known = target.fleet.environment
    uri, database = known["STORYWAVE_MONGO"], known["STORYWAVE_MONGO_DATABASE"]
    endpoint = known["STORYWAVE_S3_ENDPOINT"]
    rows = await asyncio.to_thread(backup.dump_rows, uri, database, folder / "rows")
    blobs = await backup.dump_blobs(endpoint, folder / "blobs")
    await asyncio.to_thread(servers.down)
    for name in NAMES:
        shutil.rmtree(servers.folder / name)
    await asyncio.to_thread(servers.up)
    assert await asyncio.to_thread(backup.restore_rows, uri, database, folder / "rows") == rows
    assert await backup.restore_blobs(endpoint, folder / "blobs") == blobs
    assert rows > 0
    assert blobs > 0


def _start_again(target: Target) -> None:
    for replica in target.fleet.replicas:
        replica.start()
    target.fleet.wait_ready(target.fleet.replicas)


def _replay(target: Target, video: str) -> None:
    command = [sys.executable, "-m", "services.cli", "replay", video]
    subprocess.run(
        command,
        cwd=CHECKOUT,
        env=os.environ | dict(target.fleet.environment),
        check=True,
        timeout=60,
    )
