"""One run: a few videos in flight, then very many, at the same pace; what each of them cost."""

import asyncio
import os
import random
import re
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.flight.crowd import Crowd
from benchmarks.flight.engine import NAME
from benchmarks.scale.readings import cpu_seconds
from benchmarks.yardstick import time_pieces
from shared.bus.kafka import KafkaBus
from shared.jobs.gate import MONEY, Gate
from shared.jobs.ledger import JOBS, RUNS
from shared.jobs.rates import Rates
from shared.ports import Is
from shared.store.mongo import MongoStore
from shared.story.events import WavesCompleted
from tests.cluster.config import NAMES as SERVERS
from tests.cluster.fleet import Replica
from tests.cluster.processes import Process, free_ports, identify
from tests.cluster.servers import Servers

DATABASE, PREFIX = "flight", "flight."
COMMAND = ("-m", "benchmarks.flight.member")
NEWCOMER, NEW_VIDEOS = "newcomer", 10
SOON_MS = 10_000
"""After the provider has begun to take the many, the first of them end so soon."""


class Wrong(Exception):
    """Something was not as it must be, so there is no figure."""


@dataclass(frozen=True)
class Course:
    """How much, and for how long."""

    few: int = 100
    many: int = 10_000
    owners: int = 50
    pace: float = 50.0
    """Videos that end in a second, and are followed by others, in both parts."""
    few_seconds: float = 20.0
    many_seconds: float = 30.0
    limit: float = 350.0


@dataclass(frozen=True)
class Part:
    """What was measured while so many videos were in flight."""

    in_flight: int
    running: int
    """Of them so many had their clip at the provider."""
    ended: int
    seconds: float
    cpu_ms: float
    """Of the chunker, for each video that ended meanwhile."""
    all_ms: float
    """The same with the servers."""
    piece_ms: float
    """Of a piece of work that is always the same: how fast the machine was meanwhile."""
    mib: float

    @property
    def pieces(self) -> float:
        """Return what a video costs in pieces of that work."""
        return self.all_ms / self.piece_ms


@dataclass
class Seen:
    """All that was measured."""

    parts: list[Part] = field(default_factory=list)
    events_per_s: float = 0.0
    cold_mib: float = 0.0
    """Resident memory when the first few were in flight."""
    waits: dict[str, list[float]] = field(default_factory=dict)
    """By owner, the seconds in which its videos waited for the provider."""
    ended: int = 0


