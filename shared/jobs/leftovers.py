"""Money held by a worker that died after its job had ended.

It stood still before it held the money, and meanwhile another worker brought the job to its end. No
claim comes after it that would free the hold, so whoever looks at the video from time to time does.
"""

from shared.jobs.gate import Gate, Settlement, list_open_holds
from shared.jobs.job import Job
from shared.jobs.ledger import Ledger


async def free_leftovers(gate: Gate, ledger: Ledger, video_id: str) -> int:
    """Give back what is held for jobs that have ended; return how many holds these were.

    The money is read before the jobs. A job settles before it ends, so an attempt that could still
    cost something is never taken for one of these: it could not be posted any more.
    """
    money = await gate.read(video_id)
    holds = list_open_holds(money) if money else []
    if not holds:
        return 0
    ended = await ledger.list_ended(video_id)
    ends = [
        Settlement(video_id, job.id, name, None)
        for name in holds
        if (job := ended.get(name.rpartition(":")[0])) and not _is_unresolved(job, name)
    ]
    for end in ends:
        await gate.settle(end)
    return len(ends)


def _is_unresolved(job: Job, hold: str) -> bool:
    """Tell whether a person is to say what this hold came to."""
    return bool(job.unresolved) and hold == job.hold
