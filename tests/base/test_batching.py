"""Batches grow with the load, and an error reaches exactly those who asked for it."""

import asyncio

import pytest

from shared.base.batching import Batcher


async def test_what_is_asked_together_is_done_together() -> None:
    flushes: list[list[int]] = []

    async def double(items: list[int]) -> list[int]:
        flushes.append(items)
        await asyncio.sleep(0.01)
        return [2 * item for item in items]

    batcher = Batcher(double, limit=4)
    assert await asyncio.gather(*(batcher(i) for i in range(10))) == [2 * i for i in range(10)]
    assert [len(flush) for flush in flushes] == [4, 4, 2]


async def test_items_gather_while_a_flush_is_under_way() -> None:
    sizes: list[int] = []

    async def slow(items: list[int]) -> list[int]:
        sizes.append(len(items))
        await asyncio.sleep(0.02)
        return items

    batcher = Batcher(slow)
    first = asyncio.create_task(batcher(0))
    await asyncio.sleep(0.005)
    await asyncio.gather(first, *(batcher(i) for i in range(1, 50)))
    assert sizes == [1, 49]


async def test_a_failed_flush_fails_its_own_items_only() -> None:
    async def picky(items: list[int]) -> list[int]:
        if 13 in items:
            raise ValueError("thirteen")
        return items

    batcher = Batcher(picky, limit=1)
    results = await asyncio.gather(*(batcher(i) for i in (12, 13, 14)), return_exceptions=True)
    assert results[0] == 12 and isinstance(results[1], ValueError) and results[2] == 14


async def test_a_waiter_that_gives_up_disturbs_nobody() -> None:
    async def slow(items: list[int]) -> list[int]:
        await asyncio.sleep(0.01)
        return items

    batcher = Batcher(slow)
    hasty = asyncio.create_task(batcher(1))
    patient = asyncio.create_task(batcher(2))
    await asyncio.sleep(0)
    hasty.cancel()
    assert await patient == 2
    with pytest.raises(asyncio.CancelledError):
        await hasty
