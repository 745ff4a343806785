"""Says where the CPU of a video goes: by process, by what our code does, and by library.

It is the run of our own side of bench-orchestration, with py-spy looking at each service a hundred
times a second. py-spy reads from outside, so the code that is looked at is the code that runs. Its
samples say how the time of a process is shared out, and the kernel says how much that is.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL

import services
from benchmarks.orchestration import (
    DATABASE,
    OURS,
    SETTINGS,
    WARM_UP,
    Wrong,
    cpu_seconds,
    make_videos,
    run_services,
)
from benchmarks.stacks import read_stacks, share_out
from shared.store.mongo import MongoStore
from tests.cluster.config import NAMES as SERVERS
from tests.cluster.processes import Process
from tests.cluster.servers import FOLDER_VARIABLE, ServerFailed, Servers


def profile(folder: Path) -> None:
    """Run all services on the real servers, and print where the CPU of a video goes."""
    servers = Servers(Path(os.environ.get(FOLDER_VARIABLE) or folder / "servers"))
    try:
        environment = servers.up() | SETTINGS
        known: dict[str, Process] = {
            name: process for name in SERVERS if (process := servers.process(name))
        }
        with run_services(environment, folder) as (address, processes):
            known |= dict(zip(services.NAMES, processes, strict=True))
            spent = asyncio.run(_measure(environment, address, known, folder))
    finally:
        servers.down()
    _report(spent, folder)


async def _measure(
    environment: Mapping[str, str], address: str, known: Mapping[str, Process], folder: Path
) -> dict[str, float]:
    """Make the videos that count, watched, and return the CPU seconds of each process."""
    store = MongoStore(environment["STORYWAVE_MONGO"], DATABASE)
    await store.open({})
    try:
        await make_videos(address, store, 0, WARM_UP)
        before = {name: cpu_seconds([process]) for name, process in known.items()}
        began = time.monotonic()
        with _watch({name: known[name] for name in services.NAMES}, folder):
            await make_videos(address, store, WARM_UP, OURS)
        print(f"{OURS} videos in {time.monotonic() - began:.1f} s, watched")
        return {name: cpu_seconds([process]) - before[name] for name, process in known.items()}
    finally:
        await store.close()


@contextmanager
def _watch(known: Mapping[str, Process], folder: Path) -> Iterator[None]:
    """Let py-spy look at each of these processes until the end of the block."""
    watch = Path(sys.executable).with_name("py-spy")
    if not watch.exists():
        raise Wrong("py-spy is not installed: `make profile` installs it")
    looks = [
        "record",
        "--format",
        "raw",
        "--rate",
        "50",
        "--gil",
        "--nonblocking",
        "--duration",
        "600",
    ]
    watching = []
    for name, process in known.items():
        where = ["--pid", str(process.pid), "--output", str(folder / f"{name}.stacks")]
        command = [str(watch), *looks, *where]
        watching.append(subprocess.Popen(command, stdout=DEVNULL, stderr=DEVNULL))
    try:
        yield
    finally:
        for each in watching:
            each.send_signal(signal.SIGINT)  # then it writes what it has seen
            each.wait()


def _report(spent: Mapping[str, float], folder: Path) -> None:
    """Print CPU milliseconds a video by process, by area and by library."""
    areas, libraries = Counter[str](), Counter[str]()
    for name in services.NAMES:
        stacks = list(read_stacks((folder / f"{name}.stacks").read_text()))
        by_area, by_library = share_out(stacks, spent[name])
        areas.update(by_area)
        libraries.update(by_library)
    print(f"\nCPU a video: {1000 * sum(spent.values()) / OURS:.1f} ms")
    _print_table("process", spent)
    _print_table("of the services, by what it is for", areas)
    _print_table("of the services, by library", libraries)


def _print_table(title: str, spent: Mapping[str, float], most: int = 16) -> None:
    print(f"\n| {title} | ms a video |\n|---|---|")
    for name, seconds in sorted(spent.items(), key=lambda each: -each[1])[:most]:
        print(f"| {name} | {1000 * seconds / OURS:.2f} |")


def main() -> int:
    """Profile, and keep the stacks where asked to."""
    folder = Path(tempfile.mkdtemp(prefix="storywave-profile-"))
    try:
        profile(folder)
    except (Wrong, ServerFailed, TimeoutError) as error:
        print(f"error: {error} (logs are kept in {folder})", file=sys.stderr)
        return 1
    if len(sys.argv) > 1:
        shutil.copytree(folder, sys.argv[1], dirs_exist_ok=True)
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
