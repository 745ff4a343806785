"""What no store can hold is found, wherever it lies, and everything else is let through."""

import json
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from shared.base.values import DEEPEST, find_fault

HALF = json.loads('"\\ud83d"')


class Word(StrEnum):
    A = "a"


class Number(IntEnum):
    ONE = 1


def nested(levels: int) -> Any:
    value: Any = "leaf"
    for _ in range(levels):
        value = {"in": value}
    return value


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"error": f"refused: {HALF}"}, "error holds half of a character"),
        ({"a": [{"b": HALF}]}, "a[0].b holds half of a character"),
        (2**63, "is an integer beyond 64 bits"),
        ({"n": -(2**63) - 1}, "n is an integer beyond 64 bits"),
        ({"n": float("nan")}, "n is nan"),
        ({"n": [1.0, float("-inf")]}, "n[1] is -inf"),
        ({"a": {"b\0c": 1}}, "a has the key"),
        ({HALF: 1}, "has the key"),
        ({"a": {1: 2}}, "a has the key 1"),
        ({"a": b"x"}, "a is of the type bytes"),
        ({"a": {1, 2}}, "a is of the type set"),
        (nested(DEEPEST + 1), "levels deep"),
    ],
)
def test_what_no_store_can_hold_is_named_with_its_place(value: Any, fault: str) -> None:
    found = find_fault(value)
    assert found is not None and fault in found


@pytest.mark.parametrize(
    "value",
    [
        {"a": ["Größe 😀", "\0", "\u2028", ""], "": {"a.b": None, "$set": True}},
        [2**63 - 1, -(2**63), 0.1, (1, 2)],
        {"kind": Word.A, "n": Number.ONE},
        nested(DEEPEST),
    ],
)
def test_all_else_is_let_through(value: Any) -> None:
    assert find_fault(value) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec=None)), inner),
)


@given(JSON)
def test_what_is_let_through_survives_as_json(value: Any) -> None:
    if find_fault(value) is None:
        assert from_json(to_json(value)) == value
