"""Versions side by side, up and down: what one does not know it passes by, and every video ends."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from shared.jobs import unreadable
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.jobs.unreadable import PUT_OFF
from shared.ports import Doc, Is
from shared.story.events import VideoCompleted, VideoFailed
from shared.story.kinds import CLIP, IMAGE
from tests.contracts.adapters import STORES, Stores
from tests.pipeline.versions import (
    INDEXES,
    NEWER,
    OURS,
    SKETCH,
    Hub,
    Process,
    RevisionRequested,
    Shared,
    VideoRecoloured,
)
from tests.pipeline.world import brief

SEED = random.SystemRandom().randrange(10**6)


@pytest.fixture(params=STORES)
async def shared(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shared]:
    print(f"seed={SEED}")
    monkeypatch.setattr(unreadable, "PUT_OFF_MS", 20)  # the first of a row's growing distances
    stores = Stores(request.param, tmp_path, INDEXES)
    async with stores.opened() as store:
        yield Shared(store, tmp_path, Hub(SEED))
    await stores.drop()


async def ask(process: Process, videos: Iterable[str], recolour: bool = False) -> None:
    for video in videos:
        await process.request(video, brief(2, 2))
        if recolour:
            again = RevisionRequested(video_id=video, rev=2, action="recolour")
            await process.emit(again)


async def all_end(shared: Shared, videos: Iterable[str]) -> None:
    """Wait until each of these is completed, as its own row says."""
    missing = set(videos)
    async with asyncio.timeout(40):
        while missing:
            ended = {"name": Is("in", [VideoCompleted.__name__, VideoFailed.__name__])}
            rows = await shared.store.find(OUTBOX, ended)
            assert not [row for row in rows if row["name"] == VideoFailed.__name__], rows
            missing -= {row["video_id"] for row in rows}
            await asyncio.sleep(0.02)


async def recoloured(shared: Shared, videos: Iterable[str]) -> None:
    """Wait until the newer planner has answered what perhaps an older one has heard."""
    missing = set(videos)
    async with asyncio.timeout(40):
        while missing:
            rows = await shared.store.find(OUTBOX, {"name": VideoRecoloured.__name__})
            missing -= {row["video_id"] for row in rows}
            await asyncio.sleep(0.02)


async def check(shared: Shared, videos: int) -> None:
    """Nothing was lost, and nothing was done twice."""
    rows = await shared.store.find(JOBS, {})
    jobs = [job for job in rows if not _is_spare(job)]
    assert {job["state"] for job in jobs} == {"done"}
    assert not [job for engine in shared.engines for job in engine.rerun]
    runs = Counter[str]()
    for engine in shared.engines:
        runs += engine.runs
    assert {job["_id"] for job in jobs} <= set(runs) <= {job["_id"] for job in rows}
    plans = [job for job in jobs if job["spec"]["kind"] == "plan"]
    assert len(plans) == videos


def _is_spare(job: Doc) -> bool:
    """Tell whether a job was called off: no film waits for a sketch, so it may come too late."""
    return bool(job["spec"]["kind"] == SKETCH.name and job["state"] == "cancelled")


async def find_jobs(shared: Shared, kind: str) -> list[Doc]:
    return await shared.store.find(JOBS, {"spec.kind": kind})


async def test_side_by_side_every_video_ends_and_nothing_invented_is_lost(shared: Shared) -> None:
    new, old = [f"n{i}" for i in range(4)], [f"o{i}" for i in range(4)]
    async with shared.process(OURS) as ours, shared.process(NEWER) as newer:
        await ask(newer, new, recolour=True)
        await ask(ours, old)
        await all_end(shared, [*new, *old])
        await recoloured(shared, new)
        await settled(shared)
    await check(shared, 8)
    images = await find_jobs(shared, IMAGE.name)
    assert {job["spec"]["input"].get("mood") for job in images} == {"dusk", None}
    clips = await find_jobs(shared, CLIP.name)
    assert {job["spec"]["input"]["kind"] for job in clips} >= {"loop"}
    assert await find_jobs(shared, SKETCH.name)


async def settled(shared: Shared) -> None:
    """Wait until nothing is put off any more, and all is told."""
    left = [(JOBS, "due_at"), (JOBS, "tag"), (JOBS, "publish_at"), (OUTBOX, "publish_at")]
    async with asyncio.timeout(40):
        while any([await shared.store.count(name, {at: Is("present")}) for name, at in left]):
            await asyncio.sleep(0.02)


async def test_an_upgrade_under_way_ends_every_video(shared: Shared) -> None:
    videos = [f"v{i}" for i in range(6)]
    async with shared.process(NEWER) as newer:
        async with shared.process(OURS) as ours:
            await ask(ours, videos[:3])
            await ask(newer, videos[3:], recolour=True)
            await until_begun(shared, videos)
        await all_end(shared, videos)
        await recoloured(shared, videos[3:])
        await settled(shared)
        kept = await shared.store.find("views.planner", {PUT_OFF: Is("present")})
        assert not kept, "what the older one could not read is read"
    await check(shared, 6)


async def test_a_downgrade_under_way_ends_every_video_that_ours_can_make(shared: Shared) -> None:
    """And the others wait, without harm, for the newer one to come back."""
    new, old = [f"n{i}" for i in range(3)], [f"o{i}" for i in range(3)]
    async with shared.process(OURS) as ours:
        async with shared.process(NEWER, hands=1) as newer:
            await ask(newer, new, recolour=True)
            await until_begun(shared, new)
        await ask(ours, old)
        await all_end(shared, old)
        states = {job["state"] for job in await shared.store.find(JOBS, {})}
        assert "failed" not in states
    async with shared.process(NEWER):
        await all_end(shared, new)
        await recoloured(shared, new)
        await settled(shared)
    await check(shared, 6)


async def until_begun(shared: Shared, videos: Iterable[str]) -> None:
    """Wait until each of these has a clip that is asked for."""
    missing = set(videos)
    async with asyncio.timeout(40):
        while missing:
            missing -= {job["spec"]["video_id"] for job in await find_jobs(shared, CLIP.name)}
            await asyncio.sleep(0.005)


async def test_what_ours_alone_has_heard_and_cannot_read_is_there_for_a_newer_one(
    shared: Shared,
) -> None:
    async with shared.process(OURS) as ours:
        await ask(ours, ["v"])
        await all_end(shared, ["v"])
        await shared.hub.publish([RevisionRequested(video_id="v", rev=2, action="recolour")])
        kept = {"parts.RevisionRequested.2.action": "recolour"}
        async with asyncio.timeout(20):
            while not await shared.store.count("views.planner", {**kept, PUT_OFF: Is("present")}):
                await asyncio.sleep(0.02)
        await ask(ours, ["w"])
        await all_end(shared, ["w"])
    async with shared.process(NEWER):
        await recoloured(shared, ["v"])
    assert await shared.store.count("views.planner", {**kept, PUT_OFF: None}) == 1
