"""What a process looks up now and then, since no event tells it: queues, lag, the disk.

Every replica of a service measures the same rows, so of their gauges one takes the highest. Only
the lag is each one's own: it is added up.
"""

import asyncio
import math
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import get_args

from prometheus_client import Counter, Histogram

from shared.base import telemetry
from shared.base.outages import OUTAGES
from shared.base.together import await_all
from shared.jobs.engine import Engine
from shared.jobs.gate import Verdict
from shared.jobs.job import IN_HAND, TERMINAL, State
from shared.jobs.journal import PHASE_NAMES
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Code, Why
from shared.jobs.relay import OUTBOX
from shared.jobs.unreadable import PUT_OFF
from shared.jobs.untold import UNTOLD
from shared.ports import Blobs, Bus, Is, Store, Where
from shared.runtime.journal import WORKFLOWS
from shared.runtime.service import Service
from shared.runtime.shell import Action
from shared.story.errors import (
    BlobMissing,
    BlobsUnavailable,
    BusUnavailable,
    InfrastructureError,
)
from shared.story.events import DeadLettered, Event
from shared.story.kinds import AnyKind, Stage
from shared.story.phases import NO_STAGE, PHASES

MEASURE_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 1.0
NO_BLOB = "none/none"
"""A key under which nothing is stored."""
PATIENCE_SECONDS = 5.0
"""A consumer that is just being given its partitions does not know its lag."""


