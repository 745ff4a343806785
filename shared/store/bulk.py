"""Many guarded updates in MongoDB in one round trip, and the answer to who won.

A bulk write answers how many updates matched, not which. As a rule all match, and the count says
so. Where it does not, somebody has to know who won. So every update leaves the token of its call in
the document, and the winners are read back by it. A document keeps the last few tokens, not one
alone: another writer may come between our write and our look, and would make a winner look like a
loser. The wart: when more than TOKENS_KEPT writes of one document come between, a winner is told
that it lost. It then stops, like one that was overtaken, and its lease brings the work back.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bson import ObjectId
from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from shared.ports import EXPIRES_AT, Doc, Is, Update, Where
from shared.store.expiry import to_server

TOKENS = "_tokens"
TOKENS_KEPT = 8

DUPLICATE = 11000

_OPERATORS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte", "in": "$in"}


async def write(target: AsyncIOMotorCollection[Doc], updates: Sequence[Update]) -> set[str]:
    """Apply each update whose guard holds; return the ids of those documents."""
    token = ObjectId()
    won, again = await _write(target, _group_alike(updates), token)
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


def _group_alike(updates: Sequence[Update]) -> list[list[Update]]:
    """Return the updates in groups that differ in nothing but the document.

    The server makes those of a group as one, at a fraction of the cost: most claims, leases and
    marks of a batch are alike.
    """
    groups: dict[object, list[Update]] = {}
    for update in updates:
        groups.setdefault(_likeness(update), []).append(update)
    return list(groups.values())


def _likeness(update: Update) -> object:
    """Return what is equal for updates that are alike."""
    if update.upsert:
        return update.id
    changes = (update.where, update.set, update.inc)
    likeness = (*(tuple(change.items()) for change in changes), tuple(update.unset))
    try:
        hash(likeness)
    except TypeError:  # it holds a list or a mapping, as only single documents do
        return update.id
    # 1, 1.0 and True are equal in Python; in MongoDB they are not the same value
    return (*likeness, *(type(value) for change in changes for value in change.values()))


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
    update = group[0]
    stamp = {TOKENS: {"$each": [token], "$slice": -TOKENS_KEPT}}
    changes = {
        "$set": to_server(update.set) if EXPIRES_AT in update.set else dict(update.set),
        "$unset": dict.fromkeys(update.unset, ""),
        "$inc": dict(update.inc),
        "$push": stamp,
    }
    present = {operator: change for operator, change in changes.items() if change}
    where = make_filter(update.where)
    if len(group) > 1:
        return UpdateMany({**where, "_id": {"$in": [each.id for each in group]}}, present)
    one = UpdateMany if many else UpdateOne
    return one({**where, "_id": update.id}, present, upsert=update.upsert)


def _condition(wanted: Any) -> dict[str, Any]:
    if not isinstance(wanted, Is):
        return {"$eq": wanted}
    if wanted.op == "present":
        return {"$exists": True, "$ne": None}
    value = list(wanted.value) if wanted.op == "in" else wanted.value
    return {_OPERATORS[wanted.op]: value}
