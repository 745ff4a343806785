"""Many small calls, few large ones: what is asked for in one turn of the loop is done together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Awaiting `batcher(item)` gives that item's result of one flush over many items.

    While a flush is under way further items gather for the next one, so that batches grow with
    the load and a lone item does not wait.
    """

    def __init__(
        self, flush: Callable[[list[T]], Awaitable[Sequence[R]]], limit: int = 500
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._drain: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._drain_all())
        return await future

    async def _drain_all(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever is ready in this turn joins the batch
            batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
            await self._run(batch)

    async def _run(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._flush([item for item, _ in batch])
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # a waiter that was cancelled leaves it unread
            if not isinstance(error, Exception):
                raise
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
