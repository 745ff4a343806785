"""Compares the time that our aggregator needs for a video with what other designs would need.

Every video runs through all services, the ledger, the store and the in-process bus. Only the models
are not real: each call takes a random time, scaled down. From the same times follow, by arithmetic
and without any overhead, the times of three others:
- the critical path: the slowest chain of calls, which no scheduler can beat;
- barriers: each wave waits for all of the wave before it;
- one by one: one clip after another.

With `--servers`, bus and store are the real servers (`python -m tests.cluster.servers run …`).
"""

import asyncio
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import services
from benchmarks.flow import STORY
from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.bus.local import LocalBus
from shared.engines.rehearsal import RehearsalEngine
from shared.jobs.job import Job
from shared.ports import Unread
from shared.runtime.app import App, Parts, Ports, run_services
from shared.store.sqlite import SqliteStore
from shared.story.brief import Brief
from shared.story.events import Event, VideoCompleted, VideoFailed, VideoRequested
from shared.story.kinds import CLIP, IMAGE, KINDS

VIDEOS, BEATS, CHUNKS = 100, 6, 2
IMAGE_SECONDS, CLIP_SECONDS, SIGMA = 4.0, 60.0, 0.5
# So many times faster than in real life are the models here. All else takes as long as it does, so
# it counts so many times: on servers, where each hop costs a write and a message, less is right.
SPEED, SPEED_ON_SERVERS = 5.0, 2.0
# The videos are asked for evenly over this time. No video takes less, so that all overlap.
ARRIVAL_SECONDS = 20.0
LIMIT = 12
SEED = 20
PATIENCE_SECONDS = 900.0  # of real life


class Wrong(Exception):
    """The run was not the one to be measured, so there is no figure."""


# ── the times of the models, and what follows from them ─────────────────────────────────────────


@dataclass(frozen=True)
class Latencies:
    """The time that each model call of one video takes, in seconds of real life."""

    images: tuple[float, ...]
    clips: tuple[tuple[float, ...], ...]
    """By beat, then by chunk within the beat."""

    @classmethod
    def draw(cls, seed: int) -> "Latencies":
        """Return random times; the same seed gives the same ones."""
        rng = random.Random(seed)
        images = tuple(_draw_seconds(rng, IMAGE_SECONDS) for _ in range(BEATS))
        clips = tuple(
            tuple(_draw_seconds(rng, CLIP_SECONDS) for _ in range(CHUNKS)) for _ in range(BEATS)
        )
        return cls(images, clips)

    @property
    def critical_path(self) -> float:
        """Return the time of the slowest chain: an image and all clips of its beat."""
        return max(image + sum(own) for image, own in zip(self.images, self.clips, strict=True))

    @property
    def barrier(self) -> float:
        """Return the time if all images come first, then all first clips, then all second ones."""
        waves = (max(own[part] for own in self.clips) for part in range(CHUNKS))
        return max(self.images) + sum(waves)

    @property
    def sequential(self) -> float:
        """Return the time if all images come at once, then one clip after another."""
        return max(self.images) + sum(sum(own) for own in self.clips)

    def of(self, job: Job) -> float:
        """Return the time of this job; one that needs no model takes no time."""
        spec = job.spec
        if spec.kind == IMAGE.name:
            return self.images[spec.beat]
        return self.clips[spec.beat][spec.n % CHUNKS] if spec.kind == CLIP.name else 0.0


def _draw_seconds(rng: random.Random, middle: float) -> float:
    # Log-normal, as the times of real models: most are near the middle, a few take much longer.
    return rng.lognormvariate(math.log(middle), SIGMA)


# ── the run ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Result:
    """The time that one video took, in seconds of real life, and the latencies behind it."""

    makespan: float
    latencies: Latencies

    @property
    def to_critical_path(self) -> float:
        return self.makespan / self.latencies.critical_path

    @property
    def vs_barrier(self) -> float:
        return self.latencies.barrier / self.makespan

    @property
    def vs_sequential(self) -> float:
        return self.latencies.sequential / self.makespan


