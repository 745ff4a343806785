"""Work at a provider, in steps that are each durable before the next begins.

Money and inputs (`prepare`), the one request (`post`), questions (`poll`, or `look_for` where the
answer was lost), and the price (`settle`). Between `prepare` and `post` the row is marked: see the
theory of operation in machine.py.
"""

import asyncio
import logging
from functools import partial

from shared.base import telemetry
from shared.jobs import journal, outcomes, outputs, signals
from shared.jobs.admission import Admission
from shared.jobs.engine import Task
from shared.jobs.gate import MONEY, Hold, Settlement
from shared.jobs.job import Job, State
from shared.jobs.means import Means, patiently, to_ms
from shared.jobs.rows import find_misfit, make_storable
from shared.jobs.signals import Signal
from shared.jobs.storing import Storing
from shared.jobs.unreadable import PUT_OFF_MS, tell
from shared.story.errors import InfrastructureError, cause

log = logging.getLogger("storywave.worker")


class Posting:
    """Takes jobs through a provider."""

    def __init__(self, means: Means, admission: Admission, storing: Storing) -> None:
        self._means = means
        self._admission = admission
        self._storing = storing

    async def prepare(self, job: Job, task: Task) -> Signal:
        """Hold the money, upload the inputs, take a create; then the row says that it is posted."""
        if job.attempt > 1:  # an earlier claim may have died with its money held
            await self._admission.free_all(job)
        if job.cancel:
            return signals.Stopped()
        await self._means.look_again(job)
        engine = self._means.engine(job)
        quote = engine.quote(job)
        if quote.ceiling is None:
            named = quote.model or engine.name
            said = f"nobody can say what {named} may cost at most: choose another"
            return signals.Broke(said, permanent=True, code="budget")
        fingerprint = await self._means.reuse.identify(job, task, engine, self._means.kind(job))
        copied = await self._copy(job, task, quote.model, fingerprint) if fingerprint else None
        if copied is not None:
            return copied
        posted = signals.Posted(quote.ceiling, quote.model or None, fingerprint, engine.name)
        hold = Hold(job.spec.video_id, job.hold, posted.held, posted.model)
        return await self._admission.reserve(hold) or await self._admit(job, task, posted)

    async def _admit(self, job: Job, task: Task, posted: signals.Posted) -> Signal:
        """Return that it is posted, once its inputs are there and its provider has time for it."""
        engine = self._means.engine(job)
        try:
            task.claim.prepared = await engine.prepare(task)
            admitted = await self._admission.wait_for_create(engine)
        except BaseException:
            await self._admission.give_back(job)
            raise
        if admitted:
            return posted
        await self._admission.give_back(job)
        return signals.PutBack()

    async def _copy(self, job: Job, task: Task, model: str, fingerprint: str) -> Signal | None:
        """Return the end of a job whose output is there already, at no cost; None where it is not.

        Its line in the receipt is no attempt's, so that a crash in between leaves one line only.
        """
        result = await self._means.reuse.copy(fingerprint, job, task.folder)
        # another version may have recorded it, in other words than ours
        if result is None or find_misfit(job, result, self._means.kinds):
            return None
        said = "reused: the same was paid for before"
        line = Hold(job.spec.video_id, f"{job.id}:0", 0, model or None, said)
        refusal = await self._admission.reserve(line)
        return refusal or signals.Finished(result, reused=True)

    async def post(self, job: Job, task: Task) -> Signal:
        """Send the one request of this attempt. It is marked as sent already."""
        engine = self._means.engine(job)
        if task.seconds_left() <= 0:
            return signals.PutBack()
        journal.log_start(job, self._means.kinds[job.spec.kind], task.order)
        try:
            outcome = await engine.submit(task, task.claim.prepared)
        except Exception as error:  # whatever it is: the request may have arrived
            log.warning("nobody knows: %s", cause(error), extra=journal.about(job, "unknown"))
            return signals.Unknown(to_ms(self._means.pace.hold))
        match outcome:
            case outcomes.Accepted(external_id):
                return await self._adopt(job, external_id) or signals.Unknown(
                    to_ms(self._means.pace.hold)
                )
            case outcomes.Produced():
                return await self._storing.secure(job, outcome)
            case outcomes.Ended():
                return self.end(job, outcome)
            case outcomes.Refused():
                return await self._admission.judge_refusal(job, outcome)
            case outcomes.Deferred():
                return signals.PutBack()

    async def _adopt(self, job: Job, external_id: str) -> Signal | None:
        """Take a run as this attempt's; None where another attempt holds it."""
        provider = self._means.engine(job).name
        call = partial(self._means.ledger.hold_run, provider, external_id, job)
        if not await patiently(call, self._means.pace):
            return None
        if await self._means.rates.clear(provider):
            log.info("%s takes work again", provider, extra={"action": "provider"})
        return signals.Accepted(external_id)

    async def look_for(self, job: Job, task: Task) -> Signal:
        """Adopt what an earlier attempt started at the provider, or be sure that it did not."""
        if job.attempt == job.posted_attempt + 1:  # the first time that it is looked for
            telemetry.UNKNOWN.labels(job.spec.kind).inc()
        known = await self._means.ledger.find_run(self._means.engine(job).name, job)
        if known is not None:
            telemetry.ADOPTED.labels(job.spec.kind).inc()
            return signals.Accepted(known)
        # the time at which it is asked: a list that was read early says nothing, however late it is
        since = self._means.ledger.now() - (job.posted_at or 0)
        found = await self._means.engine(job).find(task)
        if isinstance(found, outcomes.Ended):
            return self.end(job, found)
        if found.ids:
            await self._let_others_hear(job)
        for external_id in found.ids:
            adopted = await self._adopt(job, external_id)
            if adopted is not None:
                telemetry.ADOPTED.labels(job.spec.kind).inc()
                return adopted
        if not found.is_complete or since < self._means.rules.grace_ms:
            return signals.Unknown(to_ms(self._means.pace.hold))
        return signals.NotAccepted()

    async def _let_others_hear(self, job: Job) -> None:
        """Wait until all that are posting now have their answer: a listed run may be theirs.

        It was created before it was listed, so its attempt is marked by now. Once the answer is
        heard, the run is held. One whose worker has died is waited for until its lease ends.
        """
        kinds = self._means.list_kinds(self._means.engine(job))
        posting = await self._means.ledger.list_posting(kinds)
        while posting:
            await asyncio.sleep(self._means.pace.look)
            posting &= await self._means.ledger.list_posting(kinds)

    async def poll(self, job: Job, task: Task) -> Signal:
        engine = self._means.engine(job)
        longest = to_ms(self._means.kinds[job.spec.kind].deadline_seconds)
        if job.cancel or self._means.ledger.now() - (job.posted_at or job.created_at) > longest:
            await self._cancel(job, task)
        outcome = await engine.poll(task)
        match outcome:
            case outcomes.Pending(seconds):
                return signals.Later(to_ms(seconds))
            case outcomes.Produced():
                return await self._storing.secure(job, outcome)
            case outcomes.Ended():
                return self.end(job, outcome)

    async def _cancel(self, job: Job, task: Task) -> None:
        """Ask the provider to stop. The run ends when it says so, and is paid as it says."""
        try:
            await self._means.engine(job).cancel(task)
        except Exception as error:  # it may have ended already: what it brought is wanted
            log.warning("not stopped: %s", error, extra=journal.about(job, "cancel"))

    def end(self, job: Job, ended: outcomes.Ended) -> Signal:
        """Return what follows where the provider has ended it without an output."""
        if ended.cancelled and job.cancel:
            return signals.Stopped(ended.cost)
        return self._means.fail(
            job,
            ended.error,
            permanent=ended.permanent,
            retired=ended.retired,
            retry_after_ms=to_ms(ended.retry_after),
            cost=ended.cost,
            code=ended.code,
            at_fault=ended.at_fault,
            most_tries=ended.most_tries,
            answer=ended.answer,
        )

    async def settle(self, job: Job) -> Signal:
        """Turn the hold into what the attempt came to. Repeating it changes nothing."""
        unused = job.then is State.NEW and job.then_due is None
        end = Settlement(
            job.spec.video_id,
            job.id,
            job.hold,
            None if unused else job.owed,
            run=job.external_id,
            why=make_storable(job.error, 200) if job.error else None,
            before=job.attempt,
        )
        try:
            await self._means.gate.settle(end)
        except InfrastructureError:
            raise
        except Exception as error:  # a newer version may read it; until then the hold stays
            tell(MONEY, job.spec.video_id, error)
            return signals.Later(PUT_OFF_MS)
        await self._means.reuse.record(job)
        await outputs.forget_raw(self._means.blobs, job.urls)
        # others may wait for what has come back, or may learn that nothing will
        await self._means.ledger.wake(job.spec.video_id, "money")
        return signals.Settled()
