"""One process of Storywave: its services, and over HTTP its health, readiness and metrics.

The probes answer from the first moment, also while a server that we need is still away.
"""

import asyncio
import errno
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeAlias

import uvloop
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.base import telemetry
from shared.runtime.app import App
from shared.runtime.compose import open_app
from shared.runtime.http import Server
from shared.runtime.probes import METRICS, metrics, probes
from shared.runtime.refusals import NOT_ANY_MORE, NOT_YET
from shared.runtime.service import Service
from shared.runtime.settings import Settings
from shared.story.errors import BadInput

log = logging.getLogger("storywave.service")

SWITCH_SECONDS = 0.0005
"""How long a busy event loop keeps the interpreter from a thread that has work. Each operation of
the store asks for it several times; with Python's own 5 ms, whoever posts would wait for these.
"""
METRICS_CONNECTIONS = 16
"""On their own port: a few scrapers, and not a crowd."""

_LEAVING = {"action": "leave"}

NOTHING = Starlette()
"""Answers that there is nothing here."""

Front: TypeAlias = Callable[[App], AbstractContextManager[ASGIApp]]
"""What a process serves beside its probes, for as long as its services are open."""


def run(
    services: Sequence[Service],
    settings: Settings,
    front: Front | None = None,
    started: Callable[[App], None] = lambda app: None,
) -> None:
    """Run these services until SIGTERM or SIGINT, then drain; `started` once everything is open."""
    telemetry.log_as_json(settings.log_level)
    _collect_rarely()
    sys.setswitchinterval(SWITCH_SECONDS)
    with (
        _open_traces(settings.otlp_url, services),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(services, settings, front, started))


def _open_traces(url: str, services: Sequence[Service]) -> AbstractContextManager[None]:
    """Send traces for as long as this is open, where somebody is named who takes them."""
    if not url:
        return nullcontext()
    from shared.base.otlp import send_to  # it takes long to load, and is seldom wanted

    return send_to(url, services[0].name if len(services) == 1 else "storywave")


def _collect_rarely() -> None:
    """Let the collector look less often, and not at what is there already."""
    # Facts live long and hold no cycles: looking through all of them for some costs a tenth.
    gc.freeze()
    gc.set_threshold(10_000, 100, 100)  # often among what is new: each look there is short then


async def _serve(
    services: Sequence[Service],
    settings: Settings,
    front: Front | None,
    started: Callable[[App], None],
) -> None:
    switch = Switch(front, metrics_apart=bool(settings.metrics_port))
    stop = _stop_on_signals()
    server = Server(switch)
    doors = _open_doors(settings, server)
    serving = asyncio.create_task(_serve_all(doors))
    working = asyncio.create_task(_work(services, settings, switch, server, stop, started))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if switch.app is None:
            working.cancel()
        stop.set()
        await asyncio.gather(working, return_exceptions=switch.app is None and stopping.done())
    finally:
        for each in doors:
            each.should_exit = True
        stopping.cancel()
        await serving


async def _work(
    services: Sequence[Service],
    settings: Settings,
    switch: "Switch",
    server: Server,
    stop: asyncio.Event,
    started: Callable[[App], None],
) -> None:
    async with open_app(settings, services) as app:
        with switch.serve(app):
            started(app)
            gc.freeze()  # what was made to open them stays as well
            await stop.wait()
        # a process that is killed says neither of these
        log.info("told to leave: what is in hand is finished, or let go", extra=_LEAVING)
        app.draining = True
        await server.settle()  # what is being answered may need what is closed next
    log.info("left", extra=_LEAVING)


def _open_doors(settings: Settings, server: Server) -> dict[Server, socket.socket]:
    """Return each server of this process with the socket that it listens on."""
    doors = {server: _listen(settings.host, settings.port, "--port")}
    if settings.metrics_port:
        apart = Server(Starlette(routes=[Route(METRICS, metrics)]), limit=METRICS_CONNECTIONS)
        where = "STORYWAVE_METRICS_PORT"
        doors[apart] = _listen(settings.host, settings.metrics_port, where)
    return doors


async def _serve_all(doors: Mapping[Server, socket.socket]) -> None:
    async with asyncio.TaskGroup() as serving:
        for server, sock in doors.items():
            serving.create_task(server.serve(sockets=[sock]))


class Switch:
    """Probes at once; the rest while the services are open."""

    def __init__(self, front: Front | None, *, metrics_apart: bool = False) -> None:
        self._front = front
        self._hidden = METRICS if metrics_apart else None
        self.app: App | None = None
        self._target = self._probes_and(NOT_YET)

    @contextmanager
    def serve(self, app: App) -> Iterator[None]:
        """Let requests through to the services, and refuse them again when this ends."""
        self.app = app
        front = self._front(app) if self._front else nullcontext(self._probes_and())
        try:
            with front as self._target:
                yield
        finally:
            self._target = self._probes_and(NOT_ANY_MORE)

    def _probes_and(self, *rest: ASGIApp) -> ASGIApp:
        mounts = [Mount("/", app) for app in rest]
        return Starlette(routes=[*probes(lambda: self.app), *mounts])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hidden = self._hidden is not None and scope.get("path") == self._hidden
        await (NOTHING if hidden else self._target)(scope, receive, send)


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _listen(host: str, port: int, option: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise BadInput(
                f"port {port} on {host} is in use: stop what listens there, or choose another "
                f"with {option}"
            ) from error
        raise BadInput(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return sock
