"""An adversary at the ledger: pauses, stale claims, late answers, and writes that are refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.jobs import engine, outputs, signals
from shared.jobs.engine import Task
from shared.jobs.gate import MONEY, Hold, Settlement, Verdict
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Accepted, Ended, Found, Made, Pending, Produced, Refused
from shared.jobs.rates import RATES, Limits, Rates
from shared.ports import Update
from shared.story.errors import PermanentError, StoreUnavailable
from shared.story.kinds import IMAGE
from tests.contracts.adapters import STORES
from tests.jobs.replicas import CEILING, PRICE, Pair, Stop, make_pair, working
from tests.jobs.test_worker import RULES, SPEC

OTHER = SPEC.model_copy(update={"beat": 2})
HOUR_MS = 3_600_000


@pytest.fixture(params=STORES)
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pair]:
    async with make_pair(request.param, tmp_path) as pair:
        yield pair


def away(call: Callable[..., Awaitable[Any]], when: Callable[..., bool], *, late: bool) -> Any:
    """The store is away for one of these calls; `late`: the call takes effect, unheard."""
    done = []

    async def ask(*args: Any, **kwargs: Any) -> Any:
        if done or not when(*args, **kwargs):
            return await call(*args, **kwargs)
        done.append(True)
        if late:
            await call(*args, **kwargs)
        raise StoreUnavailable("the database does not answer")

    return ask


# ── money: made, or held for ever ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("at", ["free", "settle"])
async def test_who_wakes_before_it_frees_old_holds_frees_none_of_the_winner(
    pair: Pair, at: str
) -> None:
    """The winner's run would be paid from no hold, and another job could spend its money."""
    stop, settle, clean = Stop(), pair.a.gate.settle, []
    reserved = asyncio.Event()

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
        await asyncio.wait_for(polling.reached.wait(), 10)
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
    stop = Stop()
    pair.a.engine.prepare = stop.before(pair.a.engine.prepare)
    pair.a.gate.settle = away(  # type: ignore[assignment]
        pair.a.gate.settle, lambda end: end.amount is None, late=False
    )
    pair.b.engine.submit, paused = held(pair.b.engine.submit)
    await pair.open()
    async with pair.stopped(stop), working(pair.b):
        job = await pair.end()
        assert (await pair.money())["available"] == 100 - PRICE
    del paused
    await pair.check_books(job)


def held(call: Any) -> tuple[Any, None]:
    return call, None


async def test_money_held_by_who_dies_after_its_job_has_ended_comes_back(pair: Pair) -> None:
    stop = Stop()
    pair.a.gate.reserve = stop.before(pair.a.gate.reserve)  # type: ignore[assignment]
    dead = Stop()
    pair.a.engine.prepare = dead.before(pair.a.engine.prepare)
    await pair.open()
    async with working(pair.b):
        pass
    task = asyncio.create_task(pair.a.worker.run())
    await asyncio.wait_for(stop.reached.wait(), 10)
    pair.clock.move(RULES.lease_ms + 1)
    async with working(pair.b):
        job = await pair.end()
    stop.go_on.set()
    await asyncio.wait_for(dead.reached.wait(), 10)  # and here it dies
    pair.a.gate.settle = _never  # type: ignore[assignment]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pair.clock.move(HOUR_MS)
    async with working(pair.b):
        await asyncio.sleep(0.3)
    await pair.check_books(job)


async def _never(*_: Any) -> None:
    await asyncio.Event().wait()


async def test_free_work_goes_on_where_more_is_spent_than_there_was(pair: Pair) -> None:
    """A cap was lowered, or a run was dearer than its ceiling: what is paid for is still cut."""
    await pair.open(cap=0)
    await pair.a.store.update(MONEY, [Update("v", inc={"available": -1})])
    pair.a.engine.repeatable = True
    pair.a.engine.submit = just_made
    async with working(pair.a):
        job = await pair.end()
    assert job.state is State.DONE


async def just_made(task: Task, prepared: None) -> Produced:
    return Produced(Made(data={"key": "k"}))


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
        waits = lambda job: job.waits_for == "money"  # noqa: E731
        async with asyncio.timeout(10):
            while not (waits(await pair.a.row(OTHER)) or (await pair.a.row(OTHER)).has_ended):
                await asyncio.sleep(0.01)
        parked.set()
        await pair.end(SPEC)
        job = await pair.end(OTHER)
    assert job.state is State.DONE
    await pair.check_books(job, cap=CEILING)


@pytest.mark.parametrize("late", [False, True])
async def test_who_dies_after_it_parked_a_job_leaves_it_to_others_to_wake(
    pair: Pair, late: bool
) -> None:
    """The money came between the refusal and the parking, and the store is away at the look."""
    await pair.open(cap=0)
    stop = Stop()
    pair.a.ledger.advance = stop.before(pair.a.ledger.advance)  # type: ignore[method-assign]
    pair.a.gate.lets = away(  # type: ignore[method-assign]
        pair.a.gate.lets, lambda *_: True, late=late
    )
    async with working(pair.a):
        await asyncio.wait_for(stop.reached.wait(), 10)
        await pair.b.gate.set_cap("v", 100)
        await pair.b.ledger.wake("v")
        stop.go_on.set()
        job = await pair.end()
    assert job.state is State.DONE


# ── what is known of a run, and lost ────────────────────────────────────────────────────────────


async def test_a_run_whose_id_was_heard_is_not_looked_for_in_a_list(pair: Pair) -> None:
    """The store was away for a moment after the answer, and the provider's list is behind."""
    pair.a.engine.find = find_nothing
    pair.a.worker_rates = None
    rates = rates_of(pair)
    rates.clear = away(rates.clear, lambda *_: True, late=False)  # type: ignore[method-assign]
    await pair.open()
    async with working(pair.a):
        job = await pair.end()
    assert (job.state, len(pair.books.runs)) == (State.DONE, 1)
    await pair.check_books(job)


