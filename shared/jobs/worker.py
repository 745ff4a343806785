"""The worker loop, the same for all job kinds: claim, step, store, advance, publish.

A job is in hand only while a step of it runs; while a provider's model runs nothing here waits.
All writes of jobs in hand go through batchers, so that a thousand jobs cost a few round trips.
"""

import asyncio
import logging
import shutil
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import ValidationError

from shared import telemetry
from shared.engines import base
from shared.engines.base import Engine, Finish, Made, Order, Refused, Task
from shared.engines.pool import Pool
from shared.errors import InfrastructureError, PermanentError, TransientError
from shared.events import Event, Kind
from shared.jobs import machine
from shared.jobs.gate import Gate, Hold, Verdict
from shared.jobs.ledger import Ledger
from shared.jobs.machine import Job, Rules, Signal, State
from shared.jobs.relay import Relay
from shared.jobs.rows import ending
from shared.ports import Blobs

log = logging.getLogger("storywave.worker")

R = TypeVar("R")

Report = Callable[[Event], None]
"""Logs and counts how a job has ended."""


@dataclass(frozen=True)
class Pace:
    """How often a worker looks, and how long it backs off, in seconds."""

    look: float = 0.5
    hold: float = 5.0
    """How long a job rests for which there is no money, no room, or no wish."""
    away: float = 1.0
    """How long to wait for a server of ours that is away."""


