"""An adversary at the answers of a provider: what was heard or paid for must not be lost."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.jobs.engine import Task
from shared.jobs.job import Job, Rules, State
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Accepted, Ended, Found, Made, Pending, Produced, Refused
from shared.ports import Update
from shared.story.errors import PermanentError
from tests.contracts.adapters import STORES
from tests.jobs.replicas import (
    CEILING,
    Books,
    Pair,
    Provided,
    Stop,
    away,
    find_nothing,
    just_made,
    make_pair,
    working,
)
from tests.jobs.test_worker import PACE, RULES, SPEC, LoneWorker

OTHER = SPEC.model_copy(update={"beat": 2})
HOUR_MS = 3_600_000


# ── what is known of a run, and lost ────────────────────────────────────────────────────────────


async def test_a_run_whose_id_was_heard_is_not_looked_for_in_a_list(pair: Pair) -> None:
    """The store was away for a moment after the answer, and the provider's list is behind."""
    pair.a.engine.find = find_nothing
    rates = pair.a.rates
    rates.clear = away(rates.clear)  # type: ignore[method-assign]
    await pair.open()
    async with working(pair.a):
        job = await pair.end()
    assert (job.state, len(pair.books.runs)) == (State.DONE, 1)
    await pair.check_books(job)


async def test_who_dies_between_two_writes_of_an_answer_does_not_lose_it(pair: Pair) -> None:
    for w in (pair.a, pair.b):
        w.engine.find = find_nothing
    stop = Stop()
    pair.a.ledger.hold_run = stop.after(pair.a.ledger.hold_run)  # type: ignore[method-assign]
    await pair.open()
    task = asyncio.create_task(pair.a.worker.run())
    await stop.until_reached()  # and here it dies
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pair.clock.move(RULES.lease_ms + 1)
    async with working(pair.b):
        job = await pair.end()
    assert (job.state, len(pair.books.runs)) == (State.DONE, 1)
    await pair.check_books(job)


@pytest.mark.parametrize("adapter", STORES)
async def test_a_list_that_was_read_early_and_heard_late_proves_nothing(
    adapter: str, tmp_path: Path
) -> None:
    """The only process there is stood still over the answer: nobody has claimed its job."""
    # so long that no slow machine uses them up between the post and the look
    rules = replace(RULES, lease_ms=600_000, grace_ms=300_000)
    async with make_pair(adapter, tmp_path, rules) as pair:
        job = await _hear_late_of_an_early_list(pair, rules)
        assert (job.state, len(pair.books.runs)) == (State.DONE, 1)


async def _hear_late_of_an_early_list(pair: Pair, rules: Rules) -> Job:
    find, asked = pair.a.engine.find, []

    async def slow(task: Task) -> Found:
        asked.append(task.job.attempt)
        if len(asked) > 1:
            found: Found = await find(task)
            return found
        pair.clock.move(rules.grace_ms + 1)
        return Found(is_complete=True)

    async def create_and_lose(task: Task, prepared: None) -> Accepted:
        pair.books.create(task.job, pair.clock())
        raise ConnectionError("the answer was lost")

    pair.a.engine.find, pair.a.engine.submit = slow, create_and_lose
    await pair.open()
    async with working(pair.a):
        return await pair.end()


async def test_a_refusal_is_not_forgotten_while_the_store_is_away(pair: Pair) -> None:
    refusals = [1, 2]
    accept = pair.a.engine.submit

    async def submit(task: Task, prepared: None) -> Any:
        if refusals:
            refusals.pop()
            return Refused("busy", "slow down", seconds=0.001)
        return await accept(task, prepared)

    pair.a.engine.submit = submit
    rates = pair.a.rates
    rates.slow_down = away(rates.slow_down, times=2)  # type: ignore[method-assign]
    await pair.open()
    async with working(pair.a):
        job = await pair.end()
    assert (job.state, len(pair.books.runs)) == (State.DONE, 1)
    await pair.check_books(job)