async def find_nothing(task: Task) -> Found:
    return Found(is_complete=True)


def rates_of(pair: Pair) -> Rates:
    return pair.a.rates


async def test_who_dies_between_two_writes_of_an_answer_does_not_lose_it(pair: Pair) -> None:
    for w in (pair.a, pair.b):
        w.engine.find = find_nothing
    stop = Stop()
    pair.a.ledger.hold_run = stop.after(pair.a.ledger.hold_run)  # type: ignore[method-assign]
    await pair.open()
    task = asyncio.create_task(pair.a.worker.run())
    await asyncio.wait_for(stop.reached.wait(), 10)  # and here it dies
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pair.clock.move(RULES.lease_ms + 1)
    async with working(pair.b):
        job = await pair.end()
    assert (job.state, len(pair.books.runs)) == (State.DONE, 1)
    await pair.check_books(job)


async def test_a_refusal_is_not_forgotten_while_the_store_is_away(pair: Pair) -> None:
    refusals = [1, 2]
    accept = pair.a.engine.submit

    async def submit(task: Task, prepared: None) -> Any:
        if refusals:
            refusals.pop()
            return Refused("busy", "slow down", seconds=0.001)
        return await accept(task, prepared)

    pair.a.engine.submit = submit
    rates = rates_of(pair)
    outages = [1, 2]
    slow_down = rates.slow_down

    async def flaky(*args: Any) -> Any:
        if outages:
            outages.pop()
            raise StoreUnavailable("the database does not answer")
        return await slow_down(*args)

    rates.slow_down = flaky  # type: ignore[method-assign]
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
        job = await pair.end()
    assert job.unresolved


# ── what is paid for, and on its way to the store ───────────────────────────────────────────────


async def test_a_death_after_the_raw_bytes_were_deleted_loses_nothing(pair: Pair) -> None:
    for w in (pair.a, pair.b):
        w.engine.submit = in_one_answer(pair)
        w.engine.poll = None
    stop = Stop()
    advance = pair.a.ledger.advance

    async def end(job: Job, signal: signals.Signal) -> Job | None:
        call = stop.before(advance) if isinstance(signal, signals.Finished) else advance
        return await call(job, signal)

    pair.a.ledger.advance = end  # type: ignore[method-assign]
    await pair.open()
    task = asyncio.create_task(pair.a.worker.run())
    await asyncio.wait_for(stop.reached.wait(), 10)  # and here it dies
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    pair.clock.move(RULES.lease_ms + 1)
    async with working(pair.b):
        job = await pair.end()
    assert (job.state, len(pair.books.runs)) == (State.DONE, 1)
    assert await pair.b.blobs.get(job.result["key"]) == b"pixels"
    await pair.check_books(job)
    assert not [key for key in await pair.b.blobs.keys("v") if "/raw/" in key]


def in_one_answer(pair: Pair) -> Callable[..., Awaitable[Produced]]:
    """A synchronous engine: what it made is in the answer itself."""

    async def submit(task: Task, prepared: None) -> Produced:
        pair.books.create(task.job, pair.clock()).state = "succeeded"
        path = task.folder / "image.png"
        path.write_bytes(b"pixels")
        return Produced(Made({"key": path}), cost=PRICE)

    return submit


async def test_bytes_that_are_gone_for_good_end_in_a_failure(pair: Pair) -> None:
    pair.a.engine.submit = in_one_answer(pair)
    fetch = outputs.fetch

    async def delete_first(urls: Any, folder: Path, blobs: Any) -> Any:
        await outputs.forget_raw(blobs, urls)
        return await fetch(urls, folder, blobs)

    await pair.open()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outputs, "fetch", delete_first)
        async with working(pair.a):
            await pair.until(lambda job: job.state is State.STORING)
            pair.clock.move(RULES.outputs_ms)
            await pair.until(lambda job: job.tries > 0)


# ── a provider that is left alone ───────────────────────────────────────────────────────────────


async def test_no_answer_of_a_provider_keeps_it_alone_for_longer_than_half_an_hour(
    pair: Pair,
) -> None:
    rates, limits = rates_of(pair), Limits(creates_a_minute=540)
    await rates.slow_down("p", 1e9, "come back in thirty years")
    pair.clock.move(30 * 60_000 + 1)
    assert await rates.take("p", limits)


async def test_a_clock_that_was_ahead_keeps_no_provider_alone(pair: Pair) -> None:
    rates, limits = rates_of(pair), Limits(creates_a_minute=540)
    await rates.slow_down("p", 5, "slow down", 6)
    row = (await pair.a.store.get(RATES, ["p"]))["p"]
    ahead = {name: row[name] + HOUR_MS for name in ("blocked_until", "learnt_until")}
    await pair.a.store.update(RATES, [Update("p", set=ahead)])
    pair.clock.move(10_000)
    assert await rates.count_free("p", limits) == 9


async def test_two_clocks_that_differ_a_little_give_no_second_twice(pair: Pair) -> None:
    """One replica's second has begun, and the other's has not: the creates are the same."""
    limits = Limits(creates_a_minute=540)
    a, b = pair.a.store, pair.b.store
    second = pair.clock() // 1000 * 1000 + 5_000
    ahead, behind = Rates(at(a, second + 1)), Rates(at(b, second - 1))
    granted = 0
    for rates in (ahead, behind, ahead, behind, ahead):
        granted += sum(await asyncio.gather(*(rates.take("p", limits) for _ in range(5))))
    assert granted == 9


def at(store: Any, now: int) -> Any:
    class At:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def now(self) -> int:
            return now

    return At()
