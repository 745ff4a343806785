"""HTTP by hand: a client that keeps to no rule, and reads whatever is answered."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

HOST = "127.0.0.1"
PATIENCE_SECONDS = 120.0
"""For an answer: pictures of one owner are read one after the other, and some take long."""
MOST = 4 << 20
"""Bytes of an answer that are kept."""

_HEAD = re.compile(rb"HTTP/1\.1 ([2-5]\d\d)[^\r\n]*\r\n(.*?)\r\n\r\n", re.DOTALL)
Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Input:
    """What one client sends on one connection."""

    sort: str
    sent: bytes
    leaves: bool = False
    """It goes away before it can have an answer."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    head: bytes
    body: bytes

    @property
    def asks_to_wait(self) -> bool:
        """Tell whether nothing is wrong but that there is too much at once."""
        return self.status == 503 and b"retry-after:" in self.head.lower()

    @property
    def is_error(self) -> bool:
        """Tell whether it admits a fault of the server, or gives a file that is nobody's."""
        leaks = b"SQLite format 3" in self.body or b"root:x:" in self.body
        return leaks or (self.status >= 500 and not self.asks_to_wait)


def write_request(method: str, target: str, headers: Headers = (), body: bytes = b"") -> bytes:
    """Return a request after which the connection is closed."""
    length = [("Content-Length", str(len(body)))] if body else []
    lines = [f"{name}: {value}" for name, value in (*headers, *length)]
    head = "\r\n".join(
        [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *lines]
    )
    return head.encode("latin-1", "replace") + b"\r\n\r\n" + body


async def ask(port: int, given: Input) -> list[Answer]:
    """Send it, and return what is answered; nothing where the connection was closed on us."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS), connect(port) as sock:
            sending = asyncio.create_task(_send(sock, given.sent))
            try:
                if given.leaves:
                    await asyncio.sleep(0.05)
                    return []
                return read_answers(await _receive(sock))
            finally:
                sending.cancel()
                await asyncio.wait([sending])
    return []


@asynccontextmanager
async def connect(port: int, buffer: int | None = None) -> AsyncIterator[socket.socket]:
    """Give a connection; with a small buffer the other side soon has to wait for us to read."""
    with socket.socket() as sock:
        sock.setblocking(False)
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        await asyncio.get_running_loop().sock_connect(sock, (HOST, port))
        yield sock


async def _send(sock: socket.socket, data: bytes) -> None:
    with suppress(OSError):  # an answer may come, and the connection end, before all is sent
        await asyncio.get_running_loop().sock_sendall(sock, data)


async def _receive(sock: socket.socket) -> bytes:
    """Return all that comes; also what came before a connection was reset."""
    data = bytearray()
    with suppress(ConnectionError):
        while (part := await asyncio.get_running_loop().sock_recv(sock, 1 << 16)) and (
            len(data) < MOST
        ):
            data += part
    return bytes(data)


def read_answers(data: bytes) -> list[Answer]:
    """Return the answers in these bytes, those apart that only say to go on."""
    heads = list(_HEAD.finditer(data))
    ends = [*(head.start() for head in heads[1:]), len(data)]
    return [
        Answer(int(head[1]), head[2], data[head.end() : end])
        for head, end in zip(heads, ends, strict=False)  # where there is no head, there is an end
    ]
