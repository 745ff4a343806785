"""Processes beside the event loop, for work that takes long or may go wrong.

Each has a line of its own to this process. So one that hangs is killed, and one that dies is
missed, without a word to its siblings: with a shared queue, as the standard library's executor has
it, all calls in hand fail together, and none can be ended alone.
"""

import asyncio
import os
import pickle
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack, cast

from shared.base import worker as program
from shared.base.worker import OUTGROWN, PREFIX, Bounds, pack
from shared.story.errors import WorkerDied, WorkersUnavailable, WorkTimedOut, cause

Ts = TypeVarTuple("Ts")
R = TypeVar("R")

BOUNDS = Bounds()
"""More than any encode of ours needs."""

_READ = 1 << 20  # bytes at once


class Pool:
    """As many calls at once as there are processes; further ones wait their turn."""

    def __init__(self, processes: int | None = None, bounds: Bounds = BOUNDS) -> None:
        self.size = processes or os.cpu_count() or 1
        self._bounds = bounds
        self._turns = asyncio.Semaphore(self.size)
        self._idle: list[_Worker] = []

    async def run(
        self,
        work: Callable[[Unpack[Ts]], R],
        *args: *Ts,
        seconds: float | None = None,
        check: Callable[[], Awaitable[None]] | None = None,
    ) -> R:
        """Return the function's result, or raise what it raises.

        WorkTimedOut where it takes more than these seconds, its turn not counted; WorkerDied where
        its process ends. Nothing goes on behind a caller who no longer waits. A turn may be long in
        coming: `check` is awaited when it has come, and raises where the work is no longer wanted.
        """
        call = pack(pickle.dumps((work, args)))
        async with self._turns:
            if check is not None:
                await check()
            worker = self._take_worker()
            try:
                answer = await worker.answer(call, seconds)
            except BaseException:
                await asyncio.shield(asyncio.to_thread(worker.end))
                raise
            self._idle.append(worker)
        went_well, result = pickle.loads(answer)
        if not went_well:
            raise result
        return cast(R, result)

    def close(self) -> None:
        """End the processes that wait; those at work end with who waits for them."""
        while self._idle:
            self._idle.pop().end()

    def _take_worker(self) -> "_Worker":
        """Return one that waits, or a new one."""
        while self._idle:
            worker = self._idle.pop()
            if worker.lives:
                return worker
            worker.end()  # it died meanwhile, and nobody's work with it
        try:
            return _Worker(self._bounds)
        except OSError as error:
            raise WorkersUnavailable(f"no process can be started: {cause(error)}") from error


class _Worker:
    """One process, and our end of its line."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._line, theirs = socket.socketpair()
        self._line.setblocking(False)
        with theirs:
            try:
                self._process = _start(theirs.fileno(), bounds)
            except OSError:
                self._line.close()
                raise
        # also where it is forgotten, or this process goes on to its end
        self.end = weakref.finalize(self, _end, self._process, self._line)
        """Kill it, wait until it is gone, and return what it ended with; None the second time."""

    @property
    def lives(self) -> bool:
        """Tell whether it has not ended yet."""
        return self._process.poll() is None

    async def answer(self, call: bytes, seconds: float | None) -> bytes:
        """Return what it says to this call, within these seconds."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_sendall(self._line, call)
                return await self._read(int.from_bytes(await self._read(PREFIX)))
        except TimeoutError:
            raise WorkTimedOut(f"the work took more than {seconds:g} s and was ended") from None
        except (EOFError, ConnectionError) as error:
            code = await asyncio.to_thread(self.end)
            raise WorkerDied(self._explain_death(code), code) from error

    async def _read(self, size: int) -> bytes:
        loop, data = asyncio.get_running_loop(), bytearray()
        while len(data) < size:
            part = await loop.sock_recv(self._line, min(size - len(data), _READ))
            if not part:
                raise EOFError
            data += part
        return bytes(data)

    def _explain_death(self, code: int | None) -> str:
        """Say why it ended, as users read it."""
        if code == OUTGROWN:
            return f"the work needed more memory than {self._bounds.resident >> 20:,} MiB"
        if code is not None and code < 0:
            by = signal.Signals(-code).name
            return f"the process at work was killed ({by}), perhaps for lack of memory"
        return f"the process at work ended in the midst of it (code {code})"


def _start(line: int, bounds: Bounds) -> "subprocess.Popen[bytes]":
    """Return a new process that listens on this line; it can import what can be imported here."""
    told = map(str, (line, os.getpid(), *bounds))
    path = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
    return subprocess.Popen(
        # -P: the folder that we are started in must not lend us its modules
        [sys.executable, "-P", "-m", program.__name__, *told],
        stdin=subprocess.DEVNULL,
        pass_fds=[line],
        env={**os.environ, "PYTHONPATH": path},
    )


def _end(process: "subprocess.Popen[bytes]", line: socket.socket) -> int:
    """Kill a process, wait until it is gone, and return what it ended with."""
    process.kill()
    line.close()
    return process.wait()
