"""APIs on real sockets, as `storywave up` serves them, and a round-robin before several."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count

from starlette.types import ASGIApp

from shared.runtime.http import Connection, Server


class Gate:
    """One server that a test can kill. On the port of one that was, it is that one restarted."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self.server = Server(app)
        self._sock = socket.socket()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.bind(("127.0.0.1", port))
        self.port: int = self._sock.getsockname()[1]
        self._running = asyncio.create_task(self.server.serve(sockets=[self._sock]))

    def kill(self) -> None:
        """End it as a crash does: every connection breaks, and nothing is said."""
        for listening in self.server.servers:
            listening.close()
        self._sock.close()
        for client in list(self.server.server_state.connections):
            assert isinstance(client, Connection)
            client.hang_up("stop")

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


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class RoundRobin:
    """A balancer: it takes these ports in turn, and passes by one where nobody listens."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turn = count()
        self._ends: set[asyncio.StreamWriter] = set()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection to whose turn it is, until either side closes it."""
        far_reader, far_writer = await self._connect()
        self._ends |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._ends -= {writer, far_writer}

    async def _connect(self) -> Streams:
        first = next(self._turn)
        for number in range(len(self._ports)):
            port = self._ports[(first + number) % len(self._ports)]
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        raise AssertionError("nobody is there")

    async def close(self) -> None:
        for end in self._ends:
            end.transport.abort()
        while self._ends:
            await asyncio.sleep(0.01)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await reader.read(1 << 16):
            writer.write(part)
            await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def round_robin(ports: Sequence[int]) -> AsyncIterator[int]:
    """Give the port of a balancer before these."""
    balancer = RoundRobin(ports)
    server = await asyncio.start_server(balancer.carry, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await balancer.close()
