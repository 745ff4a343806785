"""A provider made of one function, and one made of a socket: what the client is tried against."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from shared.engines.replicate.client import Provider
from shared.engines.replicate.transport import Transport

needs_client = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="the provider's client does not import there"
)

NOW = 1_790_000_000_000
"""Milliseconds: what our own clock says in these tests."""

Answer = Callable[[httpx.Request], httpx.Response]


class Asked(list[httpx.Request]):
    """The requests that have reached the provider."""

    def paths(self) -> list[str]:
        return [request.url.path for request in self]


def open_provider(answer: Answer) -> tuple[Provider, Asked]:
    """Return a provider that answers by this function, and the list of what it was asked."""
    asked = Asked()

    def note(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request)

    return Provider(Transport(lambda: NOW, httpx.MockTransport(note))), asked


def run(id_: str = "r1", status: str = "starting", **more: Any) -> dict[str, Any]:
    """Return a run as the provider tells of it."""
    return {
        "id": id_,
        "model": "owner/name",
        "version": "hidden",
        "status": status,
        "input": {"prompt": "a sea"},
        "output": None,
        "error": None,
        "logs": "",
        "metrics": {},
        "created_at": "2026-09-21T13:46:40Z",
        "urls": {},
        **more,
    }


def forever() -> float:
    return 60.0


@asynccontextmanager
async def open_socket(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serve connections by this function on loopback; give the address."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://127.0.0.1:{port}"


def counting(*values: float) -> Callable[[], float]:
    """Return a function that gives these values one after the other, and then the last again."""
    left: Iterator[float] = iter(values)

    def next_value() -> float:
        return next(left, values[-1])

    return next_value
