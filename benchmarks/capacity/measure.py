"""What the model needs to know, measured on real servers: `make measure-capacity`.

First videos come at a steady pace, then very many at once, then as many on half of the processors.
No job takes time, so all that is measured is ours: processor time by process, rows and bytes by
collection.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from motor.motor_asyncio import AsyncIOMotorClient

import services
from benchmarks.capacity.model import Inputs
from benchmarks.flow import STORY
from benchmarks.scale.readings import cpu_seconds
from shared.jobs.ledger import JOBS
from shared.jobs.rates import Limits, Rates
from shared.ports import Is
from shared.store.mongo import MongoStore
from tests.cluster.fleet import Fleet
from tests.cluster.servers import Servers

DATABASE, PREFIX = "capacity", "capacity."
SETTINGS = {
    "STORYWAVE_ENGINE": "rehearsal",
    "STORYWAVE_LOG_LEVEL": "WARNING",
    "STORYWAVE_MONGO_DATABASE": DATABASE,
    "STORYWAVE_KAFKA_PREFIX": PREFIX,
    "STORYWAVE_KAFKA_PARTITIONS": "2",
    "STORYWAVE_ACTIVE_AN_OWNER": "0",
}
WARM_UP, AT_ONCE, CONNECTIONS = 50, 500, 50
PACE, SECONDS = 8.0, 40.0
CORES = len(os.sched_getaffinity(0))
LIMIT_SECONDS = 120.0
ROW_SECONDS, REPLICAS = 4.0, 8
VIEWS = services.load("gateway").views


@dataclass
class Meter:
    """Counts the processor time of every process."""

    pids: Mapping[str, int]

    async def measure(self, videos: int, make: Callable[[], Any]) -> tuple[float, dict[str, float]]:
        """Return the seconds that this took, and each process' milliseconds a video."""
        before, began = self._read(), time.monotonic()
        await make()
        took, after = time.monotonic() - began, self._read()
        return took, {name: 1000 * (after[name] - before[name]) / videos for name in before}

    def _read(self) -> dict[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self.pids.items()}


async def measure_all(servers: Servers, folder: Path) -> Inputs:
    """Run all services on these servers, and return what was measured."""
    environment = {**servers.up(), **SETTINGS}
    fleet = Fleet(folder, environment)
    store = MongoStore(environment["STORYWAVE_MONGO"], DATABASE)
    await store.open({})
    try:
        await asyncio.to_thread(fleet.start, 1)
        return await _measure(fleet, servers, store, environment["STORYWAVE_MONGO"])
    finally:
        await asyncio.to_thread(fleet.stop)
        await store.close()


async def _measure(fleet: Fleet, servers: Servers, store: MongoStore, mongo: str) -> Inputs:
    pids = {each.service: each.process.pid for each in fleet.replicas if each.process}
    for name, server in (("kafka", "kafka"), ("mongodb", "mongo")):
        if process := servers.process(server):  # type: ignore[arg-type]
            pids[name] = process.pid
    load, meter = Load(store, fleet.gateways()[0].url), Meter(pids)
    await load.make(WARM_UP, None)
    stored, logged = await count_rows(mongo), _measure_kafka(servers)
    paced = round(PACE * SECONDS)
    _, steady = await meter.measure(paced, lambda: load.make(paced, PACE))
    rows, log = await count_rows(mongo), _measure_kafka(servers)
    took, crowded = await meter.measure(AT_ONCE, lambda: load.make(AT_ONCE, None))
    _keep_to(pids.values(), sorted(os.sched_getaffinity(0))[: CORES // 2])
    took_half, _ = await meter.measure(AT_ONCE, lambda: load.make(AT_ONCE, None))
    return Inputs(
        cores=CORES,
        pace=PACE,
        paced_cpu_ms=_round(steady),
        peak=round(AT_ONCE / took, 1),
        cpu_ms=_round(crowded),
        half_peak=round(AT_ONCE / took_half, 1),
        jobs=(rows[JOBS][0] - stored[JOBS][0]) / paced,
        rows={name: round((rows[name][0] - stored[name][0]) / paced, 1) for name in sorted(rows)},
        bytes={name: round((rows[name][1] - stored[name][1]) / paced) for name in sorted(rows)},
        events=round((log[0] - logged[0]) / paced, 1),
        kafka_bytes=round((log[1] - logged[1]) / paced),
        row_writes=await _measure_row(store),
    )


@dataclass
class Load:
    """Asks for videos, and waits until the gateway knows that all have ended."""

    store: MongoStore
    address: str
    asked: int = 0

    async def make(self, videos: int, pace: float | None) -> None:
        """Make so many, at this pace, or all at once."""
        connector, began = aiohttp.TCPConnector(limit=CONNECTIONS), time.monotonic()
        async with aiohttp.ClientSession(self.address, connector=connector) as client:
            asking = []
            for number in range(videos):
                if pace:
                    await asyncio.sleep(max(0.0, began + number / pace - time.monotonic()))
                asking.append(asyncio.create_task(self._ask(client)))
            await asyncio.gather(*asking)
        self.asked += videos
        async with asyncio.timeout(LIMIT_SECONDS):
            while await self._are_open():
                await asyncio.sleep(0.1)

    async def _ask(self, client: aiohttp.ClientSession) -> None:
        async with client.post("/v1/videos", json=STORY) as answer:
            answer.raise_for_status()

    async def _are_open(self) -> bool:
        known = await self.store.count(VIEWS, {})
        return known < self.asked or bool(
            await self.store.count(VIEWS, {"check_at": Is("present")})
        )


async def count_rows(mongo: str) -> dict[str, tuple[int, int]]:
    """Return of each collection its rows, and the bytes of these with their indexes."""
    client: AsyncIOMotorClient[Any] = AsyncIOMotorClient(mongo)
    try:
        database = client[DATABASE]
        found = {}
        for name in await database.list_collection_names():
            said = await database.command("collStats", name)
            found[name] = (said["count"], said["size"] + said["totalIndexSize"])
        return found
    finally:
        client.close()


def _keep_to(pids: Iterable[int], cores: Sequence[int]) -> None:
    """Let these processes use these processors and no others, with all of their threads."""
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)


def _measure_kafka(servers: Servers) -> tuple[int, int]:
    """Return how many events there are in Kafka's files, and how many bytes."""
    files = [*(servers.folder / "kafka").glob(f"{PREFIX}*/*.log")]
    return sum(map(_count_records, files)), sum(file.stat().st_size for file in files)


def _count_records(log: Path) -> int:
    """Return how many records a segment holds: each batch says so in its header."""
    data, at, count = log.read_bytes(), 0, 0
    while at + 61 <= len(data):
        length = int.from_bytes(data[at + 8 : at + 12], "big")
        if length <= 0:
            break
        count += int.from_bytes(data[at + 57 : at + 61], "big")
        at += 12 + length
    return count


async def _measure_row(store: MongoStore) -> float:
    """Return how often a second one row is written by replicas that all want to: guarded, in turn.

    The row of a provider's rate is such a one, and so is that of whose turn it is.
    """
    limits, until = Limits(creates_a_minute=60_000_000), time.monotonic() + ROW_SECONDS
    written = 0

    async def take(rates: Rates) -> None:
        nonlocal written
        while time.monotonic() < until:
            written += await rates.take("capacity", limits)

    await asyncio.gather(*(take(Rates(store)) for _ in range(REPLICAS)))
    return round(written / ROW_SECONDS)


def _round(measured: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in measured.items()}
