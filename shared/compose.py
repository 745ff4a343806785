"""The one composition point: which adapters, engines and services. The only branch on the mode.

`shared` does not know the services: they are handed in.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from shared import telemetry
from shared.engines.base import Engine
from shared.engines.local.engine import LocalEngine
from shared.engines.local.work import WORK
from shared.engines.pool import Pool
from shared.engines.rehearsal import RehearsalEngine
from shared.errors import InfrastructureError
from shared.events import Kind
from shared.jobs import gate as gates
from shared.jobs import ledger as ledgers
from shared.jobs import relay as relays
from shared.jobs.gate import Gate
from shared.jobs.ledger import Ledger
from shared.jobs.machine import Rules
from shared.jobs.relay import Relay
from shared.jobs.step import Pace, Steps
from shared.jobs.worker import Worker
from shared.ports import Blobs, Bus, Health, Index, Is, Store
from shared.service import Service, Shell
from shared.settings import Settings

log = logging.getLogger("storywave.compose")


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
    scratch: Path
    pool: Pool
    rules: Rules = Rules()
    pace: Pace = field(default_factory=Pace)
    engines: Mapping[Kind, Engine] | None = None
    """Engines in place of the local ones and of the services' own work, which checks no outputs."""
    drain_seconds: float = 20.0
    alone: bool = True
    """The only process on its store: what a former one left in hand is free, and there is no
    server that one could wait for.
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
    pool: Pool
    replicas: Mapping[str, Replica]
    watchers: list[Callable[[Iterable[str]], None]] = field(default_factory=list)
    """Called with the videos that the gateway has just heard of."""
    draining: bool = False
    """It is about to stop: it finishes what it has, and is to be sent nothing more."""

    def shell(self, service: str) -> Shell:
        return self.replicas[service].shell

    def health(self) -> dict[str, Health]:
        """Whether each consumer of this process is alive."""
        return {name: self.ports.bus.health(name) for name in self.replicas}

    def heard(self, videos: Iterable[str]) -> None:
        for watcher in self.watchers:
            watcher(videos)


@asynccontextmanager
async def opened(settings: Settings, services: Sequence[Service]) -> AsyncIterator[App]:
    """The services, running on the adapters that the settings ask for."""
    ports, scratch = _ports(settings)
    pool = Pool(settings.processes)
    parts = Parts(
        ports,
        scratch,
        pool,
        rules=replace(Rules(), lease_ms=round(settings.lease_seconds * 1000)),
        pace=Pace(look=settings.look_seconds),
        engines=_rehearsal(settings, services) if settings.engine == "rehearsal" else None,
        drain_seconds=settings.drain_seconds,
        alone=settings.mode == "embedded",
    )
    try:
        async with running(parts, services) as app:
            yield app
    finally:
        pool.close()


@asynccontextmanager
async def looking(settings: Settings) -> AsyncIterator[Store]:
    """The store alone, for who only looks: nothing is taken up, and nothing published."""
    ports, _ = _ports(settings)
    await ports.store.open({})
    try:
        yield ports.store
    finally:
        await ports.store.close()


@asynccontextmanager
async def running(parts: Parts, services: Sequence[Service]) -> AsyncIterator[App]:
    """The services, running on these parts; on leaving, work in hand is finished or let go."""
    ports = parts.ports
    indexes: dict[str, Sequence[Index]] = {
        **ledgers.INDEXES,
        **gates.INDEXES,
        **relays.INDEXES,
    }
    for service in services:
        indexes.update(service.indexes)
    await _opened("the database", partial(ports.store.open, indexes), patient=not parts.alone)
    await _opened("the object store", ports.blobs.open, patient=not parts.alone)
    _clear(parts)  # from here on the folder is ours: no other process has the store open
    gate = Gate(ports.store)
    app = App(ports, gate, parts.pool, {})
    app.replicas = {service.name: _replica(service, parts, gate, app) for service in services}
    for replica in app.replicas.values():
        service = replica.shell.service
        ports.bus.subscribe(service.name, service.consumes, replica.shell.handle)
    if parts.alone:
        await take_up(app, services)
    tasks = [asyncio.create_task(loop) for loop in _loops(app, parts)]
    try:
        await ports.bus.start()
        yield app
    finally:
        app.draining = True
        await asyncio.gather(*(_drain(r, parts.drain_seconds) for r in app.replicas.values()))
        await ports.bus.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        shutil.rmtree(parts.scratch, ignore_errors=True)
        await ports.blobs.close()
        await ports.store.close()


async def _drain(replica: Replica, seconds: float) -> None:
    """Finish what is in hand, and tell of it. With 20 s of drain and 15 s of goodbye to Kafka,
    all is over within 40 s: whoever asked for the stop kills after 45.
    """
    await replica.worker.drain(seconds)
    await replica.relay.drain(min(seconds, TELL_SECONDS))


def _clear(parts: Parts) -> None:
    """Remove what processes that were killed have left: their own folder can't tell."""
    shutil.rmtree(parts.scratch, ignore_errors=True)
    if parts.alone or not parts.scratch.parent.is_dir():
        return
    for folder in parts.scratch.parent.iterdir():
        if folder.name.isdigit() and not Path(f"/proc/{folder.name}").exists():
            shutil.rmtree(folder, ignore_errors=True)


