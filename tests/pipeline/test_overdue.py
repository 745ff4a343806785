"""A video that runs for too long is given up, whatever it waits for."""

import asyncio
from pathlib import Path

from shared.jobs.job import Rules
from shared.jobs.ledger import JOBS
from shared.store.sqlite import SqliteStore
from shared.story.events import RevisionRequested, VideoCompleted, VideoFailed, VideoOverdue
from shared.story.kinds import IMAGE
from shared.story.running import LONGEST_STEP_MS
from tests.clock import Clock
from tests.pipeline.world import brief, world

TWO_HOURS = 2 * 60 * 60_000


async def test_a_video_that_hangs_is_given_up_by_the_next_sweep(tmp_path: Path) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "storywave.db", clock=clock)
    patient = Rules(lease_ms=10 * TWO_HOURS)  # its worker is alive: nobody else takes its jobs
    async with world(tmp_path, store=store, rules=patient, latency=lambda job: 3_600.0) as w:
        await w.request("v", brief(2, 1))
        shell = w.app.shell("stitcher")
        while not await shell.view("v"):
            await shell.sweep()
        for _ in range(19):  # looks are some five minutes apart, and these are not yet two hours
            clock.move(LONGEST_STEP_MS)
            await shell.sweep()
        view = await shell.view("v")
        assert view is not None and not view.all(VideoFailed)
        for _ in range(3):
            clock.move(LONGEST_STEP_MS)
            await shell.sweep()
        end = await w.ended("v")
        assert isinstance(end, VideoFailed)
        assert (end.phase, end.rev) == ("deadline", 1)
        known = await w.app.shell("gateway").view("v")
        assert known is not None and known.latest(VideoOverdue) is not None


async def test_an_old_video_can_still_be_changed(tmp_path: Path) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "storywave.db", clock=clock)
    async with world(tmp_path, store=store) as w:
        await w.request("v", brief(2, 1))
        assert isinstance(await w.ended("v"), VideoCompleted)
        clock.move(5 * TWO_HOURS)
        asked = RevisionRequested(video_id="v", rev=2, action="reframe", aspect="1:1")
        await w.app.shell("gateway").emit([asked])
        async with asyncio.timeout(20):
            while True:
                view = await w.app.shell("gateway").view("v")
                assert view is not None and not view.all(VideoFailed)
                if any(end.rev == 2 for end in view.all(VideoCompleted)):
                    break
                await asyncio.sleep(0.01)


async def test_a_video_that_was_stopped_for_a_night_goes_on_in_the_morning(tmp_path: Path) -> None:
    clock = Clock()
    async with world(
        tmp_path,
        store=SqliteStore(tmp_path / "storywave.db", clock=clock),
        latency=lambda job: 0.3,
    ) as w:
        await w.request("v", brief(3, 2))
        while not await w.store.find(JOBS, {"state": "done", "spec.kind": IMAGE.name}):
            await asyncio.sleep(0.01)
    clock.move(5 * TWO_HOURS)
    async with world(tmp_path, store=SqliteStore(tmp_path / "storywave.db", clock=clock)) as w:
        assert isinstance(await w.ended("v"), VideoCompleted)
