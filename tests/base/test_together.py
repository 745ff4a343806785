"""Calls side by side end together: none of them goes on after its caller was told."""

import asyncio

import pytest

from shared.base.together import await_all


async def test_results_come_in_the_order_of_the_calls() -> None:
    async def say(word: str, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return word

    assert await await_all(say("slow", 0.02), say("quick", 0)) == ["slow", "quick"]
    assert await await_all() == []


async def test_an_error_is_raised_once_all_have_ended() -> None:
    written = []

    async def refuse() -> None:
        raise ValueError("refused")

    async def write() -> None:
        await asyncio.sleep(0.02)
        written.append("late")

    with pytest.raises(ValueError, match="refused"):
        await await_all(refuse(), write())
    assert written == ["late"]


async def test_who_is_cancelled_cancels_its_calls_and_waits_for_them() -> None:
    ended = []

    async def hold() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append("tidied up")

    caller = asyncio.create_task(await_all(hold(), hold()))
    await asyncio.sleep(0.01)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended == ["tidied up", "tidied up"]
