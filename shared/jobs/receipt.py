"""The receipt of a video: a row for each attempt that money was held for."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from shared.jobs.gate import MONEY
from shared.jobs.job import Job
from shared.jobs.ledger import JOBS
from shared.jobs.rows import from_doc
from shared.jobs.unreadable import read_each
from shared.ports import Doc, Store
from shared.story.events import BeatsPlanned
from shared.story.fact import Fact
from shared.story.kinds import KINDS, Item, Kinds
from shared.story.money import Dollars


class Row(Fact):
    """One attempt: what was held for it, and what it came to."""

    job: str
    kind: str
    item: str = Field(description="What it makes, as a person calls it: clip 3, the music.")
    take: int
    attempt: int
    model: str = ""
    run: str = Field("", description="The provider's id of the run.")
    reserved: Dollars
    paid: Dollars | None = Field(None, description="null: it has not ended, and is still held.")
    state: Literal["open", "unresolved", "settled"]
    why: str = Field("", description="Why it ended as it did, where that needs saying.")


class Receipt(Fact):
    """All that a video has cost, row by row. `paid` is the sum of the rows."""

    video_id: str
    rows: tuple[Row, ...] = ()
    paid: Dollars = 0
    held: Dollars = Field(0, description="For attempts that have not ended, or are unresolved.")
    cap: Dollars | None = None
    recorded: Dollars = Field(0, description="The same sum by the jobs' own rows and events.")


async def read_receipt(
    store: Store, video_id: str, plan: BeatsPlanned | None = None, kinds: Kinds = KINDS
) -> Receipt:
    """Return the receipt of a video as it is now; it has no rows where nothing was paid for."""
    money = (await store.get(MONEY, [video_id])).get(video_id)
    rows = await store.find(JOBS, {"spec.video_id": video_id})
    jobs, _ = read_each(JOBS, rows, from_doc)
    unresolved = {row["_id"] for row in rows if row.get("unresolved")}
    return build_receipt(video_id, money or {}, jobs, unresolved, plan, kinds)


def build_receipt(
    video_id: str,
    money: Mapping[str, Any],
    jobs: list[Job],
    unresolved: set[str],
    plan: BeatsPlanned | None,
    kinds: Kinds,
) -> Receipt:
    """Return the receipt that a money document and its jobs give."""
    by_id = {job.id: job for job in jobs}
    rows = [
        _build_row(name, hold, by_id, unresolved, plan, kinds)
        for name, hold in money.get("holds", {}).items()
        if is_paid_for(hold)
    ]
    rows.sort(key=lambda row: (_place(row, by_id), row.job, row.attempt))
    return Receipt(
        video_id=video_id,
        rows=tuple(rows),
        paid=sum(row.paid or 0 for row in rows),
        held=sum(row.reserved for row in rows if row.paid is None),
        cap=money.get("cap"),
        recorded=sum(job.cost for job in jobs),
    )


def is_paid_for(hold: Mapping[str, Any]) -> bool:
    """Tell whether an attempt was a paid one: what is made here holds nothing and has no run."""
    return bool(hold["reserved"] or hold.get("settled") or hold.get("run") or hold.get("why"))


def _build_row(
    name: str,
    hold: Doc,
    jobs: Mapping[str, Job],
    unresolved: set[str],
    plan: BeatsPlanned | None,
    kinds: Kinds,
) -> Row:
    id_, _, attempt = name.rpartition(":")
    job = jobs.get(
        id_
    )  # a row that is gone, or that another version wrote, has its price all the same
    known = {kind.name: kind for kind in kinds}
    kind = known.get(job.spec.kind) if job else None
    item = kind.name_item(Item(job.spec.beat, job.spec.n), plan) if job and kind else id_
    is_current = job is not None and job.hold == name
    settled = hold.get("settled")
    is_unresolved = settled is None and is_current and id_ in unresolved
    return Row(
        job=id_,
        kind=job.spec.kind if job else "",
        item=item,
        take=job.spec.take if job else 0,
        attempt=int(attempt),
        model=hold.get("model") or "",
        run=hold.get("run") or "",
        reserved=hold["reserved"],
        paid=settled,
        state="unresolved" if is_unresolved else "open" if settled is None else "settled",
        why=hold.get("why") or "",
    )


def _place(row: Row, jobs: Mapping[str, Job]) -> int:
    job = jobs.get(row.job)
    return job.created_at if job else 0
