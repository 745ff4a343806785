"""From what an engine has produced to bytes in our own store: as often as need be, paid once."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from shared.base.together import await_all
from shared.base.values import find_fault
from shared.jobs import journal, outcomes, outputs, signals
from shared.jobs.engine import Task, Workspace
from shared.jobs.job import Job
from shared.jobs.means import Means, patiently, to_ms
from shared.jobs.outcomes import Made
from shared.jobs.rows import find_misfit
from shared.jobs.signals import Signal
from shared.story.errors import (
    BlobMissing,
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

FETCHES = 32
"""Outputs that one service fetches at once, of all its jobs together."""


class Storing:
    """Fetches, looks at and keeps what was made."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._room = asyncio.Semaphore(FETCHES)

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
        """Bring in what is paid, each output on its own, as long as the provider keeps it.

        What has come is noted before the rest has: neither a crash nor the trouble with another
        output is a reason to fetch it again.
        """
        coming = self._begin(job, task)
        await _wait_for_news(list(coming.values()))
        ends = {n: it.result() for n, it in coming.items() if it.done() and not it.exception()}
        settled = {n: end for n, end in ends.items() if not isinstance(end, signals.Later)}
        if len(settled) == len(coming):
            return _conclude(job, settled)
        if settled:
            return _note(settled)
        return next(iter(coming.values())).result()  # all that are out must be asked for again

    def _begin(self, job: Job, task: Task) -> dict[str, "asyncio.Task[Signal]"]:
        """Return the outputs that are still out, by number, all of them on their way."""
        coming = task.claim.coming
        for number, urls in outputs.split_by_number(job.urls).items():
            if number not in (*coming, *job.kept, *job.lost):
                bring = self._bring(job, task, number, urls)
                coming[number] = asyncio.create_task(bring, name=f"{job.id} output {number}")
        return {n: it for n, it in coming.items() if n not in (*job.kept, *job.lost)}

    async def _bring(self, job: Job, task: Task, number: str, urls: Mapping[str, str]) -> Signal:
        """Fetch one output, and keep it."""
        try:
            async with self._room:
                folder = _make_folder(task, number)
                files = await outputs.fetch(urls, folder, self._means.blobs)
        except outputs.Useless as error:
            return self._means.fail(job, str(error), error, cost=job.owed)
        except (TransientError, BlobMissing) as error:
            return self._try_again(job, error, f"its output is lost: {error}")
        return await self._keep(job, task, number, Made(files, job.result))

    async def store(self, job: Job, task: Task, made: Made) -> Signal:
        """Keep what was made here; of several outputs, those that are of use."""
        began = self._means.ledger.now()
        parts = outputs.split_by_number(made.files)
        keeping = [self._keep(job, task, n, Made(files, made.data)) for n, files in parts.items()]
        # a task of its own for the only output would be one for each job
        ends = await await_all(*keeping) if len(keeping) > 1 else [await keeping[0]]
        end = _conclude(job, dict(zip(parts, ends, strict=True)))
        if not isinstance(end, signals.Finished):
            return end
        return replace(end, storing_ms=max(0, self._means.ledger.now() - began))

    async def _keep(self, job: Job, task: Task, number: str, made: Made) -> Signal:
        """Look at one output and keep it; what is of no use has its price all the same."""
        try:
            return signals.Finished(await self._store(job, task, number, made), job.owed)
        except InfrastructureError:
            raise
        except Exception as error:
            return self._judge_storing(job, error, job.owed)

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

    async def _store(self, job: Job, task: Task, number: str, made: Made) -> dict[str, Any]:
        """Check what was made, and keep its bytes: they wait here while the store is away."""
        kind = self._means.kinds[job.spec.kind]
        finish = self._means.finish.get(kind)
        if finish is not None and self._means.engine(job).makes_files:
            files = await patiently(task.find_files, self._means.pace)
            space = Workspace(_make_folder(task, number), files)
            made = await self._means.pool.run(
                finish, task.order, space, made, seconds=kind.deadline_seconds
            )
        keep = partial(outputs.keep, self._means.blobs, job, made.files, number)
        keys = await patiently(keep, self._means.pace)
        result = {**made.data, **keys}
        if misfit := find_misfit(job, result, self._means.kinds, task.order):
            raise TransientError(f"the engine finished without a usable output: {misfit}")
        return result


def _make_folder(task: Task, number: str) -> Path:
    """Return a folder for one output: of several, each is looked at in its own."""
    if number == outputs.FIRST:
        return task.folder
    folder = task.folder / number
    folder.mkdir(exist_ok=True)
    return folder


async def _wait_for_news(coming: Sequence["asyncio.Task[Signal]"]) -> None:
    """Wait until something has become of an output, or nothing more will under this claim."""
    running = {it for it in coming if not it.done()}
    while running and not any(it.done() and _is_settled(it) for it in coming):
        _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)


def _is_settled(output: "asyncio.Task[Signal]") -> bool:
    return not output.exception() and not isinstance(output.result(), signals.Later)


def _note(settled: Mapping[str, Signal]) -> signals.Stored:
    """Return what has become of some outputs while others are still out."""
    return signals.Stored(
        kept={n: end.result for n, end in settled.items() if isinstance(end, signals.Finished)},
        lost={n: end.error for n, end in settled.items() if isinstance(end, signals.Broke)},
    )


def _conclude(job: Job, settled: Mapping[str, Signal]) -> Signal:
    """Return what became of a job of which nothing is out any more: one output makes it done."""
    last = _note(settled)
    kept, lost = {**job.kept, **last.kept}, {**job.lost, **last.lost}
    if kept:
        return signals.Finished(outputs.join(kept, lost), job.owed)
    return next(iter(settled.values()))
