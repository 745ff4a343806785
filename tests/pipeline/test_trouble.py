"""Trouble is private: what is wrong with one video holds up no other. On both stores."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.jobs.times import mend_times
from shared.jobs.unreadable import PUT_OFF, PUT_OFF_MS
from shared.ports import Is, Update
from shared.runtime.service import Service
from shared.story.events import (
    DeadLettered,
    RevisionRequested,
    VideoCompleted,
    VideoFailed,
    VideoSteered,
)
from shared.story.kinds import ImageReady
from tests.contracts.adapters import STORES, Stores
from tests.histories import full_plan, whole
from tests.pipeline.world import SERVICES, World, brief, world

HOUR_MS = 3_600_000
CHUNKER, PLANNER, STITCHER = (
    next(service for service in SERVICES if service.name == name)
    for name in ("chunker", "planner", "stitcher")
)


@pytest.fixture(params=STORES)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    stores = Stores(request.param, tmp_path)
    yield stores
    await stores.drop()


@pytest.fixture
async def w(stores: Stores) -> AsyncIterator[World]:
    async with world(stores.folder, store=stores.make()) as w:
        yield w


async def completes(w: World, video: str) -> None:
    end = await w.ended(await w.request(video, brief(1, 1)))
    assert isinstance(end, VideoCompleted), end


async def test_an_event_about_a_job_that_is_none_stops_nobody(w: World) -> None:
    await completes(w, "first")
    await w.bus.publish([ImageReady(video_id="first", job="not-a-job", beat=0, key="k")])
    await w.bus.publish([ImageReady(video_id="stray", job="", beat=-7, key="k")])
    await completes(w, "second")


UNREADABLE: Mapping[str, dict[str, Any]] = {
    "no version": {"unset": ["version"]},
    "a version of nothing": {"set": {"version": 0}},
    "a version that is none": {"set": {"version": "first"}},
    "facts in another form": {"set": {"parts": ["VideoRequested"]}},
    "jobs in another form": {"set": {"released": 7}},
    "a time that is none": {"set": {"check_at": "soon"}},
    "no time at which it was heard of": {"unset": ["heard_at"]},
    "an event of a newer version": {"set": {"parts.ClipRated.0": {"video_id": "odd"}}},
}


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_a_view_that_cannot_be_read_stops_no_other_video(stores: Stores, kind: str) -> None:
    async with world(stores.folder, store=stores.make()) as w:
        await completes(w, "odd")
        for service in SERVICES:
            await w.store.update(service.views, [Update("odd", **UNREADABLE[kind])])
    async with world(stores.folder, store=stores.make()) as w:  # which remembers nothing of it
        asked = RevisionRequested(video_id="odd", rev=2, action="reframe", aspect="1:1")
        await w.bus.publish([VideoSteered(video_id="odd", rev=1), asked])
        await completes(w, "whole")
        await asyncio.gather(*(w.app.shell(service.name).sweep() for service in SERVICES))
        await completes(w, "another")


async def test_a_view_that_cannot_be_read_is_looked_at_ever_more_seldom(stores: Stores) -> None:
    async with world(stores.folder, store=stores.make()) as w:
        await completes(w, "odd")
        await w.store.update(CHUNKER.views, [Update("odd", unset=["version"])])
    async with world(stores.folder, store=stores.make()) as w:
        shell, waits = w.app.shell("chunker"), list[int]()
        await shell.handle([VideoSteered(video_id="odd", rev=1)])
        for _ in range(4):
            doc = (await w.store.get(CHUNKER.views, ["odd"]))["odd"]
            waits.append(doc["check_at"] - w.store.now())
            await shell.handle([VideoSteered(video_id="odd", rev=2)])  # no look: it was told of
            await w.store.update(CHUNKER.views, [Update("odd", set={"check_at": w.store.now()})])
            await shell.sweep()
        assert waits == [pytest.approx(PUT_OFF_MS * 2**n, rel=0.4) for n in range(4)]


async def test_an_outbox_row_that_cannot_be_read_is_looked_at_ever_more_seldom(w: World) -> None:
    odd = {"service": "planner", "name": "VideoFolded", "video_id": "v", "body": {}}
    await w.store.insert(OUTBOX, [{"_id": "odd", "publish_at": 0, **odd}])
    relay, waits = w.app.replicas["planner"].relay, list[int]()
    for _ in range(4):
        await relay.scan()
        row = (await w.store.get(OUTBOX, ["odd"]))["odd"]
        waits.append(row["publish_at"] - w.store.now())
        await w.store.update(OUTBOX, [Update("odd", set={"publish_at": w.store.now()})])
    assert waits == [pytest.approx(PUT_OFF_MS * 2**n, rel=0.4) for n in range(4)]
    await completes(w, "whole")


async def test_one_revision_never_both_fails_and_is_completed(w: World) -> None:
    """A letter of a service that is stuck comes while one image's bill is still on its way."""
    story = [fact for fact in whole(full_plan()) if not isinstance(fact, VideoCompleted)]
    late = [fact for fact in story if isinstance(fact, ImageReady)][:1]
    letter = DeadLettered(
        video_id=story[0].video_id,
        at=10**13,
        service="soundtrack",
        topic="BeatsPlanned",
        position="1",
        error="LookupError: x",
        stuck=True,
    )
    stitcher = w.app.shell("stitcher")
    await stitcher.handle([*(fact for fact in story if fact not in late), letter])
    await stitcher.handle(late)
    rows = await w.store.find(OUTBOX, {"name": Is("in", ["VideoFailed", "VideoCompleted"])})
    assert [row["name"] for row in rows] == ["VideoFailed"]


