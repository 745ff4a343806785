"""A process that dies at every line around a payment: nothing is lost, and nothing is paid twice.

The provider here keeps books of its own, and is judged by them alone. A death after one outside
effect is the same as a death before the next one, so each effect is one place to die at.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from shared.jobs import gate, ledger, rates, relay, reuse
from shared.jobs.engine import Task
from shared.jobs.gate import MONEY
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Accepted, Ended, Found, Made, Pending, Produced, Quote
from shared.jobs.rates import NO_LIMITS
from shared.jobs.rows import from_doc
from shared.ports import Store
from shared.story.view import JobSpec
from tests.clock import Clock
from tests.contracts.adapters import STORES, Stores
from tests.jobs.test_worker import RULES, SPEC, LoneWorker
from tests.mortal import Death, Mortal

CAP = 100
CEILING = 10
INDEXES = {**ledger.INDEXES, **relay.INDEXES, **gate.INDEXES, **rates.INDEXES, **reuse.INDEXES}


@dataclass
class Run:
    """One run in the books of the provider."""

    id: str
    created_at: int
    polls: int = 0
    ended: bool = False
    cost: int = 0


@dataclass
class Provider:
    """What is true: every run that was accepted, and what was charged for it."""

    fails: int = 1
    """So many runs fail, and cost something; the next one succeeds."""
    loses: int = 0
    """So many answers to a create are lost on their way."""
    wish: str | None = None
    """What every job asks of it, where its outputs may be reused."""
    runs: list[Run] = field(default_factory=list)
    paid_twice: int = 0

    def create(self, now: int) -> str:
        self.paid_twice += any(not run.ended or run.cost == 4 for run in self.runs)
        self.runs.append(Run(f"p{len(self.runs)}", now))
        if self.loses:
            self.loses -= 1
            raise ConnectionError("the answer was lost")
        return self.runs[-1].id

    def look_at(self, id_: str) -> Run:
        run = next(run for run in self.runs if run.id == id_)
        run.polls += 1
        if run.polls > 1 and not run.ended:
            run.ended, run.cost = True, 3 if len(self.runs) <= self.fails else 4
        return run

    @property
    def billed(self) -> int:
        return sum(run.cost for run in self.runs)


class PaidEngine:
    """An engine of this provider, as it should be written."""

    name = "provider"
    slots = 4
    repeatable = False
    makes_files = False
    limits = NO_LIMITS

    def __init__(self, provider: Provider, store: Store) -> None:
        self._provider = provider
        self._store = store

    def quote(self, job: Job) -> Quote:
        return Quote(CEILING, "fast")

    def count_models(self, job: Job) -> int:
        return 1

    async def fingerprint(self, task: Task) -> str | None:
        return self._provider.wish

    async def prepare(self, task: Task) -> str:
        return "payload"

    async def submit(self, task: Task, prepared: str) -> Accepted:
        assert prepared == "payload"
        return Accepted(self._provider.create(self._store.now()))

    async def poll(self, task: Task) -> Pending | Produced | Ended:
        run = self._provider.look_at(task.job.external_id or "")
        if not run.ended:
            return Pending(0)
        if run.cost == 3:
            return Ended("no luck", cost=run.cost)
        picture = task.folder / "picture.png"
        picture.write_bytes(b"pixels")
        return Produced(Made({"key": picture}), cost=run.cost)

    async def find(self, task: Task) -> Found:
        since = task.job.posted_at or 0
        ids = tuple(run.id for run in self._provider.runs if run.created_at >= since)
        return Found(ids, is_complete=True)

    async def cancel(self, task: Task) -> None:
        pass


class Clocked:
    """A store whose clock a test moves."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def now(self) -> int:
        return self._clock()


EFFECTS = frozenset({"insert", "update", "prepare", "submit"})


@dataclass
class World:
    """What goes on after a death: the store, the provider, and the time."""

    stores: Stores
    provider: Provider
    clock: Clock = field(default_factory=Clock)

    @asynccontextmanager
    async def life(self, death: Death) -> AsyncIterator[tuple[LoneWorker, asyncio.Event]]:
        gone = asyncio.Event()
        async with self.stores.opened() as opened:
            real: Any = Clocked(opened, self.clock)
            store: Any = Mortal(real, death, EFFECTS, gone)
            engine: Any = Mortal(PaidEngine(self.provider, real), death, EFFECTS, gone)
            yield LoneWorker(store, self.stores.folder, engine), gone


async def live(world: World, death: Death, spec: JobSpec = SPEC) -> Job | None:
    """Work until the job has ended, or until this life has; return the job as it stands."""
    async with world.life(death) as (w, gone):
        try:
            await w.open(CAP)
            await w.gate.open(spec.video_id, "ann", cap=CAP)
            await w.ledger.insert([spec])
        except asyncio.CancelledError:
            return None
        working = asyncio.create_task(w.work())
        try:
            async with asyncio.timeout(20):
                while not gone.is_set() and not (await stands(w, spec)).has_ended:
                    await asyncio.sleep(0.002)
                    if not gone.is_set():
                        world.clock.move(5)
            return None if gone.is_set() else await stands(w, spec)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


