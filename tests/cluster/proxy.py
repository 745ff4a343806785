"""A network that goes wrong when a test says so: one proxy in front of each server.

All proxies of a test run in a thread of their own, so that a test which waits holds nothing up.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

import uvloop

from tests.cluster.config import NAMES, Name, Ports
from tests.cluster.processes import free_ports

T = TypeVar("T")

READ_BYTES = 1 << 20
DELAY_SECONDS = 0.5
DRIP_BYTES, DRIP_SECONDS = 4_000, 0.05
FULL = b"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
"""What an object store says that has no room."""


class Net(StrEnum):
    """What becomes of connections."""

    PASS = "pass"
    """Nothing happens to them."""
    CUT = "cut"
    """They end, and nobody listens."""
    RESET = "reset"
    """They are reset, each as soon as it is opened."""
    MUTE = "mute"
    """They stay open, and nothing comes through. Those that were open then never work again."""
    DELAY = "delay"
    """All that is sent comes later."""
    DRIP = "drip"
    """All that is sent comes in drops."""
    FULL = "full"
    """An object store takes no more bytes."""


@dataclass(eq=False)
class Link:
    """One connection, and the one behind it once there is one."""

    front: asyncio.StreamWriter
    back: asyncio.StreamWriter | None = None
    is_mute: bool = False

    def close(self, *, reset: bool = False) -> None:
        """End both; with `reset`, as if the machine behind it had lost its memory."""
        for writer in (self.front, self.back):
            if writer is None:
                continue
            if reset:
                sock = writer.get_extra_info("socket")
                with suppress(OSError):  # it has ended already
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


@dataclass
class Proxy:
    """Stands on one port in front of another."""

    port: int
    behind: int
    net: Net = Net.PASS
    opened: int = 0
    """How many connections were asked for."""
    _links: set[Link] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def turn(self, net: Net) -> None:
        """Let this happen from now on, also to what is open."""
        self.net = net
        for link in list(self._links):
            if net in (Net.CUT, Net.RESET, Net.FULL):
                link.close(reset=net is Net.RESET)
            link.is_mute |= net is Net.MUTE
        await (self.close() if net is Net.CUT else self.listen())

    async def listen(self) -> None:
        """Take connections."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self.port, limit=READ_BYTES
            )

    async def close(self) -> None:
        """Take no more."""
        if self._server is not None:
            server, self._server = self._server, None
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, front: asyncio.StreamWriter) -> None:
        link = Link(front, is_mute=self.net is Net.MUTE)
        self.opened += 1
        self._links.add(link)
        try:
            if self.net is Net.RESET:
                link.close(reset=True)
            else:
                await self._join(reader, link)
        except (OSError, asyncio.CancelledError):
            pass  # one of both sides has gone, or the network is taken down
        finally:
            link.close()
            self._links.discard(link)

    async def _join(self, reader: asyncio.StreamReader, link: Link) -> None:
        behind, link.back = await asyncio.open_connection(
            "127.0.0.1", self.behind, limit=READ_BYTES
        )
        there = asyncio.create_task(self._pump(reader, link.back, link))
        back = asyncio.create_task(self._pump(behind, link.front, link))
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            if link.is_mute:  # whoever waits in front of it does not see that the server has gone
                await there
        finally:
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, link: Link
    ) -> None:
        while data := await source.read(READ_BYTES):
            if self.net is Net.DELAY:
                await asyncio.sleep(DELAY_SECONDS)
            if link.is_mute:
                continue
            if self.net is Net.FULL and sink is link.back and data.startswith(b"PUT "):
                link.front.write(FULL)
                await link.front.drain()
                return
            await self._send(data, sink)

    async def _send(self, data: bytes, sink: asyncio.StreamWriter) -> None:
        while self.net is Net.DRIP and data:
            sink.write(data[:DRIP_BYTES])
            data = data[DRIP_BYTES:]
            await asyncio.sleep(DRIP_SECONDS)
        sink.write(data)
        await sink.drain()


@dataclass(frozen=True)
class Network:
    """All proxies, as a test steers them from its own thread."""

    loop: asyncio.AbstractEventLoop
    proxies: Mapping[Name, Proxy]

    def turn(self, name: Name, net: Net) -> None:
        """Let this happen between the services and one server."""
        self.do(self.proxies[name].turn(net))

    @contextmanager
    def trouble(self, name: Name, net: Net) -> Iterator[None]:
        """Let this happen for as long as this is open."""
        self.turn(name, net)
        try:
            yield
        finally:
            self.turn(name, Net.PASS)

    def environment(self) -> dict[str, str]:
        """Return what services must know to come through here."""
        address = {name: f"127.0.0.1:{proxy.port}" for name, proxy in self.proxies.items()}
        return {
            "STORYWAVE_KAFKA": address["kafka"],
            # by the name that its replica set has for it, one would get around the proxy
            "STORYWAVE_MONGO": f"mongodb://{address['mongo']}/?directConnection=true",
            "STORYWAVE_S3_ENDPOINT": f"http://{address['s3']}",
        }

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Have the network's own thread do this; return what came of it."""
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(10)


@contextmanager
def open_network(ports: Ports) -> Iterator[Network]:
    """Put a proxy in front of each of these servers."""
    # Kafka tells its clients where it is: it knows the port of its proxy since its start.
    fronts: dict[Name, int] = dict(zip(NAMES, [ports.kafka_proxy, *free_ports(2)], strict=True))
    behind: dict[Name, int] = {"kafka": ports.kafka_behind, "mongo": ports.mongo, "s3": ports.s3}
    network = Network(
        uvloop.new_event_loop(), {name: Proxy(fronts[name], behind[name]) for name in NAMES}
    )
    with _running(network.loop):
        for proxy in network.proxies.values():
            network.do(proxy.listen())
        try:
            yield network
        finally:
            for name in NAMES:
                network.turn(name, Net.CUT)


@contextmanager
def _running(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    thread = threading.Thread(target=loop.run_forever, name="network", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(_end, loop)
        thread.join(10)
        loop.close()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    ending = list(asyncio.all_tasks(loop))
    for task in ending:
        task.cancel()
    gone = asyncio.gather(*ending, return_exceptions=True)
    gone.add_done_callback(lambda done: loop.stop())
