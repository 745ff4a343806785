"""The one composition point: which adapters and engines. The only branch on the mode.

`shared` does not know the services: they are handed in.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from shared.base.pool import Pool
from shared.base.worker import Bounds
from shared.engines.rehearsal import RehearsalEngine
from shared.jobs.engine import Engine
from shared.jobs.machine import Rules
from shared.jobs.step import Pace
from shared.ports import Store
from shared.runtime.app import App, Parts, Ports, running
from shared.runtime.settings import Settings
from shared.runtime.shell import Service
from shared.story.events import Kind


@asynccontextmanager
async def opened(settings: Settings, services: Sequence[Service]) -> AsyncIterator[App]:
    """The services, running on the adapters that the settings ask for."""
    ports, scratch = _ports(settings)
    pool = Pool(settings.processes, Bounds(resident=settings.process_mib << 20))
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


def _rehearsal(settings: Settings, services: Sequence[Service]) -> Mapping[Kind, Engine]:
    """Every job ends after the same time, without media; only plans are made in earnest."""
    work = {kind: function for service in services for kind, function in service.work.items()}
    engine = RehearsalEngine(work, latency=lambda job: settings.rehearsal_seconds)
    return dict.fromkeys(Kind, engine)


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
    store = MongoStore(settings.mongo, settings.mongo_database)
    return Ports(store, bus, blobs), settings.scratch
