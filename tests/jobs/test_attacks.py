"""An adversary at the ledger: pauses, stale claims, late answers, and writes that are refused."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.jobs import outputs, signals
from shared.jobs.engine import Task
from shared.jobs.gate import MONEY, Hold, Settlement
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Accepted, Found, Made, Pending, Produced, Refused
from shared.jobs.rates import RATES, Limits, Rates
from shared.jobs.unresolved import find_unresolved, settle_by_hand
from shared.ports import Update
from shared.story.errors import PermanentError, StoreUnavailable
from shared.story.events import Event
from shared.story.kinds import IMAGE
from tests.contracts.adapters import STORES
from tests.jobs.replicas import CEILING, PRICE, Pair, Stop, make_pair, working
from tests.jobs.test_worker import PACE, RULES, SPEC

OTHER = SPEC.model_copy(update={"beat": 2})
HOUR_MS = 3_600_000


@pytest.fixture(params=STORES)
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pair]:
    async with make_pair(request.param, tmp_path) as pair:
        yield pair


def away(
    call: Callable[..., Awaitable[Any]],
    when: Callable[..., bool] = lambda *_: True,
    *,
    times: int = 1,
    late: bool = False,
) -> Any:
    """The store is away for some of these calls; `late`: they take effect, and it is not heard."""
    left = [None] * times

    async def ask(*args: Any, **kwargs: Any) -> Any:
        if not left or not when(*args, **kwargs):
            return await call(*args, **kwargs)
        left.pop()
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
    stop, a = Stop(), pair.a
    a.gate.reserve = stop.before(a.gate.reserve)  # type: ignore[assignment]
    a.gate.settle = away(a.gate.settle, lambda end: not end.before)  # type: ignore[assignment]
    await pair.open()
    async with pair.stopped(stop), working(pair.b):
        job = await pair.end()
    await pair.check_books(job)


@pytest.mark.xfail(
    strict=True,
    reason="a worker stands still before it holds money, its job ends meanwhile, and it dies with "
    "the money held: no claim comes after it that would free it",
)
async def test_money_held_by_who_dies_after_its_job_has_ended_comes_back(pair: Pair) -> None:
    stop, dead, a = Stop(), Stop(), pair.a
    a.gate.reserve = stop.before(a.gate.reserve)  # type: ignore[assignment]
    a.engine.prepare = dead.before(a.engine.prepare)
    await pair.open()
    async with pair.stopped(stop):
        async with working(pair.b):
            job = await pair.end()
        stop.go_on.set()
        await dead.reached.wait()
        a.gate.settle = Stop().before(a.gate.settle)  # type: ignore[assignment]
        for mine in asyncio.all_tasks() - {asyncio.current_task()}:
            if mine.get_name() == SPEC.id:
                mine.cancel()  # and here it dies
        await asyncio.sleep(0)
        pair.clock.move(HOUR_MS)
        async with working(pair.b):
            await asyncio.sleep(5 * PACE.look)
        await pair.check_books(job)


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
    pair.a.gate.lets = away(pair.a.gate.lets)  # type: ignore[method-assign]
    async with working(pair.a):
        await asyncio.wait_for(stop.reached.wait(), 10)
        await pair.b.gate.set_cap("v", 100)
        await pair.b.ledger.wake("v")
        stop.go_on.set()
        job = await pair.end()
    assert job.state is State.DONE


@pytest.mark.xfail(
    strict=True,
    reason="money comes between the refusal and the parking, and the worker dies before it looks "
    "once more: nothing looks at parked jobs but a wish, a settlement, or money given back",
)
async def test_who_dies_right_after_it_parked_a_job_loses_no_wake_up(pair: Pair) -> None:
    await pair.open(cap=0)
    stop, dead, a = Stop(), Stop(), pair.a
    a.ledger.advance = stop.before(a.ledger.advance)  # type: ignore[method-assign]
    a.gate.lets = dead.before(a.gate.lets)  # type: ignore[method-assign]
    async with working(a):
        await stop.reached.wait()
        await pair.b.gate.set_cap("v", 100)
        await pair.b.ledger.wake("v")
        stop.go_on.set()
        await dead.reached.wait()
    pair.clock.move(HOUR_MS)
    async with working(pair.b):
        await asyncio.sleep(5 * PACE.look)
        assert (await pair.b.row()).attempt > 1


@pytest.mark.xfail(
    strict=True, reason="what a person settles by hand comes free, and nobody wakes who waits"
)
async def test_money_that_a_person_gives_back_wakes_who_waits_for_it(pair: Pair) -> None:
    await pair.open(cap=CEILING)
    pair.a.engine.find = find_nothing
    pair.a.engine.submit = lose
    async with working(pair.a):
        assert (await pair.end()).unresolved
        await pair.a.ledger.insert([OTHER])
        await pair.until(lambda job: job.waits_for == "money", OTHER)
        known = await find_unresolved(pair.a.store, SPEC.id)
        await settle_by_hand(pair.a.store, pair.a.gate, tell_nobody, known, 0)
        await asyncio.sleep(5 * PACE.look)
        assert not (await pair.a.row(OTHER)).waits_for


async def lose(task: Task, prepared: None) -> Accepted:
    raise ConnectionError("the answer was lost")


async def tell_nobody(events: Sequence[Event]) -> None:
    pass


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


async def find_nothing(task: Task) -> Found:
    return Found(is_complete=True)


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


@pytest.mark.xfail(
    strict=True,
    reason="a run of which every question fails is asked after for ever, with its money held: only "
    "a submit without an answer is ever called unresolved",
)
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


@pytest.mark.xfail(
    strict=True,
    reason="the engine of a kind was changed from a paid one to a free one while a run was on: its "
    "result is left behind, and its hold is settled at nothing",
)
async def test_a_run_that_is_on_is_paid_though_its_engine_was_switched_off(pair: Pair) -> None:
    await pair.open()
    async with working(pair.a):
        await pair.until(lambda job: job.state is State.RUNNING)
    pair.b.engine.repeatable = True  # as the local engine is
    pair.b.engine.submit, pair.b.engine.poll = just_made, refuse_to_look
    pair.clock.move(RULES.lease_ms + 1)
    async with working(pair.b):
        await pair.end()
    (hold,) = [hold for hold in (await pair.money())["holds"].values() if hold["reserved"]]
    assert hold.get("settled") != 0


async def refuse_to_look(task: Task) -> Produced:
    raise PermanentError("local work is finished when its submit returns")


@pytest.mark.xfail(
    strict=True,
    reason="a job that was in hand when its video was cancelled goes back to the queue, and ends "
    "only when its provider takes work again",
)
async def test_a_cancelled_job_ends_though_its_provider_is_left_alone(pair: Pair) -> None:
    async def no_credit(task: Task, prepared: None) -> Refused:
        await pair.b.ledger.cancel("v")
        return Refused("account", "no credit", seconds=1_800)

    pair.a.engine.submit = no_credit
    await pair.open()
    async with working(pair.a):
        await pair.until(lambda job: job.attempt == 1 and job.state is State.NEW)
        await asyncio.sleep(5 * PACE.look)
        assert (await pair.a.row()).state is State.CANCELLED


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
    rates, limits = pair.a.rates, Limits(creates_a_minute=540)
    await rates.slow_down("p", 1e9, "come back in thirty years")
    pair.clock.move(30 * 60_000 + 1)
    assert await rates.take("p", limits)


async def test_a_clock_that_was_ahead_keeps_no_provider_alone(pair: Pair) -> None:
    rates, limits = pair.a.rates, Limits(creates_a_minute=540)
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
