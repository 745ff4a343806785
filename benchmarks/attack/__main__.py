"""`make attack`: a bounded, seeded attack on `storywave up`, with videos in flight all the while.

Two servers, one after the other, endure it with at most 1,024 descriptors: the first rehearses many
videos, the second makes two real ones. A thousand clients only hold connections; others send
odd bodies, pictures, paths and headers. Each server is stopped amid all that, and started again for
the videos that were in flight. A figure out of its bounds is a failure.
"""

import argparse
import asyncio
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import uvloop

from benchmarks.attack.outcome import MOST_HEALTHZ_MS_SHORT, Outcome
from benchmarks.attack.pictures import make_costly
from benchmarks.attack.run import Plan, attack
from benchmarks.attack.target import Wrong

SEED = 9
LONG = {
    "rehearsed": Plan({"body": 8_000, "picture": 600, "oddity": 5_000}, seconds=240, rehearsed=8),
    "real": Plan({"picture": 150, "oddity": 1_500}, seconds=90, rehearsed=0),
}
SHORT = {
    "rehearsed": Plan({"body": 900, "picture": 60, "oddity": 600}, seconds=35, rehearsed=4),
    "real": Plan({"picture": 30, "oddity": 300}, seconds=20, rehearsed=0),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attack")
    parser.add_argument("--short", action="store_true", help="less of everything: two minutes")
    parser.add_argument("--seed", type=int, default=SEED, help="the same seed: the same inputs")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="storywave-attack-"))
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            outcome = runner.run(_attack_all(given.short, given.seed, folder))
    except Wrong as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        return _keep_logs(folder)
    except (asyncio.CancelledError, KeyboardInterrupt):
        shutil.rmtree(folder)
        return 1
    outcome.report()
    if outcome.find_faults():
        return _keep_logs(folder)
    shutil.rmtree(folder)
    return 0


def _keep_logs(folder: Path) -> int:
    for data in folder.glob("*/data"):
        shutil.rmtree(data)
    print(f"the servers' logs are kept in {folder}", file=sys.stderr)
    return 1


async def _attack_all(short: bool, seed: int, folder: Path) -> Outcome:
    """Return what came of all plans together."""
    # A polite end, as Ctrl-C is: everything that was started is ended first.
    this = asyncio.current_task()
    assert this is not None, "it runs in a task"
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the crowd is ours
    make_costly()  # takes a while: before anything is measured
    outcome = Outcome(MOST_HEALTHZ_MS_SHORT) if short else Outcome()
    for name, plan in (SHORT if short else LONG).items():
        print(f"{name}: at most {plan.seconds:g} s of inputs …", flush=True)
        own = folder / name
        own.mkdir()
        outcome.add(await attack(plan, seed, own))
    return outcome


if __name__ == "__main__":
    sys.exit(main())
