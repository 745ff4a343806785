"""Whole pipelines on the real servers, every service as processes, while everything is killed.

Replicas die by SIGKILL and SIGTERM, each of the three servers is killed and comes back, all of it
in mid-flight. Every video finishes, nothing is lost, nothing finished is run again.
"""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

import services
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.jobs.rows import end_event, from_doc
from shared.media import verify
from shared.store.mongo import MongoStore
from shared.story.events import DeadLettered, Event, topic
from shared.story.kinds import KINDS
from tests.cluster.figures import FIGURES
from tests.cluster.fleet import Fleet, Replica
from tests.cluster.servers import Servers
from tests.truth import run_again

pytestmark = pytest.mark.cluster

SEED = random.SystemRandom().randrange(10**6)
POISON = b"\xffpoison"
PROMPT = "A lighthouse keeper paints the sea. The storm comes. The lamp goes out. Morning."


@dataclass
class Storm:
    """A fleet on the servers, the videos asked of it, and when what was killed."""

    fleet: Fleet
    servers: Servers
    videos: list[str] = field(default_factory=list)
    kills: list[int] = field(default_factory=list)
    restarts: int = 0
    poisoned: bool = False

    async def ask(self, count: int, pause: float, **wanted: object) -> None:
        """Post videos through whichever gateway answers; a repetition is the same video."""
        async with httpx.AsyncClient(timeout=5) as client:
            for number in range(count):
                self.videos.append(await self._post(client, number, wanted))
                await asyncio.sleep(pause)

    async def _post(self, client: httpx.AsyncClient, number: int, wanted: dict[str, object]) -> str:
        body = {"prompt": PROMPT, "seed": number, **wanted}
        while True:
            gateway = random.choice(self.fleet.gateways())
            try:
                answer = await client.post(
                    f"{gateway.url}/v1/videos",
                    json=body,
                    headers={"Idempotency-Key": f"storm-{number}"},
                )
            except httpx.HTTPError:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code == 202:
                return str(answer.json()["id"])
            assert answer.status_code >= 500, answer.text
            await asyncio.sleep(0.2)

    async def kill(self, replica: Replica, number: signal.Signals) -> None:
        """End one replica in the middle of its work, and start it again."""
        self.kills.append(time.time_ns() // 1_000_000)
        code = await asyncio.to_thread(replica.signal, number)
        assert code == (-signal.SIGKILL if number is signal.SIGKILL else 0), replica.log
        replica.start()

    async def restart(self, name: Any) -> None:
        """SIGKILL a server; it is back on the same port with the same data."""
        await asyncio.to_thread(self.servers.kill, name)
        await asyncio.sleep(1)
        await asyncio.to_thread(self.servers.restart, name)
        self.restarts += 1

    async def poison(self, prefix: str) -> None:
        """A record on every topic that is no event, under the key of a video that is made."""
        kafka = self.fleet.environment["STORYWAVE_KAFKA"]
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            for cls in KINDS.events.values():
                await producer.send_and_wait(prefix + topic(cls), POISON, self.videos[0].encode())
        self.poisoned = True

    async def ended(self, seconds: float) -> list[dict[str, Any]]:
        """How every video ended, as the gateway tells it."""
        deadline = time.monotonic() + seconds
        ends: dict[str, dict[str, Any]] = {}
        async with httpx.AsyncClient(timeout=5) as client:
            while len(ends) < len(self.videos):
                missing = [video for video in self.videos if video not in ends]
                assert time.monotonic() < deadline, f"unfinished: {missing}"
                for video in missing:
                    status = await self._status(client, video)
                    if status and status["status"] in {"completed", "failed", "cancelled"}:
                        ends[video] = status
                await asyncio.sleep(0.5)
        return list(ends.values())

    async def download(self, video: str, folder: Path) -> Path:
        path = folder / f"{video}.mp4"
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.get(f"{self.fleet.gateways()[0].url}/v1/videos/{video}/media")
            path.write_bytes(answer.raise_for_status().content)
        return path

    async def _status(self, client: httpx.AsyncClient, video: str) -> dict[str, Any] | None:
        gateway = random.choice(self.fleet.gateways())
        try:
            answer = await client.get(f"{gateway.url}/v1/videos/{video}")
        except httpx.HTTPError:
            return None
        return answer.json() if answer.status_code == 200 else None


@pytest.fixture
def servers() -> Iterator[Servers]:
    running = Servers.of_this_run()
    running.up()
    yield running
    running.up()  # whatever a test has killed


@asynccontextmanager
async def storm(servers: Servers, folder: Path, name: str, **known: str) -> AsyncIterator[Storm]:
    environment = {
        **servers.env(),
        "STORYWAVE_KAFKA_PREFIX": f"{name}.",
        "STORYWAVE_MONGO_DATABASE": name,
        "STORYWAVE_KAFKA_SESSION_TIMEOUT_MS": "3000",
        "STORYWAVE_LEASE_SECONDS": "6",
        "STORYWAVE_PROCESSES": "1",
        **known,
    }
    fleet = Fleet(folder, environment)
    try:
        await asyncio.to_thread(fleet.start)
        yield Storm(fleet, servers)
    finally:
        await asyncio.to_thread(fleet.stop)


async def test_orchestration_under_a_storm(servers: Servers, tmp_path: Path) -> None:
    """Many videos without media: kills, a rebalance at each of them, and two server restarts."""
    print(f"seed={SEED}")
    draw = random.Random(SEED)
    known = {"STORYWAVE_ENGINE": "rehearsal", "STORYWAVE_REHEARSAL_SECONDS": "0.3"}
    async with storm(servers, tmp_path, f"storm{SEED}", **known) as s:
        asking = asyncio.create_task(s.ask(40, 1.0, duration=30, end_card={"seconds": 2.5}))
        await asyncio.sleep(3)
        await s.poison(f"storm{SEED}.")
        victims = draw.sample(s.fleet.replicas, 8)
        for number, replica in enumerate(victims):
            await s.kill(replica, signal.SIGTERM if number % 4 == 3 else signal.SIGKILL)
            if number == 2:
                await s.restart("kafka")
            if number == 5:
                await s.restart("mongo")
            await asyncio.sleep(draw.uniform(2, 4))
        await asking
        ends = await s.ended(120)
        assert Counter(end["status"] for end in ends) == {"completed": 40}
        await report(s, f"storm{SEED}")


async def test_media_under_a_storm(servers: Servers, tmp_path: Path) -> None:
    """Real videos through the object store, which is killed in mid-flight, as are two replicas."""
    async with storm(servers, tmp_path, f"media{SEED}") as s:
        await s.ask(2, 0.1, duration=10)
        await asyncio.sleep(4)
        await s.restart("s3")
        for service in ("stitcher", "chunker"):
            victim = next(r for r in s.fleet.replicas if r.service == service)
            await s.kill(victim, signal.SIGKILL)
        ends = await s.ended(150)
        assert Counter(end["status"] for end in ends) == {"completed": 2}
        for video in s.videos:
            path = await s.download(video, tmp_path)
            made = verify.report(path)
            assert made.ok, "\n".join(made.lines())
        await report(s, f"media{SEED}")


# ── the truth, read from the rows, the topics and the logs ──────────────────────────────────────


async def report(s: Storm, name: str) -> None:
    store = MongoStore(s.fleet.environment["STORYWAVE_MONGO"], name)
    await store.open({})
    try:
        jobs, facts = await store.find(JOBS, {}), await store.find(OUTBOX, {})
    finally:
        await store.close()
    assert {job["state"] for job in jobs} == {"done"}
    assert not [row["_id"] for row in (*jobs, *facts) if "publish_at" in row], "unpublished"
    rerun = run_again(s.fleet.lines(), {job["_id"]: job["attempt"] for job in jobs})
    assert not rerun, rerun
    events = await published_events(s.fleet.environment["STORYWAVE_KAFKA"], f"{name}.")
    letters = {(e.service, e.topic) for e in events if isinstance(e, DeadLettered)}
    assert letters == (expected_letters(f"{name}.") if s.poisoned else set())
    published = Counter(event.id for event in events if not isinstance(event, DeadLettered))
    made = {end_event(from_doc(job), KINDS).id for job in jobs}
    lost = ({row["_id"] for row in facts} | made) - published.keys()
    assert not lost, lost
    FIGURES["videos"] += len(s.videos)
    FIGURES["kills"] += len(s.kills)
    FIGURES["server_restarts"] += s.restarts
    FIGURES["lost"] += len(lost)
    FIGURES["rerun"] += len(rerun)
    FIGURES["duplicate_events"] += sum(published.values()) - len(published)
    FIGURES.recoveries += recoveries(s.kills, jobs, facts)


def expected_letters(prefix: str) -> set[tuple[str, str]]:
    """Who sets poison aside: every service on each of its topics, but no letter about letters."""
    return {
        (name, prefix + topic(cls))
        for name in services.NAMES
        for cls in services.load(name).consumes(KINDS)
        if cls is not DeadLettered
    }


async def published_events(kafka: str, prefix: str) -> list[Event]:
    """All that stands on the topics, but for the poison."""
    topics = [prefix + topic(cls) for cls in KINDS.events.values()]
    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    found: list[Event] = []
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        assert len(ends) >= len(topics)
        while any([await consumer.position(at) < end for at, end in ends.items()]):
            batch = await consumer.getmany(timeout_ms=1000)
            for record in (record for group in batch.values() for record in group):
                if record.value != POISON:
                    cls = KINDS.events[dict(record.headers)["type"].decode()]
                    found.append(cls.model_validate_json(record.value))
    finally:
        await consumer.stop()
    return found


def recoveries(
    kills: list[int], jobs: list[dict[str, Any]], facts: list[dict[str, Any]]
) -> list[float]:
    """For each kill and each video in flight: seconds until something more happened to it."""
    moments: dict[str, list[int]] = {}
    for job in jobs:
        moments.setdefault(job["spec"]["video_id"], []).append(job["finished_at"])
    for fact in facts:
        moments.setdefault(fact["video_id"], []).append(fact["body"]["at"])
    return [
        (after - kill) / 1000
        for kill in kills
        for times in moments.values()
        for before, after in pairwise(sorted(times))
        if before <= kill < after
    ]
