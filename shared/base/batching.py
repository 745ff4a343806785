"""Many small calls, few large ones: what is asked for in one turn of the loop is done together.

An unexpected error belongs to one item, never to its batch. Which one is at fault can't be told
from outside, so a flush that raises is asked again in halves, and at last one by one. That is right
for a flush that has changed nothing when it raises, and so it must be: the Store's writes keep to
it. A server that is away is nobody's fault: then all who wait are told at once, and nothing is
asked again.
"""

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

from shared.story.errors import InfrastructureError

T = TypeVar("T")
R = TypeVar("R")

Waiting = tuple[T, Future[R]]


async def run_each(
    flush: Callable[[list[T]], Awaitable[Sequence[R | Exception]]], items: list[T]
) -> list[R | Exception]:
    """Return each item's own result of a flush over all of them, or the error that is its own."""
    try:
        results = list(await flush(items))
        if len(results) != len(items):
            raise ValueError(f"{len(items)} items were given {len(results)} results")
        return results
    except InfrastructureError as error:
        return [error] * len(items)
    except Exception as error:
        if len(items) == 1:
            return [error]
    half = len(items) // 2
    return [*await run_each(flush, items[:half]), *await run_each(flush, items[half:])]


class Batcher(Generic[T, R]):
    """Awaiting `batcher(item)` gives that item's result of one flush over many items.

    While a flush is under way further items gather for the next one, so that batches grow with
    the load and a lone item does not wait. The flush answers in the order of its items; in place
    of a result it may give an error, which is raised to that item's caller alone.

    With a `key`, items of the same key never share a flush: the later one waits for the next.
    Two writes of one row are so made one after the other, each with an answer of its own.
    """

    def __init__(
        self,
        flush: Callable[[list[T]], Awaitable[Sequence[R | Exception]]],
        limit: int = 500,
        key: Callable[[T], Hashable] = lambda item: object(),  # as a rule, all items differ
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._key = key
        self._waiting: list[Waiting[T, R]] = []
        self._drain: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        future: Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._drain_all())
        return await future

    async def _drain_all(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever is ready in this turn joins the batch
            batch = self._next_batch()
            try:
                results = await run_each(self._flush, [item for item, _ in batch])
            except BaseException:  # the process ends: nobody will answer them
                for _, future in batch:
                    future.cancel()
                raise
            for (_, future), result in zip(batch, results, strict=True):
                _answer(future, result)

    def _next_batch(self) -> list[Waiting[T, R]]:
        """Remove and return the first items that wait, one of each key."""
        batch: dict[Hashable, Waiting[T, R]] = {}
        later = []
        for waiting in self._waiting:
            key = self._key(waiting[0])
            if len(batch) < self._limit and key not in batch:
                batch[key] = waiting
            else:
                later.append(waiting)
        self._waiting = later
        return list(batch.values())


def _answer(future: Future[R], result: R | Exception) -> None:
    if future.done():  # its caller has given up
        return
    if isinstance(result, Exception):
        future.set_exception(result)
        future.exception()  # a caller that gives up now leaves it unread, which is no mistake
    else:
        future.set_result(result)
