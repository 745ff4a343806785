"""Replicas that stand still, lose their claims and wake again: each job is paid for once.

The provider is judged by its own books, and the receipt by them.
"""

import asyncio
from typing import Any

import pytest

from shared.jobs import engine, outputs, signals, worker
from shared.jobs.engine import Task
from shared.jobs.gate import Hold, Settlement, Verdict
from shared.jobs.job import Job, State
from shared.jobs.outcomes import Accepted, Ended, Found, Pending, Produced, Refused
from shared.story.kinds import IMAGE
from tests.jobs.replicas import CEILING, PRICE, Pair, Stop, working
from tests.jobs.test_worker import RULES, SPEC

OTHER = SPEC.model_copy(update={"beat": 2})
HANDS = {IMAGE.name: 1}


# ── the gate (r01) ──────────────────────────────────────────────────────────────────────────────


async def test_two_settlements_of_one_hold_at_once_make_no_money(pair: Pair) -> None:
    gate = pair.a.gate
    await gate.open("v", "ann", cap=100)
    assert await gate.reserve(Hold("v", "a:1", 60)) is Verdict.GRANTED
    end = Settlement("v", "a", "a:1", 10)
    await asyncio.gather(gate.settle(end), gate.settle(end), pair.b.gate.settle(end))
    assert (await pair.money())["available"] == 90


async def test_two_reservations_of_one_hold_at_once_take_the_money_once(pair: Pair) -> None:
    gate, hold = pair.a.gate, Hold("v", "a:1", 30)
    await gate.open("v", "ann", cap=100)
    asked = (gate.reserve(hold), gate.reserve(hold), pair.b.gate.reserve(hold))
    assert set(await asyncio.gather(*asked)) == {Verdict.GRANTED}
    assert (await pair.money())["available"] == 70


async def test_a_settled_hold_takes_no_money_of_another(pair: Pair) -> None:
    gate = pair.a.gate
    await gate.open("v", "ann", cap=10)
    await gate.reserve(Hold("v", "a:1", 10))
    await gate.settle(Settlement("v", "a", "a:1", 0))
    assert await gate.reserve(Hold("v", "b:1", 10)) is Verdict.GRANTED
    assert await gate.reserve(Hold("v", "a:1", 10)) is Verdict.SETTLED


# ── a claim that was lost (r02, r02b, r08, r19, r23) ────────────────────────────────────────────


async def test_who_wakes_in_a_poll_settles_nothing_of_the_winner(pair: Pair) -> None:
    stop, poll = Stop(), pair.a.engine.poll

    async def broken(task: Task) -> Pending | Produced | Ended:
        await stop.before(poll)(task)
        raise ConnectionResetError("the read timed out")

    pair.a.engine.poll = broken
    await pair.open(cap=CEILING)
    async with pair.stopped(stop), working(pair.b):
        await pair.until(lambda job: job.attempt > 1)
        stop.go_on.set()
        job = await pair.end()
    assert job.state is State.DONE
    await pair.check_books(job, cap=CEILING)


@pytest.mark.parametrize("wakes_late", [False, True])
async def test_who_wakes_after_another_adopted_its_run_frees_no_money(
    pair: Pair, wakes_late: bool
) -> None:
    ledger = pair.a.ledger
    await pair.open(cap=CEILING)
    (first,) = await ledger.claim(HANDS)
    await pair.a.gate.reserve(Hold("v", f"{first.id}:1", CEILING))
    posted = await ledger.advance(first, signals.Posted(CEILING, "fast"))
    assert posted is not None
    pair.books.create(posted, pair.clock())  # and its answer is lost
    pair.clock.move(RULES.lease_ms + RULES.grace_ms)
    (asleep,) = await ledger.claim(HANDS)  # it finds nothing in the list yet, and stands still
    pair.clock.move(RULES.lease_ms + 1)
    async with working(pair.b):
        # on a busy machine the run may have ended before anybody looks
        await pair.until(
            lambda job: job.has_ended or (not wakes_late and job.state is State.RUNNING)
        )
        assert await ledger.advance(asleep, signals.NotAccepted()) is None
        assert await pair.b.gate.reserve(Hold("v", "other:1", CEILING)) is Verdict.NO_MONEY
        job = await pair.end()
    await pair.check_books(job, cap=CEILING)


async def test_who_wakes_between_gate_and_request_does_not_send_it(pair: Pair) -> None:
    stop = Stop()
    pair.a.gate.reserve = stop.after(pair.a.gate.reserve)
    await pair.open(cap=CEILING * 2)
    async with pair.stopped(stop), working(pair.b):
        job = await pair.end()
    assert (job.state, len(pair.books.runs)) == (State.DONE, 1)
    await pair.check_books(job, cap=CEILING * 2)


