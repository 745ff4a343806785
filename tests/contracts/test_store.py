"""What every Store promises, on one body."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shared.base.batching import Batcher
from shared.ports import EXPIRES_AT, EXPIRY, Doc, Index, Is, Store, Update
from shared.story.errors import Unstorable
from tests.contracts.adapters import CHECKOUT, STORES, Stores

INDEXES = {
    "jobs": (
        Index(("spec.kind", "tag"), present="tag"),
        Index(("due_at",), present="due_at"),
        Index(("external_id",), present="external_id", unique=True),
    ),
    "passing": (EXPIRY,),
}
KILLED_AFTER_THE_ANSWER = """
import asyncio, os, signal
from pathlib import Path
from shared.ports import Update
from tests.contracts import adapters
async def main():
    store = {source}.make()
    await store.open({{}})
    await store.insert("jobs", [{{"_id": str(i), "n": 0}} for i in range(100)])
    await store.update("jobs", [Update("7", where={{"n": 0}}, inc={{"n": 7}})])
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


@pytest.fixture(params=STORES)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    stores = Stores(request.param, tmp_path, INDEXES)
    yield stores
    await stores.drop()


@pytest.fixture
async def store(stores: Stores) -> AsyncIterator[Store]:
    async with stores.opened() as store:
        yield store


async def one(store: Store, id_: str = "a") -> dict[str, Any]:
    return (await store.get("jobs", [id_]))[id_]


# ── insert, get, delete ─────────────────────────────────────────────────────────────────────────


async def test_insert_tells_new_from_known_and_leaves_known_ones_alone(store: Store) -> None:
    assert await store.insert("jobs", [{"_id": "a", "n": 1}, {"_id": "b"}]) == {"a", "b"}
    assert await store.insert("jobs", [{"_id": "a", "n": 2}, {"_id": "c"}]) == {"c"}
    assert await store.insert("jobs", [{"_id": "a", "n": 3}]) == set()
    docs = await store.get("jobs", ["a", "b", "c", "d"])
    assert docs == {"a": {"_id": "a", "n": 1}, "b": {"_id": "b"}, "c": {"_id": "c"}}


async def test_the_first_of_two_equal_ids_in_one_insert_wins(store: Store) -> None:
    assert await store.insert("jobs", [{"_id": "a", "n": 1}, {"_id": "a", "n": 2}]) == {"a"}
    assert await one(store) == {"_id": "a", "n": 1}


async def test_empty_calls_are_harmless(store: Store) -> None:
    assert await store.insert("jobs", []) == set()
    assert await store.update("jobs", []) == set()
    assert await store.get("jobs", []) == {}
    assert await store.delete("jobs", []) == 0
    assert await store.find("jobs", {"spec.kind": Is("in", [])}) == []


async def test_collections_are_made_on_first_use(store: Store) -> None:
    assert await store.count("views.of some", {}) == 0
    assert await store.insert("views.of some", [{"_id": "a"}]) == {"a"}
    assert await store.count("views.of some", {}) == 1
    assert await store.count("views.other", {}) == 0


async def test_delete_counts_and_leaves_the_rest(store: Store) -> None:
    await store.insert("jobs", [{"_id": id_, "n": i} for i, id_ in enumerate("abc")])
    assert await store.delete("jobs", ["a", "c", "never"]) == 2
    assert await store.count("jobs", {}) == 1
    assert await store.count("jobs", {"n": 1}) == 1
    assert await store.insert("jobs", [{"_id": "a"}]) == {"a"}


# ── values ──────────────────────────────────────────────────────────────────────────────────────

AWKWARD: dict[str, Any] = {
    "dotted": {"a.b": {"c.d": 1}, "v/clip/0": {"$set": 2, "$inc": [1]}, ".": 0},
    "unicode": {"Größe 😀": "\u2028 한국어 \x01 \\ \" '"},
    "big_int": 1_900_000_000_123,
    "biggest_ints": [2**63 - 1, -(2**63)],
    "nul": "a\0b",
    "negative": -(2**53),
    "float": 0.1,
    "whole_float": 3.0,
    "truth": [True, False, None],
    "empty": {"": "", "list": [], "map": {}},
    "nested": [[1, [2]], {"a": [{"b": None}]}],
}


async def test_values_come_back_as_they_were(store: Store) -> None:
    await store.insert("jobs", [{"_id": "a.b/$c 😀", **AWKWARD}])
    assert await one(store, "a.b/$c 😀") == {"_id": "a.b/$c 😀", **AWKWARD}
    assert await store.find("jobs", {"_id": "a.b/$c 😀"}) == [{"_id": "a.b/$c 😀", **AWKWARD}]


