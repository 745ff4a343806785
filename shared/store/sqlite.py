"""The Store in one SQLite file: one thread does all work, and answers after one commit for many.

While a commit is on its way to the disk, further operations gather for the next one. A collection
is a table of JSON documents; each operation is one statement over a whole batch, because every
statement gives the interpreter lock away and must get it back from a busy event loop.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from pydantic_core import to_json

from shared.ports import Doc, Index, Update, Where
from shared.store import sql, statements
from shared.store.clock import LocalClock
from shared.store.documents import check
from shared.store.lock import FolderLock
from shared.story.errors import StoreUnavailable

log = logging.getLogger("storywave.store")

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

GATHER = 500
"""At most so many operations a commit, so that the first of them need not wait for long."""

_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full: free some space, work then goes on by itself",
    sqlite3.SQLITE_NOTADB: "it is not a database: restore it from a backup, or move it away",
    sqlite3.SQLITE_CORRUPT: "it is damaged: restore it from a backup, or move it away",
    sqlite3.SQLITE_READONLY: "it is read-only: make the file and its folder writable",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check the path and its permissions",
    sqlite3.SQLITE_BUSY: "another program holds it locked: close that program",
    sqlite3.SQLITE_IOERR: "the disk reports an error, or is full: check it",
}


@dataclass(frozen=True, slots=True)
class _Operation:
    work: Work[Any]
    answer: asyncio.Future[Any]


class SqliteStore:
    """A document store for one process; the data folder is locked while it is open."""

    def __init__(self, path: Path, clock: Callable[[], int] | None = None) -> None:
        self._path = path
        self._clock = clock or LocalClock()
        self._queue: SimpleQueue[_Operation | None] = SimpleQueue()
        self._tables: set[str] = set()
        self._thread: threading.Thread | None = None

    async def open(self, indexes: Mapping[str, Sequence[Index]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = FolderLock(self._path.parent)
        ready: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._serve, args=[ready], name="sqlite")
        self._thread.start()
        try:
            await ready
            await self._do(lambda db: self._prepare(db, indexes))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what was asked, then let go of the file and the folder."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(thread.join)
            self._lock.release()

    def now(self) -> int:
        return self._clock()

    async def insert(self, collection: str, docs: Sequence[Doc]) -> set[str]:
        if not docs:
            return set()
        ids, body = [doc["_id"] for doc in docs], to_json(list(docs))
        return await self._do(
            lambda db: statements.insert(db, self._table(db, collection), ids, body)
        )

    async def get(self, collection: str, ids: Sequence[str]) -> dict[str, Doc]:
        return await self._do(lambda db: statements.get(db, self._table(db, collection), ids))

    async def update(self, collection: str, updates: Sequence[Update]) -> set[str]:
        if not updates:
            return set()
        check(updates)
        return await self._do(
            lambda db: statements.update(db, self._table(db, collection), updates)
        )

    async def find(
        self,
        collection: str,
        where: Where,
        *,
        order: Sequence[str] = (),
        limit: int = 0,
    ) -> list[Doc]:
        clause, values = sql.condition(where)
        clause += sql.ordering(order) + (f" LIMIT {limit:d}" if limit else "")
        return await self._do(
            lambda db: statements.read(db, self._table(db, collection), clause, values)
        )

    async def count(self, collection: str, where: Where) -> int:
        clause, values = sql.condition(where)
        return await self._do(
            lambda db: statements.count(db, self._table(db, collection), clause, values)
        )

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        body = to_json(list(ids))
        return await self._do(lambda db: statements.delete(db, self._table(db, collection), body))

    # ── asking the thread ───────────────────────────────────────────────────────────────────────

    async def _do(self, work: Work[T]) -> T:
        """Have the thread do this; returns when it is durable."""
        if self._thread is None:
            raise StoreUnavailable(f"the database {self._path} is not open")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Operation(work, answer))
        return await answer

    def _answer(self, answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
        """Called by the thread: the event loop hears of a whole batch at once."""
        with suppress(RuntimeError):  # the loop may have been closed over work nobody waits for
            self._loop.call_soon_threadsafe(_settle, answers)

    # ── in the thread ───────────────────────────────────────────────────────────────────────────

    def _serve(self, ready: asyncio.Future[None]) -> None:
        try:
            db = self._connect()
        except sqlite3.Error as error:
            self._answer([(ready, self._unavailable(error))])
            return
        self._answer([(ready, None)])
        while batch := self._next_batch():
            self._answer(self._commit(db, batch))
        db.close()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _next_batch(self) -> list[_Operation]:
        """Everything that waits, or the next thing to come; empty when there is no more to do."""
        batch: list[_Operation] = []
        with suppress(Empty):
            operation = self._queue.get()
            while operation is not None:
                batch.append(operation)
                if len(batch) == GATHER:
                    return batch
                operation = self._queue.get_nowait()
            if batch:
                self._queue.put(None)  # the end was met behind work: meet it again
        return batch

    def _commit(
        self, db: sqlite3.Connection, batch: Sequence[_Operation]
    ) -> list[tuple[asyncio.Future[Any], Any]]:
        """Run a batch in one transaction: only its commit makes any answer true."""
        try:
            db.execute("BEGIN")  # not IMMEDIATE: reading goes on where nothing can be written
            answers = [(operation.answer, _attempt(operation.work, db)) for operation in batch]
            db.execute("COMMIT")
            return answers
        except sqlite3.Error as error:
            log.warning("nothing of %d operations was kept: %s", len(batch), error)
            self._roll_back(db)
            return [(operation.answer, self._unavailable(error)) for operation in batch]

    def _roll_back(self, db: sqlite3.Connection) -> None:
        self._tables.clear()  # some may have been created by what is rolled back
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")

    def _prepare(self, db: sqlite3.Connection, indexes: Mapping[str, Sequence[Index]]) -> None:
        for collection, wanted in indexes.items():
            table = self._table(db, collection)
            statements.drop_others(
                db, collection, {sql.index_name(collection, index) for index in wanted}
            )
            for index in wanted:
                db.execute(sql.create_index(collection, index))
            log.debug("%s is ready", table)

    def _table(self, db: sqlite3.Connection, collection: str) -> str:
        """The table of a collection, created when it is first used."""
        table = sql.quoted(collection)
        if collection not in self._tables:
            db.execute(f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, doc TEXT)")
            self._tables.add(collection)
        return table

    def _unavailable(self, error: sqlite3.Error) -> StoreUnavailable:
        advice = _ADVICE.get(_code(error), str(error))
        unavailable = StoreUnavailable(f"the database {self._path} takes no work: {advice}")
        unavailable.__cause__ = error
        return unavailable


def _settle(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in answers:
        if future.done():  # cancelled meanwhile
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)


def _attempt(work: Work[T], db: sqlite3.Connection) -> T | Exception:
    """A mistake of one caller fails that caller alone; trouble with the file fails the batch."""
    try:
        return work(db)
    except sqlite3.Error as error:
        if _code(error) in _ADVICE or not db.in_transaction:
            raise
        return ValueError(f"SQLite refuses a value, perhaps NaN, infinity or a list: {error}")
    except Exception as error:
        return error


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # extended codes keep more above
