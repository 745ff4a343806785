"""Processes beside the event loop, for encodes. They end with the process that started them."""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from shared.story.errors import TransientError

P = ParamSpec("P")
R = TypeVar("R")

_ARENA_MAX = -8  # as glibc's malloc.h names it


class Pool:
    """As many encodes at once as there are processes; further calls wait their turn."""

    def __init__(self, processes: int | None = None) -> None:
        self.size = processes or os.cpu_count() or 1
        self._executor: ProcessPoolExecutor | None = None

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The function's result; its own exceptions come through."""
        assert not kwargs, "working functions take positional arguments"
        executor = self._executor = self._executor or self._start()
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, work, *args)
        except BrokenProcessPool as error:
            if self._executor is executor:
                self._executor = None
                executor.shutdown(wait=False)
            raise TransientError("a worker process died, perhaps for lack of memory") from error

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self.size,
            # a fork would inherit the threads' locks and the open sockets of this process
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(os.getpid(),),
        )


def _begin(parent: int) -> None:
    os.nice(5)  # the event loop comes first
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too: the parent decides
    share_one_heap()
    _end_with_parent(parent)


def share_one_heap() -> None:
    """One heap for all threads of the process, in place of one each.

    Pictures are allocated in one thread and freed in another: heaps of their own break up, and
    keep what they no longer need. Five cuts at 1080p peak at 343 MiB so, instead of 465, and each
    takes a little less time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


def _end_with_parent(parent: int) -> None:
    """A parent that is killed can't tell: its workers look, and go."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
