"""Deleting a video: nothing of it stays but tombstones, and nothing ever starts it again."""

import asyncio
import json
import random
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.gateway.errors.problems import NoSuchVideo, NotNow, VideoGone
from services.gateway.parts import Gateway, build_gateway
from services.gateway.read.actions import Action, Status
from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.bus.chaos import Chaos
from shared.bus.local import LocalBus
from shared.jobs.gate import Hold, Verdict
from shared.jobs.ledger import JOBS, RUNS
from shared.jobs.relay import OUTBOX
from shared.jobs.untold import UNTOLD
from shared.ports import Store
from shared.runtime.app import Parts, Ports, run_services
from shared.runtime.purge import AGAIN_MS
from shared.store.sqlite import SqliteStore
from shared.story.events import Event, VideoDeleted, VideoRequested
from shared.story.kinds import CLIP, CUT, IMAGE, KINDS, ImageReady
from tests.clock import Clock
from tests.mortal import Death, Mortal
from tests.pipeline.world import PACE, QUICK, SERVICES, Counting, World, brief, world

OWNER = "local"
WANTED = brief(3, 2)


@asynccontextmanager
async def stack(folder: Path, seed: int = 1, **known: Any) -> AsyncIterator[tuple[World, Gateway]]:
    chaos = Chaos(seed=seed, shuffle=True, double=0.5)
    async with world(folder, chaos=chaos, **known) as w:
        gateway = build_gateway(w.app)
        try:
            yield w, gateway
        finally:
            gateway.close()


async def gone(gateway: Gateway, video: str = "v") -> VideoGone:
    """Wait until a video is deleted; return how its owner is told."""
    async with asyncio.timeout(60):
        while True:
            try:
                await gateway.videos.read_status(video, OWNER)
            except VideoGone as told:
                return told
            await asyncio.sleep(0.01)


async def buried(w: World, video: str = "v") -> None:
    """Wait until every service has its tombstone, and has deleted what it owned."""
    still: list[str] = []
    try:
        async with asyncio.timeout(60):
            while still := await find_unburied(w, video):
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"of {video} there is still {still}") from None


async def find_unburied(w: World, video: str) -> list[str]:
    """Return what is left of a video, and who has not put its tombstone off by a day."""
    docs = {s.name: (await w.store.get(s.views, [video])).get(video, {}) for s in SERVICES}
    later = w.store.now() + AGAIN_MS // 2
    early = [f"{name}: {doc}" for name, doc in docs.items() if doc.get("check_at", 0) <= later]
    return early + await left(w, video)


async def told(w: World, video: str) -> None:
    """Wait until no list of ends that are still to be told names a video: these empty by time."""
    async with asyncio.timeout(60):
        while any(each.startswith(f"{UNTOLD} ") for each in await left(w, video)):
            await asyncio.sleep(0.01)


async def left(w: World, video: str = "v", but: tuple[str, ...] = ("usage", "audit")) -> list[str]:
    """Return all rows, blobs and files that name a video and are no tombstones."""
    found = list[str]()
    for table in await tables(w.store):
        for row in await w.store.find(table, {}) if table not in but else []:
            is_stone = row["_id"] == f"{video}/VideoDeleted/0" or (
                table.startswith("views.") and set(row.get("parts", {})) == {"VideoDeleted"}
            )
            if video in json.dumps(row) and not is_stone:
                found.append(f"{table} {row['_id']}")
    found += await w.app.ports.blobs.keys(f"{video}/")
    assert isinstance(w.app.ports.blobs, DiskBlobs)
    folder = w.app.ports.blobs._folder  # noqa: SLF001
    return found + [str(path) for path in folder.rglob("*") if path.name == video]


async def tables(store: Store) -> list[str]:
    """Return the collections that there are: whatever a test forgot to name is among them."""
    assert isinstance(store, SqliteStore)
    rows = await store._do(  # noqa: SLF001
        lambda db: db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    )
    return [name for (name,) in rows]


VIDEO, OTHER = "video-of-this-test", "another-of-it"