async def take_up(app: App, services: Sequence[Service]) -> None:
    """The only process there is has just started: what a former one had in hand is free, and as
    the queues died with it, every unfinished video hears its facts again.
    """
    store, videos = app.ports.store, set[str]()
    await Ledger(store, Rules()).release()
    for service in services:
        unfinished = await store.find(service.views, {"check_at": Is("present")})
        videos |= {doc["_id"] for doc in unfinished}
    for video in sorted(videos):
        facts = await relays.replay(store, video)
        about = {"video_id": video, "action": "replay"}
        log.info("unfinished: %d facts sent again", facts, extra=about)


def _replica(service: Service, parts: Parts, gate: Gate, app: App) -> Replica:
    ports = parts.ports
    ledger = Ledger(ports.store, parts.rules)
    relay = Relay(ports.store, ports.bus, service.name, service.kinds, parts.rules)
    steps = Steps(
        engines=_engines(service, parts),
        finish=service.finish if parts.engines is None else {},
        gate=gate,
        blobs=ports.blobs,
        pool=parts.pool,
        now=ports.store.now,
        rules=parts.rules,
        pace=parts.pace,
    )
    worker = Worker(steps, ledger, relay, parts.scratch, service.report)
    heard = app.heard if service.name == "gateway" else (lambda videos: None)
    shell = Shell(
        service,
        store=ports.store,
        bus=ports.bus,
        ledger=ledger,
        relay=relay,
        take_on=worker.take_on,
        heard=heard,
    )
    return Replica(shell, worker, relay)


def _engines(service: Service, parts: Parts) -> Mapping[Kind, Engine]:
    if parts.engines is not None:
        return {kind: parts.engines[kind] for kind in service.kinds}
    local = LocalEngine(parts.pool, {**WORK, **service.work})
    return dict.fromkeys(service.kinds, local)


def _rehearsal(settings: Settings, services: Sequence[Service]) -> Mapping[Kind, Engine]:
    """Every job ends after the same time, without media; only plans are made in earnest."""
    work = {kind: function for service in services for kind, function in service.work.items()}
    engine = RehearsalEngine(work, latency=lambda job: settings.rehearsal_seconds)
    return dict.fromkeys(Kind, engine)


def _loops(app: App, parts: Parts) -> list[Coroutine[Any, Any, None]]:
    """What runs beside the consumers: workers, relays, sweeps, and the watch on this loop."""
    look = parts.pace.look
    loops = [telemetry.watch_loop_lag()]
    for replica in app.replicas.values():
        if replica.shell.service.kinds:
            loops.append(replica.worker.run())
        loops.append(_repeat(replica.relay.scan, 2 * look))
        loops.append(_repeat(replica.shell.sweep, 10 * look))
    return loops


async def _opened(what: str, call: Callable[[], Awaitable[None]], patient: bool) -> None:
    """A server that is absent at the start is named, and waited for."""
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


async def _repeat(call: Callable[[], Coroutine[Any, Any, int]], seconds: float) -> None:
    """Over and over; a server that is away only makes it wait."""
    while True:
        try:
            await call()
        except InfrastructureError as error:
            log.warning("waiting: %s", error, extra={"action": "wait"})
        except Exception:
            log.exception("a periodic task broke", extra={"action": "error"})
        await asyncio.sleep(seconds)


def _ports(settings: Settings) -> tuple[Ports, Path]:
    """The adapters, imported only where they are used: the CLI must start at once."""
    if settings.mode == "embedded":
        from shared.blobs.disk import DiskBlobs
        from shared.bus.local import LocalBus
        from shared.store.sqlite import SqliteStore

        data = settings.data
        ports = Ports(SqliteStore(data / "storywave.db"), LocalBus(), DiskBlobs(data / "blobs"))
        return ports, data / "work"

    from prometheus_client import REGISTRY

    from shared.blobs.s3 import S3Blobs
    from shared.bus.kafka import KafkaBus
    from shared.store.mongo import MongoStore

    bus = KafkaBus(
        settings.kafka,
        prefix=settings.kafka_prefix,
        partitions=settings.kafka_partitions,
        replication=settings.kafka_replication,
        session_timeout_ms=settings.kafka_session_timeout_ms,
        registry=REGISTRY,
    )
    blobs = S3Blobs(settings.s3_endpoint, settings.s3_bucket, settings.s3_key, settings.s3_secret)
    scratch = settings.scratch / str(os.getpid())
    return Ports(MongoStore(settings.mongo, settings.mongo_database), bus, blobs), scratch
