"""One step of one job: from where it stands to the signal that says what became of it.

Every error is turned into a signal here, and only here: the machine decides what follows.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from shared.base.pool import Pool
from shared.jobs import engine as base
from shared.jobs import journal, machine, outputs
from shared.jobs.engine import Engine, Finish, Made, Order, Refused, Task
from shared.jobs.gate import Gate, Hold, Verdict
from shared.jobs.machine import Job, Rules, Signal, State
from shared.jobs.rows import ending
from shared.ports import Blobs
from shared.story.errors import (
    InfrastructureError,
    PermanentError,
    StorywaveError,
    TransientError,
    cause,
    machine_trouble,
)
from shared.story.events import Kind

log = logging.getLogger("storywave.worker")

R = TypeVar("R")


@dataclass(frozen=True)
class Pace:
    """How often a worker looks, and how long it backs off, in seconds."""

    look: float = 0.5
    hold: float = 5.0
    """How long a job rests for which there is no money, no room, or no wish."""
    away: float = 1.0
    """How long to wait for a server of ours that is away."""


@dataclass(frozen=True)
class Steps:
    """What steps need: engines, the gate before each submit, and a place for outputs."""

    engines: Mapping[Kind, Engine]
    finish: Mapping[Kind, Finish]
    gate: Gate
    blobs: Blobs
    pool: Pool
    now: Callable[[], int]
    rules: Rules
    pace: Pace

    async def next(self, job: Job, task: Task) -> Signal:
        """What became of the job."""
        try:
            return await self._progress(job, task)
        except Refused as error:
            return machine.Later(_ms(error.retry_after or self.pace.hold))
        except PermanentError as error:
            return _broke(job, error, permanent=True)
        except TransientError as error:
            return _broke(job, error, retry_after_ms=_ms(error.retry_after or 0))
        except InfrastructureError as error:
            log.warning("%s", error, extra=journal.about(job, "wait"))
            return machine.Later(_ms(self.pace.away))
        except Exception as error:
            unsure = job.state is State.SUBMITTING and not self.engine(job).repeatable
            trouble = machine_trouble(error)
            if trouble and not unsure:
                log.warning("%s", trouble, extra=journal.about(job, "wait"))
                return machine.Later(_ms(self.pace.hold))
            broke = _broke(job, error, f"{type(error).__name__}: {cause(error)}")
            return machine.Unknown(_ms(self.pace.hold)) if unsure else broke

    def engine(self, job: Job) -> Engine:
        return self.engines[job.spec.kind]

    async def settle(self, job: Job, signal: Signal) -> None:
        """Turn the reservation into what the attempt came to, before that becomes a fact."""
        cost = settled_cost(job, signal)
        if cost is not None and (cost or self.engine(job).ceiling(job)):
            hold = Hold(job.spec.video_id, job.hold, cost)
            await patiently(partial(self.gate.settle, hold), self.pace)

    async def _progress(self, job: Job, task: Task) -> Signal:
        if job.state is State.SUBMITTING:
            return await self._submit(job, task)
        if job.state is State.RUNNING:
            return await self._poll(job, task)
        return await self._fetch(job, task)

    async def _submit(self, job: Job, task: Task) -> Signal:
        engine = self.engine(job)
        if job.unsure and not engine.repeatable:
            return await self._look_for(job, task)
        if job.cancel:
            return machine.Stopped()
        refusal = await self._ask_the_gate(job, engine)
        if refusal is not None:
            return refusal
        journal.started(job)
        return await self._outcome(job, task, await engine.submit(task))

    async def _ask_the_gate(self, job: Job, engine: Engine) -> Signal | None:
        """None where the attempt may be made; its money is held from here on."""
        if not await self.gate.admit(engine.name, engine.limits):
            return machine.Later(_ms(self.pace.away))
        hold = Hold(job.spec.video_id, job.hold, engine.ceiling(job))
        verdict = await self.gate.reserve(hold)
        if verdict is Verdict.GRANTED:
            return None
        if verdict is Verdict.CANCELLED:
            return machine.Stopped()
        return machine.Later(_ms(self.pace.hold))

    async def _look_for(self, job: Job, task: Task) -> Signal:
        """An earlier attempt may run at the provider: adopt it, or be sure that it does not."""
        found = await self.engine(job).find(task)
        if found is not None:
            return machine.Accepted(found.external_id)
        if self.now() - (job.submitted_at or 0) < self.rules.grace_ms:
            return machine.Unknown(_ms(self.pace.hold))
        return machine.NotAccepted()

    async def _poll(self, job: Job, task: Task) -> Signal:
        engine = self.engine(job)
        if job.cancel or self.now() - (job.submitted_at or 0) > self.rules.run_ms:
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

    async def _fetch(self, job: Job, task: Task) -> Signal:
        """What is paid for is asked for again and again, as long as the provider keeps it."""
        try:
            files = await outputs.download(job.urls, task.folder)
        except TransientError as error:
            if self.now() - (job.submitted_at or 0) < self.rules.outputs_ms:
                return machine.Later(_ms(self.pace.hold))
            return _broke(job, error, f"its output is lost: {error}", cost=job.owed)
        return await self._store(job, task, Made(files, job.result), job.owed)

    async def _store(self, job: Job, task: Task, made: Made, cost: int) -> Signal:
        """Keep what was made; what turns out to be of no use has its price all the same."""
        try:
            result = await self._kept(job, task, made)
        except PermanentError as error:
            return _broke(job, error, permanent=True, cost=cost)
        except TransientError as error:
            return _broke(job, error, cost=cost)
        except ValueError as error:
            useless = f"the engine finished without a usable output: {cause(error)}"
            return _broke(job, error, useless, cost=cost)
        return machine.Finished(result, cost)

    async def _kept(self, job: Job, task: Task, made: Made) -> dict[str, Any]:
        """Check what was made, and keep its bytes: they wait here while the store is away."""
        finish = self.finish.get(job.spec.kind)
        if finish is not None:
            made = await self.pool.run(finish, Order(task.folder, job.spec.input), made)
        keys = await patiently(partial(outputs.keep, self.blobs, job, made), self.pace)
        result = {**made.data, **keys}
        ending(replace(job, state=State.DONE, result=result))
        json.dumps(result, allow_nan=False)  # what no store takes must not reach one
        return result


def _broke(job: Job, error: Exception, said: str = "", **known: Any) -> machine.Broke:
    """A try that failed: told with its traceback here, where there is one."""
    said = said or (error.message if isinstance(error, StorywaveError) else str(error))
    journal.broke(job, error, said)
    return machine.Broke(said, **known)


async def patiently(call: Callable[[], Awaitable[R]], pace: Pace) -> R:
    """A result is in hand: wait for a server of ours rather than make it again."""
    while True:
        try:
            return await call()
        except InfrastructureError as error:
            log.warning("waiting: %s", error, extra={"action": "wait"})
            await asyncio.sleep(pace.away)


def settled_cost(job: Job, signal: Signal) -> int | None:
    """What an attempt has cost once this signal ends it; None while it may still cost something.

    An attempt of which nobody knows keeps its hold.
    """
    match signal:
        case machine.Finished(cost=cost) | machine.Broke(cost=cost) | machine.Stopped(cost=cost):
            return cost
        case machine.NotAccepted():
            return 0
        case machine.Later() if job.state is State.SUBMITTING and not job.unsure:
            return 0
    return None


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