@pytest.mark.parametrize(("letters", "phase"), [(1_100_000, "gateway"), (600_000, "planner")])
async def test_what_the_bus_cannot_carry_fails_its_video_and_says_so(
    w: World, letters: int, phase: str
) -> None:
    large = brief(1, 1).model_copy(update={"prompt": "x" * letters})
    end = await w.ended(await w.request("large", large))
    assert isinstance(end, VideoFailed)
    assert (end.phase, end.rev) == (phase, 1)
    assert "could not be told to the other services: it is too large" in end.error
    await completes(w, "small")


async def test_what_a_wrong_clock_has_put_far_ahead_is_due_when_it_is_set_right(
    stores: Stores,
) -> None:
    async with world(stores.folder, store=stores.make()) as w:
        await completes(w, "v")
    async with stores.opened() as store:
        ahead = store.now() + HOUR_MS
        end = (await store.find(OUTBOX, {"name": "VideoCompleted"}))[0]["_id"]
        job = (await store.find(JOBS, {"spec.kind": "cut"}))[0]["_id"]
        await store.update(OUTBOX, [Update(end, set={"publish_at": ahead})])
        await store.update(JOBS, [Update(job, set={"publish_at": ahead})])
        await store.update(STITCHER.views, [Update("v", set={"check_at": ahead})])
        assert await mended(store, PLANNER) == 0
        assert await mended(store, STITCHER) == 3
        assert await mended(store, STITCHER) == 0
        far = {PUT_OFF: 9, "check_at": store.now() + 20 * HOUR_MS}
        await store.update(STITCHER.views, [Update("v", set=far)])
        assert await mended(store, STITCHER) == 0, "what nobody can read waits as long as it must"


async def mended(store: Any, service: Service) -> int:
    return sum([await mend_times(store, waiting) for waiting in service.waiting])


async def test_a_starting_process_publishes_what_was_put_far_ahead(stores: Stores) -> None:
    async with world(stores.folder, store=stores.make()) as w:
        await completes(w, "v")
    async with stores.opened() as store:
        end = (await store.find(OUTBOX, {"name": "VideoCompleted"}))[0]["_id"]
        far = {"publish_at": store.now() + 9 * HOUR_MS}
        await store.update(OUTBOX, [Update(end, set=far)])
        other = (await store.find(OUTBOX, {"name": "WavesCompleted"}))[0]["_id"]
        await store.update(OUTBOX, [Update(other, set={**far, PUT_OFF: 9})])
    async with world(stores.folder, store=stores.make()) as w:
        async with asyncio.timeout(10):
            while await w.store.count(OUTBOX, {"publish_at": Is("present")}):
                await asyncio.sleep(0.02)
        assert await w.store.count(OUTBOX, {PUT_OFF: Is("present")}) == 0
