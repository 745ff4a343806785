"""An engine that makes nothing: all of the orchestration, none of the media.

It is for load tests and for rehearsing a cluster before it spends money: every event, every row
and every reservation is real; the keys it names hold no bytes.
"""

import asyncio
from collections.abc import Callable, Mapping

from shared.jobs.engine import Accepted, Limits, Made, Order, Pending, Produced, Task, Work
from shared.jobs.machine import Job
from shared.story.errors import PermanentError
from shared.story.events import Kind, Micros

Latency = Callable[[Job], float]


class RehearsalEngine:
    """Finishes every job after its latency, with plausible data; only planning is done for real."""

    name = "rehearsal"
    repeatable = True
    limits = Limits()

    def __init__(
        self, work: Mapping[Kind, Work], latency: Latency = lambda job: 0.0, slots: int = 2_000
    ) -> None:
        self._plan = work.get(Kind.PLAN)
        self._latency = latency
        self.slots = slots

    def ceiling(self, job: Job) -> Micros:
        return 0

    async def submit(self, task: Task) -> Accepted | Produced:
        seconds = self._latency(task.job)
        if seconds > 0:
            await asyncio.sleep(seconds)
        if task.job.spec.kind is Kind.PLAN and self._plan is not None:
            return Produced(self._plan(Order(task.folder, task.job.spec.input)))
        return Produced(Made(data=_plausible(task.job)))

    async def poll(self, task: Task) -> Pending | Produced:
        raise PermanentError("a rehearsal is finished when its submit returns")

    async def find(self, task: Task) -> Accepted | None:
        return None

    async def cancel(self, task: Task) -> None:
        """It is over before anyone could cancel it."""


def _plausible(job: Job) -> dict[str, object]:
    """Every field that some event of a finished job requires."""
    key = f"rehearsal/{job.id}"
    given = job.spec.input
    return {
        "key": key,
        "last_frame_key": f"{key}/last" if given.get("wants_last_frame") else None,
        "poster_key": f"{key}/poster",
        "seconds": given.get("seconds", 1.0),
        "frames": given.get("frames", 1),
    }
