"""APIs on real sockets, as `storywave up` serves them, and a round-robin before several."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count

from starlette.types import ASGIApp

from shared.runtime.http import Connection, Server


class Gate:
    """One server that a test can kill."""

    def __init__(self, app: ASGIApp) -> None:
        self.server = Server(app)
        self._sock = socket.socket()
        self._sock.bind(("127.0.0.1", 0))
        self.port: int = self._sock.getsockname()[1]
        self._running = asyncio.create_task(self.server.serve(sockets=[self._sock]))

    async def kill(self) -> None:
        """End it as a crash does: every connection breaks, and nothing is said."""
        for listening in self.server.servers:
            listening.close()
        self._sock.close()
        for client in list(self.server.server_state.connections):
            assert isinstance(client, Connection)
            client.hang_up("stop")
        await self.close()

    async def close(self) -> None:
        self.server.should_exit = True
        with suppress(OSError):
            await self._running


@asynccontextmanager
async def serve(*apps: ASGIApp) -> AsyncIterator[list[Gate]]:
    """Serve each of these on a port of its own."""
    gates = [Gate(app) for app in apps]
    try:
        async with asyncio.timeout(10):
            while not all(gate.server.started for gate in gates):
                await asyncio.sleep(0.01)
        yield gates
    finally:
        await asyncio.gather(*(gate.close() for gate in gates))


@asynccontextmanager
async def round_robin(ports: Sequence[int]) -> AsyncIterator[int]:
    """Give the port of a balancer, which takes these in turn, and passes by one that is gone."""
    turn, open_ = count(), set[asyncio.Task[None]]()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(1 << 16):
                writer.write(part)
                await writer.drain()
        writer.close()

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in ports:
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", ports[next(turn) % len(ports)])
        raise OSError("nobody is there")

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a callback of a server runs in a task"
        open_.add(task)
        with suppress(OSError):
            far_reader, far_writer = await connect()
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
        writer.close()
        open_.discard(task)

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)
