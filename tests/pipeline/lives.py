"""Processes that die while a video is being bought, and the provider whose books are judged."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from services.gateway.parts import build_gateway
from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.bus.local import LocalBus
from shared.jobs.engine import Task
from shared.jobs.gate import MONEY
from shared.jobs.job import TERMINAL, Job
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Accepted, Ended, Found, Made, Pending, Produced, Quote
from shared.jobs.rates import NO_LIMITS
from shared.jobs.receipt import read_receipt
from shared.runtime.app import Parts, Ports, run_services
from shared.runtime.paid import PAID
from shared.store.sqlite import SqliteStore
from shared.story.kinds import KINDS, PLAN
from tests.clock import Clock
from tests.mortal import Death, Mortal
from tests.pipeline.test_wishes import Stack
from tests.pipeline.world import PACE, QUICK, SERVICES, Counting, World

CEILING, PRICE, STOPPED = 10, 7, 2
CAP = 400
RULES = replace(QUICK, grace_ms=200)
PATIENCE = 90.0
"""Seconds: all comes at once, but for a busy machine."""
POLLS = 3
"""So often a run is looked at before it has ended."""


@dataclass
class Run:
    """A run in the books of the provider."""

    id: str
    job: str
    wish: str
    created_at: int
    polls: int = 0
    status: str = "running"
    cost: int = 0


@dataclass
class Books:
    """What is true: all runs that were accepted, and what is charged for them."""

    runs: list[Run] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    loses: bool = False
    """Each answer to a create is lost."""
    slow: tuple[str, ...] = ()
    """Jobs whose runs go on until they are stopped."""

    def create(self, task: Task, now: int) -> Run:
        job = task.job.id
        self.twice += [run.job for run in self.runs if run.job == job and run.status != "stopped"]
        self.runs.append(Run(f"run-{len(self.runs)}", job, _describe(task), now))
        return self.runs[-1]

    def find(self, id_: str | None) -> Run:
        return next(run for run in self.runs if run.id == id_)

    @property
    def billed(self) -> int:
        return sum(run.cost for run in self.runs)


def _describe(task: Task) -> str:
    return f"{task.job.spec.kind} {task.order.wish()} {task.job.spec.files}"


class Bought:
    """An engine of this provider."""

    name = "provider"
    slots = 20
    repeatable = False
    makes_files = False
    limits = NO_LIMITS

    def __init__(self, books: Books, now: Callable[[], int]) -> None:
        self._books, self._now = books, now

    def quote(self, job: Job) -> Quote:
        return Quote(CEILING, "model")

    def count_models(self, job: Job) -> int:
        return 1

    async def fingerprint(self, task: Task) -> None: ...

    async def prepare(self, task: Task) -> None: ...

    async def submit(self, task: Task, prepared: None) -> Accepted:
        run = self._books.create(task, self._now())
        if self._books.loses:
            raise ConnectionError("the answer was lost")
        return Accepted(run.id)

    async def poll(self, task: Task) -> Pending | Produced | Ended:
        run = self._books.find(task.job.external_id)
        run.polls += 1
        is_slow = task.job.id in self._books.slow
        if run.status == "running" and run.polls >= POLLS and not is_slow:
            run.status, run.cost = "made", PRICE
        if run.status == "running":
            return Pending(0.01)
        if run.status == "stopped":
            return Ended("stopped", cancelled=True, cost=run.cost)
        wants_more = getattr(task.order, "wants_last_frame", False)
        more = {"last_frame_key": f"{run.job}/last"} if wants_more else {}
        words = [{"text": "so", "start": 0.0, "end": 1.0}]
        return Produced(
            Made(data={"key": run.job, "seconds": 4.0, "words": words, **more}), cost=run.cost
        )

    async def find(self, task: Task) -> Found:
        since, wish = task.job.posted_at or 0, _describe(task)
        ids = [r.id for r in self._books.runs if r.created_at >= since and r.wish == wish]
        return Found(tuple(ids), is_complete=True)

    async def cancel(self, task: Task) -> None:
        run = self._books.find(task.job.external_id)
        if run.status == "running":
            run.status, run.cost = "stopped", STOPPED


EFFECTS = frozenset({"insert", "update", "delete", "publish", "submit", "cancel"})


@dataclass
class Lives:
    """What goes on after a death: the folder, the provider's books, and the time."""

    folder: Path
    books: Books
    clock: Clock = field(default_factory=Clock)
    answered: set[str] = field(default_factory=set)
    """What the user has had an answer to, and does not ask again."""

    @asynccontextmanager
    async def live(self, death: Death) -> AsyncIterator[tuple[Stack, asyncio.Event]]:
        gone = asyncio.Event()
        real = SqliteStore(self.folder / "storywave.db", self.clock)
        queues = LocalBus(graceful_seconds=0.1)
        whole = DiskBlobs(self.folder / "blobs")
        mortal: Any = [Mortal(port, death, EFFECTS, gone) for port in (real, queues, whole)]
        bought: Any = Mortal(Bought(self.books, self.clock), death, EFFECTS, gone)
        engine = Counting(real)
        engines = {kind: engine if kind not in PAID or kind is PLAN else bought for kind in KINDS}
        parts = Parts(
            Ports(*mortal),
            KINDS,
            engines,
            self.folder / "work",
            Pool(1),
            rules=RULES,
            pace=PACE,
            drain_seconds=0.1,
        )
        async with run_services(parts, SERVICES) as app:
            gateway = build_gateway(app)
            try:
                yield Stack(World(app, real, queues, engine), gateway), gone
            finally:
                gateway.close()


