"""The server that is attacked: `storywave up` in a process of its own, as a user starts it."""

import asyncio
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from benchmarks.attack.wire import HOST, Input, ask, write_request
from tests.cluster.processes import free_ports

DESCRIPTORS = 1024
START_SECONDS, STOP_SECONDS = 60.0, 60.0
_DIE_WITH_PARENT = 1  # as prctl.h names it: PR_SET_PDEATHSIG


class Wrong(Exception):
    """The server did not do what has to be measured."""


class Target:
    """One data folder, and the process that serves it; it can be stopped and started again."""

    def __init__(
        self, folder: Path, settings: Mapping[str, str], descriptors: int = DESCRIPTORS
    ) -> None:
        self.log = folder / "log"
        self.port = free_ports(1)[0]
        self._settings = settings
        self._descriptors = descriptors
        self._command = [sys.executable, "-m", "services.cli", "up", "--host", HOST]
        self._command += ["--port", str(self.port), "--data", str(folder / "data")]
        self.process: subprocess.Popen[bytes] | None = None

    @asynccontextmanager
    async def run(self) -> AsyncIterator[int]:
        """Serve, and give the process' id; whatever happens, it has ended after the block."""
        self.process = self._start()
        try:
            await self._wait_until_ready()
            yield self.process.pid
        finally:
            self.process.kill()
            self.process.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                env={**os.environ, **self._settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # what interrupts us is not meant for it
                preexec_fn=partial(_limit, self._descriptors),
            )

    async def stop(self) -> float:
        """Send SIGTERM, and return after how many seconds it has ended; Wrong where it did not."""
        assert self.process is not None, "it runs"
        self.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        while (code := self.process.poll()) is None:
            if time.monotonic() > began + STOP_SECONDS:
                raise Wrong(f"it still runs {STOP_SECONDS:g} s after SIGTERM")
            await asyncio.sleep(0.01)
        if code:
            raise Wrong(f"it ended with code {code} after SIGTERM")
        return time.monotonic() - began

    async def _wait_until_ready(self) -> None:
        assert self.process is not None, "it runs"
        ready = Input("probe", write_request("GET", "/readyz"))
        for _ in range(round(START_SECONDS / 0.1)):
            answers = await ask(self.port, ready)
            if answers and answers[0].status == 200:
                return
            if self.process.poll() is not None:
                break
            await asyncio.sleep(0.1)
        raise Wrong(f"it did not get ready within {START_SECONDS:g} s")

    def read_errors(self) -> list[str]:
        """Return what its log calls an error, and what is no line of a log at all."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if _is_error(line)]


def _is_error(line: str) -> bool:
    try:
        return bool(json.loads(line)["level"] in {"error", "critical"})
    except (ValueError, KeyError, TypeError):
        return not line.startswith("storywave: ")


def _limit(descriptors: int) -> None:
    """Bound the descriptors of a process that is about to begin, and let it end with its parent."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