async def stands(w: LoneWorker, spec: JobSpec) -> Job:
    rows = await w.store.get(JOBS, [spec.id])
    return from_doc(rows[spec.id])


async def check_books(world: World, job: Job) -> None:
    """Compare the provider's books with the receipt, and both with the job."""
    provider = world.provider
    async with world.life(Death(None, False)) as (w, _):
        money = (await w.store.get(MONEY, ["v"]))["v"]
    held = sum(hold.get("settled", hold["reserved"]) for hold in money["holds"].values())
    assert money["available"] + held == CAP
    assert provider.billed <= CAP and provider.paid_twice == 0
    if job.unresolved:
        return
    assert (job.state, job.cost) == (State.DONE, provider.billed)
    assert CAP - money["available"] == provider.billed
    assert all("settled" in hold for hold in money["holds"].values())


class Worlds:
    """Makes worlds on one kind of store, one after the other in the same database."""

    def __init__(self, adapter: str, folder: Path) -> None:
        self._stores = Stores(adapter, folder, INDEXES)
        self.every = 1 if adapter == "sqlite" else 3
        """Of what takes minutes on a server, every third is enough there: SQLite takes all."""

    async def make(self, like: Provider) -> World:
        """Return a world in which nothing has happened yet."""
        async with self._stores.opened() as store:
            for collection in INDEXES:
                await store.delete(
                    collection, [row["_id"] for row in await store.find(collection, {})]
                )
        return World(self._stores, replace(like, runs=[]))

    async def drop(self) -> None:
        await self._stores.drop()


@pytest.fixture(params=STORES)
async def worlds(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Worlds]:
    worlds = Worlds(request.param, tmp_path)
    yield worlds
    await worlds.drop()


async def count_effects(world: World) -> int:
    death = Death(10**9, True)
    await live(world, death)
    return death.taken


PROVIDERS = [
    Provider(fails=0),
    Provider(fails=1),
    Provider(fails=0, loses=1),
    Provider(fails=1, wish="the same"),
]
IDS = ["it succeeds", "it fails once", "its answer is lost", "its output may be reused"]


@pytest.mark.parametrize("like", PROVIDERS, ids=IDS)
async def test_a_death_after_every_effect(worlds: Worlds, like: Provider) -> None:
    effects = await count_effects(await worlds.make(like))
    assert effects > 8
    for step in range(effects):
        await die(await worlds.make(like), [step])


async def test_two_deaths_after_every_pair_of_effects(worlds: Worlds) -> None:
    like = Provider(fails=0)
    effects = await count_effects(await worlds.make(like))
    pairs = [each for each in product(range(effects), repeat=2) if sum(each) % worlds.every == 0]
    ends = [await die(await worlds.make(like), list(pair)) for pair in pairs]
    unresolved = sum(bool(job.unresolved) for job in ends)
    assert unresolved <= 1, "only where both died between the mark and the request"


async def die(world: World, steps: list[int]) -> Job:
    """Live once for each of these deaths, and then to the end; judge what is left."""
    for step in steps:
        await live(world, Death(step, after=True))
        world.clock.move(RULES.lease_ms)
    job = await live(world, Death(None, after=False))
    assert job is not None
    await check_books(world, job)
    return job


COPY = SPEC.model_copy(update={"video_id": "w"})


async def test_a_death_after_every_effect_of_a_copy(worlds: Worlds) -> None:
    """Whoever dies while an output is copied: there is one copy, one line for it, and one run."""
    like = Provider(fails=0, wish="the same")
    counted = Death(10**9, after=True)
    world = await worlds.make(like)
    await live(world, Death(None, after=False))
    await live(world, counted, COPY)
    assert counted.taken > 3
    for step in range(counted.taken):
        world = await worlds.make(like)
        original = await live(world, Death(None, after=False))
        await live(world, Death(step, after=True), COPY)
        world.clock.move(RULES.lease_ms)
        job = await live(world, Death(None, after=False), COPY)
        assert original and job and job.reused and job.cost == 0
        await check_books(world, original)
        await check_copy(world, job)


async def check_copy(world: World, job: Job) -> None:
    async with world.life(Death(None, False)) as (w, _):
        money = (await w.store.get(MONEY, ["w"]))["w"]
        assert await w.blobs.get(job.result["key"]) == b"pixels"
    assert len(world.provider.runs) == 1 and money["available"] == CAP
    assert [hold["settled"] for hold in money["holds"].values()] == [0]


async def test_an_output_is_found_again_whenever_the_one_who_paid_for_it_died(
    worlds: Worlds,
) -> None:
    like = Provider(fails=0, wish="the same")
    effects = await count_effects(await worlds.make(like))
    for step in range(effects):
        world = await worlds.make(like)
        if (await die(world, [step])).unresolved:
            continue
        runs = len(world.provider.runs)
        job = await live(world, Death(None, after=False), COPY)
        assert job and job.reused and len(world.provider.runs) == runs
