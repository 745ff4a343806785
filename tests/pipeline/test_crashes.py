"""A process that dies at every single step: nothing is lost, nothing finished is run again.

A step is a call to the store, the bus or the blobs. A life ends before or after one of them takes
effect: from then on nothing that it does reaches the outside. The next life starts on what is left.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.bus.local import LocalBus
from shared.jobs.ledger import JOBS
from shared.runtime.app import Parts, Ports, run_services
from shared.store.sqlite import SqliteStore
from shared.story.events import VideoCompleted
from shared.story.kinds import KINDS
from tests.clock import Clock
from tests.mortal import Death, Mortal
from tests.pipeline.world import PACE, QUICK, SERVICES, Counting, World, brief

STORE = frozenset({"insert", "get", "update", "find", "count", "delete"})
WRITES = frozenset({"insert", "update", "delete"})


@asynccontextmanager
async def life(
    folder: Path, death: Death, steps: frozenset[str], clock: Clock
) -> AsyncIterator[tuple[World, asyncio.Event]]:
    gone = asyncio.Event()
    real = SqliteStore(folder / "storywave.db", clock)
    store: Any = Mortal(real, death, steps & STORE, gone)
    queues = LocalBus(graceful_seconds=0.2)
    bus: Any = Mortal(queues, death, steps & {"publish"}, gone)
    engine = Counting(real)
    blobs = DiskBlobs(folder / "blobs")
    parts = Parts(
        Ports(store, bus, blobs),
        KINDS,
        dict.fromkeys(KINDS, engine),
        folder / "work",
        Pool(1),
        rules=QUICK,
        pace=PACE,
        drain_seconds=0.2,
    )
    async with run_services(parts, SERVICES) as app:
        yield World(app, real, queues, engine), gone


async def one_death(
    folder: Path, step: int, after: bool, steps: frozenset[str]
) -> tuple[bool, list[str]]:
    """Whether that step was ever reached, and what was run again although it was finished."""
    wanted, clock = brief(2, 2), Clock()
    async with life(folder, Death(step, after), steps, clock) as (w, gone):
        try:
            await w.request("v", wanted)
            ending = asyncio.create_task(w.ended("v"))
            dying = asyncio.create_task(gone.wait())
            await asyncio.wait({ending, dying}, return_when=asyncio.FIRST_COMPLETED)
            ending.cancel()
            dying.cancel()
        except asyncio.CancelledError:
            pass  # the request itself died; its user asks again
        first = w.engine
    clock.move(QUICK.lease_ms)  # the claims of the dead have run out
    async with life(folder, Death(None, False), steps, clock) as (w, _):
        if await w.app.shell("gateway").view("v") is None:
            await w.request("v", wanted)
        end = await w.ended("v")
        assert isinstance(end, VideoCompleted), end
        rows = await w.store.find(JOBS, {})
        assert all(row["state"] == "done" for row in rows) and len(rows) == 15
        return gone.is_set(), first.rerun + w.engine.rerun


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_death_at_every_write_and_publish(tmp_path: Path, after: bool) -> None:
    await die_everywhere(tmp_path, after, WRITES | {"publish"})


async def die_everywhere(tmp_path: Path, after: bool, steps: frozenset[str]) -> None:
    deaths, rerun, reached = 0, [], True
    while reached:
        reached, again = await one_death(tmp_path / f"{deaths}", deaths, after, steps)
        rerun += again
        deaths += reached
    print(f"FIGURE crashes after={int(after)} deaths={deaths} lost=0 rerun={len(rerun)}")
    assert deaths > 50 and not rerun
