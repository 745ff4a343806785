"""The aggregator's makespan against the critical path, a barrier between waves, and one by one.

Every video runs through all services, the ledger, the store and the in-process bus; only the models
are played: they take the time drawn for them, scaled down. From these same times follow, by plain
arithmetic and without any overhead, the critical path and the two other designs.

With `--servers` bus and store are the real servers (`python -m tests.cluster.servers run …`).
"""

import asyncio
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import services
from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.bus.local import LocalBus
from shared.engines.rehearsal import RehearsalEngine
from shared.jobs.machine import Job
from shared.ports import Unread
from shared.runtime.app import App, Parts, Ports, run_services
from shared.store.sqlite import SqliteStore
from shared.story.brief import Brief
from shared.story.events import Event, VideoCompleted, VideoFailed, VideoRequested
from shared.story.kinds import CLIP, IMAGE, KINDS

VIDEOS, BEATS, CHUNKS = 100, 6, 2
IMAGE_SECONDS, CLIP_SECONDS, SIGMA = 4.0, 60.0, 0.5
SCALE = 5.0
"""How many times faster than life the models are played."""
ARRIVAL_SECONDS = 20.0
"""The videos are asked for evenly over this time: shorter than any takes, so that all overlap."""
LIMIT = 12
SEED = 20
PATIENCE_SECONDS = 180.0

STORY = " ".join(f"Scene number {n} shows another part of the story." for n in range(BEATS))
DURATION = 48.0
"""Long enough for two clips a beat."""


class Wrong(Exception):
    """Something else was run than what is measured: there is no figure."""


# ── the times of the models, and what follows from them ─────────────────────────────────────────


@dataclass(frozen=True)
class Latencies:
    """How long each model call of one video takes, in seconds of real life."""

    images: tuple[float, ...]
    clips: tuple[tuple[float, ...], ...]
    """By beat, then by chunk within the beat."""

    @classmethod
    def drawn(cls, seed: int) -> "Latencies":
        chance = random.Random(seed)
        images = tuple(_drawn(chance, IMAGE_SECONDS) for _ in range(BEATS))
        clips = tuple(
            tuple(_drawn(chance, CLIP_SECONDS) for _ in range(CHUNKS)) for _ in range(BEATS)
        )
        return cls(images, clips)

    @property
    def critical_path(self) -> float:
        """The slowest chain: no scheduler can end before it."""
        return max(image + sum(own) for image, own in zip(self.images, self.clips, strict=True))

    @property
    def barrier(self) -> float:
        """All images, then all first chunks, then all second ones; everything at once in each."""
        waves = (max(own[part] for own in self.clips) for part in range(CHUNKS))
        return max(self.images) + sum(waves)

    @property
    def sequential(self) -> float:
        """All images at once, then one chunk after another."""
        return max(self.images) + sum(sum(own) for own in self.clips)

    def of(self, job: Job) -> float:
        """How long this job's model takes; what is no model's takes no time."""
        spec = job.spec
        if spec.kind == IMAGE.name:
            return self.images[spec.beat]
        return self.clips[spec.beat][spec.n % CHUNKS] if spec.kind == CLIP.name else 0.0


def _drawn(chance: random.Random, middle: float) -> float:
    return chance.lognormvariate(math.log(middle), SIGMA)


# ── the run ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Result:
    """One video: its makespan in seconds of real life, beside what its times allow."""

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
    """Hears how each video ends, and when."""

    def __init__(self) -> None:
        self.ends: dict[str, tuple[float, Event]] = {}
        self._all = asyncio.Event()

    async def handle(self, batch: Sequence[Event | Unread]) -> None:
        for event in batch:
            assert isinstance(event, Event)
            self.ends.setdefault(event.video_id, (time.monotonic(), event))
        if len(self.ends) >= VIDEOS:
            self._all.set()

    async def all(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._all.wait()


async def measured(ports: Ports, folder: Path) -> list[Result]:
    """All videos, through all services on these adapters."""
    latencies = {f"video-{n}": Latencies.drawn(SEED + n) for n in range(VIDEOS)}
    finishes = Finishes()
    ports.bus.subscribe("finishes", (VideoCompleted, VideoFailed), finishes.handle)
    played = _engine(lambda job: latencies[job.spec.video_id].of(job) / SCALE)
    parts = Parts(ports, KINDS, dict.fromkeys(KINDS, played), folder / "work", Pool(1))
    async with run_services(parts, [services.load(name) for name in services.NAMES]) as app:
        while not all(health.assigned for health in app.health().values()):
            await asyncio.sleep(0.1)
        began = await _requested(app, list(latencies))
        await finishes.all()
    return [
        Result(_makespan(began[video], *finishes.ends[video]), latencies[video])
        for video in latencies
    ]


def embedded(folder: Path) -> Ports:
    return Ports(SqliteStore(folder / "storywave.db"), LocalBus(), DiskBlobs(folder / "blobs"))


def on_servers(folder: Path) -> Ports:
    """Kafka and MongoDB, under names of this run alone."""
    from shared.bus.kafka import KafkaBus
    from shared.runtime.settings import Settings
    from shared.store.mongo import MongoStore
    from tests.cluster.servers import Servers

    os.environ.update(Servers.of_this_run().up())
    settings, name = Settings(), f"waves-{os.getpid()}"
    bus = KafkaBus(settings.kafka, prefix=f"{name}.", partitions=settings.kafka_partitions)
    return Ports(MongoStore(settings.mongo, name), bus, DiskBlobs(folder / "blobs"))


def _engine(latency: Callable[[Job], float]) -> RehearsalEngine:
    return RehearsalEngine(dict(services.load("planner").work), latency)


async def _requested(app: App, videos: Sequence[str]) -> dict[str, float]:
    """Ask for them one by one; gives when each was asked for."""
    brief = Brief(prompt=STORY, duration=DURATION, clips_at_once=LIMIT)
    first = time.monotonic()
    began = {}
    for number, video in enumerate(videos):
        await asyncio.sleep(first + number * ARRIVAL_SECONDS / len(videos) - time.monotonic())
        began[video] = time.monotonic()
        await app.gate.open(video, brief.owner)
        await app.shell("gateway").emit([VideoRequested(video_id=video, brief=brief)])
    return began


def _makespan(began: float, ended: float, end: Event) -> float:
    if not isinstance(end, VideoCompleted) or end.succeeded != BEATS * CHUNKS:
        raise Wrong(f"{end.video_id} did not end with its {BEATS * CHUNKS} chunks: {end}")
    return (ended - began) * SCALE


# ── the figure ──────────────────────────────────────────────────────────────────────────────────


def report(results: Sequence[Result]) -> None:
    """A table, and the line that is checked."""
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
    place = on_servers if "--servers" in sys.argv[1:] else embedded
    with tempfile.TemporaryDirectory(prefix="storywave-waves-") as name:
        folder = Path(name)
        try:
            report(asyncio.run(measured(place(folder), folder)))
        except (Wrong, TimeoutError) as error:
            print(f"error: {error or 'not all videos ended in time'}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