@pytest.mark.parametrize("seed", range(3))
async def test_of_a_finished_video_nothing_is_left_but_tombstones(
    tmp_path: Path, seed: int
) -> None:
    async with stack(tmp_path, seed) as (w, gateway):
        await w.request(OTHER, WANTED)
        await w.request(VIDEO, WANTED)
        await w.ended(VIDEO)
        await w.ended(OTHER)
        blobs = w.app.ports.blobs
        await blobs.put(f"{VIDEO}/image/0-0-0-9/key.png", b"of an attempt that lost its claim")
        await told(w, OTHER)
        others = await left(w, OTHER)
        await w.store.insert(RUNS, [{"_id": "replicate:x", "job": f"{VIDEO}/image/0/0/0"}])
        assert await gateway.wishes.delete(VIDEO, OWNER)
        await buried(w, VIDEO)
        assert await gateway.wishes.delete(VIDEO, OWNER), "once more is as good"
        assert await w.store.get(RUNS, ["replicate:x"]), "no other job may take it for its own"
        assert await left(w, OTHER) == others
        assert [v.id for v in (await gateway.videos.list_page(OWNER, None, 20)).videos] == []


@pytest.mark.parametrize("kind", [IMAGE, CLIP, CUT], ids=str)
async def test_a_video_that_is_made_is_deleted_once_its_work_has_ended(
    tmp_path: Path, kind: Any
) -> None:
    async with stack(tmp_path) as (w, gateway):
        hold = w.engine.held[kind.name] = asyncio.Event()
        await w.request(VIDEO, WANTED)
        async with asyncio.timeout(20):
            while not any(f"/{kind}/" in job for job in w.engine.runs):
                await asyncio.sleep(0.01)
        assert not await gateway.wishes.delete(VIDEO, OWNER)
        assert not await gateway.wishes.delete(VIDEO, OWNER), "it is asked for already"
        now = await gateway.videos.read_status(VIDEO, OWNER)
        assert now.status is Status.DELETING and now.actions == (Action.DELETE,)
        for refused in (Action.PAUSE, Action.RESUME, Action.CANCEL):
            with pytest.raises(NotNow, match="deleting"):
                await gateway.wishes.steer(VIDEO, OWNER, refused)
        with pytest.raises(NotNow, match="deleting"):
            await gateway.wishes.retry(VIDEO, OWNER)
        begun = set(w.engine.runs)
        hold.set()
        await gone(gateway, VIDEO)
        await buried(w, VIDEO)
        assert set(w.engine.runs) == begun, "nothing more was begun"


async def test_old_events_and_late_workers_write_nothing_that_stays(tmp_path: Path) -> None:
    async with stack(tmp_path) as (w, gateway):
        await w.request(VIDEO, WANTED)
        await w.ended(VIDEO)
        rows = await w.store.find(OUTBOX, {"video_id": VIDEO})
        jobs = await w.store.find(JOBS, {"spec.video_id": VIDEO})
        old: list[Event] = [KINDS.parse(row["name"], row["body"]) for row in rows]
        old.append(ImageReady(video_id=VIDEO, beat=0, job=f"{VIDEO}/image/0/0/0", key="k"))
        await gateway.wishes.delete(VIDEO, OWNER)
        await buried(w, VIDEO)
        runs = w.engine.runs.total()
        # a service that wrote its view a moment before inserts what it had decided
        await w.store.insert(JOBS, [row | {"state": "new", "tag": 0.0} for row in jobs])
        await w.store.insert(OUTBOX, rows)
        await w.app.ports.blobs.put(f"{VIDEO}/clip/0-0-0-7/key.mp4", b"late")
        random.Random(3).shuffle(old)
        for event in [*old, *old]:
            await w.bus.publish([event])
        await w.bus.wait_until_idle()
        await buried(w, VIDEO)
        assert w.engine.runs.total() == runs, "no engine was asked for anything"
        assert await w.app.gate.reserve(Hold(VIDEO, "a:1", 0)) is Verdict.CANCELLED
        await w.app.shell("gateway").emit([VideoRequested(video_id=VIDEO, brief=WANTED)])
        await buried(w, VIDEO)
        assert isinstance(await gone(gateway, VIDEO), VideoGone)


async def test_who_owned_it_is_told_that_it_is_gone_and_nobody_else_that_it_was(
    tmp_path: Path,
) -> None:
    async with stack(tmp_path) as (w, gateway):
        await w.request(VIDEO, WANTED)
        await w.ended(VIDEO)
        with pytest.raises(NoSuchVideo):
            await gateway.wishes.delete(VIDEO, "somebody")
        await gateway.wishes.delete(VIDEO, OWNER)
        with pytest.raises(VideoGone):
            await gateway.videos.find(VIDEO, OWNER)
        for other in ("somebody", ""):
            with pytest.raises(NoSuchVideo):
                await gateway.videos.find(VIDEO, other)


