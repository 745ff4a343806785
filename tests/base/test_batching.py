"""Batches grow with the load, and an error reaches exactly those who asked for it."""

import asyncio
from collections.abc import Set
from typing import Any

import pytest

from shared.base.batching import Batcher
from shared.story.errors import StoreUnavailable


class Store:
    """Doubles numbers, a batch at a time; it refuses whole batches with a bad one in them."""

    def __init__(self, bad: Set[int] = frozenset()) -> None:
        self.bad = bad
        self.flushes: list[list[int]] = []

    async def double(self, items: list[int]) -> list[int]:
        self.flushes.append(items)
        await asyncio.sleep(0.01)
        if found := self.bad & set(items):
            raise ValueError(f"bad: {sorted(found)}")
        return [2 * item for item in items]


async def ask(batcher: Batcher[int, int], items: range) -> list[Any]:
    return await asyncio.gather(*(batcher(i) for i in items), return_exceptions=True)


async def test_what_is_asked_together_is_done_together() -> None:
    store = Store()
    batcher = Batcher(store.double, limit=4)
    assert await ask(batcher, range(10)) == [2 * i for i in range(10)]
    assert [len(flush) for flush in store.flushes] == [4, 4, 2]


async def test_items_gather_while_a_flush_is_under_way() -> None:
    store = Store()
    batcher = Batcher(store.double)
    first = asyncio.create_task(batcher(0))
    while not store.flushes:
        await asyncio.sleep(0)
    await asyncio.gather(first, *(batcher(i) for i in range(1, 50)))
    assert [len(flush) for flush in store.flushes] == [1, 49]


@pytest.mark.parametrize("bad", [{0}, {13}, {99}, {13, 14, 60}])
async def test_a_bad_item_fails_alone_and_the_others_get_their_results(bad: set[int]) -> None:
    store = Store(bad)
    answers = await ask(Batcher(store.double), range(100))
    for item, answer in enumerate(answers):
        if item in bad:
            assert isinstance(answer, ValueError) and str(answer) == f"bad: [{item}]"
        else:
            assert answer == 2 * item
    assert len(store.flushes) <= 2 * len(bad) * 8, "it is looked for in halves, not one by one"


async def test_a_server_that_is_away_is_asked_once_for_all() -> None:
    flushes = 0

    async def away(items: list[int]) -> list[int]:
        nonlocal flushes
        flushes += 1
        raise StoreUnavailable("away")

    answers = await ask(Batcher(away), range(100))
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 100
    assert flushes == 1


async def test_a_server_that_goes_away_amid_the_search_takes_no_result_back() -> None:
    flushes = 0

    async def leaving(items: list[int]) -> list[int]:
        nonlocal flushes
        flushes += 1
        if flushes > 2:
            raise StoreUnavailable("away")
        if 3 in items:
            raise ValueError("bad")
        return items

    answers = await ask(Batcher(leaving), range(4))
    assert answers[:2] == [0, 1]
    assert [type(answer) for answer in answers[2:]] == [StoreUnavailable] * 2


async def test_a_flush_may_give_an_error_in_place_of_a_result() -> None:
    async def picky(items: list[int]) -> list[int | Exception]:
        return [ValueError(item) if item % 2 else item for item in items]

    answers = await ask(Batcher(picky), range(4))
    assert [type(answer) for answer in answers] == [int, ValueError] * 2


async def test_a_flush_that_forgets_an_item_is_a_mistake_that_its_callers_hear_of() -> None:
    async def forgetful(items: list[int]) -> list[int]:
        return items[1:]

    async with asyncio.timeout(5):
        answers = await ask(Batcher(forgetful), range(3))
    assert [type(answer) for answer in answers] == [ValueError] * 3


async def test_items_of_one_key_follow_each_other() -> None:
    """Two writes of one row: the first to ask is the first to write, and each has its answer."""
    row, flushes = {"a": 0, "b": 0}, list[list[tuple[str, int]]]()

    async def swap(items: list[tuple[str, int]]) -> list[int]:
        flushes.append(items)
        await asyncio.sleep(0)
        before = [row[key] for key, _ in items]
        row.update(items)
        return before

    batcher = Batcher(swap, key=lambda item: item[0])
    asked = [("a", 1), ("b", 1), ("a", 2), ("a", 3), ("b", 2)]
    answers = await asyncio.gather(*(batcher(item) for item in asked))
    assert answers == [0, 0, 1, 2, 1]
    assert flushes == [[("a", 1), ("b", 1)], [("a", 2), ("b", 2)], [("a", 3)]]


async def test_a_caller_that_gives_up_disturbs_nobody() -> None:
    batcher = Batcher(Store().double)
    hasty = asyncio.create_task(batcher(1))
    patient = asyncio.create_task(batcher(2))
    await asyncio.sleep(0)
    hasty.cancel()
    assert await patient == 4
    with pytest.raises(asyncio.CancelledError):
        await hasty
