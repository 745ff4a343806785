"""HTTP with an end to every wait for a client.

uvicorn waits for ever for the rest of a request, and for a client that does not read its answer.
Its own limit only refuses requests that are complete. So a thousand idle sockets would take every
descriptor that this process may have, which fails the work of others, and one stalled upload would
keep it from stopping. Here

- every wait for a client ends: `Waits` says after how long;
- there is a limit of connections: one more closes the one that has waited longest for its client,
  so that a probe always gets in. Who is being served does not wait for anybody, but may not take
  every place either: from three quarters on, requests other than probes are told to come again;
- an answer that is sent before its request has come in full closes the connection, since the rest
  of the request would only be read to be thrown away. Only a short rest is: whoever sends it would
  lose the answer to a connection that closes meanwhile;
- a stop hangs up on whoever is left after `STOP_SECONDS`.
"""

import asyncio
import logging
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import H11Protocol

from shared.base import telemetry
from shared.runtime.connections import USUAL, Connections, For, Waits
from shared.runtime.probes import PROBES
from shared.runtime.refusals import BUSY
from shared.runtime.sockets import Socket

log = logging.getLogger("storywave.http")

STOP_SECONDS = 2
"""How long a stopping server lets answers be finished before it hangs up."""

REST = 256
"""Descriptors that are never spent on clients: files, servers, pipes to worker processes."""

MOST_HEARD = 4096
"""Bytes of a message over a WebSocket: its clients have nothing to say."""

SHORT, SHORT_SECONDS = 1 << 16, 1.0
"""Bytes of a body that is read to its end although its request is answered without it, and how long
that may take: who stalls has the answer then."""

BACKLOG = 256
"""Connections that the system accepts for us; all of them may come in before we can close any."""


