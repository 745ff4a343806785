"""One step of one job: from where it stands to the signal that says what became of it.

Every error is turned into a signal here, and only here: the machine decides what follows.

Work that may be repeated is done in one step. Work at a provider is taken in several, each of them
durable before the next: money and inputs (`_prepare`), the one request (`_post`), questions
(`_poll`, or `_look_for` where the answer was lost), the outputs (`_fetch`), the price (`_settle`).
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
from shared.jobs.engine import Claim, Engine, Finish, Task, Workspace
from shared.jobs.gate import MONEY, Gate, Hold, Settlement, Verdict
from shared.jobs.ledger import JOBS, Ledger
from shared.jobs.machine import Job, Rules, Signal, State
from shared.jobs.outcomes import Made
from shared.jobs.rates import Rates
from shared.jobs.rows import end_event, make_storable
from shared.jobs.unreadable import PUT_OFF_MS, tell
from shared.ports import Blobs
from shared.story.errors import (
    InfrastructureError,
    PermanentError,
    StorywaveError,
    TransientError,
    WorkerDied,
    WorkTimedOut,
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
    """How long a job rests of which nobody knows anything new."""
    away: float = 1.0
    """How long to wait for a server of ours that is away."""


@dataclass(frozen=True)
class Steps:
    """What steps need: engines, the gate before each submit, and a place for outputs."""

    kinds: Kinds
    engines: Mapping[AnyKind, Engine]
    finish: Mapping[AnyKind, Finish | None]
    ledger: Ledger
    gate: Gate
    rates: Rates
    blobs: Blobs
    pool: Pool
    rules: Rules
    pace: Pace

    async def next(self, job: Job, claim: Claim) -> Signal | None:
        """Return what became of the job; None when it is somebody else's by now."""
        task = self._read_task(job, claim)
        if task is None:
            return machine.Later(PUT_OFF_MS)
        if job.deaths > self.rules.most_deaths and not self._may_run_elsewhere(job):
            died = f"{job.deaths} workers died of it, one after another"
            return machine.Broke(died, permanent=True, cost=job.owed)
        try:
            return await self._progress(job, task)
        except LostClaim:
            return None
        except Exception as error:
            return self._judge_error(job, error)

    def engine(self, job: Job) -> Engine:
        """Return the engine that runs jobs of this kind."""
        return self.engines[self.kinds[job.spec.kind]]

    async def give_back(self, job: Job) -> None:
        """Free the hold of a claim that was lost before anything was posted under it."""
        name = f"{job.id}:{job.attempt}"
        await self.gate.settle(Settlement(job.spec.video_id, job.id, name, None, others=False))

    async def may_go_on(self, job: Job) -> bool:
        """Tell whether a parked job would be let through by now.

        Leave or money may have come between the refusal and the parking: nobody wakes it then.
        """
        ceiling = self.engine(job).quote(job).ceiling or 0
        return await self.gate.lets(job.spec.video_id, ceiling)

    def _may_run_elsewhere(self, job: Job) -> bool:
        """Tell whether a provider may be at work on it, or its money is not settled."""
        if self.engine(job).repeatable:
            return False
        return job.is_posted and job.state is not State.STORING

    def _read_task(self, job: Job, claim: Claim) -> Task | None:
        """Return the attempt for an engine; None when another version wrote the order."""
        try:
            order = self.kinds[job.spec.kind].read(job.spec)
        except ValidationError as error:
            tell(JOBS, job.id, error)
            return None
        return Task(job, order, claim, self.blobs.fetch, partial(self._look_again, job))

    async def _progress(self, job: Job, task: Task) -> Signal:
        engine = self.engine(job)
        match job.state:
            case State.SETTLING:
                return await self._settle(job)
            case State.STORING:
                return await self._fetch(job, task)
            case State.RUNNING:
                return await self._poll(job, task)
        if engine.repeatable:
            return await self._run_here(job, task)
        if job.is_unsure:
            return await self._look_for(job, task)
        return await (self._post if job.is_posted else self._prepare)(job, task)

    async def _look_again(self, job: Job) -> None:
        """Refuse to begin what is done: a process that stood still for a while has lost its lease.

        Looking costs a read, so it is done only when more than half of the lease has passed.
        """
        is_old = self.ledger.now() > (job.due_at or 0) - self.rules.lease_ms // 2
        if is_old and not await self.ledger.is_ours(job):
            raise LostClaim

    # ── work that may be repeated ───────────────────────────────────────────────────────────────

    async def _run_here(self, job: Job, task: Task) -> Signal:
        if job.cancel:
            return machine.Stopped()
        await self._look_again(job)
        if self.kinds[job.spec.kind].passes_gate:
            name = f"{job.id}:{job.attempt}"
            refusal = await self._reserve(Hold(job.spec.video_id, name, 0))
            if refusal is not None:
                return refusal
        journal.log_start(job, self.kinds[job.spec.kind], task.order)
        engine = self.engine(job)
        outcome = await engine.submit(task, await engine.prepare(task))
        match outcome:
            case outcomes.Produced(made):
                return await self._store(job, task, made)
            case outcomes.Ended():
                return self._end(job, outcome)
            case outcomes.Refused():
                return await self._judge_refusal(job, outcome)
            case outcomes.Accepted(external_id):
                return machine.Accepted(external_id)

    async def _reserve(self, hold: Hold) -> Signal | None:
        """Return None where the money is held; else what follows for the job."""
        try:
            verdict = await self.gate.reserve(hold)
        except InfrastructureError:
            raise
        except Exception as error:  # a newer version may read it: nothing is asked of an engine
            tell(MONEY, hold.video_id, error)
            return machine.Later(PUT_OFF_MS)
        if hold.amount:
            await self.gate.log_check(hold, verdict)
        if verdict is Verdict.SETTLED:
            raise LostClaim
        return _REFUSALS.get(verdict)

    # ── work at a provider ──────────────────────────────────────────────────────────────────────

    async def _prepare(self, job: Job, task: Task) -> Signal:
        """Hold the money, upload the inputs, take a create; then the row says that it is posted."""
        if job.cancel:
            return machine.Stopped()
        await self._look_again(job)
        engine = self.engine(job)
        quote = engine.quote(job)
        if quote.ceiling is None:
            said = (
                f"nobody can say what {quote.model or engine.name} may cost at most: choose another"
            )
            return machine.Broke(said, permanent=True, code="budget")
        if job.attempt > 1:  # an earlier claim may have died with its money held
            await self._free_all(job)
        hold = Hold(
            job.spec.video_id, f"{job.id}:{job.attempt}", quote.ceiling, quote.model or None
        )
        refusal = await self._reserve(hold)
        if refusal is not None:
            return refusal
        try:
            task.claim.prepared = await engine.prepare(task)
            admitted = await self._wait_for_create(engine)
        except BaseException:
            await self.give_back(job)
            raise
        if not admitted:
            await self.give_back(job)
            return machine.PutBack()
        return machine.Posted(quote.ceiling, quote.model or None)

    async def _free_all(self, job: Job) -> None:
        """Give back what earlier claims held, none of which was posted."""
        nothing = Settlement(job.spec.video_id, job.id, name="", amount=None)
        await self.gate.settle(nothing)

    async def _wait_for_create(self, engine: Engine) -> bool:
        """Take one create of the provider's rate; False where that would take too long.

        The wait is in hand, so that a job which has come to the front keeps its turn.
        """
        deadline = asyncio.get_running_loop().time() + self.rules.lease_ms / 4000
        while not await self.rates.take(engine.name, engine.limits):
            wait = await self.rates.find_wait(engine.name, engine.limits)
            if asyncio.get_running_loop().time() + wait > deadline:
                return False
            await asyncio.sleep(wait)
        return True

    async def _post(self, job: Job, task: Task) -> Signal:
        """Send the one request of this attempt. It is marked as sent already."""
        engine = self.engine(job)
        if task.seconds_left() <= 0:
            return machine.PutBack(is_sent=True)
        journal.log_start(job, self.kinds[job.spec.kind], task.order)
        try:
            outcome = await engine.submit(task, task.claim.prepared)
        except Exception as error:  # whatever it is: the request may have arrived
            log.warning("nobody knows: %s", error, extra=journal.about(job, "unknown"))
            return machine.Unknown(_ms(self.pace.hold))
        match outcome:
            case outcomes.Accepted(external_id):
                return await self._adopt(job, external_id) or machine.Unknown(_ms(self.pace.hold))
            case outcomes.Produced():
                return await self._secure(job, outcome)
            case outcomes.Ended():
                return self._end(job, outcome)
            case outcomes.Refused():
                return await self._judge_refusal(job, outcome)

    async def _adopt(self, job: Job, external_id: str) -> Signal | None:
        """Take a run as this attempt's; None where another attempt holds it."""
        provider = self.engine(job).name
        call = partial(self.ledger.hold_run, provider, external_id, job)
        if not await patiently(call, self.pace):
            return None
        if await self.rates.clear(provider):
            log.info("%s takes work again", provider, extra={"action": "provider"})
        return machine.Accepted(external_id)

    async def _judge_refusal(self, job: Job, refused: outcomes.Refused) -> Signal:
        """Return what follows where the provider surely did not accept."""
        engine = self.engine(job)
        if refused.why in ("busy", "account"):
            rate = refused.creates_a_minute
            news = refused.seconds > 0 and await self.rates.slow_down(
                engine.name, refused.seconds, refused.error, rate
            )
            level = logging.ERROR if news and refused.why == "account" else logging.INFO
            log.log(level, "%s: %s", engine.name, refused.error, extra={"action": "provider"})
            return machine.PutBack(is_sent=True)
        return self._break(
            job,
            refused.error,
            permanent=refused.why == "input",
            retired=refused.why == "model",
            code=refused.code,
            at_fault=refused.at_fault,
        )

    def _end(self, job: Job, ended: outcomes.Ended) -> Signal:
        """Return what follows where the provider has ended it without an output."""
        if ended.cancelled and job.cancel:
            return machine.Stopped(ended.cost)
        return self._break(
            job,
            ended.error,
            permanent=ended.permanent,
            retired=ended.retired,
            retry_after_ms=_ms(ended.retry_after),
            cost=ended.cost,
            code=ended.code,
            at_fault=ended.at_fault,
            most_tries=ended.most_tries,
        )

    def _break(self, job: Job, said: str, **known: Any) -> machine.Broke:
        journal.log_failed_try(job, None, said)
        return machine.Broke(said, models=self.engine(job).count_models(job), **known)

    async def _look_for(self, job: Job, task: Task) -> Signal:
        """Adopt what an earlier attempt started at the provider, or be sure that it did not."""
        found = await self.engine(job).find(task)
        if isinstance(found, outcomes.Ended):
            return self._end(job, found)
        for external_id in found.ids:
            adopted = await self._adopt(job, external_id)
            if adopted is not None:
                return adopted
        since = self.ledger.now() - (job.posted_at or 0)
        if not found.is_complete or since < self.rules.grace_ms:
            return machine.Unknown(_ms(self.pace.hold))
        return machine.NotAccepted()

    async def _poll(self, job: Job, task: Task) -> Signal:
        engine = self.engine(job)
        longest = _ms(self.kinds[job.spec.kind].deadline_seconds)
        if job.cancel or self.ledger.now() - (job.posted_at or job.created_at) > longest:
            await engine.cancel(task)  # it ends when the provider says so, and is paid as it says
        outcome = await engine.poll(task)
        match outcome:
            case outcomes.Pending(seconds):
                return machine.Later(_ms(seconds))
            case outcomes.Produced():
                return await self._secure(job, outcome)
            case outcomes.Ended():
                return self._end(job, outcome)

    async def _secure(self, job: Job, produced: outcomes.Produced) -> Signal:
        """Make durable what is paid for, before anything is done with it that may fail."""
        if fault := find_fault({**produced.made.data, "urls": dict(produced.urls)}):
            said = f"the engine finished without a usable output: it can't be stored: {fault}"
            return self._break(job, said, cost=produced.cost)
        urls = dict(produced.urls)
        if produced.made.files:
            keep = partial(outputs.keep_raw, self.blobs, job, produced.made.files)
            urls |= await patiently(keep, self.pace)
        return machine.Produced(urls, dict(produced.made.data), produced.cost)

    async def _settle(self, job: Job) -> Signal:
        """Turn the hold into what the attempt came to. Repeating it changes nothing."""
        unused = job.then is State.NEW and job.then_due is None
        end = Settlement(
            job.spec.video_id,
            job.id,
            job.hold,
            None if unused else job.owed,
            run=job.external_id,
            why=make_storable(job.error, 200) if job.error else None,
        )
        try:
            await self.gate.settle(end)
        except InfrastructureError:
            raise
        except Exception as error:  # a newer version may read it; until then the hold stays
            tell(MONEY, job.spec.video_id, error)
            return machine.Later(PUT_OFF_MS)
        if job.owed < job.held:  # others may wait for what has come back
            await self.ledger.wake(job.spec.video_id, "money")
        return machine.Settled()

    # ── outputs ─────────────────────────────────────────────────────────────────────────────────

    async def _fetch(self, job: Job, task: Task) -> Signal:
        """Ask for what is paid again and again, as long as the provider keeps it."""
        try:
            files = await outputs.fetch(job.urls, task.folder, self.blobs)
        except outputs.Useless as error:
            return self._broke(job, error, cost=job.owed)
        except TransientError as error:
            return self._try_again(job, error, f"its output is lost: {error}")
        return await self._store(job, task, Made(files, job.result), job.owed)

    def _try_again(self, job: Job, error: Exception, said: str) -> Signal:
        """Return a later time, as long as the provider keeps the outputs; then it is a failure."""
        if self.ledger.now() - (job.posted_at or 0) < self.rules.outputs_ms:
            log.warning("%s", said, extra=journal.about(job, "wait"))
            return machine.Later(_ms(self.pace.hold))
        return self._broke(job, error, said, cost=job.owed, code="storage")

    async def _store(self, job: Job, task: Task, made: Made, cost: int = 0) -> Signal:
        """Keep what was made; what turns out to be of no use has its price all the same."""
        try:
            result = await self._keep(job, task, made)
        except InfrastructureError:
            raise
        except Exception as error:
            return self._judge_storing(job, error, cost)
        if job.state is State.STORING:
            await outputs.forget_raw(self.blobs, job.urls)
        return machine.Finished(result, cost)

    def _judge_storing(self, job: Job, error: Exception, cost: int) -> Signal:
        """Return what follows an error while an output was looked at and stored.

        Only one that says that the output is of no use counts. Neither a process of ours that died
        of it, nor a bug, says anything against what has been paid for: both are done again.
        """
        said = str(error)
        if not isinstance(error, StorywaveError):
            if machine_trouble(error):
                raise error
            said = f"the engine finished without a usable output: {cause(error)}"
        is_ours = not isinstance(error, StorywaveError) or isinstance(
            error, WorkerDied | WorkTimedOut
        )
        if is_ours and not self.engine(job).repeatable:
            return self._try_again(job, error, said)
        return self._broke(job, error, said, permanent=isinstance(error, PermanentError), cost=cost)

    async def _keep(self, job: Job, task: Task, made: Made) -> dict[str, Any]:
        """Check what was made, and keep its bytes: they wait here while the store is away."""
        kind = self.kinds[job.spec.kind]
        finish = self.finish.get(kind)
        if finish is not None and self.engines[kind].makes_files:
            made = await self.pool.run(
                finish, task.order, Workspace(task.folder), made, seconds=kind.deadline_seconds
            )
        keys = await patiently(partial(outputs.keep, self.blobs, job, made), self.pace)
        result = {**made.data, **keys}
        try:
            end_event(replace(job, state=State.DONE, result=result), self.kinds)
            if fault := find_fault(result):
                raise ValueError(f"its result can't be stored: {fault}")
        except ValueError as error:
            useless = f"the engine finished without a usable output: {cause(error)}"
            raise TransientError(useless) from error
        return result

    # ── errors ──────────────────────────────────────────────────────────────────────────────────

    def _judge_error(self, job: Job, error: Exception) -> Signal:
        """Return what follows an error, by its place in the tree of errors."""
        if isinstance(error, InfrastructureError):
            log.warning("%s", error, extra=journal.about(job, "wait"))
            return machine.Later(_ms(self.pace.away))
        if job.is_posted and not self.engine(job).repeatable:
            # no error ends what a provider may be running, and will bill: it is asked again
            log.warning("asked again: %s", error, exc_info=error, extra=journal.about(job, "wait"))
            return self._ask_again(job)
        match error:
            case PermanentError():
                return self._broke(job, error, permanent=True)
            case TransientError():
                return self._broke(job, error, retry_after_ms=_ms(error.retry_after or 0))
        trouble = machine_trouble(error)
        if trouble:
            log.warning("%s", trouble, extra=journal.about(job, "wait"))
            return machine.Later(_ms(self.pace.hold))
        return self._broke(job, error, f"{type(error).__name__}: {cause(error)}")

    def _ask_again(self, job: Job) -> Signal:
        wait = _ms(self.pace.hold)
        return machine.Unknown(wait) if job.state is State.SUBMITTING else machine.Later(wait)

    def _broke(self, job: Job, error: Exception, said: str = "", **known: Any) -> machine.Broke:
        """Log a try that failed, with its traceback, and return the signal for it."""
        said = said or str(error)
        journal.log_failed_try(job, error, said)
        return machine.Broke(said, models=self.engine(job).count_models(job), **known)


_REFUSALS: Mapping[Verdict, Signal] = {
    Verdict.CANCELLED: machine.Stopped(),
    Verdict.PAUSED: machine.Parked("leave"),
    Verdict.NO_MONEY: machine.Parked("money"),
    Verdict.OVER: machine.Broke(
        "the budget is used up, and the video is finished with what there is",
        permanent=True,
        code="budget",
    ),
}
"""Verdict → what follows for the job; what is not here is let through."""


class LostClaim(Exception):
    """Another worker has claimed the job meanwhile, or it has ended."""


async def patiently(call: Callable[[], Awaitable[R]], pace: Pace) -> R:
    """Return the result of a call; wait for a server of ours rather than lose what is in hand."""
    while True:
        try:
            return await call()
        except InfrastructureError as error:
            log.warning("waiting: %s", error, extra={"action": "wait"})
            await asyncio.sleep(pace.away)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