class Worker:
    """Runs the job kinds of one service."""

    def __init__(
        self,
        engines: Mapping[Kind, Engine],
        finish: Mapping[Kind, Finish],
        report: Mapping[Kind, Report],
        *,
        ledger: Ledger,
        gate: Gate,
        relay: Relay,
        blobs: Blobs,
        pool: Pool,
        folder: Path,
        rules: Rules,
        pace: Pace,
    ) -> None:
        self._engines = engines
        self._finish = finish
        self._report = report
        self._ledger = ledger
        self._gate = gate
        self._relay = relay
        self._blobs = blobs
        self._pool = pool
        self._folder = folder
        self._rules = rules
        self._pace = pace
        self._wake = asyncio.Event()
        self._draining = False
        self._in_hand: dict[tuple[str, int], tuple[Job, asyncio.Task[None]]] = {}

    def wake(self) -> None:
        """There is new work, or a free hand."""
        self._wake.set()

    async def run(self) -> None:
        """Claim and start steps until cancelled; then let go of what is in hand."""
        renewal = asyncio.create_task(self._renew_leases())
        try:
            while True:
                self._wake.clear()
                if not await self._claim():
                    await self._rest()
        finally:
            renewal.cancel()
            for _, step in self._in_hand.values():
                step.cancel()

    async def drain(self, seconds: float) -> None:
        """Take nothing more in hand, and wait for what is, at most so long."""
        self._draining = True
        steps = [step for _, step in self._in_hand.values()]
        if steps:
            await asyncio.wait(steps, timeout=seconds)

    # ── claiming ────────────────────────────────────────────────────────────────────────────────

    async def _claim(self) -> bool:
        busy = Counter(job.spec.kind for job, _ in self._in_hand.values())
        free = {kind: engine.slots - busy[kind] for kind, engine in self._engines.items()}
        kinds = [kind for kind, slots in free.items() if slots > 0]
        if not kinds or self._draining:
            return False
        try:
            jobs = await self._ledger.claim(kinds, {kind: free[kind] for kind in kinds})
        except InfrastructureError as error:
            log.warning("cannot claim: %s", error, extra={"action": "claim"})
            await asyncio.sleep(self._pace.away)
            return False
        for job in jobs:
            step = asyncio.create_task(self._step(job), name=job.id)
            self._in_hand[job.id, job.attempt] = (job, step)
        return bool(jobs)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pace.look):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(self._rules.lease_ms / 3000)
            newest = {job.id: job for job, _ in self._in_hand.values()}
            try:
                ours = await self._ledger.renew(list(newest.values()))
            except InfrastructureError:
                continue
            self._let_go(newest, ours)

    def _let_go(self, asked: Mapping[str, Job], ours: Collection[str]) -> None:
        """Stop the steps whose claim another has taken over, be it this very worker."""
        for (id_, attempt), (job, step) in list(self._in_hand.items()):
            known = asked.get(id_)
            if known and (attempt < known.attempt or (job is known and id_ not in ours)):
                step.cancel()

    # ── one job in hand ─────────────────────────────────────────────────────────────────────────

    async def _step(self, job: Job) -> None:
        """Take a job as far as it goes without waiting for a provider."""
        kind, began = job.spec.kind, time.monotonic()
        place = self._folder / f"{job.id.replace('/', '-')}-{job.attempt}"
        telemetry.IN_HAND.labels(kind).inc()
        try:
            await self._carry(job, place)
        except Exception:
            # the lease brings it back; nothing is lost, but nobody should have to guess
            log.exception("a step broke", extra=_about(job, "step"))
        finally:
            self._in_hand.pop((job.id, job.attempt), None)
            telemetry.IN_HAND.labels(kind).dec()
            telemetry.STEP_SECONDS.labels(kind).observe(time.monotonic() - began)
            await asyncio.to_thread(shutil.rmtree, place, True) if place.exists() else None
            self.wake()

    async def _carry(self, job: Job, place: Path) -> None:
        task = Task(job, place, self._blobs.fetch)
        while True:
            signal = await self._next(job, task)
            await self._settle(job, signal)
            after = await self._patiently(partial(self._ledger.advance, job, signal))
            if after is None:
                telemetry.FENCED.labels(job.spec.kind).inc()
                return
            if after.state is not State.STORING or job.state is State.STORING:
                break
            job = self._keep(after)
            task = Task(job, place, self._blobs.fetch)
        if after.ended:
            self._tell(after)

    async def _settle(self, job: Job, signal: Signal) -> None:
        """Turn the reservation into what the attempt came to, before that becomes a fact."""
        cost = _settled_cost(job, signal)
        if cost is not None:
            hold = Hold(job.spec.video_id, job.hold, cost)
            await self._patiently(partial(self._gate.settle, hold))

    def _keep(self, job: Job) -> Job:
        """The same claim, one state on: what is renewed from now."""
        mine = (job.id, job.attempt)
        self._in_hand[mine] = (job, self._in_hand[mine][1])
        return job

    def _tell(self, job: Job) -> None:
        _log_end(job)
        if job.spec.kind in self._report:
            self._report[job.spec.kind](ending(job))
        self._relay.offer_end(job)

    async def _next(self, job: Job, task: Task) -> Signal:
        """What became of the job: every error is turned into a signal here, and only here."""
        try:
            return await self._progress(job, task)
        except Refused as error:
            return machine.Later(_ms(error.retry_after or self._pace.hold))
        except PermanentError as error:
            return machine.Broke(str(error), permanent=True)
        except TransientError as error:
            return machine.Broke(str(error), retry_after_ms=_ms(error.retry_after or 0))
        except InfrastructureError as error:
            log.warning("%s", error, extra=_about(job, "wait"))
            return machine.Later(_ms(self._pace.away))
        except Exception as error:
            log.exception("%s", error, extra=_about(job, "error"))
            if job.state is State.SUBMITTING and not self._engine(job).repeatable:
                return machine.Unknown(_ms(self._pace.hold))
            return machine.Broke(f"{type(error).__name__}: {error}")

    async def _progress(self, job: Job, task: Task) -> Signal:
        if job.state is State.SUBMITTING:
            return await self._submit(job, task)
        if job.state is State.RUNNING:
            return await self._poll(job, task)
        return await self._store(job, task, await self._download(job, task), job.owed)

    async def _submit(self, job: Job, task: Task) -> Signal:
        engine = self._engine(job)
        if job.unsure and not engine.repeatable:
            return await self._look_for(job, task)
        if job.cancel:
            return machine.Stopped()
        if self._late(job):
            return machine.Expired()
        if not await self._gate.admit(engine.name, engine.limits):
            return machine.Later(_ms(self._pace.away))
        verdict = await self._gate.reserve(Hold(job.spec.video_id, job.hold, engine.ceiling(job)))
        if verdict is Verdict.CANCELLED:
            return machine.Stopped()
        if verdict is not Verdict.GRANTED:
            return machine.Later(_ms(self._pace.hold))
        _log_start(job)
        return await self._outcome(job, task, await engine.submit(task))

    async def _look_for(self, job: Job, task: Task) -> Signal:
        """An earlier attempt may run at the provider: adopt it, or be sure that it does not."""
        found = await self._engine(job).find(task)
        if found is not None:
            return machine.Accepted(found.external_id)
        waited = self._ledger.now() - (job.submitted_at or 0)
        if waited < self._rules.grace_ms:
            return machine.Unknown(_ms(self._pace.hold))
        return machine.NotAccepted()

    async def _poll(self, job: Job, task: Task) -> Signal:
        engine = self._engine(job)
        if job.cancel or self._late(job):
            await engine.cancel(task)  # it ends when the provider says so, and is paid as it says
        return await self._outcome(job, task, await engine.poll(task))

    async def _outcome(
        self, job: Job, task: Task, outcome: base.Accepted | base.Pending | base.Produced
    ) -> Signal:
        match outcome:
            case base.Accepted(external_id):
                return machine.Accepted(external_id)
            case base.Pending(seconds):
                return machine.Later(_ms(seconds))
            case base.Produced(made, urls, cost) if urls:
                return machine.Produced(urls, dict(made.data), cost)
            case base.Produced(made, _, cost):
                return await self._store(job, task, made, cost)

    # ── outputs ─────────────────────────────────────────────────────────────────────────────────

    async def _download(self, job: Job, task: Task) -> Made:
        """Bring the provider's outputs here, all at once."""
        async with httpx.AsyncClient(timeout=60, follow_redirects=True) as client:
            names = list(job.urls)
            paths = await asyncio.gather(
                *(_save(client, job.urls[name], task.folder / _leaf(name)) for name in names)
            )
        return Made(dict(zip(names, paths, strict=True)), job.result)

    async def _store(self, job: Job, task: Task, made: Made, cost: int) -> Signal:
        """Check what was made, keep its bytes, settle its price."""
        finish = self._finish.get(job.spec.kind)
        if finish is not None:
            made = await self._pool.run(finish, Order(task.folder, job.spec.input), made)
        result = {**made.data, **await self._patiently(partial(self._put, job, made))}
        try:
            ending(replace(job, state=State.DONE, result=result))
        except ValidationError as error:
            return machine.Broke(f"the engine finished without a usable output: {error}")
        return machine.Finished(result, cost)

    async def _put(self, job: Job, made: Made) -> dict[str, object]:
        """Each output under its own key, in parallel; the keys are the event's fields."""
        spec = job.spec
        at = f"{spec.video_id}/{spec.kind}/{spec.beat}-{spec.n}-{spec.take}-{job.attempt}"
        names = list(made.files)
        blobs = await asyncio.gather(
            *(
                self._blobs.put(f"{at}/{name}{made.files[name].suffix}", made.files[name])
                for name in names
            )
        )
        fields: dict[str, object] = {}
        outputs: dict[str, str] = {}
        stored: dict[str, dict[str, object]] = {}
        for name, blob in zip(names, blobs, strict=True):
            target, _, entry = name.partition("/")
            stored[name] = {"key": blob.key, "size": blob.size, "sha256": blob.sha256}
            if entry:
                outputs[entry] = blob.key
                fields[target] = outputs
            else:
                fields[target] = blob.key
        return {**fields, "stored": stored} if stored else fields

    # ── small things ────────────────────────────────────────────────────────────────────────────

    def _late(self, job: Job) -> bool:
        return self._ledger.now() - job.created_at > self._rules.deadline_ms

    def _engine(self, job: Job) -> Engine:
        return self._engines[job.spec.kind]

    async def _patiently(self, call: Callable[[], Awaitable[R]]) -> R:
        """A result is in hand: wait for a server of ours rather than make it again."""
        while True:
            try:
                return await call()
            except InfrastructureError as error:
                log.warning("waiting: %s", error, extra={"action": "wait"})
                await asyncio.sleep(self._pace.away)


