"""Compares videos a minute: all our services on real servers, and the same flow in Celery on Redis.

Both sides run every job of a video of 6 beats and 12 clips. No job takes time, so only the
orchestration is measured. One side runs after the other, and only with its own servers. Both log
warnings only, which is the default of a Celery worker.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp
import httpx

import services
from benchmarks import celery_barrier
from benchmarks.flow import KINDS, STORY
from shared.jobs.gate import MONEY
from shared.jobs.ledger import JOBS
from shared.ports import Is
from shared.store.mongo import MongoStore
from tests.cluster.config import NAMES as SERVERS
from tests.cluster.processes import Process, free_ports, spawn, stop, wait_until
from tests.cluster.servers import FOLDER_VARIABLE, ServerFailed, Servers

WARM_UP = 50  # videos before the clock starts: connections and caches are then as in service
OURS, THEIRS = 1000, 300
LIMIT_SECONDS = 120.0
POSTS_AT_ONCE = 50  # connections: more would wait in the gateway's queue
DATABASE = "orchestration"

SETTINGS = {
    "STORYWAVE_ENGINE": "rehearsal",
    "STORYWAVE_LOG_LEVEL": "WARNING",
    "STORYWAVE_MONGO_DATABASE": DATABASE,
    "STORYWAVE_ACTIVE_AN_OWNER": "0",  # nobody waits: it is the work that is measured
    "STORYWAVE_KAFKA_PARTITIONS": "2",  # each service has one replica here: more would lie idle
}

VIEWS = services.load("gateway").views


class Wrong(Exception):
    """A side did not do all that is counted, so there is no figure."""


@dataclass(frozen=True)
class Run:
    """So many videos, the seconds that they took, and the CPU seconds of all processes together."""

    videos: int
    seconds: float
    cpu: float

    @property
    def a_minute(self) -> float:
        return 60 * self.videos / self.seconds

    @property
    def jobs_a_second(self) -> float:
        return self.videos * KINDS.total() / self.seconds


# ── ours ────────────────────────────────────────────────────────────────────────────────────────


def measure_ours(servers: Servers, folder: Path) -> Run:
    """Run all services on these servers; return the time from first request to last end.

    A video has ended when the read model knows it: when a user would see it.
    """
    environment = servers.up() | SETTINGS
    running = [process for name in SERVERS if (process := servers.process(name))]
    with run_services(environment, folder) as (address, processes):
        return asyncio.run(_measure_videos(environment, address, [*running, *processes]))


async def _measure_videos(
    environment: Mapping[str, str], address: str, processes: Sequence[Process]
) -> Run:
    """Make videos to warm up, then those that count, and return the time and CPU of the latter."""
    store = MongoStore(environment["STORYWAVE_MONGO"], DATABASE)
    await store.open({})
    try:
        await make_videos(address, store, 0, WARM_UP)
        spent = cpu_seconds(processes)
        seconds = await make_videos(address, store, WARM_UP, OURS)
        run = Run(OURS, seconds, cpu_seconds(processes) - spent)
        await _verify(store, WARM_UP + OURS)
        return run
    finally:
        await store.close()


@contextmanager
def run_services(environment: dict[str, str], folder: Path) -> Iterator[tuple[str, list[Process]]]:
    """Run each service as a process of its own; give the gateway's address and the processes."""
    ports = dict(zip(services.NAMES, free_ports(len(services.NAMES)), strict=True))
    with ExitStack() as stack:
        processes = []
        for name, port in ports.items():
            command = [sys.executable, "-m", "services.cli", "service", name]
            own = environment | {"STORYWAVE_PORT": str(port)}
            processes.append(stack.enter_context(run_process(command, own, folder / f"{name}.log")))
        for name, port in ports.items():
            if not wait_until(partial(_is_ready, port), LIMIT_SECONDS):
                raise Wrong(f"{name} did not become ready: see {folder / name}.log")
        yield f"http://127.0.0.1:{ports['gateway']}", processes


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


async def make_videos(address: str, store: MongoStore, known: int, videos: int) -> float:
    """Ask for so many videos at once, and return the seconds until the gateway knows all ends."""
    began = time.monotonic()
    connector = aiohttp.TCPConnector(limit=POSTS_AT_ONCE)
    async with aiohttp.ClientSession(address, connector=connector) as client:
        await asyncio.gather(*(_ask(client) for _ in range(videos)))
    async with asyncio.timeout(LIMIT_SECONDS):
        # A view says when to check on its video again, until the video is over.
        while await store.find(VIEWS, {"check_at": Is("present")}, limit=1) or (
            await store.count(VIEWS, {}) < known + videos
        ):
            await asyncio.sleep(0.1)
    return time.monotonic() - began


async def _ask(client: aiohttp.ClientSession) -> None:
    async with client.post("/v1/videos", json=STORY) as answer:
        answer.raise_for_status()


