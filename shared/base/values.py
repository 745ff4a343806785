"""What every store can hold, and what none can. Pure.

Values come from outside: from users, models and providers. A store that met a bad one only while
it writes would lose the whole batch, and each store would refuse others. So all are looked at here
first, in the same way for every store.
"""

from collections.abc import Callable
from math import isfinite
from typing import Any

LONGEST_INT = 1 << 63
"""Integers from minus this up to but not including it: what 64 bits hold."""
DEEPEST = 90
"""How deep values may lie within each other. MongoDB takes 100, and the path to a value counts."""
TOO_DEEP = f" is more than {DEEPEST} levels deep"

Look = Callable[[Any, int], str | None]


def find_fault(value: Any) -> str | None:
    """Return what no store can hold in this value, and where; None where all of it can be held."""
    fault = _look(value, 0)
    return fault and fault.lstrip(". ")


def _look(value: Any, depth: int) -> str | None:
    """Return the fault behind its path; whoever holds the value puts a step before it.

    So no path is made for all the values that are right.
    """
    look = _LOOKS.get(type(value))
    if look is None:  # enumerations are text or numbers, too
        look = next((each for kind, each in _LOOKS.items() if isinstance(value, kind)), _refuse)
    return look(value, depth)


def _accept(value: Any, depth: int) -> None:
    return None


def _refuse(value: Any, depth: int) -> str:
    return f" is of the type {type(value).__name__}, which JSON does not have"


def _look_at_text(value: str, depth: int) -> str | None:
    is_text = value.isascii() or _is_text(value)
    return None if is_text else " holds half of a character (a lone surrogate)"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _look_at_number(value: int, depth: int) -> str | None:
    return None if -LONGEST_INT <= value < LONGEST_INT else " is an integer beyond 64 bits"


def _look_at_fraction(value: float, depth: int) -> str | None:
    return None if isfinite(value) else f" is {value}, which is no number"


def _look_at_fields(value: dict[Any, Any], depth: int) -> str | None:
    if depth >= DEEPEST:  # before all else: a look further down might have no end
        return TOO_DEEP
    for key, inner in value.items():
        if type(key) is not str or not (key.isascii() or _is_text(key)) or "\0" in key:
            return f" has the key {key!r}, which is no plain text"
        # most values are plain: a call for each would take more than half of the time
        kind = type(inner)
        if (
            (kind is str and inner.isascii())
            or (kind is int and -LONGEST_INT <= inner < LONGEST_INT)
            or inner is None
            or kind is bool
        ):
            continue
        if fault := _look(inner, depth + 1):
            return f".{key}{fault}"
    return None


def _look_at_items(value: list[Any] | tuple[Any, ...], depth: int) -> str | None:
    if depth >= DEEPEST:
        return TOO_DEEP
    for place, inner in enumerate(value):
        if fault := _look(inner, depth + 1):
            return f"[{place}]{fault}"
    return None


_LOOKS: dict[type, Look] = {
    str: _look_at_text,
    bool: _accept,
    int: _look_at_number,
    float: _look_at_fraction,
    type(None): _accept,
    dict: _look_at_fields,
    list: _look_at_items,
    tuple: _look_at_items,
}
