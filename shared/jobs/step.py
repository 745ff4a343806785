"""One step of one job: from where it stands to the signal that says what became of it.

Every error is turned into a signal here, and only here: the machine decides what follows.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.base.pool import Pool
from shared.base.values import find_fault
from shared.jobs import journal, machine, outcomes, outputs
from shared.jobs.engine import AttemptFolder, Engine, Finish, Refused, Task, Workspace
from shared.jobs.gate import MONEY, Gate, Hold, Verdict
from shared.jobs.ledger import JOBS
from shared.jobs.machine import Job, Rules, Signal, State
from shared.jobs.outcomes import Made
from shared.jobs.rows import end_event
from shared.jobs.unreadable import PUT_OFF_MS, tell
from shared.ports import Blobs
from shared.story.errors import (
    InfrastructureError,
    PermanentError,
    TransientError,
    cause,
    machine_trouble,
)
from shared.story.kinds import AnyKind, Kinds

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

    kinds: Kinds
    engines: Mapping[AnyKind, Engine]
    finish: Mapping[AnyKind, Finish | None]
    gate: Gate
    blobs: Blobs
    pool: Pool
    is_ours: Callable[[Job], Awaitable[bool]]
    """Looks whether a claim still holds."""
    now: Callable[[], int]
    rules: Rules
    pace: Pace

    async def next(self, job: Job, place: AttemptFolder) -> Signal | None:
        """Return what became of the job; None when it is somebody else's by now."""
        task = self._read_task(job, place)
        if task is None:
            return machine.Later(PUT_OFF_MS)
        if job.deaths > self.rules.most_deaths and self.engine(job).repeatable:
            return machine.Broke(f"{job.deaths} workers died of it, one after another", True)
        try:
            return await self._progress(job, task)
        except LostClaim:
            return None
        except Exception as error:
            return self._judge_error(job, error)

    def engine(self, job: Job) -> Engine:
        """Return the engine that runs jobs of this kind."""
        return self.engines[self.kinds[job.spec.kind]]

    def _read_task(self, job: Job, place: AttemptFolder) -> Task | None:
        """Return the attempt for an engine; None when another version wrote the order."""
        try:
            order = self.kinds[job.spec.kind].read(job.spec)
        except ValidationError as error:
            tell(JOBS, job.id, error)
            return None
        return Task(job, order, place, self.blobs.fetch, partial(self._look_again, job))

    def _judge_error(self, job: Job, error: Exception) -> Signal:
        """Return what follows an error, by its place in the tree of errors."""
        match error:
            case Refused():
                return machine.Later(_ms(error.retry_after or self.pace.hold))
            case PermanentError():
                return _broke(job, error, permanent=True)
            case TransientError():
                return _broke(job, error, retry_after_ms=_ms(error.retry_after or 0))
            case InfrastructureError():
                log.warning("%s", error, extra=journal.about(job, "wait"))
                return machine.Later(_ms(self.pace.away))
            case _:
                return self._judge_surprise(job, error)

    def _judge_surprise(self, job: Job, error: Exception) -> Signal:
        """Return what follows an error that nobody has foreseen."""
        is_unsure = job.state is State.SUBMITTING and not self.engine(job).repeatable
        trouble = machine_trouble(error)
        if trouble and not is_unsure:
            log.warning("%s", trouble, extra=journal.about(job, "wait"))
            return machine.Later(_ms(self.pace.hold))
        broke = _broke(job, error, f"{type(error).__name__}: {cause(error)}")
        if is_unsure:
            return machine.Unknown(_ms(self.pace.hold))
        # a strange answer to a question does not end what the provider runs, and will bill
        runs_on = job.state is State.RUNNING and not self.engine(job).repeatable
        return machine.Later(_ms(self.pace.hold)) if runs_on else broke

    async def settle(self, job: Job, signal: Signal) -> None:
        """Turn the reservation into what the attempt came to, before that becomes a fact."""
        cost = cost_of_end(job, signal)
        if cost is not None and (cost or self.engine(job).ceiling(job)):
            hold = Hold(job.spec.video_id, job.hold, cost)
            try:
                await patiently(partial(self.gate.settle, hold), self.pace)
            except Exception as error:  # the hold stays, so that no more than the cap is spent
                tell(MONEY, job.spec.video_id, error)

    async def _progress(self, job: Job, task: Task) -> Signal:
        if job.state is State.SUBMITTING:
            return await self._submit(job, task)
        if job.state is State.RUNNING:
            return await self._poll(job, task)
        return await self._fetch(job, task)

    async def _submit(self, job: Job, task: Task) -> Signal:
        engine = self.engine(job)
        if job.is_unsure and not engine.repeatable:
            return await self._look_for(job, task)
        if job.cancel:
            return machine.Stopped()
        await self._look_again(job)
        refusal = await self._ask_the_gate(job, engine)
        if refusal is not None:
            return refusal
        journal.log_start(job, self.kinds[job.spec.kind], task.order)
        return await self._judge(job, task, await engine.submit(task))

    async def _look_again(self, job: Job) -> None:
        """Refuse to begin what is done: a process that stood still for a while has lost its lease.

        Looking costs a read, so it is done only when more than half of the lease has passed.
        """
        is_old = self.now() > (job.due_at or 0) - self.rules.lease_ms // 2
        if is_old and not await self.is_ours(job):
            raise LostClaim

    async def _ask_the_gate(self, job: Job, engine: Engine) -> Signal | None:
        """Return None where the attempt may be made; its money is held from here on."""
        if not self.kinds[job.spec.kind].passes_gate:
            return None
        if not await self.gate.admit(engine.name, engine.limits):
            return machine.Later(_ms(self.pace.away))
        hold = Hold(job.spec.video_id, job.hold, engine.ceiling(job))
        try:
            verdict = await self.gate.reserve(hold)
        except InfrastructureError:
            raise
        except Exception as error:  # a newer version may read it: nothing is asked of an engine
            tell(MONEY, job.spec.video_id, error)
            return machine.Later(PUT_OFF_MS)
        if verdict is Verdict.GRANTED:
            return None
        if verdict is Verdict.CANCELLED:
            return machine.Stopped()
        return machine.Later(_ms(self.pace.hold))

    async def _look_for(self, job: Job, task: Task) -> Signal:
        """Adopt what an earlier attempt started at the provider, or be sure that it did not."""
        found = await self.engine(job).find(task)
        if found is not None:
            return machine.Accepted(found.external_id)
        if self.now() - (job.submitted_at or 0) < self.rules.grace_ms:
            return machine.Unknown(_ms(self.pace.hold))
        return machine.NotAccepted()

    async def _poll(self, job: Job, task: Task) -> Signal:
        engine = self.engine(job)
        longest = _ms(self.kinds[job.spec.kind].deadline_seconds)
        if job.cancel or self.now() - (job.submitted_at or 0) > longest:
            await engine.cancel(task)  # it ends when the provider says so, and is paid as it says
        return await self._judge(job, task, await engine.poll(task))

    async def _judge(
        self,
        job: Job,
        task: Task,
        outcome: outcomes.Accepted | outcomes.Pending | outcomes.Produced,
    ) -> Signal:
        match outcome:
            case outcomes.Accepted(external_id):
                return machine.Accepted(external_id)
            case outcomes.Pending(seconds):
                return machine.Later(_ms(seconds))
            case outcomes.Produced(made, urls, cost) if urls:
                return machine.Produced(urls, dict(made.data), cost)
            case outcomes.Produced(made, _, cost):
                return await self._store(job, task, made, cost)

    async def _fetch(self, job: Job, task: Task) -> Signal:
        """Ask for what is paid again and again, as long as the provider keeps it."""
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
            result = await self._keep(job, task, made)
        except PermanentError as error:
            return _broke(job, error, permanent=True, cost=cost)
        except TransientError as error:
            return _broke(job, error, cost=cost)
        except InfrastructureError:
            raise
        except Exception as error:  # whatever is wrong with it, it has been made, and has its price
            if machine_trouble(error):
                raise
            useless = f"the engine finished without a usable output: {cause(error)}"
            return _broke(job, error, useless, cost=cost)
        return machine.Finished(result, cost)

    async def _keep(self, job: Job, task: Task, made: Made) -> dict[str, Any]:
        """Check what was made, and keep its bytes: they wait here while the store is away."""
        kind = self.kinds[job.spec.kind]
        finish = self.finish.get(kind)
        if finish is not None and self.engines[kind].makes_files:
            space = Workspace(task.folder, await patiently(task.find_files, self.pace))
            made = await self.pool.run(
                finish, task.order, space, made, seconds=kind.deadline_seconds
            )
        keys = await patiently(partial(outputs.keep, self.blobs, job, made), self.pace)
        result = {**made.data, **keys}
        end_event(replace(job, state=State.DONE, result=result), self.kinds)
        if fault := find_fault(result):
            raise ValueError(f"the engine's result can't be stored: {fault}")
        return result


class LostClaim(Exception):
    """Another worker has claimed the job meanwhile, or it has ended."""


def _broke(job: Job, error: Exception, said: str = "", **known: Any) -> machine.Broke:
    """Log a try that failed, with its traceback, and return the signal for it."""
    said = said or str(error)
    journal.log_failed_try(job, error, said)
    return machine.Broke(said, **known)


async def patiently(call: Callable[[], Awaitable[R]], pace: Pace) -> R:
    """Return the result of a call; wait for a server of ours rather than lose what is in hand."""
    while True:
        try:
            return await call()
        except InfrastructureError as error:
            log.warning("waiting: %s", error, extra={"action": "wait"})
            await asyncio.sleep(pace.away)


def cost_of_end(job: Job, signal: Signal) -> int | None:
    """Return what an attempt has cost once this signal ends it; None while it may still cost.

    An attempt of which nobody knows keeps its hold.
    """
    match signal:
        case machine.Finished(cost=cost) | machine.Broke(cost=cost) | machine.Stopped(cost=cost):
            return cost
        case machine.NotAccepted():
            return 0
        case machine.Later() if job.state is State.SUBMITTING and not job.is_unsure:
            return 0
    return None


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
