"""A fleet of services on the real servers, and what a storm does to both."""

import asyncio
import random
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer

from shared.ports import Store
from shared.store.mongo import MongoStore
from shared.story.events import topic
from shared.story.kinds import KINDS
from tests.cluster.fleet import Fleet, Replica
from tests.cluster.servers import Servers
from tests.cluster.trouble import send_from_the_future

POISON = b"\xffpoison"
PROMPT = "A lighthouse keeper paints the sea. The storm comes. The lamp goes out. Morning."


@dataclass
class Storm:
    """A fleet on the servers, the videos asked of it, and when what was killed."""

    fleet: Fleet
    servers: Servers
    videos: list[str] = field(default_factory=list)
    kills: list[int] = field(default_factory=list)
    restarts: int = 0
    stops: int = 0
    poisoned: bool = False
    future: set[tuple[str, str]] = field(default_factory=set)
    """Where the records of a newer version lie: topic and position."""
    _in_use: defaultdict[int, asyncio.Lock] = field(
        default_factory=lambda: defaultdict(asyncio.Lock)
    )
    """By port: a replica that stands still can't be asked to end."""
    _numbers: Iterator[int] = field(default_factory=count)
    """Of requests: each has a key of its own."""

    async def ask(
        self, many: int, pause: float, at: Sequence[Replica] = (), **wanted: object
    ) -> None:
        """Post videos through whichever gateway answers; a repetition is the same video."""
        gateways = [r for r in at or self.fleet.replicas if r.service == "gateway"]
        async with httpx.AsyncClient(timeout=5) as client:
            for number in islice(self._numbers, many):
                self.videos.append(await self._post(client, gateways, number, wanted))
                await asyncio.sleep(pause)

    async def _post(
        self,
        client: httpx.AsyncClient,
        gateways: Sequence[Replica],
        number: int,
        wanted: dict[str, object],
    ) -> str:
        body = {"prompt": PROMPT, "seed": number, **wanted}
        while True:
            gateway = random.choice(gateways)
            try:
                answer = await client.post(
                    f"{gateway.url}/v1/videos",
                    json=body,
                    headers={"Idempotency-Key": f"storm-{number}"},
                )
            except httpx.HTTPError:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code == 202:
                return str(answer.json()["id"])
            assert answer.status_code >= 500, answer.text
            await asyncio.sleep(0.2)

    async def kill(self, replica: Replica, number: signal.Signals) -> None:
        """End one replica in the middle of its work, and start it again."""
        async with self._in_use[replica.port]:
            self.kills.append(time.time_ns() // 1_000_000)
            code = await asyncio.to_thread(replica.signal, number)
            assert code == (-signal.SIGKILL if number is signal.SIGKILL else 0), replica.log
            replica.start()

    async def stop(self, replica: Replica, seconds: float) -> None:
        """Let a replica stand still for so long: others take over what it has in hand."""
        async with self._in_use[replica.port]:
            await asyncio.to_thread(replica.stand_still, seconds)
            self.stops += 1

    async def restart(self, name: Any) -> None:
        """SIGKILL a server; it is back on the same port with the same data."""
        await asyncio.to_thread(self.servers.kill, name)
        await asyncio.sleep(1)
        await asyncio.to_thread(self.servers.restart, name)
        self.restarts += 1

    async def poison(self, prefix: str) -> None:
        """Send two records on every topic, under the key of a video that is made: one that is no
        event, and one of a newer version.
        """
        kafka = self.fleet.environment["STORYWAVE_KAFKA"]
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            for cls in KINDS.events.values():
                await producer.send_and_wait(prefix + topic(cls), POISON, self.videos[0].encode())
        self.poisoned = True
        self.future = await send_from_the_future(kafka, prefix, self.videos[0])

    async def ended(self, seconds: float) -> list[dict[str, Any]]:
        """How every video ended, as the gateway tells it."""
        deadline = time.monotonic() + seconds
        ends: dict[str, dict[str, Any]] = {}
        async with httpx.AsyncClient(timeout=5) as client:
            while len(ends) < len(self.videos):
                missing = [video for video in self.videos if video not in ends]
                assert time.monotonic() < deadline, f"unfinished: {missing}"
                for video in missing:
                    status = await self._status(client, video)
                    if status and status["status"] in {"completed", "failed", "cancelled"}:
                        ends[video] = status
                await asyncio.sleep(0.5)
        return list(ends.values())

    async def download(self, video: str, folder: Path) -> Path:
        path = folder / f"{video}.mp4"
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.get(f"{self.fleet.gateways()[0].url}/v1/videos/{video}/media")
            path.write_bytes(answer.raise_for_status().content)
        return path

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """The store of the fleet, as one more process sees it."""
        known = self.fleet.environment
        store = MongoStore(known["STORYWAVE_MONGO"], known["STORYWAVE_MONGO_DATABASE"])
        await store.open({})
        try:
            yield store
        finally:
            await store.close()

    async def _status(self, client: httpx.AsyncClient, video: str) -> dict[str, Any] | None:
        gateway = random.choice(self.fleet.gateways())
        try:
            answer = await client.get(f"{gateway.url}/v1/videos/{video}")
        except httpx.HTTPError:
            return None
        return answer.json() if answer.status_code == 200 else None


@asynccontextmanager
async def storm(
    servers: Servers,
    folder: Path,
    name: str,
    known: Mapping[str, str] = MappingProxyType({}),
    copies: int = 2,
) -> AsyncIterator[Storm]:
    """Give a fleet of so many processes of each service."""
    environment = {
        **servers.env(),
        "STORYWAVE_KAFKA_PREFIX": f"{name}.",
        "STORYWAVE_MONGO_DATABASE": name,
        "STORYWAVE_KAFKA_SESSION_TIMEOUT_MS": "3000",
        "STORYWAVE_LEASE_SECONDS": "6",
        "STORYWAVE_PROCESSES": "1",
        **known,
    }
    fleet = Fleet(folder, environment)
    try:
        await asyncio.to_thread(fleet.start, copies)
        yield Storm(fleet, servers)
    finally:
        await asyncio.to_thread(fleet.stop)
