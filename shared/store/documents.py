"""What a guard and an update mean for one document, as MongoDB means it. Pure.

Only paths in guards and updates are split at dots; keys inside values are left as they are.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from shared.ports import Doc, Is, Update, Where

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def check(updates: Sequence[Update]) -> None:
    """Refuse what the port does not promise, before anything is written."""
    if len({update.id for update in updates}) < len(updates):
        raise ValueError("at most one update a document in one call: the answer names documents")
    for update in updates:
        if update.upsert and update.where:
            raise ValueError(f"{update.id}: an upsert has no guard")
        if "_id" in update.where:
            raise ValueError(f"{update.id}: a guard is on fields, the document is named already")
        paths = [*update.set, *update.unset, *update.inc]
        _refuse_overlap(update.id, paths)


def holds(doc: Doc, where: Where) -> bool:
    """Whether every condition is met; absent equals null."""
    return all(_meets(value_at(doc, path), wanted) for path, wanted in where.items())


def value_at(doc: Doc, path: str) -> Any:
    """The value under a dotted path, None where there is none."""
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


def _meets(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Is):
        return bool(value == wanted)
    if wanted.op == "present":
        return value is not None
    if wanted.op == "in":
        return value in wanted.value
    if value is None or isinstance(value, str) is not isinstance(wanted.value, str):
        return False
    return _COMPARE[wanted.op](value, wanted.value)


def _parent(doc: Doc, path: str) -> tuple[Doc, str]:
    *steps, leaf = path.split(".")
    here = doc
    for step in steps:
        here = here.setdefault(step, {})
        if not isinstance(here, dict):
            raise ValueError(f"cannot write {path!r}: {step!r} holds a value that has no fields")
    return here, leaf


def _number(value: Any, path: str) -> int | float:
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


def _refuse_overlap(id_: str, paths: Sequence[str]) -> None:
    """MongoDB refuses two changes of one place; so do we, before it works on one adapter only."""
    known = set(paths)
    inside = next(chain.from_iterable(known.intersection(_above(path)) for path in paths), None)
    if inside is not None or len(known) < len(paths):
        raise ValueError(f"{id_}: one update changes the same place twice: {inside or paths}")


def _above(path: str) -> Iterator[str]:
    end = path.find(".")
    while end >= 0:
        yield path[:end]
        end = path.find(".", end + 1)
