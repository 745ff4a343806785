"""One step of one job: from where it stands to the signal that says what became of it.

Every error is turned into a signal here, and only here: the machine decides what follows. Work
that may be repeated is done in one step; work at a provider is taken in several (posting.py).
"""

import logging
from functools import partial

from pydantic import ValidationError

from shared.jobs import journal, outcomes, signals
from shared.jobs.admission import Admission
from shared.jobs.engine import Claim, Task
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.means import LostClaim, Means, to_ms
from shared.jobs.posting import Posting
from shared.jobs.signals import Signal
from shared.jobs.storing import Storing
from shared.jobs.unreadable import PUT_OFF_MS, tell
from shared.story.errors import (
    InfrastructureError,
    PermanentError,
    TransientError,
    cause,
    machine_trouble,
)

log = logging.getLogger("storywave.worker")


class Steps:
    """Takes jobs one step further."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self.admission = Admission(means)
        self._storing = Storing(means)
        self._posting = Posting(means, self.admission, self._storing)

    async def next(self, job: Job, claim: Claim) -> Signal | None:
        """Return what became of the job; None when it is somebody else's by now."""
        task = self._read_task(job, claim)
        if task is None:
            return signals.Later(PUT_OFF_MS)
        if job.deaths > self._means.rules.most_deaths and not self._may_run_elsewhere(job):
            died = f"{job.deaths} workers died of it, one after another"
            if not job.is_posted:  # what is owed is settled under the hold of the post
                await self.admission.free_all(job)
            return signals.Broke(died, permanent=True, cost=job.owed)
        try:
            return await self._progress(job, task)
        except LostClaim:
            return None
        except Exception as error:
            return self._judge_error(job, error)

    def _read_task(self, job: Job, claim: Claim) -> Task | None:
        """Return the attempt for an engine; None when another version wrote the order."""
        try:
            order = self._means.kinds[job.spec.kind].read(job.spec)
        except ValidationError as error:
            tell(JOBS, job.id, error)
            return None
        claim.order = order
        return Task(
            job, order, claim, self._means.blobs.fetch, partial(self._means.look_again, job)
        )

    async def _progress(self, job: Job, task: Task) -> Signal:
        engine = self._means.engine(job)
        match job.state:
            case State.SETTLING:
                return await self._posting.settle(job)
            case State.STORING:
                return await self._storing.fetch(job, task)
            case _ if self._means.is_switched_off(job):
                return self._wait_for_engine(job)
            case State.RUNNING:
                return await self._posting.poll(job, task)
        if engine.repeatable:
            return await self._run_here(job, task)
        if job.is_unsure:
            return await self._posting.look_for(job, task)
        return await (self._posting.post if job.is_posted else self._posting.prepare)(job, task)

    def _may_run_elsewhere(self, job: Job) -> bool:
        """Tell whether a provider may be at work on it, or its money is not settled."""
        return job.is_posted and job.state is not State.STORING

    def _wait_for_engine(self, job: Job) -> Signal:
        """Leave a run alone that may be on, and will be billed, until it can be asked for again.

        Where that comes too late, its hold is left open for a person.
        """
        said = "its engine %s was switched off while it was at work: switch it on again"
        log.warning(said, job.engine or "", extra=journal.about(job, "wait"))
        return signals.Unknown(PUT_OFF_MS)

    async def _run_here(self, job: Job, task: Task) -> Signal:
        if job.cancel:
            return signals.Stopped()
        await self._means.look_again(job)
        if self._means.kinds[job.spec.kind].passes_gate:
            refusal = await self.admission.ask_leave(job.spec.video_id)
            if refusal is not None:
                return refusal
        return await self._submit_here(job, task)

    async def _submit_here(self, job: Job, task: Task) -> Signal:
        journal.log_start(job, self._means.kinds[job.spec.kind], task.order)
        engine = self._means.engine(job)
        outcome = await engine.submit(task, await engine.prepare(task))
        match outcome:
            case outcomes.Produced(made):
                return await self._storing.store(job, task, made)
            case outcomes.Ended():
                return self._posting.end(job, outcome)
            case outcomes.Refused():
                return await self.admission.judge_refusal(job, outcome)
            case outcomes.Deferred(seconds):
                return signals.Later(to_ms(seconds))
            case outcomes.Accepted(external_id):
                return signals.Accepted(external_id)

    def _judge_error(self, job: Job, error: Exception) -> Signal:
        """Return what follows an error, by its place in the tree of errors."""
        if trouble := machine_trouble(error):
            log.warning("%s", trouble, extra=journal.about(job, "wait"))
            return signals.Later(to_ms(self._means.pace.hold))
        if isinstance(error, InfrastructureError):
            log.warning("%s", error, extra=journal.about(job, "wait"))
            return signals.Later(to_ms(self._means.pace.away))
        if job.is_posted:
            # no error ends what a provider may be running, and will bill: it is asked again
            log.warning("asked again: %s", error, exc_info=error, extra=journal.about(job, "wait"))
            return self._ask_again(job)
        match error:
            case PermanentError():
                return self._means.fail(job, str(error), error, permanent=True)
            case TransientError():
                return self._means.fail(
                    job, str(error), error, retry_after_ms=to_ms(error.retry_after or 0)
                )
        return self._means.fail(job, f"{type(error).__name__}: {cause(error)}", error)

    def _ask_again(self, job: Job) -> Signal:
        wait = to_ms(self._means.pace.hold)
        # a run of which every question fails is not asked after for ever
        may_be_lost = job.state in (State.SUBMITTING, State.RUNNING)
        return signals.Unknown(wait) if may_be_lost else signals.Later(wait)
