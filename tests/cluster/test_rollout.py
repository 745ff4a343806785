"""A rollout: every process is told to end in the midst of its work, and the next ones go on."""

import asyncio
import json
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.jobs.ledger import JOBS
from shared.ports import Is
from tests.cluster.figures import FIGURES
from tests.cluster.fleet import Replica
from tests.cluster.report import report
from tests.cluster.servers import Servers
from tests.cluster.storm import Storm, storm

pytestmark = [pytest.mark.cluster, pytest.mark.alone]

NAME = f"rollout{random.SystemRandom().randrange(10**6)}"
END_SECONDS, START_SECONDS = 20.0, 3.0
WAIT_SECONDS = 90.0


async def test_processes_end_in_time_and_start_in_time_in_the_midst_of_work(tmp_path: Path) -> None:
    servers = Servers.of_this_run()
    servers.up()
    async with storm(servers, tmp_path, NAME, copies=1) as s:
        await s.ask(2, 0.1, duration=20)
        await until_at_work(s, {"image", "clip", "conform"})
        ended = await asyncio.to_thread(end_all, s.fleet.replicas)
        started = {r.service: await asyncio.to_thread(start, s, r) for r in s.fleet.replicas}
        ends = await s.ended(WAIT_SECONDS)
        assert {end["status"] for end in ends} == {"completed"}
        await report(s, NAME)
    FIGURES.others.append(
        f"FIGURE rollout sigterm_to_exit_max_s={max(ended.values()):.1f} "
        f"cold_start_max_s={max(started.values()):.1f}"
    )
    assert max(ended.values()) < END_SECONDS, ended
    assert max(started.values()) < START_SECONDS, started


async def until_at_work(s: Storm, kinds: set[str]) -> None:
    """Wait until jobs of all these kinds have been begun, and some are in hand."""
    async with s.store() as store, asyncio.timeout(WAIT_SECONDS):
        while True:
            begun = await store.find(JOBS, {"attempt": Is(">", 0)})
            in_hand = [job for job in begun if job["state"] in {"submitting", "storing"}]
            if in_hand and {job["spec"]["kind"] for job in begun} >= kinds:
                return
            await asyncio.sleep(0.05)


def end_all(replicas: Sequence[Replica]) -> dict[str, float]:
    """Tell all to end at once; return how many seconds each took."""
    began = time.monotonic()
    for replica in replicas:
        assert replica.process is not None
        replica.process.send_signal(signal.SIGTERM)
    took = {}
    for replica in replicas:
        assert replica.process is not None
        assert replica.process.wait(60) == 0, replica.log
        *_, last = replica.log.read_text().splitlines()
        assert json.loads(last)["message"] == "left"
        took[replica.service] = time.monotonic() - began
    return took


def start(s: Storm, replica: Replica) -> float:
    """Start one; return after how many seconds it was ready."""
    began = time.monotonic()
    replica.start()
    s.fleet.wait_ready([replica])
    return time.monotonic() - began
