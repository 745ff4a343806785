"""What happens to our own processes and servers: deaths, standstills and restarts, at random."""

import asyncio
import random
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.cluster.config import NAMES
from tests.cluster.fleet import Fleet, Replica
from tests.cluster.proxy import Net, Network
from tests.cluster.servers import Servers

NETS = (Net.CUT, Net.RESET, Net.DELAY)
"""Silence is tried elsewhere: only time-outs end it, for which there is no time here."""


@dataclass
class Trouble:
    """Strikes a fleet, and counts."""

    fleet: Fleet
    draw: random.Random
    lease_seconds: float
    servers: Servers | None = None
    """Kafka, MongoDB and the object store, where they are not part of the process."""
    kills: list[int] = field(default_factory=list)
    """When, in milliseconds."""
    stops: int = 0
    restarts: int = 0
    cuts: int = 0
    network: Network | None = None
    """What is between the fleet and the servers."""
    _in_use: defaultdict[int, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    """By port: a process that stands still can't be ended."""

    async def kill_at_random(self, count: int, seconds: float) -> None:
        """Kill so many processes within so many seconds, one after the other."""
        async for _ in self._wait_for_each(count, seconds):
            await self._kill(self.draw.choice(self.fleet.replicas))

    async def kill_often(self, count: int) -> None:
        """Kill the only process so many times: mostly at work, now and then while it starts."""
        (replica,) = self.fleet.replicas
        for _ in range(count):
            while self.draw.random() > 0.02 and not await asyncio.to_thread(replica.ready):
                await asyncio.sleep(0.1)
            await asyncio.sleep(self.draw.uniform(0.2, 4))
            await self._kill(replica)

    async def stop_at_random(self, count: int, seconds: float) -> None:
        """Let processes stand still for longer than their leases."""
        async for _ in self._wait_for_each(count, seconds):
            replica = self.draw.choice(self.fleet.replicas)
            async with self._in_use[replica.port]:
                longer = self.lease_seconds + self.draw.uniform(0.5, 2.5)
                await asyncio.to_thread(replica.stand_still, longer)
                self.stops += 1

    async def restart_at_random(self, count: int, seconds: float) -> None:
        """End all processes of a service at once, or one of the servers, and start them again."""
        services = sorted({replica.service for replica in self.fleet.replicas})
        async for number in self._wait_for_each(count, seconds):
            if self.servers and number % 3 == 2:
                await self._restart_server(self.servers, NAMES[number // 3 % len(NAMES)])
            else:
                await self._restart_service(self.draw.choice(services))

    async def cut_at_random(self, count: int, seconds: float) -> None:
        """Let the network before one server fail so many times, each time for some seconds."""
        if self.network is None:
            return
        async for _ in self._wait_for_each(count, seconds):
            with self.network.trouble(self.draw.choice(NAMES), self.draw.choice(NETS)):
                await asyncio.sleep(self.draw.uniform(0.2, 4))
            self.cuts += 1

    async def _wait_for_each(self, count: int, seconds: float) -> AsyncIterator[int]:
        """Yield so many numbers within so many seconds, each at a moment of its own."""
        began = time.monotonic()
        for number in range(count):
            due = began + seconds * (number + self.draw.random()) / count
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            yield number

    async def _kill(self, replica: Replica) -> None:
        async with self._in_use[replica.port]:
            self.kills.append(time.time_ns() // 1_000_000)
            await asyncio.to_thread(replica.signal, signal.SIGKILL)
            replica.start()

    async def _restart_service(self, name: str) -> None:
        replicas = [replica for replica in self.fleet.replicas if replica.service == name]
        how = self.draw.choice([signal.SIGKILL, signal.SIGTERM])
        for replica in replicas:
            await self._in_use[replica.port].acquire()
        try:
            ends = (asyncio.to_thread(replica.signal, how) for replica in replicas)
            await asyncio.gather(*ends)
            for replica in replicas:
                replica.start()
        finally:
            for replica in replicas:
                self._in_use[replica.port].release()
        self.restarts += 1

    async def _restart_server(self, servers: Servers, name: str) -> None:
        await asyncio.to_thread(servers.kill, name)  # type: ignore[arg-type]
        await asyncio.sleep(1)
        await asyncio.to_thread(servers.restart, name)  # type: ignore[arg-type]
        self.restarts += 1
