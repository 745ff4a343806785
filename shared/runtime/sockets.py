"""WebSockets with the bounds that all connections have."""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from shared.base import telemetry
from shared.runtime.connections import Connections, For, Waits


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket: it counts as a connection, and may keep us waiting no longer than another."""

    def __init__(self, waits: Waits, open_: Connections, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._waits = waits
        self._open = open_
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._open.remove(self)
        self.resume_writing()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._timer = self.loop.call_later(self._waits.reading, self.hang_up, For.READING)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def hang_up(self, why: str) -> None:
        """Close at once, whatever has not been sent yet: nobody takes it."""
        telemetry.HUNG_UP.labels(why).inc()
        self._open.remove(self)
        self.transport.abort()
