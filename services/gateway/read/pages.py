"""Pages of rows, newest first, and the cursors that lead from one to the next."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from services.gateway.errors.problems import BadQuery
from shared.ports import Doc, Is, Store, Where

Start = tuple[int, str] | None
"""The time and the id of the row that a page begins with; None is the newest."""


async def find_newest(
    store: Store, collection: str, which: Where, start: Start, limit: int
) -> list[Doc]:
    """Return rows from the newest on; those of one millisecond in order of id."""
    # a time that is no number can't be in order
    where: dict[str, object] = {**which, "created_at": Is(">=", 0)}
    if start is None:
        return await store.find(collection, where, order=["-created_at", "-_id"], limit=limit)
    # Two reads, because stores compare one field at a time: what is left of the cursor's own
    # millisecond, then what is older.
    at, id_ = start
    same = await store.find(
        collection, {**where, "created_at": at, "_id": Is("<=", id_)}, order=["-_id"], limit=limit
    )
    older = await store.find(
        collection,
        {**where, "created_at": Is("<", at)},
        order=["-created_at", "-_id"],
        limit=limit,
    )
    return [*same, *older][:limit]


async def find_oldest(
    store: Store, collection: str, which: Where, start: Start, limit: int
) -> list[Doc]:
    """Return rows from the oldest on; those of one millisecond in order of id."""
    where: dict[str, object] = {**which, "created_at": Is(">=", 0)}
    if start is None:
        return await store.find(collection, where, order=["created_at", "_id"], limit=limit)
    at, id_ = start
    same = await store.find(
        collection, {**where, "created_at": at, "_id": Is(">=", id_)}, order=["_id"], limit=limit
    )
    newer = await store.find(
        collection, {**where, "created_at": Is(">", at)}, order=["created_at", "_id"], limit=limit
    )
    return [*same, *newer][:limit]


def encode_cursor(row: Doc) -> str:
    """Return the cursor of the page that begins with this row."""
    return urlsafe_b64encode(f"{row['created_at']} {row['_id']}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> Start:
    """Return where a page begins; refuse what no page has named."""
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, id_ = text.partition(" ")
        if len(at) > 15:  # no time that we write is so long, and no store takes every number
            raise ValueError("a time beyond all time")
        return int(at), id_
    except (binascii.Error, ValueError) as error:
        raise BadQuery("use the `next` of the page before, unchanged", "cursor") from error
