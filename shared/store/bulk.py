"""Many guarded updates in MongoDB in one round trip, and the answer to who won.

A bulk write answers how many updates matched, not which. As a rule all match, and the count says
so. Where it does not, somebody has to know who won. So every update leaves the token of its call in
the document, and the winners are read back by it. A document keeps the last few tokens, not one
alone: another writer may come between our write and our look, and would make a winner look like a
loser. The wart: when more than TOKENS_KEPT writes of one document come between, a winner is told
that it lost. It then stops, like one that was overtaken, and its lease brings the work back.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId, encode
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from shared.ports import EXPIRES_AT, Doc, Is, Update, Where
from shared.store.expiry import to_server

TOKENS = "_tokens"
TOKENS_KEPT = 8
LARGEST_BYTES = 8 << 20  # of one change: MongoDB takes 16 MiB

DUPLICATE = 11000

_OPERATORS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte", "in": "$in"}


async def write(target: AsyncIOMotorCollection[Doc], updates: Sequence[Update]) -> set[str]:
    """Apply each update whose guard holds; return the ids of those documents."""
    token = ObjectId()
    won, again = await _write(target, group_alike(updates), token)
    if again:
        alone = [[update] for update in updates if update.id in again]
        won |= (await _write(target, alone, token))[0]
    return won


def find_duplicates(error: BulkWriteError) -> list[Doc]:
    """Return the failures over what was there already; raise the error where there are others."""
    details = error.details
    failures: list[Doc] = details["writeErrors"]
    if details["writeConcernErrors"] or any(f["code"] != DUPLICATE for f in failures):
        raise error
    return failures


def make_filter(where: Where) -> dict[str, Any]:
    """Return a guard or a question as MongoDB takes it."""
    return {path: _condition(wanted) for path, wanted in where.items()}


async def _write(
    target: AsyncIOMotorCollection[Doc], groups: Sequence[Sequence[Update]], token: ObjectId
) -> tuple[set[str], set[str]]:
    """Write all groups in one round trip; return who won, and who is to be tried again, alone."""
    failures = list[Doc]()
    answer: Mapping[str, Any]
    try:
        answer = (await target.bulk_write(_changes(groups, token), ordered=False)).bulk_api_result
    except BulkWriteError as error:
        answer, failures = error.details, find_duplicates(error)
    failed = {failure["index"]: failure for failure in failures}
    again = {u.id for i, why in failed.items() for u in groups[i] if _may_win(why, groups[i])}
    lost = {u.id for i in failed for u in groups[i] if len(groups[i]) == 1}
    rest = {u.id for group in groups for u in group} - lost
    # The count saves a second round trip wherever nobody raced us.
    if answer["nMatched"] + len(answer["upserted"]) == len(rest):
        return rest, again
    won = await _find_winners(target, rest, token)
    return won, again - won


async def _find_winners(
    target: AsyncIOMotorCollection[Doc], asked: Collection[str], token: ObjectId
) -> set[str]:
    mine = target.find({"_id": {"$in": list(asked)}, TOKENS: token}, {"_id": 1})
    return {doc["_id"] async for doc in mine}


def _may_win(failure: Doc, group: Sequence[Update]) -> bool:
    """Return whether a failed group may still win, each of its updates alone.

    One of many alike has failed and the server has left out the rest; or a racer has created the
    document that we wanted to create: then there is one to update.
    """
    return len(group) > 1 or list(failure.get("keyPattern", ())) == ["_id"]


def group_alike(updates: Sequence[Update]) -> list[list[Update]]:
    """Return the updates in groups: of each, the server is asked once.

    In a group, all have the same guard and remove the same fields; what they set may differ. Such
    are the ends, claims, leases and marks of a batch. The server reads and plans one change for all
    of a group, so that a row costs half as much.
    """
    groups: dict[object, list[Update]] = {}
    for update in updates:
        groups.setdefault(_likeness(update), []).append(update)
    return [part for group in groups.values() for part in _split(group)]


def _split(group: list[Update]) -> Iterator[list[Update]]:
    """Yield a group in parts that the server takes: all of a part is in one document."""
    part, size = list[Update](), 0
    for update in group:
        # its id is in the guard, and beside what is set; each has a place in its list
        bytes_ = len(encode(update.set)) + 8 * len(update.id) + 60 if len(group) > 1 else 0
        if part and size + bytes_ > LARGEST_BYTES:
            yield part
            part, size = [], 0
        part.append(update)
        size += bytes_
    yield part


def _likeness(update: Update) -> object:
    """Return what is equal for updates of one group; their id, where they are in none."""
    if update.upsert or update.inc or any("." in path for path in (*update.set, *update.unset)):
        return update.id
    likeness = (*update.where.items(), *update.unset)
    try:
        hash(likeness)
    except TypeError:  # its guard holds a list, as only single documents' do
        return update.id
    # 1, 1.0 and True are equal in Python; in MongoDB they are not the same value
    return (likeness, *map(type, update.where.values()))


def _changes(groups: Sequence[Sequence[Update]], token: ObjectId) -> list[UpdateOne | UpdateMany]:
    """Return the updates of one round trip.

    The driver repeats a call whose answer was lost, and for that the server notes each update of it
    once more: a quarter of what updates cost. It does neither where one update is for many, so of
    many the first is said to be. Then the loss is told to the caller, who asks again: each guard
    says whether it was written. A lone update, as users wait for, is repeated by the driver.
    """
    alone = len(groups) == 1
    return [_change(group, token, many=not alone and i == 0) for i, group in enumerate(groups)]


def _change(group: Sequence[Update], token: ObjectId, *, many: bool) -> UpdateOne | UpdateMany:
    """Return the update, which leaves its token even where it changes nothing else."""
    if len(group) > 1:
        return _change_each(group, token)
    update = group[0]
    stamp = {TOKENS: {"$each": [token], "$slice": -TOKENS_KEPT}}
    changes = {
        "$set": _values(update),
        "$unset": dict.fromkeys(update.unset, ""),
        "$inc": dict(update.inc),
        "$push": stamp,
    }
    present = {operator: change for operator, change in changes.items() if change}
    one = UpdateMany if many else UpdateOne
    return one({**make_filter(update.where), "_id": update.id}, present, upsert=update.upsert)


def _change_each(group: Sequence[Update], token: ObjectId) -> UpdateMany:
    """Return one update that sets in each document of a group what is meant for it."""
    ids = [update.id for update in group]
    place = {"$indexOfArray": [{"$literal": ids}, "$_id"]}
    values = {"$arrayElemAt": [{"$literal": [_values(update) for update in group]}, place]}
    former = {"$cond": [{"$isArray": f"${TOKENS}"}, f"${TOKENS}", []]}
    stamp = {TOKENS: {"$slice": [{"$concatArrays": [former, [token]]}, -TOKENS_KEPT]}}
    changes: list[Doc] = [{"$replaceWith": {"$mergeObjects": ["$$ROOT", values, stamp]}}]
    if group[0].unset:
        changes.append({"$unset": list(group[0].unset)})
    return UpdateMany({**make_filter(group[0].where), "_id": {"$in": ids}}, changes)


def _values(update: Update) -> Doc:
    return to_server(update.set) if EXPIRES_AT in update.set else dict(update.set)


def _condition(wanted: Any) -> dict[str, Any]:
    if not isinstance(wanted, Is):
        return {"$eq": wanted}
    if wanted.op == "present":
        return {"$exists": True, "$ne": None}
    value = list(wanted.value) if wanted.op == "in" else wanted.value
    return {_OPERATORS[wanted.op]: value}
