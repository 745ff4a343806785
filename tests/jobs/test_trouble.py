"""Rows, values and clocks that are off: each harms its own job alone, on both stores."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.base.pool import Pool
from shared.engines.local.engine import LocalEngine
from shared.jobs import gate, ledger, rates, relay, signals, unreadable
from shared.jobs.engine import Workspace
from shared.jobs.gate import MONEY
from shared.jobs.job import Job, Rules, State
from shared.jobs.ledger import JOBS, Ledger
from shared.jobs.outcomes import Ended, Made, Produced
from shared.jobs.times import Waiting, look_again, mend_times
from shared.jobs.unreadable import MOST_DOUBLINGS, PUT_OFF, PUT_OFF_MS, put_off
from shared.ports import Doc, Is, Store, Update
from shared.story.errors import Unstorable
from shared.story.kinds import CLIP, IMAGE, KINDS, ImageOrder, Kinds, RetryRules
from shared.story.view import JobSpec
from tests.base import calls
from tests.contracts.adapters import STORES, Stores
from tests.jobs.test_worker import RULES, SPEC, LoneWorker, Scripted, made

HALF: str = json.loads('"\\ud83d"')
"""Half of an emoji, as an answer has it that was cut: JSON lets it pass, and no store takes it."""
HOUR_MS = 3_600_000
HANDS = {IMAGE.name: 5, CLIP.name: 5}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    stores = Stores(
        request.param,
        tmp_path,
        {**ledger.INDEXES, **relay.INDEXES, **gate.INDEXES, **rates.INDEXES},
    )
    async with stores.opened() as store:
        yield store
    await stores.drop()


class Ahead:
    """A store whose clock is an hour ahead, as that of a machine may be until it is set right."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def now(self) -> int:
        return self._store.now() + HOUR_MS


def spec(beat: int, **known: Any) -> JobSpec:
    return SPEC.model_copy(update={"beat": beat, **known})


async def row(store: Store, id_: str = SPEC.id) -> Doc:
    return (await store.get(JOBS, [id_]))[id_]


async def claim_first(work: Ledger) -> Job:
    (job,) = await work.claim({IMAGE.name: 1})
    return job


# ── two writers of one row ──────────────────────────────────────────────────────────────────────


async def test_a_stale_write_does_not_take_down_the_valid_one_beside_it(store: Store) -> None:
    work = Ledger(store, KINDS, Rules(lease_ms=-1))  # a lease that has passed when it begins
    await work.insert([SPEC])
    old, new = await claim_first(work), await claim_first(work)
    late, valid = await asyncio.gather(
        work.advance(old, signals.Finished({"key": "old"})),
        work.advance(new, signals.Finished({"key": "new"})),
    )
    assert late is None
    assert valid is not None and valid.state is State.DONE
    assert (await row(store))["result"] == {"key": "new"}


async def test_a_renewal_that_comes_late_leaves_the_time_that_its_step_has_written(
    store: Store,
) -> None:
    work = Ledger(store, KINDS, Rules(lease_ms=30_000))
    await work.insert([SPEC])
    await work.advance(await claim_first(work), signals.Accepted("p1"))
    polled = await claim_first(work)
    before = store.now()
    await work.advance(polled, signals.Later(5_000))
    assert await work.renew([polled]) == []
    assert before + 5_000 <= (await row(store))["due_at"] <= store.now() + 5_000


# ── values that no store can hold ───────────────────────────────────────────────────────────────


async def test_of_five_ends_in_one_batch_none_is_lost_to_what_one_of_them_says(
    store: Store,
) -> None:
    work = Ledger(store, KINDS, RULES)
    await work.insert([spec(beat) for beat in range(5)])
    jobs = {job.spec.beat: job for job in await work.claim(HANDS)}
    given: list[signals.Signal] = [signals.Finished({"key": "k"}) for _ in range(3)]
    given.append(signals.Broke(f"the prompt was refused: {HALF}", permanent=True))
    given.append(signals.Finished({"key": "k", "frames": 2**64}))
    ends = await asyncio.gather(
        *(work.advance(jobs[beat], given[beat]) for beat in range(5)), return_exceptions=True
    )
    assert [isinstance(end, Job) for end in ends] == [True] * 4 + [False]
    assert isinstance(ends[4], Unstorable)
    refused = await row(store, spec(3).id)
    assert (refused["state"], refused["error"]) == ("failed", "the prompt was refused: ?")


