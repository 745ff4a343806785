"""What an operator types beside services that run: it says what it did, and disturbs nobody."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from shared.jobs.gate import MONEY
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.jobs.rows import to_doc
from shared.ports import Is, Update
from shared.story.events import AttemptSettled
from shared.story.kinds import CLIP
from tests.cluster.fleet import PROGRAM
from tests.cluster.servers import CHECKOUT, Servers
from tests.cluster.storm import Storm, storm
from tests.histories import full_plan, spec
from tests.prices import CENT

pytestmark = pytest.mark.cluster

NAME = f"commands{random.SystemRandom().randrange(10**6)}"
PARTITIONS = 2


async def test_commands_say_what_they_did_and_join_no_group(tmp_path: Path) -> None:
    servers = Servers.of_this_run()
    servers.up()
    known = {"STORYWAVE_ENGINE": "rehearsal", "STORYWAVE_KAFKA_PARTITIONS": str(PARTITIONS)}
    async with storm(servers, tmp_path, NAME, known, copies=1) as s:
        await s.ask(1, 0, duration=10)
        await s.ended(60)
        lost, joined = await lose_a_job(s), count_joined(s)
        assert f"{lost.id}  attempt 1  held $0.25" in await call(s, "jobs", "unresolved")
        settled = await call(s, "jobs", "unresolved", "--drop", lost.id, "--charged", "0.10")
        assert "its attempt counts as having cost $0.10" in settled
        assert await call(s, "jobs", "unresolved") == "no job is unresolved\n"
        assert "facts are told again, by the services" in await call(s, "replay", s.videos[0])
        assert "nothing is wrong" in await call(s, "doctor")
        wide = {"STORYWAVE_KAFKA_PARTITIONS": str(PARTITIONS + 1)}
        assert "`storywave topics --grow` adds them" in await call(s, "doctor", code=1, known=wide)
        refused = await call(s, "budget", s.videos[0], "5.00", code=2)
        assert f"PATCH /v1/videos/{s.videos[0]}" in refused
        await until_told(s)
        assert count_joined(s) == joined, "a command came into the groups of the services"


async def call(s: Storm, *words: str, code: int = 0, known: Mapping[str, str] | None = None) -> str:
    """Run a command as in a container, where nothing but the folder of work can be written to."""
    elsewhere = {"STORYWAVE_DATA": "/proc/none", "STORYWAVE_SCRATCH": str(s.fleet.folder / "cli")}
    environment = {**os.environ, **s.fleet.environment, **elsewhere, **(known or {})}
    ended = await asyncio.to_thread(run, words, environment)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout if code == 0 else ended.stdout + ended.stderr


def run(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *PROGRAM, *words],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def lose_a_job(s: Storm) -> Job:
    """Write a paid job of which nobody knows what became of it."""
    plan = full_plan(video_id=s.videos[0])
    lost = Job(
        spec=spec(plan, CLIP, n=91),
        state=State.FAILED,
        attempt=1,
        posted_attempt=1,
        unresolved=True,
        finished_at=1,
    )
    async with s.store() as store:
        await store.insert(JOBS, [to_doc(lost)])
        hold = {f"holds.{lost.hold}": {"reserved": 25 * CENT}}
        assert await store.update(MONEY, [Update(s.videos[0], set=hold)])
    return lost


async def until_told(s: Storm) -> None:
    """Wait until the services have told what the command has only written down."""
    async with s.store() as store, asyncio.timeout(30):
        assert await store.count(OUTBOX, {"name": AttemptSettled.__name__}) == 1
        while await store.count(OUTBOX, {"publish_at": Is("present")}):
            await asyncio.sleep(0.2)


def count_joined(s: Storm) -> int:
    """Return how often processes were given partitions: each time that their group changed."""
    return sum(line.get("action") == "assigned" for line in s.fleet.lines())
