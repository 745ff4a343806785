"""`storywave status --stuck` names all that does not go on by itself, and changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.cli import main
from shared.jobs.job import Rules
from shared.jobs.ledger import JOBS, Ledger
from shared.jobs.rates import Rates
from shared.jobs.relay import OUTBOX
from shared.ports import Doc, Store, Update
from shared.story.events import DeadLettered
from shared.story.kinds import IMAGE, KINDS
from tests.contracts.adapters import Stores
from tests.histories import full_plan, spec
from tests.pipeline.world import SERVICES, World, brief, world

Captured = pytest.CaptureFixture[str]
COLLECTIONS = (JOBS, OUTBOX, *(service.views for service in SERVICES))


@asynccontextmanager
async def a_video(stores: Stores) -> AsyncIterator[World]:
    """One that is finished, in a stack that still runs."""
    async with world(stores.folder, store=stores.make()) as w:
        await w.ended(await w.request("v", brief(1, 1)))
        yield w


def ask(capsys: Captured) -> list[str]:
    capsys.readouterr()
    assert main(["status", "--stuck"]) == 0
    return capsys.readouterr().out.splitlines()


async def read_all(store: Store) -> dict[str, list[Doc]]:
    return {name: await store.find(name, {}, order=["_id"]) for name in COLLECTIONS}


async def look(stores: Stores) -> dict[str, list[Doc]]:
    async with stores.opened() as store:
        return await read_all(store)


async def let_go_on(stores: Stores) -> None:
    async with a_video(stores):
        pass


def test_where_all_goes_well_nothing_is_stuck(stores: Stores, capsys: Captured) -> None:
    asyncio.run(let_go_on(stores))
    assert ask(capsys) == ["nothing is stuck"]


async def break_things(stores: Stores) -> None:
    """One of each sort; whether a service meets it first, or a person has put it there."""
    async with a_video(stores):
        pass
    async with stores.opened() as store:
        await store.update("views.chunker", [Update("v", unset=["version"])])
    async with world(stores.folder, store=stores.make()) as w:
        await w.app.shell("chunker").handle([letter("v", stuck=True)])
        await w.ended(await w.request("broken", brief(1, 1)))
        await w.bus.publish([letter("broken", stuck=True), letter("v", stuck=False)])
        await w.bus.wait_until_idle()
        row = {"service": "planner", "name": "VideoFolded", "video_id": "v", "body": {}}
        await w.store.insert(OUTBOX, [{"_id": "v/VideoFolded/0", "publish_at": 0, **row}])
        await w.app.replicas["planner"].relay.scan()
    plan = full_plan(video_id="odd")
    strange, deadly = spec(plan, IMAGE), spec(plan, IMAGE, beat=1)
    async with stores.opened() as store:
        await Ledger(store, KINDS, Rules()).insert([strange, deadly])
        late = {"put_off": 3, "due_at": store.now() + 60_000}
        changes = {"spec.input.total": "many", **late}
        await store.update(JOBS, [Update(strange.id, set=changes, unset=["tag"])])
        await store.update(JOBS, [Update(deadly.id, set={"deaths": 5})])
        newer = {"parts.ClipRated.0": {"video_id": "v"}, "put_off": 1, "check_at": 2**41}
        await store.update("views.stitcher", [Update("v", set=newer)])


def letter(video: str, stuck: bool) -> DeadLettered:
    return DeadLettered(
        video_id=video,
        at=2**44,
        service="soundtrack",
        topic="RevisionRequested",
        position="2",
        error="LookupError: no voice",
        stuck=stuck,
    )


def test_each_sort_of_trouble_is_named_with_its_reason(stores: Stores, capsys: Captured) -> None:
    asyncio.run(break_things(stores))
    before = asyncio.run(look(stores))
    lines = ask(capsys)
    assert asyncio.run(look(stores)) == before, "looking changes nothing"
    said = {tuple(line.split("  ")[:2]): line for line in lines}
    assert set(said) == {
        (JOBS, "odd/image/0/0/0"),
        (OUTBOX, "v/VideoFolded/0"),
        ("views.chunker", "v"),
        ("views.stitcher", "v"),
        ("video", "broken"),
        ("job", "odd/image/1/0/0"),
    }
    assert "put off 3x, next look " in said[JOBS, "odd/image/0/0/0"]
    assert "total: Input should be a valid integer" in said[JOBS, "odd/image/0/0/0"]
    assert "put off 1x, next look " in said[OUTBOX, "v/VideoFolded/0"]
    assert said[OUTBOX, "v/VideoFolded/0"].endswith("'VideoFolded' is missing, or not known here")
    assert said["views.chunker", "v"].endswith("'version' is missing, or not known here")
    assert "ClipRated/0: 'ClipRated' is missing, or not known" in said["views.stitcher", "v"]
    assert "failed  soundtrack: LookupError: no voice" in said["video", "broken"]
    assert "5 workers in a row went away" in said["job", "odd/image/1/0/0"]


def test_one_video_and_all_that_is_stuck_are_two_questions(capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["status", "v", "--stuck"])
    assert "not allowed with" in capsys.readouterr().err


async def test_a_provider_that_takes_no_work_is_named_with_its_reason(
    stores: Stores, capsys: Captured
) -> None:
    async with stores.opened() as store:
        await Rates(store).slow_down("replicate", 300, "it has no credit: add some")
    [line] = await asyncio.to_thread(ask, capsys)
    assert line.startswith("provider  replicate  takes no work until ")
    assert line.endswith("it has no credit: add some")
    async with stores.opened() as store:
        assert await Rates(store).clear("replicate")
    assert await asyncio.to_thread(ask, capsys) == ["nothing is stuck"]
