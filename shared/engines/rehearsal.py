"""An engine that makes nothing: all of the orchestration, none of the media.

It is for load tests and for rehearsing a cluster before it spends money: every event, every row
and every reservation is real; the keys it names hold no bytes.
"""

import asyncio
from collections.abc import Callable, Mapping

from shared.jobs.engine import Task, Work, Workspace
from shared.jobs.job import Job
from shared.jobs.outcomes import Found, Made, Produced, Quote
from shared.jobs.rates import NO_LIMITS
from shared.story.errors import PermanentError
from shared.story.kinds import AnyKind, Order

Latency = Callable[[Job], float]

REMEMBERED = 100  # orders


class RehearsalEngine:
    """Finishes every job after its latency; jobs of the kinds in `real` are done in earnest.

    A plan has to be real: all that follows hangs on what it says. But what comes of an order, and
    of nothing else, is made once: a rehearsal shows what lies around the work, and not the work.
    """

    name = "rehearsal"
    repeatable = True
    makes_files = False
    limits = NO_LIMITS

    def __init__(
        self, real: Mapping[AnyKind, Work], latency: Latency = lambda job: 0.0, slots: int = 2_000
    ) -> None:
        self._real = {kind.name: work for kind, work in real.items()}
        self._latency = latency
        self._done: dict[str, Made] = {}
        self.slots = slots

    def quote(self, job: Job) -> Quote:
        """Return a quote of 0: nothing is made, and nothing is paid."""
        return Quote(0)

    def count_models(self, job: Job) -> int:
        """Return 1: no model is asked."""
        return 1

    async def fingerprint(self, task: Task) -> None:
        """Return nothing: nothing is made that could be used again."""

    async def prepare(self, task: Task) -> None:
        """Do nothing: there is nothing to upload."""

    async def submit(self, task: Task, prepared: None) -> Produced:
        """Return what the job could have produced."""
        seconds = self._latency(task.job)
        if seconds > 0:
            await asyncio.sleep(seconds)
        work = self._real.get(task.job.spec.kind)
        if work is not None:
            return Produced(self._do_once(work, task))
        return Produced(Made(data=_invent(task.job.id, task.order)))

    def _do_once(self, work: Work, task: Task) -> Made:
        """Return what this work makes of this order; the latest orders are remembered."""
        asked = f"{task.job.spec.kind} {task.order.wish()}"
        made = self._done.pop(asked, None) or work(task.order, Workspace(task.folder))
        self._done[asked] = made
        if len(self._done) > REMEMBERED:
            self._done.pop(next(iter(self._done)))
        return made

    async def poll(self, task: Task) -> Produced:
        """Refuse: nothing is left to ask for."""
        raise PermanentError("a rehearsal is finished when its submit returns")

    async def find(self, task: Task) -> Found:
        """Return nothing: nobody runs anything elsewhere."""
        return Found(is_complete=True)

    async def cancel(self, task: Task) -> None:
        """Do nothing: it is over before anyone could cancel it."""


def _invent(job: str, order: Order) -> dict[str, object]:
    """Return every field that some event of a finished job requires."""
    key = f"rehearsal/{job}"
    return {
        "key": key,
        "others": [f"{key}/{n}" for n in range(1, getattr(order, "count", 1))],
        "last_frame_key": f"{key}/last" if getattr(order, "wants_last_frame", False) else None,
        "poster_key": f"{key}/poster",
        "seconds": getattr(order, "seconds", 1.0),
        "frames": getattr(order, "frames", 1),
    }
