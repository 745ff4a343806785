"""Work that runs here: no key, no network, no cost. Conforming and cutting run this way too."""

from collections.abc import Mapping

from shared.base.pool import Pool
from shared.jobs.engine import Accepted, Limits, Pending, Produced, Task, Work, Workspace
from shared.jobs.machine import Job
from shared.story.errors import PermanentError
from shared.story.fact import Micros
from shared.story.kinds import AnyKind


class LocalEngine:
    """Runs one function a kind in a process beside the event loop."""

    name = "local"
    repeatable = True
    makes_files = True
    limits = Limits()

    def __init__(self, pool: Pool, work: Mapping[AnyKind, Work]) -> None:
        self._pool = pool
        self._work = {kind.name: (function, kind) for kind, function in work.items()}
        self.slots = pool.size

    def ceiling(self, job: Job) -> Micros:
        return 0

    async def submit(self, task: Task) -> Accepted | Produced:
        space = Workspace(task.folder, await task.fetch_files())
        work, kind = self._work[task.job.spec.kind]
        made = await self._pool.run(work, task.order, space, seconds=kind.deadline_seconds)
        return Produced(made)

    async def poll(self, task: Task) -> Pending | Produced:
        raise PermanentError("local work is finished when its submit returns")

    async def find(self, task: Task) -> Accepted | None:
        return None

    async def cancel(self, task: Task) -> None:
        """Do nothing: it is over before anyone could cancel it."""
