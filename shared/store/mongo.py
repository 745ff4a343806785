"""The Store in MongoDB: majority, journaled writes; primary reads; batches in one round trip.

A bulk write answers how many updates matched, not which. So each stamps the token of its call, and
where not all matched, the winners are read back by it. A document keeps the last few tokens: the
next writer must not make a winner look like a loser.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Any

from bson import ObjectId
from bson.errors import BSONError, InvalidDocument
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateMany, UpdateOne, WriteConcern
from pymongo.errors import BulkWriteError, DocumentTooLarge, PyMongoError

from shared.ports import Doc, Index, Is, Update, Where
from shared.store.documents import check
from shared.store.sql import index_name
from shared.story.errors import StoreUnavailable

log = logging.getLogger("storywave.store")

DURABLE = WriteConcern(w="majority", j=True, wtimeout=20_000)
PATIENCE_MS = 5_000
SYNC_SECONDS = 60.0

TOKENS = "_tokens"
TOKENS_KEPT = 8

DUPLICATE = 11000
REFUSED = {2, 14, 28, 40, 52, 54, 55, 56, 57}
"""Changes that mean nothing: wrong type, no such path, places that overlap, impossible names."""

_OPERATORS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte", "in": "$in"}


class MongoStore:
    """A document store for many processes."""

    def __init__(self, uri: str, database: str) -> None:
        self._uri = uri
        self._name = database
        self._offset = 0.0
        self._sync: asyncio.Task[None] | None = None

    async def open(self, indexes: Mapping[str, Sequence[Index]]) -> None:
        self._client: AsyncIOMotorClient[Doc] = AsyncIOMotorClient(
            self._uri,
            appname="storywave",
            serverSelectionTimeoutMS=PATIENCE_MS,
            connectTimeoutMS=PATIENCE_MS,
            socketTimeoutMS=30_000,
            readPreference="primary",
        )
        try:
            with self._server():
                await self._prepare(indexes)
                await self._sample_clock()
        except BaseException:
            await self.close()
            raise
        self._sync = asyncio.create_task(self._follow_clock())

    async def close(self) -> None:
        if self._sync is not None:
            self._sync.cancel()
            await asyncio.gather(self._sync, return_exceptions=True)
            self._sync = None
        self._client.close()

    def now(self) -> int:
        return round(time.monotonic() * 1000 + self._offset)

    async def insert(self, collection: str, docs: Sequence[Doc]) -> set[str]:
        if not docs:
            return set()
        refused: set[int] = set()
        with self._server():
            try:
                await self._of(collection).insert_many(docs, ordered=False)
            except BulkWriteError as error:
                refused = {failure["index"] for failure in _duplicates(error)}
        return {doc["_id"] for i, doc in enumerate(docs) if i not in refused}

    async def get(self, collection: str, ids: Sequence[str]) -> dict[str, Doc]:
        docs = await self.find(collection, {"_id": Is("in", ids)}) if ids else []
        return {doc["_id"]: doc for doc in docs}

    async def update(self, collection: str, updates: Sequence[Update]) -> set[str]:
        if not updates:
            return set()
        check(updates)
        target, token = self._of(collection), ObjectId()
        with self._server():
            won, again = await _write(target, _alike(updates), token)
            if again:
                alone = [[update] for update in updates if update.id in again]
                won |= (await _write(target, alone, token))[0]
        return won

    async def find(
        self,
        collection: str,
        where: Where,
        *,
        order: Sequence[str] = (),
        limit: int = 0,
    ) -> list[Doc]:
        cursor = self._of(collection).find(_filter(where), {TOKENS: 0}, limit=limit)
        if order:
            cursor = cursor.sort([_direction(name) for name in order])
        with self._server():
            return await cursor.to_list(None)

    async def count(self, collection: str, where: Where) -> int:
        with self._server():
            return await self._of(collection).count_documents(_filter(where))

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        with self._server():
            answer = await self._of(collection).delete_many({"_id": {"$in": list(ids)}})
            return answer.deleted_count

    # ── the server ──────────────────────────────────────────────────────────────────────────────

    def _of(self, collection: str) -> AsyncIOMotorCollection[Doc]:
        return self._client[self._name].get_collection(collection, write_concern=DURABLE)

    async def _prepare(self, indexes: Mapping[str, Sequence[Index]]) -> None:
        """Indexes that are no longer declared stay: an older replica may still need them."""
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
        """All replicas live by the server's clock; the quickest answer tells it best."""
        samples = []
        for _ in range(3):
            asked = time.monotonic()
            hello = await self._client.admin.command("hello")
            took = time.monotonic() - asked
            server = hello["localTime"].replace(tzinfo=UTC).timestamp()
            samples.append((took, (server - asked - took / 2) * 1000))
        self._offset = min(samples)[1]

    @contextmanager
    def _server(self) -> Iterator[None]:
        """Vendor errors are mapped here and nowhere else."""
        try:
            yield
        except (PyMongoError, BSONError) as error:
            if isinstance(error, InvalidDocument | BSONError):
                raise ValueError(f"MongoDB cannot store this: {error}") from error
            if _is_refusal(error):
                raise ValueError(f"MongoDB refuses this change: {error}") from error
            host = self._uri.partition("://")[2].rpartition("@")[2].partition("/")[0]
            raise StoreUnavailable(f"MongoDB at {host} takes no work: {_said(error)}") from error


