"""What a guard and an update mean for one document, as MongoDB means it. Pure.

Only paths in guards and updates are split at dots; keys inside values are left as they are.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from shared.base.values import find_fault
from shared.ports import Doc, Is, Update, Where
from shared.story.errors import Unstorable

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def check_docs(docs: Sequence[Doc]) -> None:
    """Refuse documents that no store can hold, before anything is written."""
    refused = {doc["_id"]: fault for doc in docs if (fault := find_fault(doc))}
    if refused:
        raise Unstorable(refused)


def check_updates(updates: Sequence[Update]) -> None:
    """Refuse what no update can mean and what no store can hold, before anything is written."""
    ids = set[str]()
    for update in updates:
        if update.id in ids:
            raise ValueError(f"{update.id}: two updates of one document in one call")
        ids.add(update.id)
        _check_meaning(update)
    refused = {update.id: fault for update in updates if (fault := _find_fault(update))}
    if refused:
        raise Unstorable(refused)


def check_where(where: Where) -> None:
    """Refuse a question that no store can be asked."""
    if fault := find_fault(_asked(where)):
        raise ValueError(f"no document can be found by this: {fault}")


def holds(doc: Doc, where: Where) -> bool:
    """Return whether every condition is met; absent equals null."""
    return all(_meets(value_at(doc, path), wanted) for path, wanted in where.items())


def value_at(doc: Doc, path: str) -> Any:
    """Return the value under a dotted path, None where there is none."""
    here: Any = doc
    for step in path.split("."):
        if not isinstance(here, dict):
            return None
        here = here.get(step)
    return here


def apply(doc: Doc, update: Update) -> None:
    """Change the document in place; raises ValueError where a path leads through a plain value."""
    for path, value in update.set.items():
        parent, leaf = _parent(doc, path)
        parent[leaf] = value
    for path, step in update.inc.items():
        parent, leaf = _parent(doc, path)
        parent[leaf] = _number(parent.get(leaf, 0), path) + step
    for path in update.unset:
        _remove(doc, path)


# ── what is refused ─────────────────────────────────────────────────────────────────────────────


def _find_fault(update: Update) -> str | None:
    """Return what no store can hold in an update. Its guard counts: MongoDB could not be asked."""
    parts = (update.id, {**update.set, **update.inc}, _asked(update.where))
    return next((fault for part in parts if (fault := find_fault(part))), None)


def _asked(where: Where) -> Doc:
    return {path: each.value if isinstance(each, Is) else each for path, each in where.items()}


def _check_meaning(update: Update) -> None:
    paths = [*update.set, *update.unset, *update.inc]
    if update.upsert and update.where:
        raise ValueError(f"{update.id}: an upsert has no guard")
    if "_id" in update.where:
        raise ValueError(f"{update.id}: a guard is on fields, the document is named already")
    for path in paths:
        if ("$" in path and (path[0] == "$" or ".$" in path)) or not all(path.split(".")):
            raise ValueError(f"{update.id}: {path!r} cannot be a field path")
    _refuse_overlap(update.id, paths)


def _refuse_overlap(id_: str, paths: Sequence[str]) -> None:
    """Refuse two changes of one place, as MongoDB does: nothing works on one adapter only."""
    known = set(paths)
    dotted = [path for path in paths if "." in path]
    inside = next(chain.from_iterable(known.intersection(_above(path)) for path in dotted), None)
    if inside is not None or len(known) < len(paths):
        raise ValueError(f"{id_}: one update changes the same place twice: {inside or paths}")


def _above(path: str) -> Iterator[str]:
    end = path.find(".")
    while end >= 0:
        yield path[:end]
        end = path.find(".", end + 1)


# ── one document ────────────────────────────────────────────────────────────────────────────────


def _meets(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Is):
        return bool(value == wanted)
    if wanted.op == "present":
        return value is not None
    if wanted.op == "in":
        return value in wanted.value
    # MongoDB compares only what is of one type: text is neither more nor less than a number
    if value is None or isinstance(value, str) is not isinstance(wanted.value, str):
        return False
    return _COMPARE[wanted.op](value, wanted.value)


def _parent(doc: Doc, path: str) -> tuple[Doc, str]:
    """Return the fields that the last step of a path is one of, made where they are missing."""
    *steps, leaf = path.split(".")
    here = doc
    for step in steps:
        here = here.setdefault(step, {})
        if not isinstance(here, dict):
            raise ValueError(f"cannot write {path!r}: {step!r} holds a value that has no fields")
    return here, leaf


def _number(value: Any, path: str) -> int | float:
    # True is an integer in Python, but not in MongoDB
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"cannot increment {path!r}: it holds {value!r}")
    return value


def _remove(doc: Doc, path: str) -> None:
    *steps, leaf = path.split(".")
    here: Any = doc
    for step in steps:
        here = here.get(step)
        if not isinstance(here, dict):
            return
    here.pop(leaf, None)
