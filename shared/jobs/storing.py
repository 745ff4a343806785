"""From what an engine has produced to bytes in our own store: as often as need be, paid once."""

import logging
from dataclasses import replace
from functools import partial
from typing import Any

from shared.base.values import find_fault
from shared.jobs import journal, outcomes, outputs, signals
from shared.jobs.engine import Task, Workspace
from shared.jobs.job import Job, State
from shared.jobs.means import Means, patiently, to_ms
from shared.jobs.outcomes import Made
from shared.jobs.rows import end_event
from shared.jobs.signals import Signal
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

log = logging.getLogger("storywave.worker")


class Storing:
    """Fetches, looks at and keeps what was made."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def secure(self, job: Job, produced: outcomes.Produced) -> Signal:
        """Make durable what is paid for, before anything is done with it that may fail."""
        if fault := find_fault({**produced.made.data, "urls": dict(produced.urls)}):
            said = f"the engine finished without a usable output: it can't be stored: {fault}"
            return self._means.fail(job, said, cost=produced.cost)
        urls = dict(produced.urls)
        if produced.made.files:
            keep = partial(outputs.keep_raw, self._means.blobs, job, produced.made.files)
            urls |= await patiently(keep, self._means.pace)
        return signals.Produced(urls, dict(produced.made.data), produced.cost)

    async def fetch(self, job: Job, task: Task) -> Signal:
        """Ask for what is paid again and again, as long as the provider keeps it."""
        try:
            files = await outputs.fetch(job.urls, task.folder, self._means.blobs)
        except outputs.Useless as error:
            return self._means.fail(job, str(error), error, cost=job.owed)
        except TransientError as error:
            return self._try_again(job, error, f"its output is lost: {error}")
        return await self.store(job, task, Made(files, job.result), job.owed)

    async def store(self, job: Job, task: Task, made: Made, cost: int = 0) -> Signal:
        """Keep what was made; what turns out to be of no use has its price all the same."""
        try:
            result = await self._keep(job, task, made)
        except InfrastructureError:
            raise
        except Exception as error:
            return self._judge_storing(job, error, cost)
        if job.state is State.STORING:
            await outputs.forget_raw(self._means.blobs, job.urls)
        return signals.Finished(result, cost)

    def _try_again(self, job: Job, error: Exception, said: str) -> Signal:
        """Return a later time, as long as the provider keeps the outputs; then it is a failure."""
        if self._means.ledger.now() - (job.posted_at or 0) < self._means.rules.outputs_ms:
            log.warning("%s", said, extra=journal.about(job, "wait"))
            return signals.Later(to_ms(self._means.pace.hold))
        return self._means.fail(job, said, error, cost=job.owed, code="storage")

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
        if is_ours and not self._means.engine(job).repeatable:
            return self._try_again(job, error, said)
        return self._means.fail(
            job, said, error, permanent=isinstance(error, PermanentError), cost=cost
        )

    async def _keep(self, job: Job, task: Task, made: Made) -> dict[str, Any]:
        """Check what was made, and keep its bytes: they wait here while the store is away."""
        kind = self._means.kinds[job.spec.kind]
        finish = self._means.finish.get(kind)
        if finish is not None and self._means.engine(job).makes_files:
            files = await patiently(task.find_files, self._means.pace)
            space = Workspace(task.folder, files)
            made = await self._means.pool.run(
                finish, task.order, space, made, seconds=kind.deadline_seconds
            )
        keys = await patiently(
            partial(outputs.keep, self._means.blobs, job, made), self._means.pace
        )
        result = {**made.data, **keys}
        try:
            end_event(replace(job, state=State.DONE, result=result), self._means.kinds)
            if fault := find_fault(result):
                raise ValueError(f"its result can't be stored: {fault}")
        except ValueError as error:
            useless = f"the engine finished without a usable output: {cause(error)}"
            raise TransientError(useless) from error
        return result