@pytest.mark.parametrize("upsert", [False, True])
async def test_values_in_updates_are_kept_and_only_their_paths_are_split(
    store: Store, upsert: bool
) -> None:
    if not upsert:
        await store.insert("jobs", [{"_id": "a"}])
    change = {"at.v/clip/0-x": AWKWARD, "plain": AWKWARD}
    assert await store.update("jobs", [Update("a", set=change, upsert=upsert)]) == {"a"}
    assert await one(store) == {"_id": "a", "at": {"v/clip/0-x": AWKWARD}, "plain": AWKWARD}


async def test_many_with_one_guard_each_take_what_is_meant_for_them(store: Store) -> None:
    """As the ends of a batch of jobs: of these, the store may make one change."""
    ids = [f"d{n}" for n in range(9)]
    docs: list[Doc] = [
        {"_id": id_, "n": n % 3, "old": 1, "kept": {"a.b": n}} for n, id_ in enumerate(ids)
    ]
    await store.insert("docs", docs)
    values: list[Doc] = [
        {"x": "$old"},
        {"x": {"$sum": 1, "a.b": [None, {"$x": 1.5}], "": ""}},
        {"x": None, "y": False},
        {"kept": {}},
        {},
        {"expires_at": 2_000_000_000_000, "x": [["$$ROOT"]]},
    ]
    updates = [
        Update(doc["_id"], {"n": Is("<", 2)}, each, unset=["old", "none"])
        for doc, each in zip(docs, [*values, *values], strict=False)
    ]
    held = {doc["_id"]: doc for doc in docs if doc["n"] < 2}
    assert await store.update("docs", updates) == held.keys()
    expected = {doc["_id"]: doc for doc in docs}
    for update in updates:
        if update.id in held:
            expected[update.id] = {**held[update.id], **update.set}
            del expected[update.id]["old"]
    assert await store.get("docs", ids) == expected


async def test_steps_that_look_like_numbers_are_names(store: Store) -> None:
    await store.update("jobs", [Update("a", set={"parts.Plan.0": {"x": 1}}, upsert=True)])
    assert await one(store) == {"_id": "a", "parts": {"Plan": {"0": {"x": 1}}}}
    assert await store.count("jobs", {"parts.Plan.0.x": 1}) == 1


async def test_milliseconds_keep_their_order_and_precision(store: Store) -> None:
    base = 2**41 + 1
    await store.insert("jobs", [{"_id": str(i), "due_at": base + i} for i in range(5)])
    due = await store.find("jobs", {"due_at": Is("<", base + 2)}, order=["-due_at"])
    assert [doc["due_at"] for doc in due] == [base + 1, base]


async def test_large_documents(store: Store) -> None:
    large = {"_id": "a", "rows": [{"i": i, "text": "ü" * 500} for i in range(4000)]}
    await store.insert("jobs", [large])
    await store.update("jobs", [Update("a", set={"n": 1})])
    assert await one(store) == {**large, "n": 1}


async def test_the_clock_is_in_milliseconds_and_goes_forward(store: Store) -> None:
    times = [store.now() for _ in range(1000)]
    assert times == sorted(times)
    assert all(isinstance(time, int) for time in times)
    before = store.now()
    await asyncio.sleep(0.2)
    assert 150 <= store.now() - before <= 2000


# ── guards ──────────────────────────────────────────────────────────────────────────────────────

GUARDS = [
    ({}, True),
    ({"n": 5}, True),
    ({"n": 6}, False),
    ({"n": "5"}, False),
    ({"deep.er": "x"}, True),
    ({"deep": None}, False),
    ({"null": None}, True),
    ({"absent": None}, True),
    ({"absent.deeper": None}, True),
    ({"n": None}, False),
    ({"absent": 0}, False),
    ({"absent": False}, False),
    ({"flag": False}, True),
    ({"flag": None}, False),
    ({"null": Is("present")}, False),
    ({"absent": Is("present")}, False),
    ({"flag": Is("present")}, True),
    ({"n": Is("<", 5)}, False),
    ({"n": Is("<=", 5)}, True),
    ({"n": Is(">", 4)}, True),
    ({"n": Is(">=", 6)}, False),
    ({"absent": Is("<", 5)}, False),
    ({"null": Is(">=", 0)}, False),
    ({"n": Is("in", [1, 5])}, True),
    ({"absent": Is("in", [1, 2])}, False),
    ({"deep.er": Is(">", "w"), "n": 5}, True),
    ({"deep.er": "x", "n": 4}, False),
]


