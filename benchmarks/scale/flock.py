"""The replicas of every service: more are started, and the latest are asked to leave."""

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.scale.readings import cpu_seconds
from tests.cluster.fleet import Replica
from tests.cluster.processes import free_ports

COMMAND = ("-m", "benchmarks.scale.member", "service")
NOTICE = 1.0
"""Seconds for which a leaving replica still answers while nobody new is sent to it: as preStop."""


@dataclass
class Flock:
    """All replicas of one service."""

    service: str
    folder: Path
    environment: Mapping[str, str]
    here: list[Replica] = field(default_factory=list)
    leaving: list["asyncio.Task[None]"] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    _made: int = 0
    _used: dict[int, float] = field(default_factory=dict)
    """CPU seconds of each process, when they were last read."""

    def scale(self, wanted: int) -> None:
        """Start or end replicas until there are so many."""
        while len(self.here) < wanted:
            self.here.append(self._start())
        while len(self.here) > wanted:
            self.leaving.append(asyncio.create_task(self._end(self.here.pop())))

    def _start(self) -> Replica:
        number, self._made = self._made, self._made + 1
        (port,) = free_ports(1)
        scratch = self.folder / f"{self.service}-{number}"
        known = {**self.environment, "STORYWAVE_SCRATCH": str(scratch)}
        log = self.folder / f"{self.service}-{number}.log"
        replica = Replica(self.service, number, port, known, log, [*COMMAND, self.service])
        replica.start()
        return replica

    async def _end(self, replica: Replica) -> None:
        await asyncio.sleep(NOTICE)
        self.exits.append(await asyncio.to_thread(replica.signal, signal.SIGTERM, 60.0))

    async def count_ready(self) -> int:
        """Return how many answer that they are ready."""
        return sum(await asyncio.gather(*(asyncio.to_thread(r.ready) for r in self.here)))

    def measure_cpu(self) -> float:
        """Return the CPU seconds that all replicas have used since this was last asked."""
        used = 0.0
        for replica in self.here:
            assert replica.process is not None
            pid = replica.process.pid
            now = cpu_seconds(pid)
            # the first second of a new process is its start, and says nothing of its load
            used += now - self._used.get(pid, now)
            self._used[pid] = now
        return used

    async def end(self) -> None:
        """End all, politely."""
        self.scale(0)
        await asyncio.gather(*self.leaving)