class Finishes:
    """Keeps for each video when and how it ended."""

    def __init__(self) -> None:
        self.ends: dict[str, tuple[float, Event]] = {}
        self._all = asyncio.Event()

    async def handle(self, batch: Sequence[Event | Unread]) -> None:
        for event in batch:
            assert isinstance(event, Event)
            self.ends.setdefault(event.video_id, (time.monotonic(), event))
        if len(self.ends) >= VIDEOS:
            self._all.set()

    async def wait_for_all(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            await self._all.wait()


async def measure(ports: Ports, folder: Path, speed: float) -> list[Result]:
    """Make all videos through all services on these adapters, and return their results."""
    latencies = {f"video-{n}": Latencies.draw(SEED + n) for n in range(VIDEOS)}
    finishes = Finishes()
    ports.bus.subscribe("finishes", (VideoCompleted, VideoFailed), finishes.handle)
    engine = RehearsalEngine(
        dict(services.load("planner").work),
        lambda job: latencies[job.spec.video_id].of(job) / speed,
    )
    parts = Parts(ports, KINDS, dict.fromkeys(KINDS, engine), folder / "work", Pool(1))
    async with run_services(parts, [services.load(name) for name in services.NAMES]) as app:
        # Before every service has its partitions, a video would wait for Kafka, not for us.
        while not all(health.assigned for health in app.health().values()):
            await asyncio.sleep(0.1)
        began = await _request_all(app, list(latencies))
        await finishes.wait_for_all(PATIENCE_SECONDS / speed)
    return [
        Result(speed * _measure_seconds(began[video], *finishes.ends[video]), latencies[video])
        for video in latencies
    ]


def open_local(folder: Path) -> Ports:
    """Return the adapters of one process."""
    return Ports(SqliteStore(folder / "storywave.db"), LocalBus(), DiskBlobs(folder / "blobs"))


def open_servers(folder: Path) -> Ports:
    """Return the adapters of Kafka and MongoDB, with names that no other run uses."""
    from shared.bus.kafka import KafkaBus
    from shared.runtime.settings import Settings
    from shared.store.mongo import MongoStore
    from tests.cluster.servers import Servers

    os.environ.update(Servers.of_this_run().up())
    settings, name = Settings(), f"waves-{os.getpid()}"
    bus = KafkaBus(settings.kafka, prefix=f"{name}.", partitions=settings.kafka_partitions)
    return Ports(MongoStore(settings.mongo, name), bus, DiskBlobs(folder / "blobs"))


async def _request_all(app: App, videos: Sequence[str]) -> dict[str, float]:
    """Ask for the videos one by one, and return when each was asked for."""
    brief = Brief.model_validate({**STORY, "clips_at_once": LIMIT})
    first = time.monotonic()
    began = {}
    for number, video in enumerate(videos):
        await asyncio.sleep(first + number * ARRIVAL_SECONDS / len(videos) - time.monotonic())
        began[video] = time.monotonic()
        await app.gate.open(video, brief.owner)
        await app.shell("gateway").emit([VideoRequested(video_id=video, brief=brief)])
    return began


def _measure_seconds(began: float, ended: float, end: Event) -> float:
    """Return the time that a video took here; refuse one that is not complete."""
    if not isinstance(end, VideoCompleted) or end.succeeded != BEATS * CHUNKS:
        raise Wrong(f"{end.video_id} did not end with its {BEATS * CHUNKS} chunks: {end}")
    return ended - began


# ── the figure ──────────────────────────────────────────────────────────────────────────────────


def report(results: Sequence[Result]) -> None:
    """Print a table, and the line with the figure."""
    rows = {
        "critical path": [r.latencies.critical_path for r in results],
        "waves (measured)": [r.makespan for r in results],
        "barrier": [r.latencies.barrier for r in results],
        "one by one": [r.latencies.sequential for r in results],
    }
    print(f"{'seconds a video':<20}{'p50':>10}{'p95':>10}")
    for name, seconds in rows.items():
        print(f"{name:<20}{median(seconds):>10.1f}{_p95(seconds):>10.1f}")
    ratios = [r.to_critical_path for r in results]
    print(
        f"FIGURE waves ratio_to_critical_path_p50={median(ratios):.3f} p95={_p95(ratios):.3f} "
        f"vs_barrier={median(r.vs_barrier for r in results):.2f} "
        f"vs_sequential={median(r.vs_sequential for r in results):.2f}"
    )


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1]


def main() -> int:
    on_servers = "--servers" in sys.argv[1:]
    open_ports = open_servers if on_servers else open_local
    speed = SPEED_ON_SERVERS if on_servers else SPEED
    with tempfile.TemporaryDirectory(prefix="storywave-waves-") as name:
        folder = Path(name)
        try:
            report(asyncio.run(measure(open_ports(folder), folder, speed)))
        except (Wrong, TimeoutError) as error:
            print(f"error: {error or 'not all videos ended in time'}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
