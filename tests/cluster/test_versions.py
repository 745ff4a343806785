"""Two versions of every service side by side on the real servers, one coming and the other going.

Both read the same topics in one group and claim the same jobs, under a steady load, while some of
their processes are killed. Nothing is lost, run again or set aside, whichever comes or goes.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Container, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from shared.bus import wire
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX, replay
from shared.jobs.unreadable import PUT_OFF
from shared.jobs.untold import UNTOLD
from shared.ports import Is, Store
from shared.story.events import VideoCompleted, VideoFailed, topic
from shared.story.kinds import IMAGE, KINDS, WORDS, Kinds
from tests.cluster.earlier import needs_history, unpack_earlier
from tests.cluster.fleet import PROGRAM, Replica
from tests.cluster.report import report
from tests.cluster.servers import CHECKOUT, Servers
from tests.cluster.storm import Storm, storm
from tests.pipeline.versions import NEWER, SKETCH, RevisionRequested, VideoRecoloured

pytestmark = pytest.mark.cluster

SEED = random.SystemRandom().randrange(10**6)
REHEARSED = {
    "STORYWAVE_ENGINE": "rehearsal",
    "STORYWAVE_REHEARSAL_SECONDS": "0.3",
    "STORYWAVE_KAFKA_PARTITIONS": "2",
}
OURS_HERE = ("-m", "tests.cluster.member", "ours")
NEWER_HERE = ("-m", "tests.cluster.member", "newer")
LISTENED = {"words": "victor-upmeet/whisperx"}
"""The wish for a kind of job that the earlier version does not know."""
PAUSE = 0.7
WAIT_SECONDS = 90.0


@needs_history
async def test_down_to_an_earlier_version_and_up_again_under_load(tmp_path: Path) -> None:
    name = f"earlier{SEED}"
    checkout = unpack_earlier(tmp_path / "earlier")
    async with fleet_of_none(tmp_path, name) as s:
        ours = await add(s)
        async with load(s):
            earlier = await add(s, checkout=checkout)
            await s.ask(3, 0.1, at=ours, duration=30, models=LISTENED)
            await kill_some(s, ours, earlier)
            await leave(ours)
            await make_some(s)
            ours = await add(s)
            await kill_some(s, ours, earlier)
            await s.ask(3, 0.1, at=ours, duration=30, models=LISTENED)
            await leave(earlier)
        await tell_again(s)
        await check(s, name, KINDS, {WORDS.name})


async def test_a_newer_version_comes_and_goes_and_comes_again_under_load(tmp_path: Path) -> None:
    """What ours can't read waits for the newer one; what ours can make alone is made."""
    name = f"newer{SEED}"
    async with fleet_of_none(tmp_path, name) as s:
        ours = await add(s, OURS_HERE)
        async with load(s):
            newer = await add(s, NEWER_HERE)
            await s.ask(3, 0.1, duration=30)
            coloured = s.videos[-3:]
            await recolour(s, f"{name}.", coloured)
            await kill_some(s, ours, newer)
            await leave(newer)
            await make_some(s)
            await add(s, NEWER_HERE)
            await leave(ours)
        await check(s, name, NEWER.kinds, {SKETCH.name})
        await check_invented(s, coloured)


@asynccontextmanager
async def fleet_of_none(folder: Path, name: str) -> AsyncIterator[Storm]:
    print(f"seed={SEED}")
    servers = Servers.of_this_run()
    servers.up()
    async with storm(servers, folder, name, REHEARSED, copies=0) as s:
        yield s


@asynccontextmanager
async def load(s: Storm) -> AsyncIterator[None]:
    """Have a video made every moment for as long as this is open."""
    stop = asyncio.Event()

    async def ask() -> None:
        while not stop.is_set():
            await s.ask(1, PAUSE, duration=30)

    asking = asyncio.create_task(ask())
    try:
        yield
    finally:
        stop.set()
        await asking


async def add(
    s: Storm, program: Sequence[str] = PROGRAM, checkout: Path = CHECKOUT
) -> list[Replica]:
    """Start a process of each service, and return them once they are ready."""
    added = await asyncio.to_thread(s.fleet.add, 1, program, checkout)
    await asyncio.to_thread(s.fleet.wait_ready, added)
    return added


