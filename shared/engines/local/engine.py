"""Work that runs here: no key, no network, no cost. Conforming and cutting run this way too."""

import asyncio
from collections.abc import Mapping

from shared.base.pool import Pool
from shared.jobs.engine import Task, Work, Workspace
from shared.jobs.job import Job
from shared.jobs.outcomes import Found, Produced, Quote
from shared.jobs.rates import NO_LIMITS
from shared.story.errors import PermanentError, TransientError
from shared.story.kinds import AnyKind


class LocalEngine:
    """Runs one function a kind in a process beside the event loop."""

    name = "local"
    repeatable = True
    makes_files = True
    limits = NO_LIMITS

    def __init__(self, pool: Pool, work: Mapping[AnyKind, Work]) -> None:
        self._pool = pool
        self._work = {kind.name: (function, kind) for kind, function in work.items()}
        self.slots = pool.size

    def quote(self, job: Job) -> Quote:
        """Return the quote of all work that runs here: it costs nothing."""
        return Quote(0)

    def count_models(self, job: Job) -> int:
        """Return 1: there is one way to do it."""
        return 1

    async def fingerprint(self, task: Task) -> None:
        """Return nothing: it costs nothing to make it again."""

    async def prepare(self, task: Task) -> None:
        """Do nothing: its inputs are fetched where it is done."""

    async def submit(self, task: Task, prepared: None) -> Produced:
        """Return what the kind's function has made."""
        work, kind = self._work[task.job.spec.kind]
        try:
            async with asyncio.timeout(kind.deadline_seconds):
                files = await task.fetch_files()
        except TimeoutError as error:
            raise TransientError("its inputs did not come within its time") from error
        made = await self._pool.run(
            work,
            task.order,
            Workspace(task.folder, files, task.job.spec.take),
            seconds=kind.deadline_seconds,
            check=task.look_again,
        )
        return Produced(made)

    async def poll(self, task: Task) -> Produced:
        """Refuse: nothing is left to ask for."""
        raise PermanentError("local work is finished when its submit returns")

    async def find(self, task: Task) -> Found:
        """Return nothing: nobody runs anything elsewhere."""
        return Found(is_complete=True)

    async def cancel(self, task: Task) -> None:
        """Do nothing: it is over before anyone could cancel it."""