Script = Callable[[Stack], Coroutine[Any, Any, None]]


async def live_through(lives: Lives, script: Script, death: Death) -> None:
    """Let a user go through a script until its end, or until the process has died."""
    try:
        async with lives.live(death) as (s, gone):
            acting = asyncio.create_task(script(s))
            dying = asyncio.create_task(gone.wait())
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait({acting, dying}, return_when=asyncio.FIRST_COMPLETED)
            if not gone.is_set():
                await acting
            for task in (acting, dying):
                task.cancel()
            await asyncio.gather(acting, dying, return_exceptions=True)
    except asyncio.CancelledError:
        assert death.dead  # the process ended in the middle


async def check(lives: Lives, *, is_deleted: bool = False) -> None:
    """Compare the provider's books with ours, once everything has come to rest."""
    books = lives.books
    async with lives.live(Death(None, False)) as (s, _):
        await come_to_rest(s, lives)
        store = s.w.store
        rows = await store.find(JOBS, {"spec.video_id": "v"})
        money = (await store.get(MONEY, ["v"])).get("v")
        receipt = await read_receipt(store, "v")
        cost = (await s.now()).cost if not is_deleted else None
    assert books.twice == []
    assert [run.job for run in books.runs if run.status == "running"] == []
    assert books.billed <= CAP
    if is_deleted:
        assert not rows and money is None
        return
    assert money is not None
    assert [row["_id"] for row in rows if row.get("unresolved")] == []
    held = {name: hold for name, hold in money["holds"].items() if "settled" not in hold}
    assert held == {}
    assert (receipt.paid, receipt.recorded, receipt.held) == (books.billed, books.billed, 0)
    assert cost == books.billed
    assert not list((lives.folder / "work").rglob("*-[0-9]*"))


async def come_to_rest(s: Stack, lives: Lives) -> None:
    """Wait until no job is open, and the gateway knows of all of them; time passes meanwhile."""
    async with asyncio.timeout(PATIENCE):
        while True:
            rows = await s.w.store.find(JOBS, {"spec.video_id": "v"})
            view = await s.w.app.shell("gateway").view("v")
            known = view.ends if view else {}
            is_over = all(row["state"] in TERMINAL for row in rows)
            if is_over and (not rows or all(row["_id"] in known for row in rows)):
                return
            await look(s, lives)


async def look(s: Stack, lives: Lives) -> None:
    lives.clock.move(20_000)
    for service in SERVICES:
        await s.w.app.shell(service.name).sweep()
    await asyncio.sleep(0.02)
