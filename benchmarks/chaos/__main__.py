"""`make chaos`: two processes of every service on real servers, and everything goes wrong at once.

Videos are asked for, paused, cancelled and retried while processes are killed, stand still for
longer than their leases, and services and servers are restarted. Their models are bought at the
stand-in for Replicate, which refuses, breaks off, loses answers and webhooks, and fails. In the end
its books are compared with ours: nothing may be lost, paid twice or beyond a budget.
"""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.chaos.course import EMBEDDED, EMBEDDED_SHORT, LONG, SHORT, Course
from benchmarks.chaos.run import play
from tests.cluster.servers import Servers


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos")
    parser.add_argument("--short", action="store_true", help="less of everything: two minutes")
    parser.add_argument("--embedded", action="store_true", help="all services in one process")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument(
        "--patience", type=float, default=1, help="so many times longer may it take: a busy machine"
    )
    parser.add_argument("--keep", action="store_true", help="keep logs, books and data")
    given = parser.parse_args()
    courses = (EMBEDDED, EMBEDDED_SHORT) if given.embedded else (LONG, SHORT)
    course = courses[given.short].slowed(given.patience)
    folder = Path(tempfile.mkdtemp(prefix="storywave-chaos-"))
    is_good = False
    try:
        is_good = asyncio.run(_play(course, given.seed, folder, embedded=given.embedded))
    finally:
        if is_good and not given.keep:
            shutil.rmtree(folder)
        else:
            print(f"logs, books and data are kept in {folder}", file=sys.stderr)
    return 0 if is_good else 1


async def _play(course: Course, seed: int, folder: Path, *, embedded: bool) -> bool:
    """Play a course, and return whether all was as it must be."""
    # A polite end, as Ctrl-C is: everything that was started is ended first.
    this = asyncio.current_task()
    assert this is not None, "it runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    print(f"{course.name}: seed {seed}, at most {course.limit:g} s …", flush=True)
    outcome = await play(course, seed, folder, None if embedded else Servers.of_this_run())
    return outcome.report()


if __name__ == "__main__":
    sys.exit(main())
