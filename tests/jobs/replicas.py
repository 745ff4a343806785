"""Two replicas of a service and their provider, of which a test can stop one where it likes.

The provider keeps books of its own, and tests judge by them: a job is paid twice where a run of it
is created while an earlier one runs, or has already brought what it was made for.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.jobs import gate, ledger, rates, relay
from shared.jobs.engine import Task
from shared.jobs.gate import MONEY
from shared.jobs.job import Job, Rules
from shared.jobs.outcomes import Accepted, Ended, Found, Made, Pending, Produced, Quote
from shared.jobs.rates import NO_LIMITS
from shared.ports import Doc
from shared.story.errors import StoreUnavailable
from shared.story.view import JobSpec
from tests.clock import Clock
from tests.contracts.adapters import Stores
from tests.jobs.test_payments import Clocked
from tests.jobs.test_worker import RULES, SPEC, LoneWorker

INDEXES = {**ledger.INDEXES, **relay.INDEXES, **gate.INDEXES, **rates.INDEXES}
CEILING = 10
PRICE = 9


@dataclass
class Run:
    """One run in the books of the provider."""

    id: str
    job: str
    created_at: int
    state: str = "running"
    polls: int = 0


@dataclass
class Books:
    """What is true: all runs that were accepted, and what was charged for them."""

    runs: list[Run] = field(default_factory=list)
    paid_twice: int = 0

    def create(self, job: Job, now: int) -> Run:
        mine = [run for run in self.runs if run.job == job.id]
        self.paid_twice += any(run.state != "failed" for run in mine)
        self.runs.append(Run(f"p{len(self.runs)}", job.id, now))
        return self.runs[-1]

    def find(self, id_: str | None) -> Run:
        return next(run for run in self.runs if run.id == id_)

    @property
    def billed(self) -> int:
        return PRICE * sum(run.state == "succeeded" for run in self.runs)


class Provided:
    """An engine of this provider. A test may replace any of its methods."""

    name = "provider"
    slots = 10
    repeatable = False
    makes_files = False
    limits = NO_LIMITS

    def __init__(self, books: Books, store: Any) -> None:
        self.books, self._store = books, store

    def quote(self, job: Job) -> Quote:
        return Quote(CEILING, "fast")

    def count_models(self, job: Job) -> int:
        return 1

    async def fingerprint(self, task: Task) -> None:
        pass

    async def prepare(self, task: Task) -> None:
        pass

    async def submit(self, task: Task, prepared: None) -> Any:
        return Accepted(self.books.create(task.job, self._store.now()).id)

    async def poll(self, task: Task) -> Pending | Produced | Ended:
        run = self.books.find(task.job.external_id)
        run.polls += 1
        if run.polls < 2:
            return Pending(0)
        run.state = "succeeded"
        return Produced(Made(data={"key": "k"}), cost=PRICE)

    async def find(self, task: Task) -> Found | Ended:
        """Return what is listed: by input and time, since no provider lists our jobs."""
        since = task.job.posted_at or 0
        ids = tuple(run.id for run in self.books.runs if run.created_at >= since)
        return Found(ids, is_complete=True)

    async def cancel(self, task: Task) -> None:
        pass


class Stop:
    """A place where a process stands still until a test lets it go on: what SIGSTOP does."""

    def __init__(self) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    def before(self, call: Callable[..., Awaitable[Any]]) -> Any:
        """Stand still before the first of these calls takes effect."""

        async def stop(*args: Any, **kwargs: Any) -> Any:
            await self._stand()
            return await call(*args, **kwargs)

        return stop

    def after(self, call: Callable[..., Awaitable[Any]]) -> Any:
        """Stand still after the first of these calls, before its answer is used."""

        async def stop(*args: Any, **kwargs: Any) -> Any:
            answer = await call(*args, **kwargs)
            await self._stand()
            return answer

        return stop

    async def until_reached(self) -> None:
        """Wait until somebody stands here, for so long as a test may wait."""
        await asyncio.wait_for(self.reached.wait(), 20)

    async def _stand(self) -> None:
        if not self.reached.is_set():
            self.reached.set()
            await self.go_on.wait()


@dataclass
class Pair:
    """Two replicas, `a` and `b`, on one store whose clock is moved."""

    a: LoneWorker
    b: LoneWorker
    books: Books
    clock: Clock

    async def open(self, *specs: JobSpec, cap: int = 100) -> None:
        await self.a.open(cap)
        await self.a.ledger.insert(list(specs) or [SPEC])

    async def money(self, video: str = "v") -> Doc:
        return (await self.a.store.get(MONEY, [video]))[video]

    async def until(self, holds: Callable[[Job], bool], spec: JobSpec = SPEC) -> Job:
        """Let time pass until the row of a job is as wanted."""
        async with asyncio.timeout(20):
            while not holds(job := await self.a.row(spec)):
                await asyncio.sleep(0.003)
                self.clock.move(5)
        return job

    async def end(self, spec: JobSpec = SPEC) -> Job:
        return await self.until(lambda job: job.has_ended, spec)

    @asynccontextmanager
    async def stopped(self, stop: Stop) -> AsyncIterator[None]:
        """Have `a` work until it stands still, and its lease end; then let it go on, and finish."""
        # from the start: a renewal that is under way would find that the claim is lost
        self.a.worker.renew = _nothing  # type: ignore[method-assign]
        working = asyncio.create_task(self.a.worker.run())
        await stop.until_reached()
        await self.a.worker.drain(0)
        self.clock.move(RULES.lease_ms + 1)
        try:
            yield
            stop.go_on.set()
            await self.a.worker.drain(20)
        finally:
            await end(working)

    async def check_books(self, *jobs: Job, cap: int = 100) -> None:
        """Compare the books with the receipt: nothing made, nothing lost, nothing left open."""
        money = await self.money()
        holds = money["holds"].values()
        assert money["available"] + sum(h.get("settled", h["reserved"]) for h in holds) == cap
        assert all("settled" in hold for hold in holds), "a hold is open"
        assert self.books.paid_twice == 0
        assert cap - money["available"] == self.books.billed == sum(job.cost for job in jobs)


async def _nothing() -> None:
    """What a process that stands still does for its leases."""


@asynccontextmanager
async def working(w: LoneWorker) -> AsyncIterator[None]:
    """Have a replica work meanwhile."""
    task = asyncio.create_task(w.work())
    try:
        yield
    finally:
        await end(task)


async def end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def make_pair(adapter: str, folder: Path, rules: Rules = RULES) -> AsyncIterator[Pair]:
    clock, books = Clock(), Books()
    stores = Stores(adapter, folder, INDEXES)
    try:
        async with AsyncExitStack() as stack:
            racers = await stack.enter_async_context(stores.racers(2))
            clocked: list[Any] = [Clocked(store, clock) for store in racers]
            a, b = (LoneWorker(s, folder, Provided(books, s), rules=rules) for s in clocked)
            yield Pair(a, b, books, clock)
    finally:
        await stores.drop()


def away(
    call: Callable[..., Awaitable[Any]],
    when: Callable[..., bool] = lambda *_: True,
    times: int = 1,
) -> Any:
    """The store is away for the first of these calls."""
    left = [None] * times

    async def ask(*args: Any, **kwargs: Any) -> Any:
        if left and when(*args, **kwargs):
            left.pop()
            raise StoreUnavailable("the database does not answer")
        return await call(*args, **kwargs)

    return ask


async def just_made(task: Task, prepared: None) -> Produced:
    return Produced(Made(data={"key": "k"}))


async def lose(task: Task, prepared: None) -> Accepted:
    raise ConnectionError("the answer was lost")


async def find_nothing(task: Task) -> Found:
    return Found(is_complete=True)
