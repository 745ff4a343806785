"""Rows that no one here can read: told and counted, and passed over. A newer version of a service,
which wrote them, may read them: they are put off, never given up.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.base import telemetry
from shared.ports import Doc

log = logging.getLogger("storywave.rows")

PUT_OFF_MS = 10 * 60_000

T = TypeVar("T")


def read_each(
    collection: str, rows: Sequence[Doc], read: Callable[[Doc], T]
) -> tuple[list[T], list[Doc]]:
    """What can be read, and the rows that can't: whatever is wrong with one, the others go on."""
    found, unreadable = list[T](), list[Doc]()
    for row in rows:
        try:
            found.append(read(row))
        except Exception as error:
            about = {"action": "unreadable", "row": row["_id"]}
            log.exception("a row of %s can't be read: %s", collection, error, extra=about)
            telemetry.UNREADABLE.labels(collection).inc()
            unreadable.append(row)
    return found, unreadable
