"""What the attack does to the server: how long a probe waits, and how much memory is taken."""

import asyncio
import json
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.attack import prober as program
from services.gateway.images import BOUNDS

_OF_PICTURES = b"".join(f"{bound}\0".encode() for bound in BOUNDS)
"""How the command of a worker for pictures ends: no other has these bounds."""


@dataclass
class Gauges:
    """The figures of one run."""

    healthz_ms: list[float] = field(default_factory=list)
    machine_ms: list[float] = field(default_factory=list)
    """How late the machine itself woke the prober up, each time."""
    probes_failed: int = 0
    gateway_mib: float = 0.0
    picture_worker_mib: float = 0.0
    encoder_mib: float = 0.0
    descriptors: int = 0
    ran_seconds: float = 0.0
    """So long was the gateway's event loop at work."""
    waited_seconds: float = 0.0
    """So long it had work and no processor: others took them."""

    def __iadd__(self, other: "Gauges") -> "Gauges":
        """Take in the figures of another run."""
        self.healthz_ms += other.healthz_ms
        self.machine_ms += other.machine_ms
        self.probes_failed += other.probes_failed
        self.ran_seconds += other.ran_seconds
        self.waited_seconds += other.waited_seconds
        for name in ("gateway_mib", "picture_worker_mib", "encoder_mib", "descriptors"):
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        return self


@asynccontextmanager
async def watch(port: int, pid: int) -> AsyncIterator[Gauges]:
    """Fill the gauges for as long as the block lasts."""
    gauges = Gauges()
    prober = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", program.__name__, str(port)), stdin=PIPE, stdout=PIPE
    )
    measuring = asyncio.create_task(_measure_all(pid, gauges))
    try:
        yield gauges
    finally:
        measuring.cancel()
        written, _ = await prober.communicate(b"")  # which closes its input
        gauges += Gauges(**json.loads(written))


async def _measure_all(pid: int, gauges: Gauges) -> None:
    while True:
        with suppress(OSError):  # it has ended
            _measure_gateway(pid, gauges)
        for worker in _list_children(pid):
            with suppress(OSError):
                _measure_worker(worker, gauges)
        await asyncio.sleep(0.1)


def _measure_gateway(pid: int, gauges: Gauges) -> None:
    gauges.gateway_mib = max(gauges.gateway_mib, _read_peak_mib(pid))
    files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    gauges.descriptors = max(gauges.descriptors, files)
    ran, waited, _ = map(int, Path(f"/proc/{pid}/schedstat").read_text().split())
    gauges.ran_seconds, gauges.waited_seconds = ran / 1e9, waited / 1e9  # of the event loop alone


def _measure_worker(pid: int, gauges: Gauges) -> None:
    command, mib = Path(f"/proc/{pid}/cmdline").read_bytes(), _read_peak_mib(pid)
    if command.endswith(_OF_PICTURES):
        gauges.picture_worker_mib = max(gauges.picture_worker_mib, mib)
    else:
        gauges.encoder_mib = max(gauges.encoder_mib, mib)


def _list_children(pid: int) -> Iterator[int]:
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            yield from map(int, path.read_text().split())


def _read_peak_mib(pid: int) -> float:
    """Return the most memory that a process has held so far."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