class Run:
    """What takes part."""

    def __init__(self, course: Course, folder: Path, servers: Servers) -> None:
        self.course, self.seen = course, Seen()
        self._servers = servers
        self._environment = {
            **servers.up(),
            "STORYWAVE_ENGINE": "rehearsal",
            "STORYWAVE_LOG_LEVEL": "WARNING",
            "STORYWAVE_MONGO_DATABASE": DATABASE,
            "STORYWAVE_KAFKA_PREFIX": PREFIX,
            "STORYWAVE_KAFKA_PARTITIONS": "2",
            "STORYWAVE_SCRATCH": str(folder / "scratch"),
        }
        port, log = free_ports(1)[0], folder / "chunker.log"
        self._chunker = Replica("chunker", 0, port, self._environment, log, COMMAND)
        self._store = MongoStore(self._environment["STORYWAVE_MONGO"], DATABASE)
        self._bus = KafkaBus(
            self._environment["STORYWAVE_KAFKA"], prefix=PREFIX, partitions=2, max_records=500
        )
        self._crowd = Crowd(self._bus, Gate(self._store), self._store.now, course.owners)
        self._bus.subscribe("flight", (WavesCompleted,), self._crowd.handle)
        self._rates = Rates(self._store)

    async def play(self) -> Seen:
        """Play the course, and return what was seen."""
        async with asyncio.timeout(self.course.limit), self._open():
            await self._begin_few()
            await self._measure(self.course.few_seconds)
            opened = await self._begin_many()
            await self._measure(self.course.many_seconds)
            await self._read_waits(opened)
            await self._end()
        return self.seen

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        self._chunker.start()
        await self._store.open({})
        try:
            await self._bus.start()
            await _await(self._is_ready, 0.2)
            yield
        finally:
            await asyncio.to_thread(self._chunker.signal, signal.SIGTERM)
            await self._bus.stop()
            await self._store.close()

    async def _is_ready(self) -> bool:
        is_listening = self._bus.health("flight").assigned > 0
        return is_listening and await asyncio.to_thread(self._chunker.ready)

    # ── the two parts ───────────────────────────────────────────────────────────────────────────

    async def _begin_few(self) -> None:
        """Warm up, and have few in flight whose ends are spread evenly."""
        few, ms = self.course.few, self._find_ms(self.course.few)
        await self._crowd.begin(few, lambda n: 500, self._take_turns)
        await _await(lambda: self._crowd.in_flight == 0, 0.1)
        self._crowd.ms = ms
        await self._crowd.begin(few, lambda n: ms + n * ms // few, self._take_turns)
        self._crowd.keep = few
        await _await(partial(self._have_begun, few), 0.05)
        self.seen.cold_mib = read_mib(self._member.pid)
        await asyncio.sleep(3 * ms / 1000)

    async def _begin_many(self) -> int:
        """Have many in flight whose ends are spread evenly; return when the provider took them.

        It takes nothing until all wait for it: so their order is what the claims make of it, and
        not that in which their owners came, one after the other with all of their videos.
        """
        many, ms = self.course.many, self._find_ms(self.course.many)
        await self._rates.slow_down(NAME, 600, "the queue is filled")
        self._crowd.ms, self._crowd.keep = ms, many
        rest, spread = many - self._crowd.in_flight, random.Random(1)
        began = time.monotonic()
        await self._crowd.begin(
            rest,
            lambda n: SOON_MS + round(spread.random() * ms),
            lambda n: f"owner-{n * self.course.owners // rest}",
        )
        await _await(self._are_all_there, 0.2)
        self.seen.events_per_s = 2 * rest / (time.monotonic() - began)
        opened = self._store.now()
        await self._rates.clear(NAME)
        await asyncio.sleep(2)
        await self._crowd.begin(NEW_VIDEOS, lambda n: SOON_MS, lambda n: NEWCOMER)
        await _await(partial(self._have_begun, many - self.course.few), 0.5)
        took = self._store.now() - opened
        await asyncio.sleep((SOON_MS + took) / 1000)
        return opened

    async def _have_begun(self, count: int) -> bool:
        return await self._count_running() + len(self._crowd.ended) >= count

    async def _are_all_there(self) -> bool:
        return await self._store.count(JOBS, {}) >= len(self._crowd.begun)

    async def _count_running(self) -> int:
        return await self._store.count(
            JOBS, {"spec.kind": "clip", "due_at": Is("present"), "state": "running"}
        )

    async def _measure(self, seconds: float) -> None:
        """Note what each video costs that ends within this time."""
        pid = self._member.pid
        servers = [each.pid for name in SERVERS if (each := self._servers.process(name))]
        mib, running, ended = (
            read_mib(pid),
            await self._count_running(),
            len(self._crowd.ended),
        )
        began = time.monotonic()
        cpu, all_ = cpu_seconds(pid), sum(map(cpu_seconds, servers))
        in_flight = self._crowd.in_flight
        piece_ms = await time_pieces(seconds)
        count = len(self._crowd.ended) - ended
        took = time.monotonic() - began
        cpu, all_ = cpu_seconds(pid) - cpu, sum(map(cpu_seconds, servers)) - all_
        if not count:
            raise Wrong("nothing has ended")
        share = 1000 / count
        self.seen.parts.append(
            Part(
                *(in_flight, running, count, took),
                cpu_ms=cpu * share,
                all_ms=(cpu + all_) * share,
                piece_ms=piece_ms,
                mib=mib,
            )
        )

    def _find_ms(self, in_flight: int) -> int:
        """Return how long a clip takes, so that of so many this pace of them end."""
        return round(1000 * in_flight / self.course.pace)

    def _take_turns(self, number: int) -> str:
        return f"owner-{number % self.course.owners}"

    @property
    def _member(self) -> Process:
        assert self._chunker.process is not None, "it runs"
        found = identify(self._chunker.process.pid)
        if found is None:
            raise Wrong(f"the chunker has ended: {self._chunker.log}")
        return found

    # ── what came of it ─────────────────────────────────────────────────────────────────────────

    async def _read_waits(self, opened: int) -> None:
        """Note how long the videos of each owner waited that were in the queue together."""
        rows = await self._store.find(JOBS, {"spec.kind": "clip", "posted_at": Is(">=", opened)})
        waits = defaultdict[str, list[float]](list)
        for row in rows:
            owner = row["spec"]["owner"]
            if row["created_at"] < opened or owner == NEWCOMER:
                wait = row["posted_at"] - max(opened, row["created_at"])
                waits[owner].append(wait / 1000)
        self.seen.waits = dict(waits)

    async def _end(self) -> None:
        """Let all end, and refuse a run in which a video was lost, or a clip paid for twice."""
        self._crowd.keep = 0
        os.kill(self._member.pid, signal.SIGUSR1)
        await _await(lambda: self._crowd.in_flight == 0, 0.2)
        self.seen.ended = videos = len(self._crowd.ended)
        states = [row["state"] for row in await self._store.find(JOBS, {})]
        if states != ["done"] * videos:
            raise Wrong(f"of {videos} clips {states.count('done')} are done")
        runs = await self._store.count(RUNS, {})
        holds = [hold for row in await self._store.find(MONEY, {}) for hold in row["holds"]]
        if not runs == len(holds) == videos:
            raise Wrong(f"{videos} clips had {runs} runs, and {len(holds)} were paid for")


async def _await(is_so: Callable[[], bool | Awaitable[bool]], pause: float) -> None:
    """Look again and again until something is so."""
    while True:
        found = is_so()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(pause)


def read_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
