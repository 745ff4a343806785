"""Attempts of which nobody knows whether a provider runs them: for a person to look at.

Their money stays held, and they are never sent again by themselves. Whoever has looked at the
provider's own pages says what became of them.
"""

from typing import Literal

from pydantic import Field

from shared.jobs import machine
from shared.jobs.gate import MONEY, Gate, Hold
from shared.jobs.ledger import JOBS, Ledger
from shared.jobs.machine import Job, State
from shared.jobs.rows import from_doc
from shared.jobs.unreadable import read_each
from shared.ports import Store, Update
from shared.story.errors import BadInput
from shared.story.fact import Fact, Micros
from shared.story.money import Dollars, say_dollars

UNRESOLVED = "unresolved"
"""The mark in a job's row."""
LIMIT = 1_000

Answer = Literal["retry", "drop"]


class Unresolved(Fact):
    """A job whose last attempt may have been paid for, or not."""

    job: str
    video_id: str
    kind: str
    attempt: int
    model: str = ""
    held: Dollars
    submitted_at: int | None = Field(None, description="Milliseconds since 1970.")


async def list_unresolved(store: Store, owner: str | None = None) -> list[Unresolved]:
    """Return all of them, or those of one owner, the oldest first."""
    where = {UNRESOLVED: True, **({"spec.owner": owner} if owner else {})}
    rows = await store.find(JOBS, where, order=["submitted_at"], limit=LIMIT)
    jobs, _ = read_each(JOBS, rows, from_doc)
    moneys = await store.get(MONEY, list({job.spec.video_id for job in jobs}))
    return [
        _describe(job, moneys.get(job.spec.video_id, {}).get("holds", {}).get(job.hold, {}))
        for job in jobs
    ]


def _describe(job: Job, hold: dict[str, object]) -> Unresolved:
    return Unresolved.model_validate(
        {
            "job": job.id,
            "video_id": job.spec.video_id,
            "kind": job.spec.kind,
            "attempt": job.paid_attempt,
            "model": hold.get("model") or "",
            "held": hold.get("reserved", 0),
            "submitted_at": job.submitted_at,
        }
    )


async def answer(
    store: Store,
    ledger: Ledger,
    gate: Gate,
    job_id: str,
    what: Answer,
    paid: Micros | None = None,
    owner: str | None = None,
) -> Micros:
    """Do as a person says with an unresolved job; return what its attempt counts as having cost.

    Where nobody says what was paid, it is all that was held: so no cap is ever passed. The row is
    written first, behind its fence: of two answers one counts.
    """
    found = {each.job: each for each in await list_unresolved(store, owner)}
    known = found.get(job_id)
    if known is None:
        raise BadInput(
            f"there is no unresolved job {job_id[:200]!r}: `storywave jobs unresolved` lists all",
            "job",
        )
    cost = known.held if paid is None else paid
    if cost > known.held:
        raise BadInput(f"give at most {say_dollars(known.held)}: that is what is held", "paid")
    job = from_doc((await store.get(JOBS, [job_id]))[job_id])
    if job.has_ended:
        await _close(store, gate, job, what, cost)
    else:
        await _carry_on(store, ledger, gate, job, what, cost)
    return cost


async def _close(store: Store, gate: Gate, job: Job, what: Answer, cost: Micros) -> None:
    """Note what the last attempt of a job that was given up has cost."""
    if what == "retry":
        video = job.spec.video_id
        raise BadInput(f"this job has ended: drop it, then `storywave retry {video}`", "do")
    await gate.settle(Hold(job.spec.video_id, job.hold, cost))
    await _take_off_mark(store, job)


async def _carry_on(
    store: Store, ledger: Ledger, gate: Gate, job: Job, what: Answer, cost: Micros
) -> None:
    """Let a job that waits for an answer go on, or end."""
    if job.state is not State.SUBMITTING or await ledger.advance(job, _signal(what, cost)) is None:
        raise BadInput("somebody else has just answered for this job: look again", "job")
    await _take_off_mark(store, job)
    await gate.settle(Hold(job.spec.video_id, job.hold, cost))


async def _take_off_mark(store: Store, job: Job) -> None:
    await store.update(JOBS, [Update(job.id, where={UNRESOLVED: True}, unset=[UNRESOLVED])])


def _signal(what: Answer, cost: Micros) -> machine.Signal:
    follows = {"retry": "tried again", "drop": "given up"}[what]
    said = f"nobody could find out what became of it: {follows} by hand"
    return machine.Broke(said, permanent=what == "drop", cost=cost)