async def test_a_cancel_that_is_refused_keeps_nobody_from_the_result(pair: Pair) -> None:
    """The run has ended already: a provider refuses to cancel it, and it must still be fetched."""

    async def refused(task: Task) -> None:
        raise PermanentError("it has ended already")

    pair.a.engine.cancel = refused
    poll = pair.a.engine.poll

    async def slow(task: Task) -> Any:
        await pair.b.ledger.cancel("v")
        return await poll(task)

    pair.a.engine.poll = slow
    await pair.open()
    async with working(pair.a):
        job = await pair.end()
    assert job.state is State.DONE
    await pair.check_books(job)


async def test_a_run_that_can_never_be_asked_for_does_not_stay_open_for_ever(pair: Pair) -> None:
    async def gone(task: Task) -> Pending:
        raise ValueError("no such run")

    pair.a.engine.poll = gone
    await pair.open()
    async with working(pair.a):
        await pair.until(lambda job: job.state is State.RUNNING)
        pair.clock.move(24 * HOUR_MS)
        asked = (await pair.a.row()).attempt
        job = await pair.until(lambda job: job.has_ended or job.attempt > asked + 3)
    assert job.unresolved


def switch_off(pair: Pair) -> None:
    """Have the kind run by an engine for which nothing is paid, as the local one is."""
    pair.b.engine.name, pair.b.engine.repeatable = "free", True
    pair.b.engine.submit, pair.b.engine.poll = just_made, refuse_to_look


async def leave_a_run(pair: Pair, state: str) -> None:
    """Have a replica post a job and go away, with its answer or without."""
    if state == "unsure":
        accept = pair.a.engine.submit

        async def submit(task: Task, prepared: None) -> Any:
            await accept(task, prepared)
            raise ConnectionError("the answer was lost")

        pair.a.engine.submit = submit
        pair.a.engine.find = find_later
    else:
        pair.a.engine.poll = not_yet
    await pair.open()
    async with working(pair.a):
        await pair.until(lambda job: job.is_posted and bool(pair.books.runs))
        await pair.until(lambda job: job.attempt > 1)
    pair.clock.move(RULES.lease_ms + 1)


@pytest.mark.parametrize("state", ["running", "unsure"])
async def test_a_run_waits_for_its_engine_that_was_switched_off(pair: Pair, state: str) -> None:
    await leave_a_run(pair, state)
    paid = {name: getattr(pair.b.engine, name) for name in ("name", "submit", "poll")}
    switch_off(pair)
    async with working(pair.b):
        attempt = (await pair.b.row()).attempt
        await pair.until(lambda job: job.attempt > attempt + 2 or job.has_ended)
    for name, known in {**paid, "repeatable": False}.items():
        setattr(pair.b.engine, name, known)
    async with working(pair.b):
        job = await pair.end()
    assert job.state is State.DONE
    await pair.check_books(job)


@pytest.mark.parametrize("state", ["running", "unsure"])
@pytest.mark.parametrize("died", [False, True])
async def test_a_run_whose_engine_stays_switched_off_is_left_open_for_a_person(
    pair: Pair, state: str, died: bool
) -> None:
    await leave_a_run(pair, state)
    if died:
        await pair.a.store.update(JOBS, [Update(SPEC.id, set={"deaths": 1_000})])
    switch_off(pair)
    pair.clock.move(HOUR_MS)
    async with working(pair.b):
        job = await pair.end()
    assert job.unresolved
    money = await pair.money()
    assert money["available"] == 100 - CEILING, "the run may be billed, so its hold stays"


@pytest.mark.parametrize("state", ["running", "unsure"])
async def test_a_run_is_asked_for_at_the_engine_that_has_it_and_at_no_other_one(
    pair: Pair, state: str
) -> None:
    """Another one that costs money knows nothing of it, and would be asked to do it once more."""
    await leave_a_run(pair, state)
    other = Books()
    engine = Provided(other, pair.b.store)
    engine.name = "another"
    engine.find = find_nothing  # type: ignore[method-assign]
    pair.b = LoneWorker(pair.b.store, pair.b.folder, engine, rules=RULES)
    pair.clock.move(HOUR_MS)
    async with working(pair.b):
        job = await pair.end()
    assert job.unresolved and not other.runs


