"""One process of Storywave: its services, and over HTTP its health, readiness and metrics.

The probes answer from the first moment, also while a server that we need is still away.
"""

import asyncio
import errno
import gc
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
import uvloop
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.base import telemetry
from shared.runtime.app import App
from shared.runtime.compose import open_app
from shared.runtime.service import Service
from shared.runtime.settings import Settings
from shared.story.errors import BadInput

STALE_SECONDS = 60.0
"""A consumer whose loop has not turned for so long is taken for dead."""


def run(
    services: Sequence[Service],
    settings: Settings,
    front: Callable[[App], ASGIApp] | None = None,
    started: Callable[[App], None] = lambda app: None,
) -> None:
    """Run these services until SIGTERM or SIGINT, then drain; `started` once everything is open."""
    telemetry.log_as_json(settings.log_level)
    _collect_rarely()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(services, settings, front, started))


def _collect_rarely() -> None:
    """Facts live long and hold no cycles: looking through all of them for some costs a tenth."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _serve(
    services: Sequence[Service],
    settings: Settings,
    front: Callable[[App], ASGIApp] | None,
    started: Callable[[App], None],
) -> None:
    switch = Switch(front)
    stop = _stop_on_signals()
    server = _Server(uvicorn.Config(switch, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[_listen(settings.host, settings.port)]))
    working = asyncio.create_task(_work(services, settings, switch, stop, started))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if switch.app is None:
            working.cancel()
        stop.set()
        await asyncio.gather(working, return_exceptions=switch.app is None and stopping.done())
    finally:
        server.should_exit = True
        stopping.cancel()
        await serving


async def _work(
    services: Sequence[Service],
    settings: Settings,
    switch: "Switch",
    stop: asyncio.Event,
    started: Callable[[App], None],
) -> None:
    async with open_app(settings, services) as app:
        switch.open(app)
        started(app)
        await stop.wait()


class Switch:
    """Probes at once; the rest as soon as the services are open."""

    def __init__(self, front: Callable[[App], ASGIApp] | None) -> None:
        self._front = front
        self.app: App | None = None
        waiting = Route("/{path:path}", _not_yet, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
        self._target: ASGIApp = Starlette(routes=[*probes(lambda: self.app), waiting])

    def open(self, app: App) -> None:
        self.app = app
        self._target = self._front(app) if self._front else Starlette(routes=probes(lambda: app))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._target(scope, receive, send)


async def _not_yet(request: Request) -> Response:
    """A server that we need is still away: nothing is accepted that could not be kept."""
    problem = {
        "type": "about:blank",
        "title": "Not ready yet",
        "status": 503,
        "detail": "a server that Storywave needs does not answer yet: try again in a moment",
    }
    headers = {"Retry-After": "5"}
    return JSONResponse(problem, 503, headers, media_type="application/problem+json")


def probes(current: Callable[[], App | None]) -> list[Route]:
    """/healthz: restart me when I fail. /readyz: send me nothing yet. /metrics."""

    async def healthz(request: Request) -> Response:
        app = current()
        health = {} if app is None else app.health()
        ages = {name: known.progress_age for name, known in health.items()}
        assigned = {name: known.assigned for name, known in health.items()}
        dead = sorted(name for name, age in ages.items() if age > STALE_SECONDS)
        dead += [] if app is None else app.dead_loops()
        said = {"alive": not dead, "dead": dead, "progress_age": ages, "assigned": assigned}
        return JSONResponse(said, 503 if dead else 200)

    async def readyz(request: Request) -> Response:
        app = current()
        assigned = {} if app is None else {n: h.assigned for n, h in app.health().items()}
        ready = app is not None and not app.draining and all(assigned.values())
        return JSONResponse({"ready": ready, "assigned": assigned}, 200 if ready else 503)

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]


class _Server(uvicorn.Server):
    """Signals are ours: uvicorn would raise them again and skip the drain."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _listen(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise BadInput(
                f"port {port} on {host} is in use: stop what listens there, or choose another "
                "with --port"
            ) from error
        raise BadInput(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return sock
