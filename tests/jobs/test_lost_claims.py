"""An adversary at the money: what stale claims and late answers could make, hold or forget."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from shared.jobs.engine import Task
from shared.jobs.gate import MONEY, Hold, Settlement
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Refused
from shared.jobs.turns import Room
from shared.jobs.unresolved import find_unresolved, settle_by_hand
from shared.ports import Update
from shared.runtime.steering import Steering
from shared.story.errors import PermanentError
from shared.story.events import Event
from shared.story.kinds import IMAGE
from shared.story.view import View
from tests.jobs.replicas import (
    CEILING,
    Pair,
    Stop,
    away,
    find_nothing,
    just_made,
    lose,
    working,
)
from tests.jobs.test_worker import RULES, SPEC

OTHER = SPEC.model_copy(update={"beat": 2})


# ── money: made, or held for ever ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("at", ["free", "settle"])
async def test_who_wakes_before_it_frees_old_holds_frees_none_of_the_winner(
    pair: Pair, at: str
) -> None:
    """The winner's run would be paid from no hold, and another job could spend its money."""
    stop, settle = Stop(), pair.a.gate.settle

    async def held_up(end: Settlement) -> bool:
        # the second attempt is posted by another replica before this settlement arrives
        is_it = bool(end.before)
        return await (stop.before(settle) if is_it else settle)(end)

    if at == "settle":  # a refusal: the attempt is settled, and the job goes back to the queue
        pair.a.engine.submit = refuse
    pair.a.gate.settle = held_up  # type: ignore[assignment]
    await pair.open(cap=2 * CEILING)
    if at == "free":  # its first claim died
        await pair.a.ledger.claim({IMAGE.name: 1})
        pair.clock.move(RULES.lease_ms + 1)
    polling = Stop()
    pair.b.engine.poll = polling.before(pair.b.engine.poll)
    async with pair.stopped(stop), working(pair.b):
        await polling.until_reached()
        stop.go_on.set()
        await pair.a.worker.drain(10)
        money = await pair.money()
        assert money["available"] == CEILING, "the winner's run has a hold"
        polling.go_on.set()
        job = await pair.end()
    await pair.check_books(job, cap=2 * CEILING)


async def refuse(task: Task, prepared: None) -> Refused:
    return Refused("busy", "slow down", seconds=0.0)


@pytest.mark.parametrize("how", ["cancel", "quote", "deaths"])
async def test_a_claim_that_died_with_its_money_held_leaves_nothing_open(
    pair: Pair, how: str
) -> None:
    await pair.open()
    (claimed,) = await pair.a.ledger.claim({IMAGE.name: 1})
    await pair.a.gate.reserve(Hold("v", f"{claimed.id}:1", CEILING))  # and then it dies
    if how == "cancel":
        await pair.a.ledger.cancel("v")
    if how == "quote":
        pair.b.engine.quote = no_quote
    if how == "deaths":
        await pair.a.store.update(JOBS, [Update(SPEC.id, set={"deaths": 1_000})])
    pair.clock.move(RULES.lease_ms + 1)
    async with working(pair.b):
        job = await pair.end()
    assert job.state in (State.CANCELLED, State.FAILED)
    await pair.check_books(job)


def no_quote(job: Job) -> Any:
    raise PermanentError("no such model")


async def test_who_wakes_and_meets_a_store_that_is_away_leaves_nothing_held(pair: Pair) -> None:
    stop, a = Stop(), pair.a
    a.gate.reserve = stop.before(a.gate.reserve)
    a.gate.settle = away(a.gate.settle, lambda end: not end.before)
    await pair.open()
    async with pair.stopped(stop), working(pair.b):
        job = await pair.end()
    await pair.check_books(job)


async def test_money_held_by_who_dies_after_its_job_has_ended_comes_back(pair: Pair) -> None:
    stop, dead, a = Stop(), Stop(), pair.a
    a.gate.reserve = stop.before(a.gate.reserve)
    a.engine.prepare = dead.before(a.engine.prepare)
    await pair.open()
    async with pair.stopped(stop):
        async with working(pair.b):
            job = await pair.end()
            # a claim that it has lost, too, may still be giving back what earlier ones hold
            await pair.b.worker.drain(20)
        stop.go_on.set()
        await dead.until_reached()
        a.gate.settle = Stop().before(a.gate.settle)
        for _ in range(2):  # and here it dies, before it has given anything back
            for step in asyncio.all_tasks():
                if step.get_name() == SPEC.id:
                    step.cancel()
            await asyncio.sleep(0)
        money = await pair.money()
        held = f"it died with money held; at attempt {job.attempt} the job ended: {money}"
        assert money["available"] < 100 - job.cost, held
        await sweep(pair)
        await pair.check_books(job)


