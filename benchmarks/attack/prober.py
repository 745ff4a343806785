"""A program that asks a server for its health again and again, until its input is closed.

It is a process of its own, so that a probe never waits for the attackers. At its end it writes how
long each probe took.
"""

import json
import select
import signal
import socket
import sys
import time
from contextlib import suppress

EVERY_SECONDS, MOST_SECONDS = 0.05, 10.0
PROBE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def main() -> None:
    """Probe the port that is given; all times are milliseconds."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever started us closes our input
        signal.signal(number, signal.SIG_IGN)
    port, failed, took, late = int(sys.argv[1]), 0, list[float](), list[float]()
    due = time.monotonic()
    while not select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
        began = time.monotonic()
        failed += not _is_healthy(port)
        took.append(1000 * (time.monotonic() - began))
        late.append(1000 * (began - due))  # so late has the machine itself woken us up
        due = time.monotonic() + EVERY_SECONDS
    json.dump({"healthz_ms": took, "machine_ms": late, "probes_failed": failed}, sys.stdout)


def _is_healthy(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), MOST_SECONDS) as sock:
        sock.sendall(PROBE)
        return sock.recv(12) == b"HTTP/1.1 200"
    return False


if __name__ == "__main__":
    main()