def _settled_cost(job: Job, signal: Signal) -> int | None:
    """What an attempt has cost once this signal ends it; None while it may still cost something.

    An attempt of which nobody knows keeps its hold.
    """
    match signal:
        case machine.Finished(cost=cost) | machine.Broke(cost=cost) | machine.Stopped(cost=cost):
            return cost
        case machine.NotAccepted():
            return 0
        case machine.Later() if job.state is State.SUBMITTING:
            return 0
    return None


async def _save(client: httpx.AsyncClient, url: str, path: Path) -> Path:
    try:
        async with client.stream("GET", url) as answer:
            answer.raise_for_status()
            with path.open("wb") as file:
                async for piece in answer.aiter_bytes():
                    file.write(piece)
    except httpx.HTTPError as error:
        raise TransientError(
            f"an output could not be fetched from its provider: {error}"
        ) from error
    return path


def _leaf(name: str) -> str:
    return f"out-{name.replace('/', '-')}"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _about(job: Job, action: str) -> dict[str, object]:
    spec = job.spec
    return {
        "video_id": spec.video_id,
        "stage": spec.kind.value,
        "action": action,
        "beat": spec.beat,
        "n": spec.n,
        "take": spec.take,
        "attempt": job.attempt,
    }


def _log_start(job: Job) -> None:
    what = job.spec.input.get("kind", job.spec.kind.value)
    log.info("%s started", job.spec.kind, extra={**_about(job, "start"), "kind": what})


def _log_end(job: Job) -> None:
    spec, seconds = job.spec, ((job.finished_at or 0) - job.created_at) / 1000
    telemetry.JOBS.labels(spec.kind, job.state.value).inc()
    telemetry.JOB_SECONDS.labels(spec.kind).observe(seconds)
    telemetry.SPENT.labels(spec.kind).inc(job.cost)
    facts = {**_about(job, "end"), "seconds": seconds, "cost": job.cost, "tries": job.tries}
    if job.state is State.DONE:
        log.info("%s done", spec.kind, extra=facts)
    else:
        log.error("%s %s: %s", spec.kind, job.state, job.error, extra={**facts, "action": "error"})
