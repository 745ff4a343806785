"""Rows that this process can't read, or that contradict themselves: set aside one by one.

A newer version of a service may have written them, and may read them. So they are never given up:
they are counted, told in the log, and looked at again after a time that grows with each look. The
first times are short, because where two versions run side by side, any of their processes may be
the one that looks, and only some of them can read the row. A process that starts looks at once:
it may be the one that was waited for.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.base import telemetry
from shared.base.chance import spread
from shared.ports import Doc, Index, Store, Update

log = logging.getLogger("storywave.rows")

PUT_OFF = "put_off"
"""The field that counts how often a row was set aside: `storywave status --stuck` finds it."""
PUT_OFF_MS = 10_000
MOST_DOUBLINGS = 13  # ten seconds grow to about a day

INDEX = Index((PUT_OFF,), present=PUT_OFF)

T = TypeVar("T")


def read_each(
    collection: str, rows: Sequence[Doc], read: Callable[[Doc], T]
) -> tuple[list[T], list[Doc]]:
    """Return what can be read, and the rows that can't: one bad row does not stop the others."""
    found, unreadable = list[T](), list[Doc]()
    for row in rows:
        try:
            found.append(read(row))
        except Exception as error:
            tell(collection, row["_id"], error)
            unreadable.append(row)
    return found, unreadable


def tell(collection: str, row_id: str, error: Exception) -> None:
    """Log and count one row that is set aside."""
    about = {"action": "unreadable", "row": row_id}
    log.error("a row of %s can't be used: %s", collection, error, exc_info=error, extra=about)
    telemetry.UNREADABLE.labels(collection).inc()


async def put_off(store: Store, collection: str, rows: Sequence[Doc], due: str) -> None:
    """Look at these rows again later; `due` is the field by which they are found.

    Each write is guarded on what was read: a row that somebody has changed meanwhile is theirs.
    """
    now = store.now()
    updates = [
        Update(
            row["_id"],
            where={due: row.get(due), "tag": row.get("tag")},
            set={due: now + distance_ms(row), PUT_OFF: count_looks(row) + 1},
            unset=["tag"],
        )
        for row in rows
    ]
    if updates:
        await store.update(collection, updates)


def is_put_off(row: Doc, due: str, now: int) -> bool:
    """Tell whether a row waits for its next look: to meet it on another way is none."""
    time = row.get(due)
    return PUT_OFF in row and isinstance(time, int) and time > now


def distance_ms(row: Doc) -> int:
    """Return how long a row that can't be read is left alone.

    By chance somewhat more or less: a process that looks at even times would else come first each
    time, and if it is the one that can't read the row, no other would ever get to it.
    """
    even: int = PUT_OFF_MS * 2 ** min(count_looks(row), MOST_DOUBLINGS)
    return round(spread(even))


def count_looks(row: Doc) -> int:
    """Return how often a row was set aside."""
    count = row.get(PUT_OFF)
    return count if isinstance(count, int) and count > 0 else 0