@pytest.mark.parametrize(("where", "met"), GUARDS)
async def test_guards_finds_and_counts_agree(
    store: Store, where: dict[str, Any], met: bool
) -> None:
    doc = {"_id": "a", "n": 5, "null": None, "flag": False, "deep": {"er": "x"}}
    await store.insert("jobs", [doc])
    assert await store.find("jobs", where) == ([doc] if met else [])
    assert await store.count("jobs", where) == met
    assert await store.update("jobs", [Update("a", where, set={"won": 1})]) == ({"a"} & {"a" * met})
    assert ("won" in await one(store)) is met


async def test_an_update_is_all_or_nothing_and_each_one_is_on_its_own(store: Store) -> None:
    await store.insert("jobs", [{"_id": id_, "n": 1, "gone": 1} for id_ in "abc"])
    updates = [
        Update(
            "a", {"n": 1}, set={"x.y": 1}, unset=["gone", "never.there"], inc={"n": 2, "new": 3}
        ),
        Update("b", {"n": 2}, set={"x": 1}, unset=["gone"], inc={"n": 1}),
        Update("c", inc={"n": -1}),
        Update("missing", set={"x": 1}),
    ]
    assert await store.update("jobs", updates) == {"a", "c"}
    assert await store.get("jobs", ["a", "b", "c", "missing"]) == {
        "a": {"_id": "a", "n": 3, "x": {"y": 1}, "new": 3},
        "b": {"_id": "b", "n": 1, "gone": 1},
        "c": {"_id": "c", "n": 0, "gone": 1},
    }


async def test_an_update_that_changes_nothing_still_counts_as_done(store: Store) -> None:
    await store.insert("jobs", [{"_id": "a", "n": 1}])
    for _ in range(3):
        assert await store.update("jobs", [Update("a", {"n": 1}, set={"n": 1})]) == {"a"}
        assert await store.update("jobs", [Update("a", {"n": 1})]) == {"a"}


@pytest.mark.parametrize(
    "wrong",
    [
        Update("a", where={"n": 1}, set={"n": 1}, upsert=True),
        Update("a", where={"_id": "a"}, set={"n": 1}),
        Update("a", set={"n": 1}, inc={"n": 1}),
        Update("a", set={"n": {}, "n.m": 1}),
        Update("a", set={"x..y": 1}),
        Update("a", set={"x.": 1}),
        Update("a", unset=[""]),
        Update("a", inc={"$n": 1}),
        Update("a", set={"x.$y": 1}),
    ],
)
async def test_what_no_update_can_mean_is_refused_before_anything_is_written(
    store: Store, wrong: Update
) -> None:
    docs = [{"_id": id_, "n": 1} for id_ in "ab"]
    await store.insert("jobs", docs)
    with pytest.raises(ValueError, match=r"^a: "):
        await store.update("jobs", [Update("b", set={"n": 2}), wrong])
    assert await store.get("jobs", ["a", "b"]) == {"a": docs[0], "b": docs[1]}


async def test_two_updates_of_one_document_in_one_call_are_refused(store: Store) -> None:
    """The answer names documents: it could not say which of the two has won."""
    docs = [{"_id": id_, "attempt": 2} for id_ in "ab"]
    await store.insert("jobs", docs)
    stale = Update("a", where={"attempt": 1}, set={"end": "stale"})
    valid = Update("a", where={"attempt": 2}, set={"end": "valid"})
    for both in ([stale, valid], [valid, stale]):
        with pytest.raises(ValueError, match="a: two updates of one document"):
            await store.update("jobs", [Update("b", set={"n": 1}), *both])
    assert await store.get("jobs", ["a", "b"]) == {"a": docs[0], "b": docs[1]}


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
async def test_of_two_writes_of_one_row_asked_at_once_the_valid_one_wins(
    store: Store, order: list[int]
) -> None:
    await store.insert("jobs", [{"_id": "a", "attempt": 2}])

    async def write(updates: list[Update]) -> list[bool]:
        won = await store.update("jobs", updates)
        return [update.id in won for update in updates]

    batcher = Batcher(write, key=lambda update: update.id)
    stale = Update("a", where={"attempt": 1}, set={"end": "stale"})
    valid = Update("a", where={"attempt": 2}, set={"end": "valid"})
    asked = [[stale, valid][n] for n in order]
    assert await asyncio.gather(*map(batcher, asked)) == [update is valid for update in asked]
    assert (await one(store))["end"] == "valid"