@pytest.mark.parametrize("bad", [HALF, 2**64, float("inf")], ids=["half", "huge", "infinite"])
async def test_a_result_that_cannot_be_stored_is_a_try_that_failed(
    store: Store, tmp_path: Path, bad: object
) -> None:
    useless = Produced(Made(data={"key": "k", "remark": bad}))
    w = LoneWorker(store, tmp_path, Scripted(useless, made()))
    job = await w.ends()
    assert (job.state, job.tries) == (State.DONE, 1)
    assert w.engine.submits == 2


async def test_an_error_that_cannot_be_stored_ends_its_job_all_the_same(
    store: Store, tmp_path: Path
) -> None:
    w = LoneWorker(store, tmp_path, Scripted(Ended(f"it was refused: {HALF}", permanent=True)))
    job = await w.ends()
    assert (job.state, job.error) == (State.FAILED, "it was refused: ?")
    assert w.engine.submits == 1


# ── clocks that are set back ────────────────────────────────────────────────────────────────────

IMAGES = {"spec.kind": IMAGE.name}


async def test_a_retry_is_made_although_the_clock_was_set_back_an_hour(store: Store) -> None:
    before: Any = Ahead(store)
    work = Ledger(before, KINDS, Rules())
    await work.insert([SPEC])
    await work.advance(await claim_first(work), signals.Broke("busy"))
    work = Ledger(store, KINDS, Rules())
    assert await work.claim(HANDS) == []
    assert await mend_times(store, Waiting(JOBS, IMAGES, "due_at")) == 1
    assert (await claim_first(work)).tries == 1


async def test_what_waits_for_its_time_goes_on_waiting(store: Store) -> None:
    work = Ledger(store, KINDS, Rules())
    await work.insert([spec(0), spec(1)])
    await work.advance(await claim_first(work), signals.Later(20 * 60_000))
    await put_off(store, JOBS, [await row(store, spec(1).id)], "due_at")
    await store.update(JOBS, [Update(spec(1).id, set={"due_at": store.now() + 2 * HOUR_MS})])
    assert await mend_times(store, Waiting(JOBS, IMAGES, "due_at")) == 0


# ── rows that can't be read, or contradict themselves ───────────────────────────────────────────


async def test_a_row_that_was_ended_meanwhile_is_not_put_off(store: Store) -> None:
    """An older replica has read the row in a state that it does not know; a newer one ends it."""
    work = Ledger(store, KINDS, RULES)
    await work.insert([SPEC])
    job = await claim_first(work)
    read = {**await row(store), "state": "unresolved"}
    await work.advance(job, signals.Finished({"key": "k"}))
    await put_off(store, JOBS, [read], "due_at")
    ended = await row(store)
    assert ended["state"] == "done" and "due_at" not in ended


STRANGE: dict[str, dict[str, Any]] = {
    "an ended job that is due": {"state": "done", "due_at": 1},
    "a state of a newer version": {"state": "unresolved", "due_at": 1},
    "no attempt": {"attempt": None, "due_at": 1},
    "an attempt that is no number": {"attempt": "1", "due_at": 1},
    "a tag that is no place": {"tag": "first"},
    "a count that is none": {"state": "unresolved", "due_at": 1, "put_off": "often"},
    "another's id": {"spec": SPEC.model_copy(update={"beat": 9}).model_dump(), "due_at": 1},
    "no spec but its kind": {"spec": {"kind": IMAGE.name}, "due_at": 1},
    "a literal of a newer version": {"spec.input.total": "many", "due_at": 1},
}


@pytest.mark.parametrize("strange", STRANGE)
async def test_a_row_that_makes_no_sense_holds_up_no_other(store: Store, strange: str) -> None:
    work = Ledger(store, KINDS, RULES)
    await work.insert([spec(7)])
    change = STRANGE[strange]
    gone = ["tag"] if "tag" not in change else []
    await store.update(JOBS, [Update(spec(7).id, set=change, unset=gone)])
    await work.insert([SPEC])
    claimed = [job.id for _ in range(3) for job in await work.claim({IMAGE.name: 1})]
    assert SPEC.id in claimed
    assert set(claimed) <= {SPEC.id, spec(7).id} and len(claimed) == len(set(claimed))
    due = {"due_at": Is("<=", store.now())}
    assert await store.count(JOBS, {**IMAGES, **due}) == 0, "it is not looked at again at once"


