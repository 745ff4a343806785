"""A server that webhooks lead to: it notes what it hears, and answers what a test wants."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

HEARD = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True)
class Call:
    """One request that came."""

    headers: Mapping[str, str]
    body: bytes


@dataclass
class Receiver:
    """A server on loopback. `answer` None is never to answer."""

    answer: bytes | None = HEARD
    calls: list[Call] = field(default_factory=list)
    cut_off: int = 0
    """Answers that could not be sent in full."""
    port: int = 0
    came: asyncio.Condition = field(default_factory=asyncio.Condition)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def wait_for(self, calls: int) -> Call:
        """Return the last of so many calls, once they have come."""
        async with asyncio.timeout(10), self.came:
            await self.came.wait_for(lambda: len(self.calls) >= calls)
        return self.calls[calls - 1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note one request, and answer it."""
        self.writers.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head) if k}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            async with self.came:
                self.calls.append(Call(headers, body))
                self.came.notify_all()
            if self.answer is None:
                await reader.read()  # until whoever asked has given up
            else:
                await self._send(writer, self.answer)
        writer.close()

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        try:
            writer.write(answer)
            await writer.drain()
        except OSError:
            self.cut_off += 1


@asynccontextmanager
async def receive(answer: bytes | None = HEARD) -> AsyncIterator[Receiver]:
    """Open a receiver on a port of its own."""
    receiver = Receiver(answer)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for writer in receiver.writers:
            writer.transport.abort()