async def not_yet(task: Task) -> Pending:
    return Pending(0)


async def find_later(task: Task) -> Found:
    return Found()


async def refuse_to_look(task: Task) -> Produced:
    raise PermanentError("local work is finished when its submit returns")


async def test_a_cancelled_job_ends_though_its_provider_is_left_alone(pair: Pair) -> None:
    async def no_credit(task: Task, prepared: None) -> Refused:
        await pair.b.ledger.cancel("v")
        return Refused("account", "no credit", seconds=1_800)

    pair.a.engine.submit = no_credit
    await pair.open()
    async with working(pair.a):
        await pair.until(lambda job: job.attempt == 1 and job.state is State.NEW)
        await pair.b.ledger.cancel("v")  # as the sweep does, while a job of the video is open
        assert (await pair.a.row()).state is State.CANCELLED


async def test_a_guess_takes_no_run_whose_answer_is_on_its_way(pair: Pair) -> None:
    """Of two jobs with the same input one is lost; the other's run is listed before it is heard."""
    accept, find = pair.a.engine.submit, pair.a.engine.find
    looked, heard = asyncio.Event(), asyncio.Event()

    async def submit(task: Task, prepared: None) -> Any:
        if task.job.id == SPEC.id and not looked.is_set():
            raise ConnectionError("it never arrived")
        accepted = await accept(task, prepared)
        if task.job.id == OTHER.id:
            await heard.wait()
        return accepted

    async def note(task: Task) -> Any:
        found = await find(task)
        if found.ids:
            looked.set()
        return found

    pair.a.engine.submit, pair.a.engine.find = submit, note
    await pair.open(SPEC, OTHER)
    async with working(pair.a):
        await asyncio.wait_for(looked.wait(), 10)
        await asyncio.sleep(5 * PACE.look)
        heard.set()
        jobs = [await pair.end(SPEC), await pair.end(OTHER)]
    await pair.check_books(*jobs)


async def test_a_guess_waits_for_no_answer_of_a_worker_that_died(pair: Pair) -> None:
    dead = Stop()

    async def create_and_lose(task: Task, prepared: None) -> Accepted:
        pair.books.create(task.job, pair.clock())
        raise ConnectionError("the answer was lost")

    pair.a.engine.submit = dead.before(pair.a.engine.submit)
    pair.b.engine.submit = create_and_lose
    await pair.open(OTHER)
    async with working(pair.a):
        await dead.until_reached()  # marked, and then it dies
    await pair.a.ledger.insert([SPEC])
    async with working(pair.b):
        job = await pair.end(SPEC)
    assert (job.state, job.resubmits) == (State.DONE, 0)


HALF: str = json.loads('"\\ud83d"')
STRANGE = [
    Ended("no", at_fault=HALF),
    Ended("no", retry_after=float("inf")),
    Ended("no", retry_after=float("nan")),
    Ended("no", cost=2**70),
    Ended("no", cost=-5),
    Produced(Made(data={"key": "k"}), cost=2**70),
    Produced(Made(data={"key": "k"}), cost=-5),
    Produced(Made(data={"key": HALF}), cost=5),
    Produced(urls={"key": HALF}, cost=5),
]


@pytest.mark.parametrize("strange", STRANGE, ids=ascii)
async def test_an_answer_that_nobody_can_use_makes_no_money_and_no_loop(
    pair: Pair, strange: Any
) -> None:
    async def answer(task: Task) -> Any:
        return strange

    pair.a.engine.poll = answer
    await pair.open()
    async with working(pair.a):
        await pair.until(lambda job: job.has_ended or (job.state is State.NEW and job.tries > 0))
    money = await pair.money()
    assert money["available"] <= 100, "money was made"
    assert all("settled" in hold for hold in money["holds"].values())
