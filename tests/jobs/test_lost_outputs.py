"""An adversary at what is paid for and not stored yet, and at providers that are left alone."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from shared.jobs import outputs, signals
from shared.jobs.engine import Task
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Made, Produced
from shared.jobs.rates import RATES, Limits, Rates
from shared.ports import Update
from tests.jobs.replicas import (
    PRICE,
    Pair,
    Stop,
    working,
)
from tests.jobs.test_worker import RULES, SPEC

HOUR_MS = 3_600_000


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
    await stop.until_reached()  # and here it dies
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


async def test_a_paid_run_whose_storing_kills_its_workers_is_settled_for_what_it_cost(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.a.engine.submit = in_one_answer(pair)
    monkeypatch.setattr(outputs, "fetch", lambda *_: asyncio.Event().wait())
    await pair.open()
    async with working(pair.a):
        await pair.until(lambda job: job.state is State.STORING)
    await pair.a.store.update(JOBS, [Update(SPEC.id, set={"deaths": 1_000})])
    pair.clock.move(RULES.lease_ms + 1)
    async with working(pair.b):
        job = await pair.end()
    assert job.state is State.FAILED
    await pair.check_books(job)


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
