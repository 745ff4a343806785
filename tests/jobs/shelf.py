"""A provider's outputs over HTTP: each is there, or in some sort of trouble, as a test says."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Shelf:
    """What lies at a provider, by number. A status in place of bytes is an error."""

    outputs: dict[int, bytes | int]
    url: str = ""
    asked: Counter[int] = field(default_factory=Counter)
    most_at_once: int = 0
    held: set[int] = field(default_factory=set)
    """Outputs whose answer waits until a test lets it go."""
    _at_once: int = 0
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Answer what was held."""
        self.held.clear()
        self._released.set()

    def urls(self) -> dict[str, str]:
        """The outputs as an engine names them."""
        return {f"key/{n}" if n else "key": f"{self.url}/{n}.png" for n in self.outputs}

    async def wait_for(self, number: int, times: int = 1) -> None:
        async with asyncio.timeout(60):  # it comes at once, but for a busy machine
            while self.asked[number] < times:
                await asyncio.sleep(0.005)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        number = int(head.split()[1].strip("/").partition(".")[0])
        self.asked[number] += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await asyncio.sleep(0)  # whoever else is on the way arrives
            if number in self.held:
                await self._released.wait()
            output = self.outputs[number]
            status, body = (output, b"") if isinstance(output, int) else (200, output)
            length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(f"HTTP/1.1 {status} x\r\n{length}".encode() + body)
            await writer.drain()
        finally:
            self._at_once -= 1
            writer.close()


@asynccontextmanager
async def shelf(*outputs: bytes | int) -> AsyncIterator[Shelf]:
    """Serve these outputs on loopback."""
    served = Shelf(dict(enumerate(outputs)))
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        served.release()
        server.close()
