"""The Store in one SQLite file: one thread does all work, and commits many operations at once.

A commit waits for the disk, which takes longer than all else. So while one is under way, further
operations gather for the next, and nobody is answered before the commit of their own. A collection
is a table of JSON documents. Each operation is one statement over a whole batch: every statement
gives the interpreter lock away, and must get it back from a busy event loop.
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

from shared.base import private
from shared.ports import Doc, Index, Update, Where
from shared.store import sql, statements
from shared.store.clock import LocalClock
from shared.store.documents import check_docs, check_updates, check_where
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
        """Lock the folder, start the thread, and prepare the collections with their indexes."""
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
        """Return the time in milliseconds, by the clock that the store was given."""
        return self._clock()

    async def insert(self, collection: str, docs: Sequence[Doc]) -> set[str]:
        """Insert each document once; return the ids that were new."""
        if not docs:
            return set()
        check_docs(docs)
        ids, body = [doc["_id"] for doc in docs], to_json(list(docs))
        return await self._do(
            lambda db: statements.insert(db, self._table(db, collection), ids, body)
        )

    async def get(self, collection: str, ids: Sequence[str]) -> dict[str, Doc]:
        """Return the documents that exist, by id."""
        return await self._do(lambda db: statements.get(db, self._table(db, collection), ids))

    async def update(self, collection: str, updates: Sequence[Update]) -> set[str]:
        """Apply each update whose guard holds; return the ids of those documents."""
        if not updates:
            return set()
        check_updates(updates)
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
        """Return what matches, in this order."""
        check_where(where)
        clause, values = sql.spell_where(where)
        clause += sql.spell_order(order) + (f" LIMIT {limit:d}" if limit else "")
        return await self._do(
            lambda db: statements.read(db, self._table(db, collection), clause, values)
        )

    async def count(self, collection: str, where: Where) -> int:
        """Return how many documents match."""
        check_where(where)
        clause, values = sql.spell_where(where)
        return await self._do(
            lambda db: statements.count(db, self._table(db, collection), clause, values)
        )

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        """Delete the documents that exist; return how many did."""
        body = to_json(list(ids))
        return await self._do(lambda db: statements.delete(db, self._table(db, collection), body))

    async def expire(self, collection: str) -> int:
        """Delete what has expired; return how many it was."""
        now = self.now()
        return await self._do(lambda db: statements.expire(db, self._table(db, collection), now))

    # ── asking the thread ───────────────────────────────────────────────────────────────────────

    async def _do(self, work: Work[T]) -> T:
        """Have the thread do this; return its result when it is durable."""
        if self._thread is None:
            raise StoreUnavailable(f"the database {self._path.name} is not open")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Operation(work, answer))
        return await answer

    def _answer(self, answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
        """Tell the event loop of a whole batch at once: each call wakes it, which costs time."""
        with suppress(RuntimeError):  # the loop may have been closed over work nobody waits for
            self._loop.call_soon_threadsafe(_settle, answers)

    # ── in the thread ───────────────────────────────────────────────────────────────────────────

    def _serve(self, ready: asyncio.Future[None]) -> None:
        """Do batch after batch until `close` ends it: the whole life of the thread."""
        try:
            db = self._connect()
        except sqlite3.Error as error:
            self._answer([(ready, _unavailable(self._path, error))])
            return
        self._answer([(ready, None)])
        while batch := self._next_batch():
            self._answer(self._commit(db, batch))
        db.close()

    def _connect(self) -> sqlite3.Connection:
        self._close_to_others()
        db = sqlite3.connect(self._path, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode = WAL")
            # In WAL mode the default would sync at checkpoints only: a power cut could take back
            # what was answered, and with it the knowledge that something was paid for.
            db.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _close_to_others(self) -> None:
        """Keep other users out. SQLite gives the files beside the database the same mode."""
        with suppress(OSError):  # SQLite meets the same trouble, and says what it is
            private.make_file(self._path)
            for beside in ("-wal", "-shm"):  # left behind by a version that let others read them
                if (path := self._path.with_name(self._path.name + beside)).exists():
                    private.close_to_others(path, private.FILE)

    def _next_batch(self) -> list[_Operation]:
        """Return all that waits, or the next to come; nothing when the store is to be closed."""
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
        """Run a batch in one transaction; return all answers, which its commit makes true."""
        try:
            db.execute("BEGIN")  # not IMMEDIATE: reading goes on where nothing can be written
            answers = [(operation.answer, _attempt(operation.work, db)) for operation in batch]
            db.execute("COMMIT")
            return answers
        except sqlite3.Error as error:
            self._roll_back(db)
            # Users read this, to whom our paths are no help.
            unavailable = _unavailable(self._path.name, error)
            log.warning("nothing of %d operations was kept: %s", len(batch), unavailable)
            return [(operation.answer, unavailable) for operation in batch]

    def _roll_back(self, db: sqlite3.Connection) -> None:
        self._tables.clear()  # some may have been created by what is rolled back
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")

    def _prepare(self, db: sqlite3.Connection, indexes: Mapping[str, Sequence[Index]]) -> None:
        for collection, wanted in indexes.items():
            table = self._table(db, collection)
            statements.drop_indexes(
                db, collection, {sql.name_index(collection, index) for index in wanted}
            )
            for index in wanted:
                db.execute(sql.spell_index(collection, index))
            log.debug("%s is ready", table)

    def _table(self, db: sqlite3.Connection, collection: str) -> str:
        """Return the table of a collection, created when it is first used."""
        table = sql.quote(collection)
        if collection not in self._tables:
            db.execute(f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, doc TEXT)")
            self._tables.add(collection)
        return table


def _settle(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in answers:
        if future.done():  # cancelled meanwhile
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)


def _attempt(work: Work[T], db: sqlite3.Connection) -> T | Exception:
    """Return the result of one operation, or the error that fails its caller alone.

    Trouble with the file is raised: it fails the whole batch.
    """
    try:
        return work(db)
    except sqlite3.Error as error:
        if _code(error) in _ADVICE or not db.in_transaction:
            raise
        return ValueError(f"SQLite cannot be asked for this, perhaps for a list: {error}")
    except Exception as error:
        return error


def _unavailable(place: object, error: sqlite3.Error) -> StoreUnavailable:
    advice = _ADVICE.get(_code(error), str(error))
    unavailable = StoreUnavailable(f"the database {place} takes no work: {advice}")
    unavailable.__cause__ = error
    return unavailable


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF  # the bits above say more than we need