@pytest.mark.parametrize(
    "wrong",
    [
        Update("a", set={"n.m": 1}),
        Update("a", set={"null.m": 1}),
        Update("a", inc={"text": 1}),
        Update("a", inc={"null": 1}),
    ],
)
async def test_what_a_document_cannot_take_leaves_it_as_it_was(store: Store, wrong: Update) -> None:
    doc = {"_id": "a", "n": 1, "text": "x", "null": None}
    await store.insert("jobs", [doc, {"_id": "b"}])
    with pytest.raises(ValueError, match=r"n\.m|null|text"):
        await store.update("jobs", [wrong, Update("b", set={"n": 1})])
    assert await one(store) == doc


# ── what no store can hold ──────────────────────────────────────────────────────────────────────

UNSTORABLE: dict[str, Any] = {
    "half of a character": json.loads('"an emoji cut in two: \\ud83d"'),
    "an integer over 64 bits": 2**63,
    "an integer under 64 bits": -(2**63) - 1,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "a key with a NUL": {"a\0b": 1},
    "a key of half a character": {json.loads('"\\ud83d"'): 1},
    "a key that is no text": {1: 2},
    "bytes": b"x",
}


@pytest.mark.parametrize("bad", UNSTORABLE.values(), ids=UNSTORABLE)
async def test_an_insert_of_what_cannot_be_held_names_it_and_writes_nothing(
    store: Store, bad: Any
) -> None:
    docs = [{"_id": str(i), "n": i} for i in range(5)]
    worse = {"_id": "bad", "result": {"remark": [bad]}}
    with pytest.raises(Unstorable, match=r"bad: result\.remark\[0\]") as caught:
        await store.insert("jobs", [*docs[:2], worse, *docs[2:]])
    assert set(caught.value.refused) == {"bad"}
    assert await store.count("jobs", {}) == 0
    assert await store.insert("jobs", docs) == set("01234")


@pytest.mark.parametrize("bad", UNSTORABLE.values(), ids=UNSTORABLE)
@pytest.mark.parametrize("place", ["set", "where"])
async def test_an_update_of_what_cannot_be_held_names_it_and_writes_nothing(
    store: Store, bad: Any, place: str
) -> None:
    await store.insert("jobs", [{"_id": id_, "n": 0} for id_ in "abc"])
    held = {"spec.error": bad}
    worse = Update("b", set=held) if place == "set" else Update("b", where=held)
    change = {"n": 1}
    with pytest.raises(Unstorable, match=r"b: spec\.error") as caught:
        await store.update("jobs", [Update("a", set=change), worse, Update("c", set=change)])
    assert set(caught.value.refused) == {"b"}
    assert await store.count("jobs", {"n": 0}) == 3
    assert await store.update("jobs", [Update(id_, set=change) for id_ in "abc"]) == set("abc")


async def test_all_that_cannot_be_held_is_named_at_once(store: Store) -> None:
    docs = [{"_id": f"{i}", "n": 2**64 if i % 2 else 1} for i in range(20)]
    with pytest.raises(Unstorable) as caught:
        await store.insert("jobs", docs)
    assert set(caught.value.refused) == {str(i) for i in range(1, 20, 2)}


async def test_of_many_that_are_written_at_once_the_bad_one_fails_alone(store: Store) -> None:
    """Ends of five jobs in one batch; one of them says what no store can hold."""
    await store.insert("jobs", [{"_id": id_, "attempt": 1} for id_ in "abcde"])

    async def write(updates: list[Update]) -> list[bool]:
        won = await store.update("jobs", updates)
        return [update.id in won for update in updates]

    ends = {id_: f"the end of {id_}" for id_ in "abcde"} | {"c": UNSTORABLE["half of a character"]}
    updates = [Update(id_, {"attempt": 1}, {"end": end}) for id_, end in ends.items()]
    answers = await asyncio.gather(*map(Batcher(write), updates), return_exceptions=True)
    assert [answer for answer in answers if answer is True] == [True] * 4
    assert isinstance(answers[2], Unstorable)
    assert await store.count("jobs", {"end": Is("present")}) == 4


