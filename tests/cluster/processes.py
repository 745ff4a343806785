"""Processes known by a pid file: started apart from us, recognised later, stopped by their id.

A pid alone says little: after a crash or a reboot another process may have it. So the file holds
the pid with the start time that the kernel gives it and the id of the boot, and only a process
that matches all three is ours.
"""

import json
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

STOP_GRACE_SECONDS = 20.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Below the kernel's range for outgoing connections: there, a client that keeps trying a dead
# server's port may be given that very port, connect to itself and keep the server from coming back.
_PORT_RANGE = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Process:
    """A pid with what tells it from a later process of the same pid."""

    pid: int
    started: int
    boot: str


def identify(pid: int) -> Process | None:
    """The live process of this pid; a zombie has ended and counts as none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name stands in brackets and may hold blanks; the fields follow the last bracket.
    state, *fields = stat.rpartition(")")[2].split()
    if state in "ZX":
        return None
    return Process(pid, int(fields[18]), _BOOT_ID.read_text().strip())


def read_pid_file(path: Path) -> Process | None:
    """The process that this file names, if it is still that process."""
    try:
        known = Process(**json.loads(path.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return known if identify(known.pid) == known else None


def write_pid_file(path: Path, process: Process) -> None:
    path.write_text(json.dumps(asdict(process)) + "\n")


def spawn(command: list[str], environment: Mapping[str, str], log: Path) -> Process | None:
    """Start in a session of its own (a Ctrl-C here does not reach it), output added to `log`."""
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawnp(
        command[0],
        command,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return identify(pid)


def stop(process: Process, *, now: bool = False) -> None:
    """SIGTERM, then SIGKILL if it does not go; with `now`, SIGKILL at once."""
    if not now:
        _signal(process, signal.SIGTERM)
        if wait_until(lambda: not alive(process), STOP_GRACE_SECONDS):
            return
    _signal(process, signal.SIGKILL)
    if not wait_until(lambda: not alive(process), STOP_GRACE_SECONDS):
        raise TimeoutError(f"process {process.pid} is still there after SIGKILL")


def alive(process: Process) -> bool:
    # A child of ours stays a zombie until it is waited for; any other is not ours to wait for.
    with suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return identify(process.pid) == process


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose old connections linger in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    candidates = random.sample(_PORT_RANGE, len(_PORT_RANGE))
    found = list(islice(filter(port_is_free, candidates), count))
    if len(found) < count:
        raise OSError(f"no {count} free ports on 127.0.0.1 in {_PORT_RANGE}")
    return found


def _signal(process: Process, number: signal.Signals) -> None:
    if identify(process.pid) == process:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