async def _write(
    target: AsyncIOMotorCollection[Doc], groups: Sequence[Sequence[Update]], token: ObjectId
) -> tuple[set[str], set[str]]:
    """One round trip where all win; returns who did, and who is to be tried again, alone."""
    failures = list[Doc]()
    answer: Mapping[str, Any]
    try:
        changes = [_change(group, token) for group in groups]
        answer = (await target.bulk_write(changes, ordered=False)).bulk_api_result
    except BulkWriteError as error:
        answer, failures = error.details, _duplicates(error)
    failed = {failure["index"]: failure for failure in failures}
    again = {u.id for i, failure in failed.items() for u in groups[i] if _open(failure, groups[i])}
    lost = {u.id for i in failed for u in groups[i] if len(groups[i]) == 1}
    rest = {u.id for group in groups for u in group} - lost
    if answer["nMatched"] + len(answer["upserted"]) == len(rest):
        return rest, again
    won = await _winners(target, rest, token)
    return won, again - won


async def _winners(
    target: AsyncIOMotorCollection[Doc], asked: Collection[str], token: ObjectId
) -> set[str]:
    mine = target.find({"_id": {"$in": list(asked)}, TOKENS: token}, {"_id": 1})
    return {doc["_id"] async for doc in mine}


def _open(failure: Doc, group: Sequence[Update]) -> bool:
    """A racer created the same document, or one of many alike failed and the rest was not tried."""
    return len(group) > 1 or list(failure.get("keyPattern", ())) == ["_id"]


def _alike(updates: Sequence[Update]) -> list[list[Update]]:
    """Updates that differ in nothing but the document: the server does those of a group as one."""
    groups: dict[object, list[Update]] = {}
    for update in updates:
        groups.setdefault(_likeness(update), []).append(update)
    return list(groups.values())


def _likeness(update: Update) -> object:
    if update.upsert:
        return update.id
    changes = (update.where, update.set, update.inc)
    likeness = (*(tuple(change.items()) for change in changes), tuple(update.unset))
    try:
        hash(likeness)
    except TypeError:  # it holds a list or a mapping, as only single documents do
        return update.id
    return (*likeness, *(type(value) for change in changes for value in change.values()))


def _duplicates(error: BulkWriteError) -> list[Doc]:
    """The failures of a bulk that a contract foresees; anything else is trouble."""
    details = error.details
    failures: list[Doc] = details["writeErrors"]
    if details["writeConcernErrors"] or any(f["code"] != DUPLICATE for f in failures):
        raise error
    return failures


def _is_refusal(error: Exception) -> bool:
    """Whether the change itself is wrong, so that asking again changes nothing."""
    if isinstance(error, BulkWriteError):
        return any(failure["code"] in REFUSED for failure in error.details["writeErrors"])
    return isinstance(error, DocumentTooLarge)


def _change(group: Sequence[Update], token: ObjectId) -> UpdateOne | UpdateMany:
    """The update, which leaves its token even where it changes nothing else."""
    update = group[0]
    stamp = {TOKENS: {"$each": [token], "$slice": -TOKENS_KEPT}}
    changes = {
        "$set": dict(update.set),
        "$unset": dict.fromkeys(update.unset, ""),
        "$inc": dict(update.inc),
        "$push": stamp,
    }
    present = {operator: change for operator, change in changes.items() if change}
    where = _filter(update.where)
    if len(group) > 1:
        return UpdateMany({**where, "_id": {"$in": [each.id for each in group]}}, present)
    return UpdateOne({**where, "_id": update.id}, present, upsert=update.upsert)


def _said(error: Exception) -> str:
    """The cause alone: what follows are the driver's timeouts and its view of all servers."""
    return str(error).partition(", Timeout: ")[0].partition(" (configured timeouts")[0]


def _filter(where: Where) -> dict[str, Any]:
    return {path: _condition(wanted) for path, wanted in where.items()}


def _condition(wanted: Any) -> dict[str, Any]:
    if not isinstance(wanted, Is):
        return {"$eq": wanted}
    if wanted.op == "present":
        return {"$exists": True, "$ne": None}
    value = list(wanted.value) if wanted.op == "in" else wanted.value
    return {_OPERATORS[wanted.op]: value}


def _direction(name: str) -> tuple[str, int]:
    return (name[1:], DESCENDING) if name.startswith("-") else (name, ASCENDING)


def _index(collection: str, index: Index) -> IndexModel:
    only = {index.present: {"$exists": True}} if index.present else None
    options = {"partialFilterExpression": only} if only else {}
    return IndexModel(
        [(field, ASCENDING) for field in index.fields],
        name=index_name(collection, index),
        unique=index.unique,
        **options,
    )
