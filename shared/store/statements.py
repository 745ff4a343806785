"""Each store operation as one SQLite statement over a batch, which travels as one JSON text."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json, to_json

from shared.ports import EXPIRES_AT, Doc, Update
from shared.store import sql
from shared.store.documents import apply, holds

_IDS = "(SELECT value FROM json_each(?))"
_ROWS = "SELECT json_extract(value, '$._id'), value FROM json_each(?)"


def insert(db: sqlite3.Connection, table: str, ids: Sequence[str], body: bytes) -> set[str]:
    """Insert these documents, a JSON list; return the ids that were new."""
    new = set(ids) - _existing(db, table, ids)
    done = db.execute(
        f"INSERT INTO {table} {_ROWS} WHERE TRUE ON CONFLICT DO NOTHING", [body]
    ).rowcount
    # fewer than the new ones where a unique index refuses some: then those that are there now
    return new if done == len(new) else new & _existing(db, table, ids)


def get(db: sqlite3.Connection, table: str, ids: Sequence[str]) -> dict[str, Doc]:
    """Return the documents that exist, by id."""
    docs = read(db, table, f"id IN {_IDS}", [to_json(list(ids))])
    return {doc["_id"]: doc for doc in docs}


def read(db: sqlite3.Connection, table: str, clause: str, values: Sequence[Any]) -> list[Doc]:
    """Return all documents that match."""
    rows = f"SELECT doc FROM {table} WHERE {clause}"
    # All in one row: with a row each the interpreter lock would be given away for each.
    (body,) = db.execute(f"SELECT group_concat(doc) FROM ({rows})", values).fetchone()
    return from_json(f"[{body or ''}]")  # type: ignore[no-any-return]


def update(db: sqlite3.Connection, table: str, updates: Sequence[Update]) -> set[str]:
    """Apply each update whose guard holds; return the ids of those documents."""
    # Reading first and writing later is safe: only this thread writes, in a transaction.
    docs = get(db, table, [update.id for update in updates])
    changed = []
    for update in updates:
        doc = docs.get(update.id, {"_id": update.id} if update.upsert else None)
        if doc is not None and holds(doc, update.where):
            apply(doc, update)
            changed.append(doc)
    return _write(db, table, changed)


def count(db: sqlite3.Connection, table: str, clause: str, values: Sequence[Any]) -> int:
    """Return how many documents match."""
    (number,) = db.execute(f"SELECT count(*) FROM {table} WHERE {clause}", values).fetchone()
    return int(number)


def delete(db: sqlite3.Connection, table: str, ids: bytes) -> int:
    """Delete the documents of these ids, a JSON list; return how many there were."""
    return db.execute(f"DELETE FROM {table} WHERE id IN {_IDS}", [ids]).rowcount


def expire(db: sqlite3.Connection, table: str, now: int) -> int:
    """Delete the documents whose time has come; return how many there were."""
    field = sql.spell_field(EXPIRES_AT)
    # the same two conditions as the index has, or it would not be used
    clause = f"{field} IS NOT NULL AND {field} <= ?"
    return db.execute(f"DELETE FROM {table} WHERE {clause}", [now]).rowcount


def drop_indexes(db: sqlite3.Connection, collection: str, keep: set[str]) -> None:
    """Drop the indexes that are no longer declared: they only cost time."""
    known = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql NOT NULL",
        [collection],
    )
    for (name,) in known.fetchall():
        if name not in keep:
            db.execute(f"DROP INDEX {sql.quote(name)}")


def _existing(db: sqlite3.Connection, table: str, ids: Sequence[str]) -> set[str]:
    query = f"SELECT json_group_array(id) FROM {table} WHERE id IN {_IDS}"
    (known,) = db.execute(query, [to_json(list(ids))]).fetchone()
    return set(from_json(known))


def _write(db: sqlite3.Connection, table: str, docs: Sequence[Doc]) -> set[str]:
    """Write whole documents; return the ids of those that no unique index refuses."""
    try:
        db.execute(
            f"INSERT INTO {table} {_ROWS} WHERE TRUE "
            "ON CONFLICT (id) DO UPDATE SET doc = excluded.doc",
            [to_json(docs)],
        )
    except sqlite3.IntegrityError:
        # The statement does not say which of them is refused: ask one by one.
        if len(docs) == 1:
            return set()
        return {id_ for doc in docs for id_ in _write(db, table, [doc])}
    return {doc["_id"] for doc in docs}
