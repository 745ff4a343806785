"""The life of one process: its services opened, kept going, drained and closed.

Everything is closed in the reverse order of its opening, wherever the opening broke off.
"""

import asyncio
import logging
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from shared.base import telemetry
from shared.base.chance import spread
from shared.base.pool import Pool
from shared.base.scratch import scratch
from shared.base.together import await_all
from shared.jobs import gate as gates
from shared.jobs import ledger as ledgers
from shared.jobs import rates, reuse, turns
from shared.jobs import relay as relays
from shared.jobs.engine import Engine
from shared.jobs.gate import Gate
from shared.jobs.job import Rules
from shared.jobs.ledger import Ledger
from shared.jobs.means import Means, Pace
from shared.jobs.rates import Rates
from shared.jobs.relay import Relay
from shared.jobs.reuse import Reuse
from shared.jobs.times import Waiting, look_again, mend_times
from shared.jobs.worker import Worker
from shared.ports import EXPIRY, Blobs, Bus, Health, Index, Is, Store
from shared.runtime.allowances import Allowances
from shared.runtime.budgets import Budgets
from shared.runtime.keeping import Keeping
from shared.runtime.measures import (
    LOOK_AGAIN_SECONDS,
    MEASURE_SECONDS,
    Measures,
    begin_at_zero,
)
from shared.runtime.purge import Purge
from shared.runtime.service import Service
from shared.runtime.shell import VIDEO_MS, Shell
from shared.runtime.steering import Steering
from shared.runtime.terms import NOTHING_COSTS, Terms
from shared.story.errors import InfrastructureError
from shared.story.kinds import AnyKind, Kinds

log = logging.getLogger("storywave.app")

Indexes = Mapping[str, Sequence[Index]]
"""Collections, each with its indexes."""

EXPIRE_SECONDS = 60 * 60.0
MEND_SECONDS = 30.0
"""How often to look for times that a clock has set which was ahead."""
TELL_SECONDS = 5.0
"""How long a stopping replica takes to publish what it has finished; others do the rest."""


@dataclass(frozen=True)
class Ports:
    """Everything outside of this process."""

    store: Store
    bus: Bus
    blobs: Blobs


@dataclass(frozen=True)
class Parts:
    """All that services are made of; tests replace any of it."""

    ports: Ports
    kinds: Kinds
    engines: Mapping[AnyKind, Engine]
    """Who does the work of each kind."""
    scratch: Path
    pool: Pool
    models: Mapping[AnyKind, Sequence[str]] = field(default_factory=dict)
    """The models that may be run for each kind, where any are."""
    given: Engine | None = None
    """Takes what users gave in place of what would be made; None: who does the work of its kind."""
    rules: Rules = field(default_factory=Rules)
    pace: Pace = field(default_factory=Pace)
    drain_seconds: float = 12.0
    video_ms: int = VIDEO_MS
    terms: Terms = NOTHING_COSTS
    allowances: Allowances = field(default_factory=Allowances)
    keeping: Keeping = field(default_factory=Keeping)
    alone: bool = True
    """The only process on its store: what a former one left in hand is free, and there is no
    server that one could wait for.
    """
    at_rest: bool = False
    """Nothing is worked on, taken up or published: for who only looks, or writes a wish down. As
    after a crash, the next process that works finds what was written, and goes on from there.
    """


@dataclass(frozen=True)
class Replica:
    """One running service: its shell, its worker, its relay."""

    shell: Shell
    worker: Worker
    relay: Relay


@dataclass
class App:
    """The services that run in this process."""

    ports: Ports
    gate: Gate
    rates: Rates
    pool: Pool
    allowances: Allowances
    replicas: Mapping[str, Replica]
    terms: Terms = NOTHING_COSTS
    keeping: Keeping = field(default_factory=Keeping)
    folder: Path = Path()
    """A folder of this process alone, emptied when it starts."""
    loops: Sequence[asyncio.Task[None]] = ()
    """What runs beside the consumers; one that has ended is a bug, and its process is sick."""
    at_rest: bool = False
    """Nothing is done beside what is asked."""
    draining: bool = False
    """It is about to stop: it finishes what it has, and is to be sent nothing more."""

    def shell(self, service: str) -> Shell:
        """Return the shell of a service that runs in this process."""
        return self.replicas[service].shell

    def health(self) -> dict[str, Health]:
        """Tell of each consumer of this process whether it is alive."""
        return {name: self.ports.bus.health(name) for name in self.replicas}

    def dead_loops(self) -> list[str]:
        """Return the names of loops that have ended, which none of them ever should."""
        return [] if self.draining else [loop.get_name() for loop in self.loops if loop.done()]

    def repeat(
        self, name: str, call: Callable[[], Coroutine[Any, Any, object]], seconds: float
    ) -> None:
        """Do one thing more beside the consumers, over and over until this process stops."""
        if self.at_rest:
            return
        self.loops = [*self.loops, asyncio.create_task(_repeat(call, seconds), name=name)]


