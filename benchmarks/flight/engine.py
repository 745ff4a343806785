"""A provider that is submitted to and polled, and knows nothing that its runs do not say.

How long a run lasts stands in the id of its video, and when it ends in the id of the run. So what
this process holds of a video is ours, and not the provider's.
"""

import time

from shared.jobs.engine import Task
from shared.jobs.job import Job
from shared.jobs.outcomes import Accepted, Found, Made, Pending, Produced, Quote
from shared.jobs.rates import Limits

NAME = "flight"
CREATES_A_SECOND = 250
CEILING, COST = 50_000, 40_000
POLLS = 4
"""So often a run is looked at before it has ended, however long it takes."""


def name_video(ms: int, number: int) -> str:
    """Return the id of a video whose clip takes so many milliseconds."""
    return f"lasts-{ms}-{number}"


class FlightEngine:
    """Runs clips at that provider."""

    name = NAME
    slots = 500
    repeatable = False
    makes_files = False
    limits = Limits(creates_a_minute=60 * CREATES_A_SECOND)

    def __init__(self) -> None:
        self.is_over = False
        """Every run has ended, whatever its id says."""

    def quote(self, job: Job) -> Quote:
        """Return what a clip may cost at most."""
        return Quote(CEILING, NAME)

    def count_models(self, job: Job) -> int:
        """Return 1."""
        return 1

    async def fingerprint(self, task: Task) -> None:
        """Return nothing: no clip is used again."""

    async def prepare(self, task: Task) -> None:
        """Do nothing: there is nothing to upload."""

    async def submit(self, task: Task, prepared: None) -> Accepted:
        """Return a run, with the time at which it looks again and the one at which it has ended."""
        ms = int(task.job.spec.video_id.split("-")[1])
        return Accepted(f"{task.job.spec.video_id}-{round(time.time() * 1000) + ms}")

    async def poll(self, task: Task) -> Pending | Produced:
        """Return the clip, once its time is over."""
        _, ms, number, ends_at = (task.job.external_id or "").split("-")
        left = int(ends_at) / 1000 - time.time()
        if left > 0 and not self.is_over:
            return Pending(max(0.05, min(left, int(ms) / 1000 / POLLS)))
        key = f"flight/{number}"
        return Produced(Made(data={"key": key, "seconds": 5.0}), cost=COST)

    async def find(self, task: Task) -> Found:
        """Return nothing: no answer of this provider is ever lost."""
        return Found(is_complete=True)

    async def cancel(self, task: Task) -> None:
        """Do nothing."""