@pytest.mark.parametrize("bad", [UNSTORABLE["half of a character"], 2**64, float("nan")])
async def test_nothing_can_be_found_by_what_cannot_be_held(store: Store, bad: Any) -> None:
    await store.insert("jobs", [{"_id": "a", "n": 1}])
    for where in ({"n": bad}, {"n": Is("in", [1, bad])}):
        with pytest.raises(ValueError, match="n"):
            await store.find("jobs", where)
        with pytest.raises(ValueError, match="n"):
            await store.count("jobs", where)


# ── finding ─────────────────────────────────────────────────────────────────────────────────────


async def test_order_and_limit(store: Store) -> None:
    rows = [{"_id": str(i), "spec": {"kind": "ab"[i % 2]}, "n": i * 7 % 10} for i in range(10)]
    await store.insert("jobs", rows)
    assert [d["n"] for d in await store.find("jobs", {}, order=["n"])] == list(range(10))
    assert [d["n"] for d in await store.find("jobs", {}, order=["-n"], limit=3)] == [9, 8, 7]
    both = await store.find("jobs", {"n": Is(">", 1)}, order=["spec.kind", "-n"], limit=5)
    assert [(d["spec"]["kind"], d["n"]) for d in both] == [
        *(("a", n) for n in (8, 6, 4, 2)),
        ("b", 9),
    ]
    assert [d["_id"] for d in await store.find("jobs", {}, order=["-_id"], limit=1)] == ["9"]
    some = await store.find("jobs", {"_id": Is("in", ["3", "5", "x"]), "spec.kind": "b"})
    assert sorted(d["_id"] for d in some) == ["3", "5"]


async def test_a_unique_index_binds_only_documents_that_have_the_field(store: Store) -> None:
    assert await store.insert("jobs", [{"_id": "a"}, {"_id": "b"}, {"_id": "c"}]) == {"a", "b", "c"}
    assert await store.insert("jobs", [{"_id": "d", "external_id": "x"}]) == {"d"}
    assert await store.insert("jobs", [{"_id": "e", "external_id": "x"}, {"_id": "f"}]) == {"f"}
    taken, free = Update("a", set={"external_id": "x"}), Update("b", set={"external_id": "y"})
    assert await store.update("jobs", [taken, free]) == {"b"}
    assert "external_id" not in await one(store, "a")
    assert await store.update("jobs", [Update("d", unset=["external_id"])]) == {"d"}
    assert await store.update("jobs", [taken]) == {"a"}
    upsert = Update("g", set={"external_id": "y"}, upsert=True)
    assert await store.update("jobs", [upsert]) == set()
    assert await store.get("jobs", ["e", "g"]) == {}


# ── durability ──────────────────────────────────────────────────────────────────────────────────


async def test_what_was_answered_survives_a_kill(stores: Stores) -> None:
    program = KILLED_AFTER_THE_ANSWER.format(source=stores.source())
    child = await asyncio.to_thread(
        partial(subprocess.run, capture_output=True, cwd=CHECKOUT, timeout=60),
        [sys.executable, "-c", program],
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    async with stores.opened() as store:
        assert await store.count("jobs", {}) == 100
        assert await one(store, "7") == {"_id": "7", "n": 7}


async def test_indexes_may_be_declared_again_and_change(stores: Stores) -> None:
    async with stores.opened() as store:
        await store.insert("jobs", [{"_id": "a", "due_at": 1}])
    stores.indexes = {"jobs": (Index(("due_at", "n"), present="due_at"), *INDEXES["jobs"][2:])}
    async with stores.opened() as store:
        assert await store.count("jobs", {"due_at": Is("<=", 1)}) == 1


async def test_a_document_expires_at_its_time_and_no_sooner(store: Store) -> None:
    past, future = store.now() - 60_000, store.now() + 600_000
    docs: list[dict[str, Any]] = [
        {"_id": "old", EXPIRES_AT: past},
        {"_id": "new", EXPIRES_AT: future},
        {"_id": "ever"},
    ]
    await store.insert("passing", docs)
    await store.insert("passing", [{"_id": "set"}, {"_id": "saved", EXPIRES_AT: past}])
    await store.update("passing", [Update("set", set={EXPIRES_AT: future, "n": 1})])
    await store.update("passing", [Update("saved", set={EXPIRES_AT: future})])
    await store.expire("passing")
    left = await store.get("passing", ["old", "new", "ever", "set", "saved"])
    times = {id_: doc.get(EXPIRES_AT) for id_, doc in left.items()}
    # a server deletes by itself, a little later
    times.pop("old", None)
    assert times == {"new": future, "ever": None, "set": future, "saved": future}
    assert [type(doc.get(EXPIRES_AT, 0)) for doc in left.values()] == [int] * len(left)