@asynccontextmanager
async def run_services(parts: Parts, services: Sequence[Service]) -> AsyncIterator[App]:
    """Run the services on these parts; on leaving, work in hand is finished or let go."""
    async with AsyncExitStack() as closing:
        app = _assemble(parts, services, await _open(parts, services, closing))
        if parts.at_rest:
            app.at_rest = True
            await parts.ports.bus.stop()  # else what is written now would count as told
            yield app
            return
        if parts.alone:
            await take_up(app, parts, services)
        closing.push_async_callback(parts.ports.bus.stop)
        closing.push_async_callback(_end, app)
        app.loops = [asyncio.create_task(loop, name=name) for name, loop in _loops(app, parts)]
        closing.push_async_callback(_drain, app, parts.drain_seconds)
        await parts.ports.bus.start()
        yield app


async def _open(parts: Parts, services: Sequence[Service], closing: AsyncExitStack) -> Path:
    """Open everything outside of this process; return the folder that it may work in."""
    store, blobs, patient = parts.ports.store, parts.ports.blobs, not parts.alone
    indexes = list_indexes(services)
    await _wait_for("the database", partial(store.open, indexes), patient)
    closing.push_async_callback(store.close)
    look = partial(_make_due, store, services, look_again)
    await _wait_for("the database", look, patient)  # we may read what others could not
    await _wait_for("the object store", blobs.open, patient)
    closing.push_async_callback(blobs.close)
    return closing.enter_context(scratch(parts.scratch))


def list_indexes(services: Sequence[Service]) -> Indexes:
    """Return every collection that these services use, with its indexes."""
    money = {**gates.INDEXES, **rates.INDEXES, **turns.INDEXES, **reuse.INDEXES}
    indexes: dict[str, Sequence[Index]] = {**ledgers.INDEXES, **money, **relays.INDEXES}
    for name, more in (each for service in services for each in service.indexes.items()):
        indexes[name] = (*indexes.get(name, ()), *more)
    return indexes


def _assemble(parts: Parts, services: Sequence[Service], folder: Path) -> App:
    ports = parts.ports
    gate, rates = Gate(ports.store), Rates(ports.store)
    app = App(ports, gate, rates, parts.pool, parts.allowances, {}, parts.terms)
    app.keeping, app.folder = parts.keeping, folder
    budgets = Budgets(parts.terms.ask, parts.kinds)
    app.replicas = {
        service.name: _replica(service, parts, folder, app, budgets) for service in services
    }
    for replica in app.replicas.values():
        service = replica.shell.service
        types, handle = service.consumes(parts.kinds), replica.shell.handle
        # whoever reads everything shows it: what else it does may come half a second later
        ports.bus.subscribe(service.name, types, handle, is_patient=service.reads_all)
    return app


async def _drain(app: App, seconds: float) -> None:
    """Finish what is in hand, and publish it.

    With 12 s of drain and a second of goodbye to Kafka, all is over within 20 s. Where Kafka is
    away the goodbye takes up to 15 s more: whoever asked for the stop kills after 45.
    """
    app.draining = True
    replicas = app.replicas.values()
    await await_all(*(replica.worker.drain(seconds) for replica in replicas))
    tell = min(seconds, TELL_SECONDS)
    await await_all(*(replica.relay.drain(tell) for replica in replicas))


async def _end(app: App) -> None:
    for loop in app.loops:
        loop.cancel()
    await asyncio.gather(*app.loops, return_exceptions=True)


async def take_up(app: App, parts: Parts, services: Sequence[Service]) -> None:
    """Take up what a former process has left, where this is the only one there is.

    What it had in hand is free now. Its queues died with it, so every unfinished video hears its
    facts again.
    """
    store, videos = app.ports.store, set[str]()
    await Ledger(store, parts.kinds, parts.rules).release()
    for service in services:
        unfinished = await store.find(service.views, {"check_at": Is("present")})
        videos |= {doc["_id"] for doc in unfinished}
    for video in sorted(videos):
        facts = await relays.replay(store, video)
        about = {"video_id": video, "action": "replay"}
        log.info("unfinished: %d facts sent again", facts, extra=about)


