"""Each store operation as one SQLite statement over a batch, which travels as one JSON text."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json, to_json

from shared.ports import Doc, Update
from shared.store import sql
from shared.store.documents import apply, holds

_IDS = "(SELECT value FROM json_each(?))"
_ROWS = "SELECT json_extract(value, '$._id'), value FROM json_each(?)"


def insert(db: sqlite3.Connection, table: str, ids: Sequence[str], body: bytes) -> set[str]:
    new = set(ids) - _existing(db, table, ids)
    done = db.execute(
        f"INSERT INTO {table} {_ROWS} WHERE TRUE ON CONFLICT DO NOTHING", [body]
    ).rowcount
    # fewer than the new ones where a unique index refuses some
    return new if done == len(new) else new & _existing(db, table, ids)


def _existing(db: sqlite3.Connection, table: str, ids: Sequence[str]) -> set[str]:
    query = f"SELECT json_group_array(id) FROM {table} WHERE id IN {_IDS}"
    (known,) = db.execute(query, [to_json(list(ids))]).fetchone()
    return set(from_json(known))


def get(db: sqlite3.Connection, table: str, ids: Sequence[str]) -> dict[str, Doc]:
    docs = read(db, table, f"id IN {_IDS}", [to_json(list(ids))])
    return {doc["_id"]: doc for doc in docs}


def read(db: sqlite3.Connection, table: str, clause: str, values: Sequence[Any]) -> list[Doc]:
    """All documents in one row: a row each would give the interpreter lock away each time."""
    rows = f"SELECT doc FROM {table} WHERE {clause}"
    (body,) = db.execute(f"SELECT group_concat(doc) FROM ({rows})", values).fetchone()
    return from_json(f"[{body or ''}]")  # type: ignore[no-any-return]


def update(db: sqlite3.Connection, table: str, updates: Sequence[Update]) -> set[str]:
    docs = get(db, table, [update.id for update in updates])
    changed = []
    for update in updates:
        doc = docs.get(update.id, {"_id": update.id} if update.upsert else None)
        if doc is not None and holds(doc, update.where):
            apply(doc, update)
            changed.append(doc)
    return _write(db, table, changed)


def _write(db: sqlite3.Connection, table: str, docs: Sequence[Doc]) -> set[str]:
    """Together; one by one where a unique index refuses some of them."""
    try:
        db.execute(
            f"INSERT INTO {table} {_ROWS} WHERE TRUE "
            "ON CONFLICT (id) DO UPDATE SET doc = excluded.doc",
            [to_json(docs)],
        )
    except sqlite3.IntegrityError:
        if len(docs) == 1:
            return set()
        return {id_ for doc in docs for id_ in _write(db, table, [doc])}
    return {doc["_id"] for doc in docs}


def count(db: sqlite3.Connection, table: str, clause: str, values: Sequence[Any]) -> int:
    (number,) = db.execute(f"SELECT count(*) FROM {table} WHERE {clause}", values).fetchone()
    return int(number)


def delete(db: sqlite3.Connection, table: str, ids: bytes) -> int:
    return db.execute(f"DELETE FROM {table} WHERE id IN {_IDS}", [ids]).rowcount


def drop_others(db: sqlite3.Connection, collection: str, keep: set[str]) -> None:
    """Indexes that are no longer declared only cost time."""
    known = db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql NOT NULL",
        [collection],
    )
    for (name,) in known.fetchall():
        if name not in keep:
            db.execute(f"DROP INDEX {sql.quoted(name)}")
