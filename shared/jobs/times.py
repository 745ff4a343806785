"""Rows that wait for a time, and two reasons to make them due before it."""

from typing import NamedTuple

from shared.jobs.job import IN_HAND, LONGEST_WAIT_MS
from shared.jobs.unreadable import PUT_OFF
from shared.ports import Doc, Is, Store, Update, Where

LIMIT = 1_000
GRACE_MS = 60_000
"""For a worker that has a job in hand to see its new lease, and to renew it."""


class Waiting(NamedTuple):
    """Rows that somebody looks at when the time in their field `due` has come."""

    collection: str
    where: Where
    due: str


async def mend_times(store: Store, waiting: Waiting) -> int:
    """Make due what lies too far ahead; return how many rows there were.

    A clock that was ahead has written these times, and has been set right since.
    """
    far = {waiting.due: Is(">", store.now() + LONGEST_WAIT_MS), PUT_OFF: None}
    return await _make_due(store, waiting, far)


async def look_again(store: Store, waiting: Waiting) -> int:
    """Make due what was put off; return how many rows there were.

    They keep their counts: what still can't be read is left alone for as long as before.
    """
    return await _make_due(store, waiting, {waiting.due: Is("present"), PUT_OFF: Is("present")})


async def _make_due(store: Store, waiting: Waiting, which: Where) -> int:
    collection, where, due = waiting
    rows: list[Doc] = await store.find(collection, {**where, **which}, limit=LIMIT)
    now = store.now()
    looks = [
        Update(row["_id"], where={due: row[due]}, set={due: now + _grace_ms(row)}) for row in rows
    ]
    return len(await store.update(collection, looks)) if looks else 0


def _grace_ms(row: Doc) -> int:
    return GRACE_MS if row.get("state") in IN_HAND else 0