class Measures:
    """Keeps the gauges of the services of one process."""

    def __init__(
        self, store: Store, bus: Bus, blobs: Blobs, services: Sequence[Service], folder: Path
    ) -> None:
        self._store = store
        self._bus = bus
        self._blobs = blobs
        self._services = services
        self._folder = folder

    async def take(self) -> None:
        """Measure everything once."""
        usage = shutil.disk_usage(self._folder)
        telemetry.DISK_FREE.set(usage.free / usage.total)
        for service in self._services:
            await self._measure_lag(service.name)
            await self._measure_jobs(service)
            await self._measure_videos(service)
        await self._measure_trouble()

    async def look_again(self) -> None:
        """Ask what did not answer: where no work is left, nobody else does."""
        if OUTAGES.measure(BlobsUnavailable):
            with suppress(BlobMissing, InfrastructureError, TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._blobs.stat(NO_BLOB)
        if OUTAGES.measure(BusUnavailable):
            await await_all(*(self._measure_lag(service.name) for service in self._services))

    async def _measure_lag(self, service: str) -> None:
        """Ask the bus, which notes an outage: where nothing is published, nobody else asks it."""
        lag = math.nan  # its row stays: without one, the service would be taken for gone
        with suppress(InfrastructureError, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                lag = await self._bus.measure_lag(service)
        telemetry.LAG.labels(service).set(lag)

    async def _measure_jobs(self, service: Service) -> None:
        for kind in service.kinds:
            due: Where = {"spec.kind": kind.name, "due_at": Is("present")}
            is_any_due = bool(await self._store.find(JOBS, due, limit=1))
            for state, where in _list_states(kind.name):
                # as a rule a kind is idle: then its states need no look each
                is_asked = is_any_due or "due_at" not in where
                count = await self._store.count(JOBS, where) if is_asked else 0
                telemetry.OPEN.labels(kind.name, state).set(count)
            telemetry.QUEUE_AGE.labels(kind.name).set(await self._find_age(kind.name))

    async def _find_age(self, kind: str) -> float:
        """Return how many seconds the first in the queue has waited, or what is due is overdue."""
        now = self._store.now()
        queue: Where = {"spec.kind": kind, "tag": Is("present")}
        first = await self._store.find(JOBS, queue, order=["tag"], limit=1)
        due: Where = {"spec.kind": kind, "due_at": Is("<=", now)}
        late = await self._store.find(JOBS, due, order=["due_at"], limit=1)
        since = [row.get("since") or row.get("created_at") or now for row in first]
        since += [row["due_at"] for row in late]
        return max(0, now - min(since, default=now)) / 1000

    async def _measure_videos(self, service: Service) -> None:
        name, waiting = service.name, {"check_at": Is("present")}
        telemetry.OPEN_VIDEOS.labels(name).set(await self._store.count(service.views, waiting))
        first = await self._store.find(service.views, waiting, order=["check_at"], limit=1)
        late = [self._store.now() - row["check_at"] for row in first]
        telemetry.LOOK_LATE.labels(name).set(max([0, *late]) / 1000)
        untold = [await self._store.count(OUTBOX, {"service": name, "publish_at": Is("present")})]
        for kind in service.kinds:
            where = {"spec.kind": kind.name, "publish_at": Is("present")}
            untold.append(await self._store.count(JOBS, where))
        lists = {"service": name, "publish_at": Is("present")}
        untold += [len(row["ends"]) for row in await self._store.find(UNTOLD, lists)]
        telemetry.UNPUBLISHED.labels(name).set(sum(untold))

    async def _measure_trouble(self) -> None:
        for collection in (JOBS, OUTBOX, UNTOLD, *(service.views for service in self._services)):
            count = await self._store.count(collection, {PUT_OFF: Is("present")})
            telemetry.SET_ASIDE.labels(collection).set(count)
        unresolved = await self._store.count(JOBS, {"unresolved": Is("present")})
        telemetry.UNRESOLVED_NOW.set(unresolved)


def _list_states(kind: str) -> Iterator[tuple[str, Where]]:
    """Yield the states of open jobs, and what finds them by an index: what is parked is in none."""
    yield "queued", {"spec.kind": kind, "tag": Is("present")}
    due = {"spec.kind": kind, "due_at": Is("present")}
    yield "delayed", {**due, "state": State.NEW.value}
    for state in sorted(IN_HAND):
        yield state.value, {**due, "state": state.value}


def begin_at_zero(
    service: Service,
    engines: Mapping[AnyKind, Engine],
    models: Mapping[AnyKind, Sequence[str]],
) -> None:
    """Make the counters of a service exist: else the first of anything would be no increase.

    `models`: those that may be run here, by kind. One that was run before and is none of them any
    more has its rows with its first run.
    """
    for kind in service.kinds:
        _begin_kind(kind.name)
        if kind in models:
            _begin_models(engines[kind].name, models[kind])
    for each in OF_A_SERVICE:
        each.labels(service.name)
    _begin_each(telemetry.BROKEN, (service.name,), get_args(Action))
    _begin_each(telemetry.DECIDED, (), [event.__name__ for event in service.decides])
    told: list[type[Event]] = [*service.emits, DeadLettered]
    _begin_each(telemetry.PUBLISHED, (), [event.__name__ for event in told])
    if service.kinds:
        _begin_each(telemetry.VERDICTS, (), Verdict)
    if service.ends_videos:
        _begin_ends()


def _begin_models(provider: str, models: Iterable[str]) -> None:
    for each in OF_A_MODEL:
        _begin_each(each, (), models)
    _begin_each(telemetry.REFUSALS, (provider,), get_args(Why))
    _begin_each(telemetry.CREATES, (provider,), ("taken", "none"))


def _begin_ends() -> None:
    for workflow in WORKFLOWS:
        _begin_each(telemetry.VIDEO_SECONDS, (workflow,), ("completed", "failed"))
    _begin_each(telemetry.STAGE_SECONDS, (), Stage)
    _begin_each(telemetry.FAILED_VIDEOS, (), (*PHASES, *NO_STAGE))


def _begin_kind(kind: str) -> None:
    for each in OF_A_KIND:
        each.labels(kind)
    _begin_each(telemetry.JOBS, (kind,), TERMINAL)
    _begin_each(telemetry.JOB_PHASE_SECONDS, (kind,), PHASE_NAMES)
    _begin_each(telemetry.FAILED_TRIES, (kind,), get_args(Code))
    _begin_each(telemetry.PARKED, (kind,), ("leave", "money"))


def _begin_each(
    metric: Counter | Histogram, labels: tuple[str, ...], values: Iterable[str]
) -> None:
    for value in values:
        metric.labels(*labels, str(value))


OF_A_MODEL = (telemetry.RUNS, telemetry.MODEL_HELD, telemetry.MODEL_SPENT)
OF_A_KIND = (
    telemetry.JOB_SECONDS,
    telemetry.FALLBACKS,
    telemetry.FENCED,
    telemetry.SPENT,
    telemetry.UNKNOWN,
    telemetry.ADOPTED,
    telemetry.RESUBMITS,
    telemetry.REUSED,
    telemetry.UNRESOLVED,
)
OF_A_SERVICE = (
    telemetry.BATCH,
    telemetry.HANDLE_SECONDS,
    telemetry.HOP_SECONDS,
    telemetry.KNOWN,
    telemetry.HANDLED,
    telemetry.REPEATED,
    telemetry.RETRIED,
    telemetry.DEAD_LETTERS,
    telemetry.UNREAD,
    telemetry.UNPUBLISHABLE,
)
