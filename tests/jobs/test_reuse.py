"""Reuse: what was paid for once is copied, for its owner alone; nothing hangs on the original."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.jobs import gate, ledger, rates, relay, reuse
from shared.jobs.gate import MONEY
from shared.jobs.job import Job, State
from shared.jobs.outcomes import Accepted, Ended, Made, Produced
from shared.jobs.reuse import REUSE
from shared.jobs.rows import end_event
from shared.ports import Store, Update
from shared.story.kinds import CLIP, IMAGE, KINDS, AnyKind, ImageReady
from shared.story.view import JobSpec
from tests.contracts.adapters import STORES, Stores
from tests.jobs.shelf import shelf
from tests.jobs.test_worker import ORDER, SPEC, LoneWorker, Scripted, made

INDEXES = {
    **ledger.INDEXES,
    **relay.INDEXES,
    **gate.INDEXES,
    **rates.INDEXES,
    **reuse.INDEXES,
}
PRICE = 4


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    stores = Stores(request.param, tmp_path, INDEXES)
    async with stores.opened() as opened:
        yield opened
    await stores.drop()


@pytest.fixture
def w(store: Store, tmp_path: Path) -> LoneWorker:
    return worker(store, tmp_path)


def worker(store: Store, folder: Path, *script: Any, kind: AnyKind = IMAGE) -> LoneWorker:
    """A worker whose engine takes all that it is asked for as one and the same wish."""
    engine = Scripted(*(script or [made(PRICE)] * 9))
    engine.wish = "a lighthouse"
    return LoneWorker(store, folder, engine, kind=kind)


def spec(video: str, **known: Any) -> JobSpec:
    return SPEC.model_copy(update={"video_id": video, **known})


async def make(w: LoneWorker, video: str, **known: Any) -> Job:
    """Run a job of a video to its end; whether it was paid for is what its provider says."""
    await w.gate.open(video, "ann", cap=100)
    return await w.ends(spec(video, **known))


async def spend(w: LoneWorker, video: str) -> int:
    money = (await w.store.get(MONEY, [video]))[video]
    return int(money["cap"] - money["available"])


async def test_the_same_wish_is_paid_once_and_copied(w: LoneWorker) -> None:
    first, second = await make(w, "v1"), await make(w, "v2")
    assert (w.engine.submits, first.reused, second.reused) == (1, False, True)
    assert (second.state, second.cost, await spend(w, "v2")) == (State.DONE, 0, 0)
    assert await w.blobs.get(second.result["key"]) == b"pixels"
    assert second.result["key"].startswith("v2/")


async def test_a_copy_is_said_to_be_one_in_the_event_and_in_the_receipt(w: LoneWorker) -> None:
    events = [end_event(await make(w, video), KINDS) for video in ("v1", "v2")]
    assert all(isinstance(event, ImageReady) for event in events)
    assert [(event.cost, event.reused) for event in events] == [(PRICE, False), (0, True)]  # type: ignore[attr-defined]
    holds = (await w.store.get(MONEY, ["v2"]))["v2"]["holds"]
    [line] = holds.values()
    assert (line["reserved"], line["settled"]) == (0, 0) and "reused" in line["why"]


async def test_a_copy_needs_no_money(w: LoneWorker) -> None:
    await make(w, "v1")
    await w.gate.open("v2", "ann", cap=0)
    assert (await w.ends(spec("v2"))).reused


async def test_the_deletion_of_one_video_breaks_no_other(w: LoneWorker) -> None:
    first, second = await make(w, "v1"), await make(w, "v2")
    await w.blobs.delete([blob["key"] for blob in first.result["stored"].values()])
    assert await w.blobs.get(second.result["key"]) == b"pixels"


async def test_where_a_blob_is_gone_it_is_paid_for_again_and_found_from_then_on(
    w: LoneWorker,
) -> None:
    first = await make(w, "v1")
    await w.blobs.delete([first.result["key"]])
    second, third = await make(w, "v2"), await make(w, "v3")
    assert (second.reused, third.reused, w.engine.submits) == (False, True, 2)
    assert (await spend(w, "v2"), await spend(w, "v3")) == (PRICE, 0)


async def test_a_blob_that_is_not_what_was_recorded_is_not_reused(w: LoneWorker) -> None:
    first = await make(w, "v1")
    await w.blobs.put(first.result["key"], b"something else")
    assert not (await make(w, "v2")).reused


@pytest.mark.parametrize(
    "other",
    [
        {"owner": "ben"},
        {"take": 1},
        {"reuse": False},
        {"input": {**ORDER, "seed": 2}},
        {"input": {**ORDER, "prompt": "another"}},
    ],
    ids=["another owner", "a further take", "switched off", "another seed", "another prompt"],
)
async def test_what_differs_is_paid_for(w: LoneWorker, other: dict[str, Any]) -> None:
    await make(w, "v1")
    assert not (await make(w, "v2", **other)).reused
    assert w.engine.submits == 2 and await spend(w, "v2") == PRICE


async def test_another_model_or_other_inputs_are_another_wish(w: LoneWorker) -> None:
    await make(w, "v1")
    w.engine.wish = "a lighthouse, by another model"
    assert not (await make(w, "v2")).reused


async def test_a_place_in_the_video_is_no_part_of_a_wish(w: LoneWorker) -> None:
    await make(w, "v1")
    elsewhere = {"beat": 3, "input": {**ORDER, "index": 3, "total": 7}}
    assert (await make(w, "v2", **elsewhere)).reused


async def test_a_video_does_not_repeat_itself(w: LoneWorker) -> None:
    await make(w, "v1")
    assert not (await make(w, "v1", beat=2)).reused


async def test_further_takes_are_not_what_a_first_one_is_copied_from(w: LoneWorker) -> None:
    await make(w, "v1", take=1)
    assert not (await make(w, "v2")).reused


async def test_an_engine_that_wants_no_reuse_gets_none(w: LoneWorker) -> None:
    w.engine.wish = None
    await make(w, "v1")
    assert not (await make(w, "v2")).reused
    assert not await w.store.find(REUSE, {})


async def test_several_outputs_are_copied_together(store: Store, tmp_path: Path) -> None:
    async with shelf(b"one", b"two", b"three") as at:
        w = worker(store, tmp_path, Accepted("p1"), Produced(urls=at.urls(), cost=PRICE))
        await make(w, "v1")
        event = end_event(await make(w, "v2"), KINDS)
    assert isinstance(event, ImageReady) and event.reused
    found = [await w.blobs.get(key) for key in (event.key, *event.others)]
    assert found == [b"one", b"two", b"three"]


async def test_what_has_lost_an_output_is_paid_for_again(store: Store, tmp_path: Path) -> None:
    async with shelf(b"one", 404) as at:
        w = worker(
            store, tmp_path, Accepted("p1"), Produced(urls=at.urls(), cost=PRICE), made(PRICE)
        )
        await make(w, "v1")
        assert not (await make(w, "v2")).reused


async def test_what_has_failed_is_not_reused(store: Store, tmp_path: Path) -> None:
    flagged = Ended("flagged", "flagged", permanent=True, cost=1)
    w = worker(store, tmp_path, flagged, made(PRICE))
    assert (await make(w, "v1")).state is State.FAILED
    assert not (await make(w, "v2")).reused


async def test_a_clip_that_must_have_a_last_frame_is_no_copy_of_one_without(
    store: Store, tmp_path: Path
) -> None:
    clip = {"chunk": 0, "kind": "reference", "prompt": "p", "style": "noir", "seed": 1}
    order = {**clip, "seconds": 5.0, "width": 9, "height": 16}
    script = [Produced(Made(data={"key": "k", "seconds": 5.0}), cost=PRICE)] * 3
    w = worker(store, tmp_path, *script, kind=CLIP)
    await make(w, "v1", kind=CLIP.name, input=order)
    longer = {**order, "wants_last_frame": True}
    assert not (await make(w, "v2", kind=CLIP.name, input=longer)).reused
    assert (await make(w, "v3", kind=CLIP.name, input={**order, "chunk": 4})).reused


async def test_a_paused_video_gets_no_copy_before_it_goes_on(w: LoneWorker) -> None:
    await make(w, "v1")
    await w.gate.open("v2", "ann", cap=100)
    await w.gate.steer("v2", "paused")
    waiting = await w.runs_until(lambda job: job.waits_for == "leave", spec("v2"))
    assert waiting.state is State.NEW
    await w.gate.steer("v2", "running", 1)
    await w.ledger.wake("v2")
    assert (await w.ends(spec("v2"))).reused


@pytest.mark.parametrize("recorded", [{"files": "in words of its own"}, {"facts": {"lost": "?"}}])
async def test_what_another_version_has_recorded_costs_a_payment_and_no_more(
    w: LoneWorker, recorded: dict[str, Any]
) -> None:
    await make(w, "v1")
    [row] = await w.store.find(REUSE, {})
    await w.store.update(REUSE, [Update(row["_id"], set=recorded)])
    job = await make(w, "v2")
    assert (job.state, job.reused) == (State.DONE, False)
