"""Every service as processes of its own, several replicas each, to be killed one by one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

import services
from tests.cluster import clocks
from tests.cluster.processes import free_ports
from tests.cluster.servers import CHECKOUT

PROGRAM = ("-m", "services.cli")


@dataclass
class Replica:
    """One process of one service; its log is kept over its restarts."""

    service: str
    number: int
    port: int
    environment: Mapping[str, str]
    log: Path
    command: Sequence[str]
    """What Python is to run."""
    checkout: Path = CHECKOUT
    """Where the code lies that it runs."""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=self.checkout,
                env=os.environ | self.environment | {"STORYWAVE_PORT": str(self.port)},
                stdout=log,
                stderr=log,
            )

    def signal(self, number: signal.Signals, seconds: float = 30.0) -> int:
        """Send it and wait for the end; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def stand_still(self, seconds: float) -> None:
        """As a machine may that is short of memory, or is being moved: then go on as if nothing
        had been.
        """
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class Fleet:
    """Replicas of every service, as many of each."""

    folder: Path
    environment: Mapping[str, str]
    program: Sequence[str] = PROGRAM
    replicas: list[Replica] = field(default_factory=list)
    clocks: float = 0.0
    """By so many seconds the clocks of half of all processes are ahead, the others' behind."""

    def start(self, copies: int = 2, seconds: float = 90.0) -> None:
        self.wait_ready(self.add(copies), seconds)

    def add(
        self, copies: int, program: Sequence[str] = (), checkout: Path = CHECKOUT
    ) -> list[Replica]:
        """Start so many processes of each service beside those that there are; return the new."""
        names = [name for name in services.NAMES for _ in range(copies)]
        ports = free_ports(len(names))
        fronts = [port for name, port in zip(names, ports, strict=True) if name == "gateway"]
        first, before = len(self.replicas), len(self.gateways())
        for place, (name, port) in enumerate(zip(names, ports, strict=True)):
            copy = before + place % copies
            log = self.folder / f"{name}-{copy}.log"
            command = [*(program or self.program), "service", name]
            known = {
                **self._environment(first + place, fronts[place % copies]),
                **self._clock(first + place),
                **({} if checkout == CHECKOUT else {"PYTHONPATH": str(checkout)}),
            }
            replica = Replica(name, copy, port, known, log, command, checkout)
            self.replicas.append(replica)
            replica.start()
        return self.replicas[first:]

    def wait_ready(self, replicas: Sequence[Replica], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        for replica in replicas:
            while not replica.ready():
                assert replica.process is not None
                ended = replica.process.poll()
                assert ended is None, f"{replica.log} ended with {ended}: {tail(replica.log)}"
                assert time.monotonic() < deadline, f"{replica.log} not ready: {tail(replica.log)}"
                time.sleep(0.1)

    def stop(self) -> None:
        running = [r.process for r in self.replicas if r.process and r.process.poll() is None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def gateways(self) -> list[Replica]:
        return [replica for replica in self.replicas if replica.service == "gateway"]

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every JSON line that any replica has logged."""
        for log in sorted({replica.log for replica in self.replicas}):
            for line in log.read_text(errors="replace").splitlines():
                if line.startswith("{"):
                    yield json.loads(line)

    def leap(self) -> None:
        """Let all clocks that are ahead be behind from now on, and the others ahead."""
        self.clocks = -self.clocks
        for number in range(len(self.replicas)):
            self._clock(number)

    def _clock(self, number: int) -> Mapping[str, str]:
        if not self.clocks:
            return {}
        ahead = self.clocks if number % 2 else -self.clocks
        return clocks.shift(ahead, self.folder / f"clock-{number}")

    def _environment(self, number: int, front: int) -> Mapping[str, str]:
        own = {
            "STORYWAVE_PUBLIC_URL": f"http://127.0.0.1:{front}",
            "STORYWAVE_SCRATCH": str(self.folder / f"scratch-{number}"),
        }
        return {**own, **self.environment}


def tail(log: Path, characters: int = 1500) -> str:
    return log.read_text(errors="replace")[-characters:]
