"""Calls side by side, none of which goes on behind the caller's back."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def await_all(*calls: Awaitable[T]) -> list[T]:
    """Return what each call gave, in their order; raise the first error once all have ended.

    `asyncio.gather` raises at once, and the other calls go on: they may still write when the same
    work is done again, or when the folder that they write to is gone.
    """
    ends = await asyncio.gather(*calls, return_exceptions=True)
    results: list[T] = []
    for end in ends:
        if isinstance(end, BaseException):
            raise end
        results.append(end)
    return results