def _replica(service: Service, parts: Parts, folder: Path, app: App, budgets: Budgets) -> Replica:
    ports = parts.ports
    kinds = parts.kinds
    relay = Relay(
        ports.store, ports.bus, service.name, runs=service.kinds, kinds=kinds, rules=parts.rules
    )
    ledger = Ledger(ports.store, kinds, parts.rules, untold=relay.untold)
    means = Means(
        kinds=kinds,
        engines={kind: parts.engines[kind] for kind in service.kinds},
        finish=service.finish,
        ledger=ledger,
        gate=app.gate,
        rates=app.rates,
        blobs=ports.blobs,
        reuse=Reuse(ports.store, ports.blobs),
        pool=parts.pool,
        rules=parts.rules,
        pace=parts.pace,
        given=parts.given,
    )
    worker = Worker(means, relay, folder, service.report)
    shell = Shell(
        service,
        kinds,
        store=ports.store,
        bus=ports.bus,
        ledger=ledger,
        relay=relay,
        purge=Purge(ports.store, ports.blobs, service, parts.keeping.tombstones_ms),
        take_on=worker.take_on,
        video_ms=parts.video_ms,
        budgets=budgets,
    )
    if service.steers_videos:
        room = parts.allowances.room
        shell.steering = Steering(ports.store, app.gate, ledger, room, shell.look)
    return Replica(shell, worker, relay)


def _loops(app: App, parts: Parts) -> list[tuple[str, Coroutine[Any, Any, None]]]:
    """Return what runs beside the consumers, by name; none of them ever ends by itself."""
    look, lease = parts.pace.look, parts.rules.lease_ms / 1000
    loops = [("loop lag", telemetry.watch_loop_lag())]
    for name, replica in app.replicas.items():
        if replica.shell.service.kinds:
            loops.append((f"{name} worker", replica.worker.run()))
            loops.append((f"{name} leases", _repeat(replica.worker.renew, lease / 3)))
        loops.append((f"{name} relay", _repeat(replica.relay.scan, 2 * look)))
        loops.append((f"{name} sweep", _repeat(replica.shell.sweep, 10 * look)))
        if replica.shell.steering and parts.allowances.room.is_limited:
            loops.append(("turns", _repeat(replica.shell.steering.hand_out, 20 * look)))
    services, ports = [replica.shell.service for replica in app.replicas.values()], app.ports
    loops.append(("expiry", _repeat(partial(_expire, app.ports.store, services), EXPIRE_SECONDS)))
    mend = partial(_make_due, app.ports.store, services, mend_times)
    loops.append(("times", _repeat(mend, MEND_SECONDS)))
    for service in services:
        begin_at_zero(service, parts.engines, parts.models)
    measures = Measures(ports.store, ports.bus, ports.blobs, services, parts.scratch)
    loops.append(("measures", _repeat(measures.take, MEASURE_SECONDS)))
    loops.append(("outages", _repeat(measures.look_again, LOOK_AGAIN_SECONDS)))
    return loops


async def _expire(store: Store, services: Sequence[Service]) -> None:
    """Delete what has expired, where no server does that by itself."""
    for collection, indexes in list_indexes(services).items():
        if EXPIRY in indexes:
            await store.expire(collection)


async def _make_due(
    store: Store, services: Sequence[Service], make: Callable[[Store, Waiting], Awaitable[int]]
) -> None:
    """Make due what would wait for too long: see shared/jobs/times."""
    for service in services:
        for waiting in service.waiting:
            count = await make(store, waiting)
            if count:
                about = {"action": make.__name__, "stage": service.name}
                log.info("%d rows of %s are due now", count, waiting.collection, extra=about)


async def _wait_for(what: str, call: Callable[[], Awaitable[None]], patient: bool) -> None:
    """Open something; a server that is absent at the start is named, and waited for."""
    seconds = 0.5
    while True:
        try:
            return await call()
        except InfrastructureError as error:
            if not patient:
                raise
            log.warning("%s is away: %s", what, error, extra={"action": "wait"})
            await asyncio.sleep(seconds)
            seconds = min(2 * seconds, 10.0)


async def _repeat(call: Callable[[], Coroutine[Any, Any, object]], seconds: float) -> None:
    """Call over and over, whatever happens; a server that is away only makes it wait."""
    while True:
        try:
            await call()
        except InfrastructureError as error:
            log.warning("waiting: %s", error, extra={"action": "wait"})
        except Exception:
            log.exception("a periodic task broke", extra={"action": "error"})
        # or of two that began at once one would always be first, also at rows it can't read
        await asyncio.sleep(spread(seconds))