async def _verify(store: MongoStore, videos: int) -> None:
    """Refuse a run unless every video is complete, with every job done, and begun only once."""
    views = await store.find(VIEWS, {"parts.VideoCompleted": Is("present")})
    if len(views) != videos:
        raise Wrong(f"{len(views)} of {videos} videos were completed")
    jobs = await store.find(JOBS, {})
    made = Counter((job["spec"]["video_id"], job["spec"]["kind"]) for job in jobs)
    wanted = {(view["_id"], kind): number for view in views for kind, number in KINDS.items()}
    if made != wanted:
        raise Wrong(f"the jobs are not those of the flow: {Counter(k for _, k in made.elements())}")
    again = [job["_id"] for job in jobs if job["state"] != "done" or job["attempt"] != 1]
    if again:
        raise Wrong(f"{len(again)} jobs were not run exactly once, {again[0]} for one")
    # Each job asked for leave before it began. What costs nothing reserves nothing.
    money = await store.find(MONEY, {})
    holds = sum(len(each["holds"]) for each in money)
    if len(money) != videos or holds:
        raise Wrong(f"{len(money)} of {videos} videos have a budget, with {holds} reservations")


# ── theirs ──────────────────────────────────────────────────────────────────────────────────────


def measure_theirs(folder: Path) -> Run:
    """Run the Celery flow on a Redis of its own; return the time from first chain to last end."""
    redis = shutil.which("redis-server")
    if redis is None:
        raise Wrong("redis-server is not on PATH: install it (Debian: apt install redis-server)")
    port = free_ports(1)[0]
    address = f"redis://127.0.0.1:{port}/0"
    celery_barrier.connect(address)
    environment = {celery_barrier.REDIS_VARIABLE: address}
    # An append-only file, or a crash would lose tasks: our side loses none either.
    durable = ["--dir", str(folder), "--appendonly", "yes", "--save", ""]
    server = [redis, "--port", str(port), "--bind", "127.0.0.1", *durable]
    worker = [sys.executable, "-m", "celery", "-A", celery_barrier.__name__, "worker"]
    with (
        run_process(server, environment, folder / "redis.log") as one,
        run_process([*worker, "--concurrency", "2"], environment, folder / "celery.log") as two,
    ):
        celery_barrier.run(WARM_UP, LIMIT_SECONDS)
        spent = cpu_seconds([one, two])
        seconds = celery_barrier.run(THEIRS, LIMIT_SECONDS)
        run = Run(THEIRS, seconds, cpu_seconds([one, two]) - spent)
        tasks, wanted = celery_barrier.count_results(), (WARM_UP + THEIRS) * KINDS.total()
        if tasks != wanted:
            raise Wrong(f"Celery finished {tasks} tasks, the flow has {wanted}")
        return run


@contextmanager
def run_process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[Process]:
    """Run a command until the end of the block, with its output in a file."""
    process = spawn(command, os.environ | environment, log)
    if process is None:
        raise Wrong(f"{command[0]} ended at once: see {log}")
    try:
        yield process
    finally:
        stop(process)


# ── both ────────────────────────────────────────────────────────────────────────────────────────


def cpu_seconds(processes: Sequence[Process]) -> float:
    """Return the CPU seconds that these processes and all of their sessions have used so far."""
    sessions = {process.pid for process in processes}
    # By session, because workers and servers have children of their own.
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # the process has ended since it was listed
            continue
        if int(fields[3]) in sessions:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(folder: Path) -> tuple[Run, Run]:
    """Run our side, then theirs; the servers of one are stopped before the other begins."""
    servers = Servers(Path(os.environ.get(FOLDER_VARIABLE) or folder / "servers"))
    try:
        mine = measure_ours(servers, folder)
    finally:
        servers.down()
    return mine, measure_theirs(folder)


def report(mine: Run, other: Run) -> None:
    """Print a table, what each side guarantees, and the figure."""
    rows = {"storywave, a process a service": mine, "celery on redis, 2 workers": other}
    print(
        f"\n{'':32}{'videos':>8}{'seconds':>9}{'videos/min':>12}{'jobs/s':>8}{'CPU ms/video':>14}"
    )
    for name, run in rows.items():
        cpu = 1000 * run.cpu / run.videos
        print(
            f"{name:32}{run.videos:8}{run.seconds:9.1f}{run.a_minute:12.0f}"
            f"{run.jobs_a_second:8.0f}{cpu:14.0f}"
        )
    print(
        "\nours: every step under majority, journaled writes; each video completed, each job run "
        "once\ntheirs: append-only file, acks_late, a barrier after each stage"
    )
    print(
        f"FIGURE orchestration videos_per_min={mine.a_minute:.0f} "
        f"jobs_per_s={mine.jobs_a_second:.0f} vs_celery={mine.a_minute / other.a_minute:.2f}"
    )


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="storywave-orchestration-"))
    try:
        report(*measure(folder))
    except (Wrong, ServerFailed, TimeoutError) as error:
        print(f"error: {error} (logs are kept in {folder})", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