class Connection(H11Protocol):
    """One client, for whom nothing waits without end."""

    def __init__(self, waits: Waits, connections: Connections, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._app, self.app = self.app, self._answer  # uvicorn hands each request to `app`
        self._waits = waits
        self._connections = connections
        self._awaited: For | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._received = 0
        """Bytes, since the wait began."""
        self._unread = 0
        """Bytes that lay ready when the wait began."""

    # Everything that can begin or end a wait passes through one of these.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._connections.add(self)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._connections.remove(self)
        self._disarm()
        # Else each would hold itself, with all that it was sent, until the collector finds it: in a
        # crowd these are so many that the event loop stands still meanwhile.
        self.app = self._app

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._awaited is For.IDLE:
            # The time of a head counts from its first byte, however little comes with it.
            self._wait_for(For.HEAD)
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._look()

    def timeout_keep_alive_handler(self) -> None:
        """Do nothing: uvicorn would close, which waits until the last answer has been read."""

    def send_400_response(self, msg: str) -> None:
        # Amid an answer there is no place for another one: uvicorn would break over it.
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.hang_up("garbled")

    def hang_up(self, why: str) -> None:
        """Close at once, whatever has not been sent yet: nobody takes it."""
        telemetry.HUNG_UP.labels(why).inc()
        self._connections.remove(self)
        self._disarm()
        self.transport.abort()

    def _look(self) -> None:
        awaited = self._find_awaited()
        # An application may go on for a moment after its client has been given up.
        if awaited is not self._awaited and self in self._connections:
            self._wait_for(awaited)

    def _find_awaited(self) -> For | None:
        """Return what the client is to do next; None while it is our turn."""
        # What closes has all of its answer in the buffer, and closes once that has been read.
        if self.flow.write_paused or self.transport.is_closing():
            return For.READING
        if self.conn.their_state is h11.SEND_BODY:
            return For.BODY
        if self.conn.their_state is h11.IDLE:
            begun = self.cycle is None or self.conn.trailing_data[0]
            return For.HEAD if begun else For.IDLE
        return None

    def _wait_for(self, awaited: For | None) -> None:
        self._awaited = awaited
        self._connections.mark(self, awaited is not None)
        self._arm()

    def _arm(self) -> None:
        """Give the client its time, from now on."""
        self._disarm()
        self._received = 0
        self._unread = self.transport.get_write_buffer_size()
        if self._awaited is not None:
            seconds = getattr(self._waits, self._awaited)
            self._timer = self.loop.call_later(seconds, self._judge, self._awaited)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _judge(self, awaited: For) -> None:
        """Hang up on a client that has not done enough in its time; else give it as much again."""
        enough = {
            For.HEAD: False,
            For.IDLE: False,
            # Where it is we who do not read, the client can't send.
            For.BODY: self.flow.read_paused or self._received >= self._waits.body_bytes,
            For.READING: self.transport.get_write_buffer_size() < self._unread,
        }
        if enough[awaited]:
            self._arm()
        else:
            self.hang_up(awaited)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        # From here on the connection is another object's, unless there is no place for it.
        if self._connections.crowded:
            self.hang_up("crowded")
            return
        self._connections.remove(self)
        self._disarm()
        super().handle_websocket_upgrade(event)

    def _is_unread(self) -> bool:
        return self.conn.their_state is h11.SEND_BODY

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, unless too many are being served."""

        probe = scope["path"] in PROBES
        app = BUSY if self._connections.crowded and not probe else self._app

        async def send_or_close(message: Message) -> None:
            # Here an answer begins although its request has not come in full.
            if message["type"] == "http.response.start" and self._is_unread():
                if app is not BUSY and _is_short(scope):
                    await _read_on(receive)
                if self._is_unread():
                    message["headers"] = [*message.get("headers", ()), CLOSE_HEADER]
            await send(message)

        try:
            await app(scope, receive, send_or_close)
        except Exception:
            if not self.cycle.disconnected:
                raise
            # Frameworks tell in many ways that nobody takes the answer any more.
            log.debug("a client left before its answer was complete", exc_info=True)


def _is_short(scope: Scope) -> bool:
    """Tell whether a request says that its body is short, and does not ask before it sends it."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    return length.isdigit() and int(length) <= SHORT and b"expect" not in headers


async def _read_on(receive: Receive) -> None:
    """Read what is left of a body that comes soon."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SHORT_SECONDS):
            while (await receive()).get("more_body"):
                pass


class Server(uvicorn.Server):
    """uvicorn's server with our connections."""

    def __init__(self, app: ASGIApp, waits: Waits = USUAL, limit: int | None = None) -> None:
        connections = Connections(limit or find_limit())
        config = uvicorn.Config(
            app,
            http=partial(Connection, waits, connections),  # type: ignore[arg-type]
            ws=partial(Socket, waits, connections),  # type: ignore[arg-type]
            ws_max_size=MOST_HEARD,
            ws_per_message_deflate=False,  # it takes memory for each connection
            log_config=None,
            lifespan="off",
            backlog=BACKLOG,
            # The last resort, for an application that does not notice that its client has gone.
            timeout_graceful_shutdown=2 * STOP_SECONDS,
        )
        super().__init__(config)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again and skip the drain."""
        yield

    async def settle(self) -> None:
        """Wait until what is being answered has been answered; hang up on who takes too long."""
        answering = set(self.server_state.tasks)
        if answering and (await asyncio.wait(answering, timeout=STOP_SECONDS))[1]:
            self._hang_up()

    async def shutdown(self, sockets: Any = None) -> None:
        """Let answers be finished for a moment; then hang up, so that nobody holds up the stop."""
        timer = asyncio.get_running_loop().call_later(STOP_SECONDS, self._hang_up)
        await super().shutdown(sockets)  # it closes idle connections, and waits for the others
        timer.cancel()

    def _hang_up(self) -> None:
        for connection in list(self.server_state.connections):
            assert isinstance(connection, Connection | Socket)
            connection.hang_up("stop")


def find_limit() -> int:
    """Return how many connections this process can hold."""
    # Each may have a file open as well, which it sends.
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return MOST
    return max(LEAST, min(MOST, (descriptors - REST) // 2))


MOST, LEAST = 4096, 16
