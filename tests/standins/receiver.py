"""Takes webhooks on loopback, and keeps what came."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Hook:
    """One webhook as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def shown(self) -> dict[str, Any]:
        """Return the run that it tells of."""
        shown: dict[str, Any] = json.loads(self.body)
        return shown


@dataclass
class Receiver:
    """Where webhooks go: its URL, the answers that it will give, and what it has got."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[Hook] = field(default_factory=list)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_for(self, count: int) -> list[Hook]:
        """Return what came, once there are so many."""
        async with asyncio.timeout(10):
            while len(self.got) < count:
                self._came.clear()
                await self._came.wait()
        return self.got

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request and answer it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        status = self.answers.pop(0) if self.answers else 200
        writer.write(f"HTTP/1.1 {status} Told\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        self.got.append(Hook(head[0].split(" ")[1], headers, body))
        self._came.set()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Open a receiver on a free port."""
    taken = Receiver()
    async with await asyncio.start_server(taken.take, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        taken.url = f"http://127.0.0.1:{port}/hooks/replicate"
        yield taken
