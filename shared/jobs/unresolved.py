"""Attempts of which nobody knows whether a provider ran them: for a person to look at.

Their jobs have failed, so that their videos go on, and their money stays held. Whoever has looked
at the provider's own pages says what each has cost.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from shared.jobs.gate import MONEY, Gate, Settlement
from shared.jobs.job import Job
from shared.jobs.ledger import JOBS
from shared.jobs.rows import from_doc
from shared.jobs.unreadable import read_each
from shared.ports import Store, Update
from shared.story.errors import BadInput
from shared.story.events import AttemptSettled, Event
from shared.story.fact import Fact, Micros
from shared.story.money import Dollars, say_dollars

LIMIT = 1_000


class Unresolved(Fact):
    """A job whose last attempt may have been paid for, or not."""

    job: str
    video_id: str
    kind: str
    attempt: int
    model: str = ""
    held: Dollars
    posted_at: int | None = Field(None, description="Milliseconds since 1970.")


async def list_unresolved(store: Store, owner: str | None = None) -> list[Unresolved]:
    """Return all of them, or those of one owner, the oldest first."""
    where = {"unresolved": True, **({"spec.owner": owner} if owner else {})}
    rows = await store.find(JOBS, where, order=["posted_at"], limit=LIMIT)
    jobs, _ = read_each(JOBS, rows, from_doc)
    moneys = await store.get(MONEY, sorted({job.spec.video_id for job in jobs}))
    return [
        _describe(job, moneys.get(job.spec.video_id, {}).get("holds", {}).get(job.hold, {}))
        for job in jobs
    ]


def _describe(job: Job, hold: Mapping[str, Any]) -> Unresolved:
    return Unresolved(
        job=job.id,
        video_id=job.spec.video_id,
        kind=job.spec.kind,
        attempt=job.posted_attempt,
        model=hold.get("model") or "",
        held=hold.get("reserved", 0),
        posted_at=job.posted_at,
    )


async def find_unresolved(store: Store, job_id: str, owner: str | None = None) -> Unresolved:
    """Return one of them; refuse a job that is none."""
    found = {each.job: each for each in await list_unresolved(store, owner)}
    if job_id not in found:
        raise BadInput(
            f"there is no unresolved job {job_id[:200]!r}: `storywave jobs unresolved` lists all",
            "job",
        )
    return found[job_id]


def check_paid(known: Unresolved, paid: Micros | None) -> None:
    """Refuse an answer that can't be right: no attempt costs more than what is held for it."""
    if paid is not None and paid > known.held:
        raise BadInput(f"give at most {say_dollars(known.held)}: that is what is held", "paid")


async def settle_by_hand(
    store: Store,
    gate: Gate,
    emit: Callable[[Sequence[Event]], Awaitable[object]],
    wake: Callable[[str], Awaitable[object]],
    known: Unresolved,
    paid: Micros | None,
) -> Micros:
    """Settle the hold of an unresolved job; return what its attempt counts as having cost.

    Where nobody says what was paid, it is all that was held: so no cap is ever passed. The first
    answer counts. To repeat it after a crash completes what is missing: money, event, row.
    """
    check_paid(known, paid)
    name = f"{known.job}:{known.attempt}"
    cost = known.held if paid is None else paid
    said = "nobody could find out what became of it: settled by hand"
    await gate.settle(Settlement(known.video_id, known.job, name, cost, why=said))
    await wake(known.video_id)  # others may wait for what has come back
    money = await gate.read(known.video_id)
    cost = money["holds"].get(name, {}).get("settled", cost) if money else cost
    settled = AttemptSettled(
        video_id=known.video_id, job=known.job, attempt=known.attempt, cost=cost
    )
    await emit([settled])
    said_of_it = {"cost": cost, "by_hand": cost}
    taken_off = Update(known.job, where={"unresolved": True}, unset=["unresolved"], inc=said_of_it)
    await store.update(JOBS, [taken_off])
    return cost