async def kill_some(s: Storm, *sides: Sequence[Replica]) -> None:
    """Kill one process of each side in the midst of its work; each comes back."""
    victims = [random.choice(side) for side in sides]
    for victim in victims:
        await s.kill(victim, signal.SIGKILL)
    await asyncio.to_thread(s.fleet.wait_ready, victims)


async def leave(replicas: Sequence[Replica]) -> None:
    """Tell processes to end, as a rollout does, and wait until they have."""
    codes = [asyncio.to_thread(replica.signal, signal.SIGTERM) for replica in replicas]
    assert set(await asyncio.gather(*codes)) == {0}


async def make_some(s: Storm) -> None:
    """Wait until two videos are made that were asked for after this moment."""
    first = len(s.videos) + 1
    async with s.store() as store, asyncio.timeout(WAIT_SECONDS):
        while len(s.videos) < first + 2 or await find_missing(store, s.videos[first : first + 2]):
            await asyncio.sleep(0.2)


async def find_missing(store: Store, videos: Sequence[str]) -> set[str]:
    """Return those of these videos that are not completed; none may end in another way."""
    here = {"video_id": Is("in", [*videos])}
    assert not await store.find(OUTBOX, {**here, "name": VideoFailed.__name__})
    ends = await store.find(OUTBOX, {**here, "name": VideoCompleted.__name__})
    return {*videos} - {row["video_id"] for row in ends}


async def check(s: Storm, name: str, kinds: Kinds, spare: Container[str]) -> None:
    """All videos end, and of what was written nothing is left over, untold or told wrongly."""
    async with s.store() as store, asyncio.timeout(WAIT_SECONDS):
        while await find_missing(store, s.videos) or await count_open(store):
            await asyncio.sleep(0.2)
    await report(s, name, kinds, spare)
    # the client tells of a commit that came too late for its group: that batch comes again
    ours = [line for line in s.fleet.lines() if line["logger"] != "storywave.bus.faststream"]
    broke = [line for line in ours if "traceback" in line]
    assert {line.get("action") for line in broke} <= {"unreadable"}, broke[:3]


async def tell_again(s: Storm) -> None:
    """Tell the facts of each open video again, as is done for one that is silent for minutes.

    Where the earlier version was the last to hear of a video, nobody asks for work that is new.
    """
    async with s.store() as store:
        for video in await find_missing(store, s.videos):
            await replay(store, video)


async def count_open(store: Store) -> int:
    """Return how many rows wait for somebody."""
    waiting = {
        JOBS: ("due_at", "tag", "publish_at", PUT_OFF),
        OUTBOX: ("publish_at", PUT_OFF),
        UNTOLD: ("publish_at", PUT_OFF),
    }
    return sum(
        [
            await store.count(collection, {field: Is("present")})
            for collection, fields in waiting.items()
            for field in fields
        ]
    )


async def recolour(s: Storm, prefix: str, videos: Sequence[str]) -> None:
    """Say what a gateway of the newer version would: ours can't read it."""
    kafka = s.fleet.environment["STORYWAVE_KAFKA"]
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for video in videos:
            event = RevisionRequested(video_id=video, rev=2, action="recolour")
            await producer.send_and_wait(
                prefix + topic(RevisionRequested),
                wire.body(event),
                key=wire.key(event),
                headers=wire.headers(event),
            )


async def check_invented(s: Storm, coloured: Sequence[str]) -> None:
    """What only the newer version knows was asked for, done and answered."""
    async with s.store() as store:
        jobs = await store.find(JOBS, {"spec.kind": IMAGE.name})
        answers = await store.find(OUTBOX, {"name": VideoRecoloured.__name__})
        sketches = await store.count(JOBS, {"spec.kind": SKETCH.name, "state": "done"})
    orders = [job["spec"]["input"] for job in jobs]
    assert {order.get("mood") for order in orders} == {"dusk", None}
    assert {row["video_id"] for row in answers} == {*coloured}
    assert sketches