async def test_what_cannot_be_read_is_looked_at_ever_more_seldom(store: Store) -> None:
    work = Ledger(store, KINDS, RULES)
    await work.insert([SPEC])
    await store.update(JOBS, [Update(SPEC.id, set={"spec.input": {"of": "a newer version"}})])
    waits = []
    for _ in range(MOST_DOUBLINGS + 3):
        assert await work.claim(HANDS) == []
        waits.append((await row(store))["due_at"] - store.now())
        await store.update(JOBS, [Update(SPEC.id, set={"due_at": store.now()})])
    assert waits[0] == pytest.approx(PUT_OFF_MS, rel=0.3)
    assert waits[3] == pytest.approx(8 * PUT_OFF_MS, rel=0.3)
    assert waits[-1] == pytest.approx(24 * HOUR_MS, rel=0.3)
    kept = await row(store)
    assert (kept["state"], kept["attempt"], kept[PUT_OFF]) == ("new", 0, len(waits))


async def test_a_process_that_can_read_it_takes_it_up_at_its_start(store: Store) -> None:
    work = Ledger(store, KINDS, RULES)
    await work.insert([SPEC])
    await store.update(JOBS, [Update(SPEC.id, set={"spec.input.total": "many"})])
    assert await work.claim(HANDS) == []

    class Newer(ImageOrder):
        total: Any

    newer = Ledger(store, Kinds(replace(IMAGE, order=Newer)), RULES)
    assert await newer.claim(HANDS) == []
    assert await look_again(store, Waiting(JOBS, IMAGES, "due_at")) == 1
    assert (await claim_first(newer)).id == SPEC.id
    assert PUT_OFF not in await row(store), "it is nobody's trouble any more"


async def test_work_of_a_kind_that_is_not_known_is_kept_and_counts_as_open(store: Store) -> None:
    work = Ledger(store, KINDS, RULES)
    await work.insert([spec(0, kind="sketch")], {"sketch": 0})
    assert await work.claim(HANDS) == []
    assert await work.is_busy("v")
    before = await row(store, spec(0, kind="sketch").id)
    assert before["state"] == "new" and PUT_OFF not in before
    await work.cancel("v")
    assert not await work.is_busy("v")


UNREADABLE_MONEY: dict[str, dict[str, Any]] = {
    "a wish of a newer version": {"desired": "slowed"},
    "no holds": {"holds": None, "desired": "slowed"},
    "holds that are none": {"holds": "many"},
    "an amount that is none": {"available": "much"},
}


@pytest.mark.parametrize("strange", UNREADABLE_MONEY)
async def test_money_that_cannot_be_read_holds_up_its_own_video_alone(
    store: Store, tmp_path: Path, strange: str
) -> None:
    w = LoneWorker(store, tmp_path, Scripted(made()))
    await w.gate.open("rich", "ann", cap=100)
    await store.update(MONEY, [Update("rich", set=UNREADABLE_MONEY[strange])])
    odd = spec(2, video_id="rich")
    await w.ledger.insert([odd])
    assert (await w.ends()).state is State.DONE
    await w.worker.drain(5)
    held = await w.row(odd)
    assert (held.state, held.tries) == (State.NEW, 0)
    assert w.engine.submits == 1


# ── work that hangs ─────────────────────────────────────────────────────────────────────────────


def hang_at_beat(order: ImageOrder, space: Workspace) -> Made:
    """Never return, as an encoder may; but for the other beats."""
    if order.index == 0:
        calls.hang(Path(order.prompt))
    path = space.folder / "image.png"
    path.write_bytes(b"pixels")
    return Made({"key": path})


async def test_work_that_hangs_fails_and_gives_its_place_back(store: Store, tmp_path: Path) -> None:
    pool = Pool(1)
    quick = replace(IMAGE, deadline_seconds=8.0, retries=RetryRules(tries_a_model=1))
    engine: Any = LocalEngine(pool, {quick: hang_at_beat})
    w = LoneWorker(store, tmp_path, engine, kind=quick)
    hung = {**SPEC.input, "prompt": str(tmp_path / "hung")}
    job = await w.ends(spec(0, input=hung))
    assert job.state is State.FAILED
    assert job.error == "the work took more than 8 s and was ended"
    assert (await w.ends(spec(1, input={**hung, "index": 1}))).state is State.DONE
    pool.close()


def test_looks_come_by_chance_so_that_each_process_has_its_turn() -> None:
    assert len({unreadable.distance_ms({PUT_OFF: 5}) for _ in range(9)}) > 1
