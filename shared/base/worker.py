"""The program of a worker process: it takes one call at a time, and answers each.

Nothing but the standard library is imported here: what a call needs, it brings with it. A worker
that reads pictures from outside holds Pillow and nothing else.
"""

import ctypes
import os
import pickle
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

OUTGROWN = 80
"""The exit code of a worker that held more memory than it may."""

PREFIX = 8
"""Bytes before each message, which say how long it is."""

NICE = 5
"""The event loop comes first: it is what all wait for. But the work is not the last on a machine:
beside busy programs a worker that only took what they leave would never be done.
"""

_LOOK_SECONDS = 0.2
_ARENA_MAX = -8  # as glibc's malloc.h names it


class Bounds(NamedTuple):
    """The most memory that one worker may take, in bytes; 0 is no bound."""

    resident: int = 2 << 30
    """What it holds. Looked at a few times a second: encoders map far more than they ever use."""
    mapped: int = 0
    """What it maps, as the system counts it: no page more, and what asks for one is told no."""


def main() -> None:
    """Answer calls on the line that is given by its number, until its other end is closed."""
    number, parent, *bounds = map(int, sys.argv[1:])
    _begin(parent, Bounds(*bounds))
    line = socket.socket(fileno=number)
    line.set_inheritable(False)  # a child that outlives us must not hold it open
    with line.makefile("rb") as stream:
        while (call := _receive(stream)) is not None:
            line.sendall(pack(_answer(call)))


def pack(content: bytes) -> bytes:
    """Return the bytes of a message, its length before them."""
    return len(content).to_bytes(PREFIX) + content


def share_one_heap() -> None:
    """Have one heap for all threads of the process, in place of one each.

    Pictures are allocated in one thread and freed in another: heaps of their own break up, and
    keep what they no longer need. Five cuts at 1080p peak at 343 MiB so, instead of 465, and each
    takes a little less time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


def _begin(parent: int, bounds: Bounds) -> None:
    os.nice(NICE)
    for number in (signal.SIGINT, signal.SIGTERM):  # they reach us too: the parent decides
        signal.signal(number, signal.SIG_IGN)
    share_one_heap()
    if bounds.mapped:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (bounds.mapped, bounds.mapped))
    threading.Thread(target=_watch, args=(parent, bounds.resident), daemon=True).start()


def _watch(parent: int, resident: int) -> None:
    """End this process with its parent, which could not tell; or when it has outgrown its bound."""
    while os.getppid() == parent:
        if resident and _measure_resident() > resident:
            os._exit(OUTGROWN)
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def _measure_resident() -> int:
    """Return how many bytes this process holds; 0 where the system does not say."""
    try:
        _, pages, *_ = Path("/proc/self/statm").read_bytes().split()
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _receive(stream: BinaryIO) -> bytes | None:
    """Return the next call; None when the parent wants no more."""
    prefix = stream.read(PREFIX)
    return stream.read(int.from_bytes(prefix)) if len(prefix) == PREFIX else None


def _answer(call: bytes) -> bytes:
    """Return whether the call went well, and its result or what it raised."""
    try:
        work, args = pickle.loads(call)
        return pickle.dumps((True, work(*args)))
    except BaseException as error:
        return pickle.dumps((False, _make_portable(error)))


def _make_portable(error: BaseException) -> BaseException:
    """Return the error with its traceback as a note, or its text alone where it can't be sent: not
    every class can be made again from what its errors keep, and none may end the parent.
    """
    error.add_note("".join(traceback.format_exception(error)))
    with suppress(Exception):
        again: Any = pickle.loads(pickle.dumps(error))
        if isinstance(error, Exception) and type(again) is type(error):
            return error
    return RuntimeError(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
