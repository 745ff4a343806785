"""The Store in MongoDB: majority, journaled writes; primary reads; batches in one round trip."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import ASCENDING, DESCENDING, IndexModel, WriteConcern
from pymongo.errors import BulkWriteError, PyMongoError

from shared.base.outages import OUTAGES
from shared.ports import EXPIRES_AT, Doc, Index, Is, Update, Where
from shared.store import bulk
from shared.store.documents import check_docs, check_updates, check_where
from shared.store.expiry import from_server, to_server
from shared.store.sql import name_index
from shared.story.errors import StoreUnavailable

log = logging.getLogger("storywave.store")

# What a minority has, or what is only in memory, can be rolled back when a server fails. Then a
# run would be paid twice that we had been told was noted.
DURABLE = WriteConcern(w="majority", j=True, wtimeout=20_000)
PATIENCE_MS = 5_000
SYNC_SECONDS = 60.0

REFUSED = {2, 14, 28, 40, 52, 54, 55, 56, 57, 10334, 17419}
"""Changes that a document can't take: wrong type, no such path, overlapping places, bad names, or
more than 16 MiB. For a server that is away they would be asked again for ever.
"""

_LOOK = ": check that it runs and STORYWAVE_MONGO names it"
_SIGN_IN = ": check the user and the password in STORYWAVE_MONGO, and what this user may do"
_NOT_ALLOWED = {13: _SIGN_IN, 18: _SIGN_IN}


class MongoStore:
    """A document store for many processes."""

    def __init__(self, uri: str, database: str, ca_file: Path | None = None) -> None:
        self._uri = uri
        # only beside an address that asks for TLS: the file alone would turn it on
        self._tls: dict[str, Any] = (
            {"tlsCAFile": str(ca_file)} if ca_file and _asks_for_tls(uri) else {}
        )
        self._name = database
        self._offset = 0.0
        self._sync: asyncio.Task[None] | None = None

    async def open(self, indexes: Mapping[str, Sequence[Index]]) -> None:
        """Connect, prepare the collections with their indexes, and set the clock."""
        self._client: AsyncIOMotorClient[Doc] = AsyncIOMotorClient(
            self._uri,
            appname="storywave",
            serverSelectionTimeoutMS=PATIENCE_MS,
            connectTimeoutMS=PATIENCE_MS,
            socketTimeoutMS=30_000,
            readPreference="primary",  # a secondary may not have what we wrote a moment ago
            **self._tls,
        )
        self._collections: dict[str, AsyncIOMotorCollection[Doc]] = {}
        try:
            with self._server():
                await self._prepare(indexes)
                await self._sample_clock()
        except BaseException:
            await self.close()
            raise
        self._sync = asyncio.create_task(self._follow_clock())

    async def close(self) -> None:
        """Let go of the server."""
        if self._sync is not None:
            self._sync.cancel()
            await asyncio.gather(self._sync, return_exceptions=True)
            self._sync = None
        self._client.close()

    def now(self) -> int:
        """Return the time of the server, by our own clock and its last known distance."""
        return round(time.monotonic() * 1000 + self._offset)

    async def insert(self, collection: str, docs: Sequence[Doc]) -> set[str]:
        """Insert each document once; return the ids that were new."""
        if not docs:
            return set()
        check_docs(docs)
        refused: set[int] = set()
        with self._server():
            try:
                # unordered: one that is known already does not keep back those after it
                rows = [to_server(doc) if EXPIRES_AT in doc else doc for doc in docs]
                await self._of(collection).insert_many(rows, ordered=False)
            except BulkWriteError as error:
                refused = {failure["index"] for failure in bulk.find_duplicates(error)}
        return {doc["_id"] for i, doc in enumerate(docs) if i not in refused}

    async def get(self, collection: str, ids: Sequence[str]) -> dict[str, Doc]:
        """Return the documents that exist, by id."""
        docs = await self.find(collection, {"_id": Is("in", ids)}) if ids else []
        return {doc["_id"]: doc for doc in docs}

    async def update(self, collection: str, updates: Sequence[Update]) -> set[str]:
        """Apply each update whose guard holds; return the ids of those documents."""
        if not updates:
            return set()
        check_updates(updates)
        with self._server():
            return await bulk.write(self._of(collection), updates)

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
        cursor = self._of(collection).find(bulk.make_filter(where), {bulk.TOKENS: 0}, limit=limit)
        if order:
            cursor = cursor.sort([_direction(name) for name in order])
        with self._server():
            return [from_server(doc) for doc in await cursor.to_list(None)]

    async def count(self, collection: str, where: Where) -> int:
        """Return how many documents match."""
        check_where(where)
        with self._server():
            return await self._of(collection).count_documents(bulk.make_filter(where))

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        """Delete the documents that exist; return how many did."""
        with self._server():
            answer = await self._of(collection).delete_many({"_id": {"$in": list(ids)}})
            return answer.deleted_count

    async def expire(self, collection: str) -> int:
        """Do nothing: the server deletes what has expired, once a minute."""
        return 0

    # ── the server ──────────────────────────────────────────────────────────────────────────────

    def _of(self, collection: str) -> AsyncIOMotorCollection[Doc]:
        if collection not in self._collections:  # the driver makes two objects for each look-up
            named = self._client[self._name].get_collection(collection, write_concern=DURABLE)
            self._collections[collection] = named
        return self._collections[collection]

    async def _prepare(self, indexes: Mapping[str, Sequence[Index]]) -> None:
        """Create what is missing."""
        # What is no longer declared stays: an older replica may still need it.
        for collection, wanted in indexes.items():
            if wanted:
                models = [_index(collection, index) for index in wanted]
                await self._of(collection).create_indexes(models)

    async def _follow_clock(self) -> None:
        while True:
            await asyncio.sleep(SYNC_SECONDS)
            try:
                with self._server():
                    await self._sample_clock()
            except StoreUnavailable as error:
                log.warning("the clock runs on by itself: %s", error, extra={"action": "wait"})

    async def _sample_clock(self) -> None:
        """Note how far the server's clock is from ours: all replicas live by it."""
        samples = []
        for _ in range(3):
            asked = time.monotonic()
            hello = await self._client.admin.command("hello")
            took = time.monotonic() - asked
            server = hello["localTime"].replace(tzinfo=UTC).timestamp()
            samples.append((took, (server - asked - took / 2) * 1000))
        # Where within the answer's time the server looked at its clock is unknown: the quickest
        # answer leaves the least room for an error.
        self._offset = min(samples)[1]

    @contextmanager
    def _server(self) -> Iterator[None]:
        """Map the vendor's errors, here and nowhere else."""
        try:
            yield
        except (PyMongoError, BSONError) as error:
            if isinstance(error, BSONError) or _is_refusal(error):
                OUTAGES.clear(StoreUnavailable)
                raise ValueError(f"MongoDB refuses this: {error}") from error
            # the address may hold a password, and this text goes into logs
            host = self._uri.partition("://")[2].rpartition("@")[2].partition("/")[0]
            advice = _NOT_ALLOWED.get(getattr(error, "code", None) or 0, _LOOK)
            said = f"MongoDB at {host} takes no work: {_cause(error)}{advice}"
            OUTAGES.note(StoreUnavailable)
            raise StoreUnavailable(said) from error
        OUTAGES.clear(StoreUnavailable)


def _is_refusal(error: Exception) -> bool:
    """Return whether the change itself is wrong, so that asking again changes nothing."""
    failures = error.details["writeErrors"] if isinstance(error, BulkWriteError) else ()
    return any(failure["code"] in REFUSED for failure in failures)


def _asks_for_tls(uri: str) -> bool:
    return uri.startswith("mongodb+srv://") or "tls=true" in uri or "ssl=true" in uri


def _cause(error: Exception) -> str:
    """Return the cause alone: what follows are the driver's time-outs and its view of servers."""
    said = str(error).partition(", Timeout: ")[0].partition(" (configured timeouts")[0]
    return said.partition(", full error: ")[0]


def _direction(name: str) -> tuple[str, int]:
    return (name[1:], DESCENDING) if name.startswith("-") else (name, ASCENDING)


def _index(collection: str, index: Index) -> IndexModel:
    only = {index.present: {"$exists": True}} if index.present else None
    options: dict[str, Any] = {"partialFilterExpression": only} if only else {}
    options |= {"expireAfterSeconds": 0} if index.fields == (EXPIRES_AT,) else {}
    return IndexModel(
        [(field, ASCENDING) for field in index.fields],
        name=name_index(collection, index),
        unique=index.unique,
        **options,
    )