async def test_a_service_that_never_heard_of_a_video_keeps_its_tombstone(tmp_path: Path) -> None:
    async with stack(tmp_path) as (w, _):
        await w.bus.publish([VideoDeleted(video_id=VIDEO, at=w.store.now())])
        await w.bus.wait_until_idle()
        await w.bus.publish([VideoRequested(video_id=VIDEO, brief=WANTED)])
        await w.bus.wait_until_idle()
        assert await left(w, VIDEO) == [] and not w.engine.runs


async def test_a_day_later_it_is_deleted_once_more_and_then_left_alone(tmp_path: Path) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "storywave.db", clock)
    async with stack(tmp_path, store=store) as (w, gateway):
        await w.request(VIDEO, WANTED)
        await w.ended(VIDEO)
        await gateway.wishes.delete(VIDEO, OWNER)
        await buried(w, VIDEO)
        late = f"{VIDEO}/clip/0-0-0-7/key.mp4"
        await w.app.ports.blobs.put(late, b"of a worker that stood still")
        clock.move(AGAIN_MS + 1)
        async with asyncio.timeout(20):
            while await w.app.ports.blobs.keys(late) or any(
                ["check_at" in (await w.store.get(s.views, [VIDEO]))[VIDEO] for s in SERVICES]
            ):
                for service in SERVICES:
                    await w.app.shell(service.name).sweep()
                await asyncio.sleep(0.01)


# ── a death at every step ───────────────────────────────────────────────────────────────────────

STEPS = frozenset({"insert", "update", "delete", "publish", "keys"})


@asynccontextmanager
async def life(
    folder: Path, death: Death, clock: Clock
) -> AsyncIterator[tuple[World, asyncio.Event]]:
    ended = asyncio.Event()
    real = SqliteStore(folder / "storywave.db", clock)
    store: Any = Mortal(real, death, STEPS, ended)
    queues = LocalBus(graceful_seconds=0.2)
    bus: Any = Mortal(queues, death, STEPS, ended)
    whole = DiskBlobs(folder / "blobs")
    blobs: Any = Mortal(whole, death, STEPS, ended)
    engine = Counting(real)
    engines = dict.fromkeys(KINDS, engine)
    ports = Ports(store, bus, blobs)
    known: Any = {"rules": QUICK, "pace": PACE, "drain_seconds": 0.2}
    parts = Parts(ports, KINDS, engines, folder / "work", Pool(1), **known)
    async with run_services(parts, SERVICES) as app:
        app.ports = Ports(store, bus, whole)
        yield World(app, real, queues, engine), ended


async def delete_and_die(made: Path, folder: Path, step: int, after: bool) -> bool:
    """Let a process die at one step of a deletion; return whether there was such a step."""
    shutil.copytree(made, folder)
    clock, death = Clock(), Death(None, after)
    try:
        async with life(folder, death, clock) as (w, ended):
            gateway = build_gateway(w.app)
            death.step = death.taken + step
            deleting = asyncio.create_task(gateway.wishes.delete(VIDEO, OWNER))
            dying = asyncio.create_task(ended.wait())
            idle = asyncio.create_task(buried(w, VIDEO))
            await asyncio.wait({dying, idle}, return_when=asyncio.FIRST_COMPLETED)
            for task in (deleting, dying, idle):
                task.cancel()
            await asyncio.gather(deleting, dying, idle, return_exceptions=True)
            gateway.close()
    except asyncio.CancelledError:
        pass  # the process ended in the middle
    clock.move(QUICK.lease_ms)
    async with life(folder, Death(None, after), clock) as (w, _):
        gateway = build_gateway(w.app)
        # who had no answer asks again
        await gateway.wishes.delete(VIDEO, OWNER)
        async with asyncio.timeout(20):
            while await left(w, VIDEO):
                clock.move(6 * 60_000)
                for service in SERVICES:
                    await w.app.shell(service.name).sweep()
                await asyncio.sleep(0.01)
        await buried(w, VIDEO)
        gateway.close()
    return ended.is_set()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_death_at_any_step_of_a_deletion_is_repaired(tmp_path: Path, after: bool) -> None:
    made = tmp_path / "made"
    async with life(made, Death(None, after), Clock()) as (w, _):
        await w.request(VIDEO, brief(1, 1))
        await w.ended(VIDEO)
        await w.bus.wait_until_idle()
    # to die after a step is to die before the next one: so each of both takes every other step
    deaths, step, reached = 0, int(after), True
    while reached:
        reached = await delete_and_die(made, tmp_path / f"{step}", step, after)
        deaths, step = deaths + reached, step + 2
    print(f"FIGURE deletions after={int(after)} deaths={deaths}")
    assert deaths > 10
