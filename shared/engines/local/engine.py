"""Work that runs here: no key, no network, no cost. Conforming and cutting run this way too."""

from collections.abc import Mapping

from shared.base.pool import Pool
from shared.jobs.engine import Accepted, Limits, Order, Pending, Produced, Task, Work
from shared.jobs.machine import Job
from shared.story.errors import PermanentError
from shared.story.events import Kind, Micros


class LocalEngine:
    """Runs one function a kind in a process beside the event loop."""

    name = "local"
    repeatable = True
    limits = Limits()

    def __init__(self, pool: Pool, work: Mapping[Kind, Work]) -> None:
        self._pool = pool
        self._work = work
        self.slots = pool.size

    def ceiling(self, job: Job) -> Micros:
        return 0

    async def submit(self, task: Task) -> Accepted | Produced:
        spec = task.job.spec
        files = {name: await task.fetch(name) for name in spec.files}
        order = Order(task.folder, spec.input, files)
        return Produced(await self._pool.run(self._work[spec.kind], order))

    async def poll(self, task: Task) -> Pending | Produced:
        raise PermanentError("local work is finished when its submit returns")

    async def find(self, task: Task) -> Accepted | None:
        return None

    async def cancel(self, task: Task) -> None:
        """It is over before anyone could cancel it."""