async def test_who_wakes_between_mark_and_request_does_not_send_it(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standstill shows on a clock of this process, which goes on while it is stopped."""
    stop, ahead = Stop(), 0.0
    real = engine.read_clock
    for module in (engine, worker):
        monkeypatch.setattr(module, "read_clock", lambda: real() + ahead)
    advance = pair.a.ledger.advance

    async def mark(job: Job, signal: signals.Signal) -> Job | None:
        after = await advance(job, signal)
        return await stop.after(_return)(after) if isinstance(signal, signals.Posted) else after

    pair.a.ledger.advance = mark  # type: ignore[method-assign]
    await pair.open()
    async with pair.stopped(stop), working(pair.b):
        ahead = RULES.lease_ms / 1000
        stop.go_on.set()
        job = await pair.end()
    assert (job.state, len(pair.books.runs)) == (State.DONE, 1)
    await pair.check_books(job)


async def _return(value: Any) -> Any:
    return value


async def test_the_time_to_look_for_a_lost_request_counts_from_the_request(pair: Pair) -> None:
    """Its inputs take longer to upload than a lost request may take to show up."""

    async def upload(task: Task) -> None:
        for _ in range(3):
            pair.clock.move(RULES.lease_ms // 3)
            await pair.a.worker.renew()

    lagging = pair.a.engine.find

    async def find(task: Task) -> Found | Ended:
        (run,) = pair.books.runs
        is_listed = pair.clock() - run.created_at > RULES.grace_ms * 0.8
        return await lagging(task) if is_listed else Found(is_complete=True)

    pair.a.engine.prepare, pair.a.engine.find = upload, find
    lose_answers(pair.a, 1)
    await pair.open()
    async with working(pair.a):
        job = await pair.end()
    assert len(pair.books.runs) == 1
    await pair.check_books(job)


async def test_two_polls_of_one_job_at_once_settle_once(pair: Pair) -> None:
    """The replica that stood still had its answer already: both replicas write the same end."""
    stop = Stop()
    pair.a.engine.poll = stop.after(pair.a.engine.poll)
    pair.books.runs = []
    await pair.open(cap=CEILING)
    async with pair.stopped(stop), working(pair.b):
        await pair.until(lambda job: job.attempt > 1)
        stop.go_on.set()
        job = await pair.end()
    await pair.check_books(job, cap=CEILING)


# ── ordinary mishaps (r06, r06b, r07, r09, r11) ─────────────────────────────────────────────────


def lose_answers(w: Any, count: int) -> None:
    """So many creates are accepted, and their answers can't be read."""
    submit, left = w.engine.submit, [None] * count

    async def lose(task: Task, prepared: None) -> Accepted:
        accepted: Accepted = await submit(task, prepared)
        if left:
            left.pop()
            raise ValueError("unexpected field in the answer")
        return accepted

    w.engine.submit = lose


def fail_once(call: Any, error: Exception) -> Any:
    errors = [error]

    async def fail(*args: Any) -> Any:
        if errors:
            raise errors.pop()
        return await call(*args)

    return fail


MISHAPS = [ConnectionResetError("reset"), OSError("?"), KeyError("id"), TimeoutError()]


@pytest.mark.parametrize("error", MISHAPS, ids=repr)
@pytest.mark.parametrize("method", ["poll", "find", "prepare"])
async def test_no_error_of_an_engine_pays_twice(pair: Pair, method: str, error: Exception) -> None:
    provided = pair.a.engine
    setattr(provided, method, fail_once(getattr(provided, method), error))
    lose_answers(pair.a, 1)
    await pair.open()
    async with working(pair.a):
        job = await pair.end()
    assert (job.state, len(pair.books.runs)) == (State.DONE, 1)
    await pair.check_books(job)


@pytest.mark.parametrize("error", [*MISHAPS, MemoryError(), OSError(5, "?")], ids=repr)
async def test_no_error_while_storing_pays_twice(
    pair: Pair, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "keep", fail_once(outputs.keep, error))
    await pair.open()
    async with working(pair.a):
        job = await pair.end()
    assert (job.state, len(pair.books.runs)) == (State.DONE, 1)
    await pair.check_books(job)


async def test_a_run_that_was_cancelled_and_is_billed_says_so(pair: Pair) -> None:
    async def poll(task: Task) -> Ended:
        await pair.a.ledger.cancel("v")
        pair.books.find(task.job.external_id).state = "failed"
        return Ended("cancelled", cancelled=True, cost=5)

    pair.a.engine.poll = poll
    await pair.open()
    async with working(pair.a):
        job = await pair.end()
    assert (job.state, job.cost) == (State.CANCELLED, 5)
    assert (await pair.money())["available"] == 95


async def test_what_is_accepted_and_never_understood_is_bounded(pair: Pair) -> None:
    """Neither its answer nor its entry in the list can be read: the residue, two runs at most."""

    async def find(task: Task) -> Found:
        return Found(is_complete=True)

    pair.a.engine.find = find
    lose_answers(pair.a, 99)
    await pair.open(cap=25)
    async with working(pair.a):
        job = await pair.end()
    assert (job.state, job.unresolved, len(pair.books.runs)) == (State.FAILED, True, 2)
    assert (await pair.money())["holds"][job.hold] == {"reserved": CEILING, "model": "fast"}


async def test_two_lost_requests_and_one_run_in_the_list(pair: Pair) -> None:
    """One adopts it; the other one is sent again, once, and ends too."""
    accept, lost = pair.a.engine.submit, [SPEC.id, OTHER.id]

    async def submit(task: Task, prepared: None) -> Any:
        if task.job.id not in lost:
            return await accept(task, prepared)
        lost.remove(task.job.id)
        if lost:
            await accept(task, prepared)
        raise ConnectionError("reset")

    pair.a.engine.submit = submit
    await pair.open(SPEC, OTHER)
    async with working(pair.a):
        jobs = [await pair.end(SPEC), await pair.end(OTHER)]
    assert {job.state for job in jobs} == {State.DONE}
    assert len({job.external_id for job in jobs}) == len(pair.books.runs) == 2
    money = await pair.money()
    assert 100 - money["available"] == pair.books.billed == 2 * PRICE


async def test_an_hour_of_refusals_leaves_no_trace_in_the_money(pair: Pair) -> None:
    accept, refusals = pair.a.engine.submit, [Refused("busy", "slow down", seconds=0.0)] * 40

    async def submit(task: Task, prepared: None) -> Any:
        return refusals.pop() if refusals else await accept(task, prepared)

    pair.a.engine.submit = submit
    await pair.open()
    async with working(pair.a):
        job = await pair.end()
    assert len((await pair.money())["holds"]) == 1
    await pair.check_books(job)