async def test_a_sweep_frees_no_money_of_a_run_that_is_on_or_that_a_person_is_to_judge(
    pair: Pair,
) -> None:
    pair.a.engine.find = find_nothing
    pair.a.engine.submit = lose
    polling = Stop()
    pair.b.engine.poll = polling.before(pair.b.engine.poll)
    await pair.open(SPEC)
    async with working(pair.a):
        assert (await pair.end()).unresolved
    await pair.b.ledger.insert([OTHER])
    async with working(pair.b):
        await polling.until_reached()
        before = await pair.money()
        await sweep(pair)
        assert await pair.money() == before


async def test_money_that_nobody_can_read_keeps_no_sweep_from_its_other_work(pair: Pair) -> None:
    await pair.open(cap=0)
    async with working(pair.a):
        await pair.until(lambda job: job.waits_for == "money")
    await pair.a.store.update(MONEY, [Update("v", set={"holds": {"a job": 7}})])
    await sweep(pair)
    assert not (await pair.a.row()).waits_for


async def sweep(pair: Pair) -> None:
    """Do what the gateway does from time to time for each video that has not ended."""

    async def look(videos: Collection[str]) -> dict[str, View]:
        raise AssertionError("no video waits for its turn")

    b = pair.b
    await Steering(b.store, b.gate, b.ledger, Room(), look).look_again("v")


async def test_free_work_goes_on_where_more_is_spent_than_there_was(pair: Pair) -> None:
    """A cap was lowered, or a run was dearer than its ceiling: what is paid for is still cut."""
    await pair.open(cap=0)
    await pair.a.store.update(MONEY, [Update("v", inc={"available": -1})])
    pair.a.engine.repeatable = True
    pair.a.engine.submit = just_made
    async with working(pair.a):
        job = await pair.end()
    assert job.state is State.DONE


# ── a wake-up that is lost ──────────────────────────────────────────────────────────────────────


async def test_money_that_was_not_used_wakes_who_waits_for_it(pair: Pair) -> None:
    """One job holds all there is, and its inputs are refused: the other must get its turn."""
    parked = asyncio.Event()

    async def prepare(task: Task) -> None:
        if task.job.id == SPEC.id:
            await parked.wait()
            raise PermanentError("an input is gone")

    pair.a.engine.prepare = prepare
    await pair.open(SPEC, OTHER, cap=CEILING)
    async with working(pair.a):
        await pair.until(lambda job: job.waits_for == "money", OTHER)
        parked.set()
        await pair.end(SPEC)
        job = await pair.end(OTHER)
    assert job.state is State.DONE
    await pair.check_books(job, cap=CEILING)


async def test_a_store_that_is_away_right_after_a_job_was_parked_loses_no_wake_up(
    pair: Pair,
) -> None:
    """The money came between the refusal and the parking."""
    await pair.open(cap=0)
    stop = Stop()
    pair.a.ledger.advance = stop.before(pair.a.ledger.advance)  # type: ignore[method-assign]
    pair.a.gate.has_news = away(pair.a.gate.has_news)  # type: ignore[method-assign]
    async with working(pair.a):
        await stop.until_reached()
        await pair.b.gate.steer("v", "running", 1, 100)
        await pair.b.ledger.wake("v")
        stop.go_on.set()
        job = await pair.end()
    assert job.state is State.DONE


async def test_who_dies_right_after_it_parked_a_job_loses_no_wake_up(pair: Pair) -> None:
    await pair.open(cap=0)
    stop, dead, a = Stop(), Stop(), pair.a
    a.ledger.advance = stop.before(a.ledger.advance)  # type: ignore[method-assign]
    a.gate.has_news = dead.before(a.gate.has_news)  # type: ignore[method-assign]
    async with working(a):
        await stop.until_reached()
        await pair.b.gate.steer("v", "running", 1, 100)
        await pair.b.ledger.wake("v")
        stop.go_on.set()
        await dead.until_reached()
    assert (await pair.b.row()).waits_for == "money"
    await sweep(pair)
    async with working(pair.b):
        job = await pair.end()
    assert job.state is State.DONE
    await pair.check_books(job)


async def test_money_that_a_person_gives_back_wakes_who_waits_for_it(pair: Pair) -> None:
    await pair.open(cap=CEILING)
    pair.a.engine.find = find_nothing
    pair.a.engine.submit = lose
    async with working(pair.a):
        assert (await pair.end()).unresolved
        await pair.a.ledger.insert([OTHER])
        await pair.until(lambda job: job.waits_for == "money", OTHER)
        known = await find_unresolved(pair.a.store, SPEC.id)
        a = pair.a
        await settle_by_hand(a.store, a.gate, ignore, a.ledger.wake, known, 0)
        await pair.until(lambda job: not job.waits_for, OTHER)


async def ignore(events: Sequence[Event]) -> None:
    pass
