"""Clients that only hold connections: they wait, they drip, they do not read.

The server hangs up on them, and each comes again a moment later: so there are always as many.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random

from benchmarks.attack.wire import connect, write_request

COME_SECONDS = 5.0
"""They come within so long. All in one moment would be a flood: no server is quick then."""
AGAIN_SECONDS = 10.0
DRIP_SECONDS = 1.0
UNREAD_SECONDS = 20.0
"""Who does not read can't see that the server has hung up: it comes again after so long."""
BUFFER = 4096
"""Bytes that the system takes in for a client that does not read."""
SHORT = 2 << 20
"""Bytes of a picture of which the last one never comes: so much memory does each of these hold."""


@dataclass(frozen=True)
class Habit:
    """How a client holds its connection."""

    opening: bytes
    drip: bytes = b""
    """Sent again and again."""
    reads: bool = True


def _begin(
    method: str, path: str, length: int, body: bytes = b"", sort: str = "image/png"
) -> bytes:
    """Return a request whose body does not come in full."""
    headers = [("Content-Type", sort), ("Content-Length", str(length))]
    return write_request(method, path, headers) + body


_PART = b"GET /v1/videos HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
STALLED = Habit(_begin("POST", "/v1/images", 9_000_000, b"half a picture"))
WATCHER = Habit(write_request("GET", "/v1/videos/VIDEO/events"), reads=False)
HABITS = (
    *[Habit(b"")] * 8,
    *[Habit(_PART)] * 3,
    *[Habit(_PART, b"a")] * 3,
    STALLED,
    Habit(_begin("POST", "/v1/images", 9_000_000), b"a"),
    Habit(_begin("POST", "/v1/images", SHORT + 1, bytes(SHORT))),
    Habit(_begin("POST", "/v1/videos", 60_000, b"{", "application/json"), b" "),
    WATCHER,
    Habit(write_request("GET", "/openapi.json"), reads=False),
)


class Crowd:
    """So many clients, and how often they came."""

    def __init__(self, port: int, rng: Random, newest: Callable[[], str]) -> None:
        self._port = port
        self._rng = rng
        self._newest = newest
        """Gives the id of a video that is worth watching."""
        self.connections = 0

    @asynccontextmanager
    async def gather(self, size: int, habits: tuple[Habit, ...] = HABITS) -> AsyncIterator[None]:
        """Have so many for as long as the block lasts."""
        clients = [
            asyncio.create_task(self._hold(habits[number % len(habits)])) for number in range(size)
        ]
        try:
            yield
        finally:
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)

    async def _hold(self, habit: Habit) -> None:
        """Hold a connection, and open another one when it has ended."""
        await asyncio.sleep(self._rng.uniform(0, COME_SECONDS))
        while True:
            with suppress(OSError):
                async with connect(self._port, None if habit.reads else BUFFER) as sock:
                    self.connections += 1
                    opening = habit.opening.replace(b"VIDEO", self._newest().encode())
                    await _keep(sock, opening, habit)
            await asyncio.sleep(self._rng.uniform(0, AGAIN_SECONDS))


async def _keep(sock: socket.socket, opening: bytes, habit: Habit) -> None:
    """Do what this client does until the server has hung up."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, opening)
    if not habit.reads:
        await asyncio.sleep(UNREAD_SECONDS)
        return
    ended = asyncio.create_task(loop.sock_recv(sock, 1 << 16))
    try:
        while not (await asyncio.wait([ended], timeout=DRIP_SECONDS))[0]:
            await loop.sock_sendall(sock, habit.drip)
    finally:
        ended.cancel()
        await asyncio.wait([ended])
