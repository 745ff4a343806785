"""A reason to look at a job at once, from outside."""

from shared.jobs.ledger import JOBS
from shared.ports import Is, Store, Update


async def wake(store: Store, job: str, attempt: int) -> bool:
    """Make a job due that a provider works on, if it was posted by this attempt; tell whether so.

    One in the middle of its submit is left alone: its answer is about to be written, and a claim
    by somebody else would throw it away. Nothing follows from this but a look at the provider.
    """
    now = store.now()
    due = Update(
        job,
        where={"state": "running", "posted_attempt": attempt, "due_at": Is(">", now)},
        set={"due_at": now},
    )
    return job in await store.update(JOBS, [due])
