"""A reason to look at a job at once, from outside."""

from shared.jobs.ledger import JOBS
from shared.ports import Is, Store, Update


async def wake(store: Store, job: str, attempt: int) -> bool:
    """Make a job due that a provider works on, if it was posted by this attempt; tell whether so.

    The fence rises: whoever looks at the provider just now may have seen it as it was before, and
    must not put the next look off. It rises too where the job is due already, so that whoever
    looks next can tell that there is news. One in the middle of its submit is left alone, since
    its answer is about to be written; it is looked at right after that.
    """
    now = store.now()
    here = {"state": "running", "posted_attempt": attempt}
    due = Update(job, {**here, "due_at": Is(">", now)}, set={"due_at": now}, inc={"attempt": 1})
    if job in await store.update(JOBS, [due]):
        return True
    told = Update(job, {**here, "due_at": Is("<=", now)}, inc={"attempt": 1})
    await store.update(JOBS, [told])
    return False
