"""Serves the stand-in on loopback: inside a test, or as a process of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.standins.replicate.admin import Admin
from tests.standins.replicate.api import Api
from tests.standins.replicate.clock import Clock, http_date
from tests.standins.replicate.faults import Fault
from tests.standins.replicate.judge import Key, Verdict, judge
from tests.standins.replicate.provider import Provider
from tests.standins.replicate.runs import Run
from tests.standins.replicate.settings import Settings

_STOP_SECONDS = 0.2


class _Protocol(H11Protocol):
    """HTTP whose handlers can reach the connection itself, to break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Dated:
    """Puts the date of the provider's own clock on every answer."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app, self._clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["date"] = http_date(self._clock.now())
            await send(message)

        await self._app(scope, receive, send_dated)


class StandIn:
    """A stand-in that is being served: what a test needs of it."""

    def __init__(self, provider: Provider, folder: Path) -> None:
        self.provider = provider
        self.folder = folder

    @property
    def url(self) -> str:
        """Return what REPLICATE_BASE_URL would say."""
        return self.provider.base

    @property
    def token(self) -> str:
        """Return what REPLICATE_API_TOKEN would say."""
        return self.provider.settings.token

    @property
    def settings(self) -> Settings:
        """Return the settings, which a test may change at any time."""
        return self.provider.settings

    @property
    def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        return list(self.provider.ledger.runs.values())

    def next(self, name: str, **of_fault: Any) -> None:
        """Let a fault strike next, where it fits."""
        self.provider.script.queue.append(Fault(name=name, **of_fault))

    def move(self, seconds: float) -> None:
        """Let so much time have passed at the provider."""
        self.provider.clock.move(seconds)
        self.provider.ledger.move_clock(self.provider.clock.ahead)

    def judge(self, key: Key | None = None) -> Verdict:
        """Return what its books say about its callers."""
        return judge(self.runs, key)


@asynccontextmanager
async def serve(
    folder: Path, settings: Settings, host: str = "127.0.0.1", port: int = 0, skew: float = 0.0
) -> AsyncIterator[StandIn]:
    """Serve a stand-in from this folder; what is there already goes on."""
    provider = Provider(folder, settings, Clock(skew))
    with socket.create_server((host, port)) as listening:
        # Else each answer of two parts waits 40 ms for the caller's acknowledgement of the first.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        base = f"http://{host}:{listening.getsockname()[1]}"
        provider.open(base)
        server = await _open_server(provider, listening)
        try:
            yield StandIn(provider, folder)
        finally:
            await _close_server(server)
            await provider.close()


async def _open_server(provider: Provider, listening: socket.socket) -> uvicorn.Server:
    """Return a server that answers; it looks at no signal and keeps no clock of its own."""
    app = Starlette(routes=[*Api(provider).routes(), *Admin(provider).routes()])
    config = uvicorn.Config(
        _Dated(app, provider.clock),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listening])
    return server


async def _close_server(server: uvicorn.Server) -> None:
    """Hang up on everybody: a provider that goes away finishes no sentence."""
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    if answering := set(server.server_state.tasks):
        _, sleeping = await asyncio.wait(answering, timeout=_STOP_SECONDS)
        for task in sleeping:
            task.cancel()
        await asyncio.gather(*sleeping, return_exceptions=True)
    for listener in server.servers:
        await listener.wait_closed()


@asynccontextmanager
async def standin(folder: Path, **settings: Any) -> AsyncIterator[StandIn]:
    """Serve a stand-in for one test: fast, without jitter, on a free port."""
    chosen = Settings(**{"pace": 200.0, "jitter": 0.0, **settings})
    async with serve(folder, chosen) as served:
        yield served
