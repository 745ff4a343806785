"""The shell: any order, any duplicates, any racers, any crash: the same outcome."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from shared.blobs.disk import DiskBlobs
from shared.bus.local import LocalBus
from shared.jobs import ledger, relay
from shared.jobs.job import Rules
from shared.jobs.ledger import JOBS, Ledger
from shared.jobs.relay import OUTBOX, Relay
from shared.jobs.unreadable import PUT_OFF_MS
from shared.ports import Doc, Is, Update
from shared.runtime.known import Change, Known
from shared.runtime.purge import Purge
from shared.runtime.service import Service
from shared.runtime.shell import CHECK_MS, SILENT_MS, Shell
from shared.store.sqlite import SqliteStore
from shared.story.brief import Brief
from shared.story.errors import TOLD, BusUnavailable
from shared.story.events import (
    BeatsPlanned,
    DeadLettered,
    Event,
    RevisionRequested,
    VideoDeleted,
    VideoRequested,
    WavesCompleted,
)
from shared.story.kinds import IMAGE, KINDS, ImageReady
from shared.story.view import Decision, JobSpec, View
from tests.clock import Clock


def decide(view: View, plan: BeatsPlanned | None) -> Decision:
    """An image a request; a summary once three images are there; it can't bear a fourth."""
    request = view.one(VideoRequested)
    images = view.all(ImageReady)
    if len(images) > 3:
        raise ValueError("four images are one too many")
    done = len(images) == 3
    event = WavesCompleted(video_id=view.video_id, rev=1, total=3, succeeded=3)
    jobs = [JobSpec(kind=IMAGE.name, video_id=view.video_id, beat=n) for n in range(3)]
    return Decision(tuple(jobs) if request else (), (event,) if done else (), done=done)


SERVICE = Service(
    name="toy",
    reads=(VideoRequested, ImageReady),
    decide=decide,
    finish={IMAGE: lambda order, space, made: made},
    decides=(WavesCompleted,),
)


RULES = Rules(relay_ms=10)


class Bus(LocalBus):
    """Keeps what is published; may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[Event] = []
        self.away = False

    async def publish(self, events: Sequence[Event]) -> None:
        if self.away:
            raise BusUnavailable("the bus is away")
        self.published += events


class Toy:
    """A shell of the toy service on a store."""

    def __init__(self, store: SqliteStore, blobs: DiskBlobs) -> None:
        self.store, self.bus = store, Bus()
        self.relay = Relay(store, self.bus, "toy", runs=[IMAGE], kinds=KINDS, rules=RULES)
        self.ledger = Ledger(store, KINDS, Rules())
        self.shell = Shell(
            SERVICE,
            KINDS,
            store=store,
            bus=self.bus,
            ledger=self.ledger,
            relay=self.relay,
            purge=Purge(store, blobs, SERVICE),
            take_on=self.take_on,
        )

    async def take_on(self, specs: Sequence[JobSpec]) -> None:
        await self.ledger.insert(specs)

    async def doc(self, video: str = "v") -> Doc:
        return (await self.store.get(SERVICE.views, [video]))[video]

    async def rows(self, collection: str) -> set[str]:
        return {row["_id"] for row in await self.store.find(collection, {})}

    async def published(self) -> list[Event]:
        await self.relay.drain(5)
        return self.bus.published


@pytest.fixture
async def toys(tmp_path: Path, clock: Clock) -> AsyncIterator[list[Toy]]:
    """Two replicas on one store."""
    store = SqliteStore(tmp_path / "storywave.db", clock)
    await store.open({**ledger.INDEXES, **relay.INDEXES, **SERVICE.indexes})
    blobs = DiskBlobs(tmp_path / "blobs")
    await blobs.open()
    yield [Toy(store, blobs), Toy(store, blobs)]
    await store.close()


def request(video: str = "v") -> VideoRequested:
    return VideoRequested(video_id=video, brief=Brief(prompt="a boat"))


def image(beat: int, video: str = "v") -> ImageReady:
    return ImageReady(video_id=video, job=f"{video}/image/{beat}/0/0", beat=beat, key=f"k{beat}")


HISTORY: list[Event] = [request(), image(0), image(1), image(2)]
DONE = "v/WavesCompleted/1"


@pytest.mark.parametrize("seed", range(8))
async def test_any_order_and_any_duplicates_end_alike(toys: list[Toy], seed: int) -> None:
    draw = random.Random(seed)
    events = HISTORY * 3
    draw.shuffle(events)
    while events:
        size = draw.randint(1, 4)
        await draw.choice(toys).shell.handle(events[:size])
        del events[:size]
    assert await toys[0].rows(JOBS) <= {f"v/image/{n}/0/0" for n in range(3)}
    assert await toys[0].rows(OUTBOX) == {DONE}
    assert "check_at" not in await toys[0].doc()


async def test_racing_replicas_decide_once(toys: list[Toy]) -> None:
    videos = [f"v{n}" for n in range(20)]
    batches = [[request(v), image(0, v), image(1, v), image(2, v)] for v in videos]
    await asyncio.gather(*(toy.shell.handle(batch) for batch in batches for toy in toys))
    assert await toys[0].rows(OUTBOX) == {f"{v}/WavesCompleted/1" for v in videos}
    published = [*await toys[0].published(), *await toys[1].published()]
    assert sorted(e.video_id for e in published) == sorted(videos), "each by whoever inserted it"


async def test_what_was_released_is_inserted_again_after_a_crash(toys: list[Toy]) -> None:
    first, second = toys
    await first.shell.handle([request()])
    jobs = await first.rows(JOBS)
    await first.store.delete(JOBS, list(jobs))  # it died before this reached the disk
    await second.shell.handle([request()])
    assert await second.rows(JOBS) == jobs and len(jobs) == 3


async def test_a_row_that_no_one_can_read_holds_up_no_other(toys: list[Toy], clock: Clock) -> None:
    first, second = toys
    first.bus.away = True
    await first.shell.handle([*HISTORY, request("other")])
    await first.published()
    row = (await first.store.get(OUTBOX, [DONE]))[DONE]
    await first.store.insert(
        OUTBOX,
        [
            {**row, "_id": "unknown", "name": "VideoFolded"},
            {**row, "_id": "torn", "body": {"video_id": "v"}},
            {"_id": "bare", "service": "toy", "publish_at": row["publish_at"]},
        ],
    )
    job = (await first.store.find(JOBS, {}))[0]
    await first.store.insert(
        JOBS, [{**job, "_id": "odd", "state": "stuck", "publish_at": row["publish_at"]}]
    )
    clock.move(RULES.relay_ms)
    before = second.store.now()
    assert await second.relay.scan() == 1
    assert [event.id for event in await second.published()] == [DONE]
    assert await second.relay.scan() == 0
    left = await second.store.find(OUTBOX, {"publish_at": Is(">", before)})
    left += await second.store.find(JOBS, {"publish_at": Is(">", before)})
    assert {row["_id"] for row in left} == {"unknown", "torn", "bare", "odd"}
    assert min(row["publish_at"] for row in left) >= before + 0.7 * PUT_OFF_MS


async def test_what_was_decided_is_published_although_the_bus_was_away(
    toys: list[Toy], clock: Clock
) -> None:
    first, second = toys
    first.bus.away = True
    await first.shell.handle(HISTORY)
    assert not await first.published()
    clock.move(RULES.relay_ms)
    assert await second.relay.scan() == 1
    assert [event.id for event in await second.published()] == [DONE]
    assert await second.relay.scan() == 0


async def test_a_decision_that_breaks_is_set_aside_alone(toys: list[Toy]) -> None:
    toy = toys[0]
    bad = [image(n, "bad") for n in range(4)]
    await toy.shell.handle([*bad, *HISTORY])
    assert await toy.rows(OUTBOX) == {DONE}
    letters = [e for e in await toy.published() if isinstance(e, DeadLettered)]
    assert {letter.video_id for letter in letters} == {"bad"} and len(letters) == 4
    assert "four images are one too many" in letters[0].error
    assert all(letter.stuck for letter in letters)


async def test_a_view_that_cannot_be_written_is_told_of_and_holds_up_no_other(
    toys: list[Toy], monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = toys[0]
    await toy.shell.handle([request("bad"), request()])
    update = toy.store.update

    async def refuse(collection: str, updates: Sequence[Update]) -> set[str]:
        if collection == SERVICE.views and any(each.id == "bad" for each in updates):
            raise ValueError("the document would become too large")
        return await update(collection, updates)

    monkeypatch.setattr(toy.store, "update", refuse)
    await toy.shell.handle([*HISTORY, image(1, "bad")])
    assert await toy.rows(OUTBOX) == {DONE}
    [letter] = [e for e in await toy.published() if isinstance(e, DeadLettered)]
    assert (letter.video_id, letter.topic, letter.stuck) == ("bad", "ImageReady", True)
    assert "too large" in letter.error
    await toy.shell.handle([letter])
    assert len(await toy.published()) == 2, "there is no letter about a letter"


async def test_letters_are_no_longer_than_a_message_may_be(toys: list[Toy]) -> None:
    toy = toys[0]
    long = request("bad").model_copy(update={"brief": Brief(prompt="sea " * 100_000)})
    await toy.shell.handle([*(image(n, "bad") for n in range(4)), long])
    letters = [e for e in await toy.published() if isinstance(e, DeadLettered)]
    assert max(len(letter.model_dump_json()) for letter in letters) < 2 * TOLD + 1_000


async def test_nothing_starts_a_deleted_video_again(toys: list[Toy]) -> None:
    toy = toys[0]
    await toy.shell.handle([request(), image(0)])
    await toy.store.delete(JOBS, list(await toy.rows(JOBS)))
    await toy.shell.handle([VideoDeleted(video_id="v")])
    await toys[1].shell.handle(HISTORY)
    assert await toy.rows(JOBS) == set() and await toy.rows(OUTBOX) == set()
    tombstone = await toy.doc()
    assert set(tombstone["parts"]) == {"VideoDeleted"}
    assert not tombstone.keys() & {"released", "decided", "heard_at"}


async def test_the_sweep_handles_again_what_was_not_heard_of(toys: list[Toy]) -> None:
    first, second = toys
    await first.shell.handle([request()])
    await first.store.delete(JOBS, list(await first.rows(JOBS)))
    assert await second.shell.sweep() == 0
    await overdue(second, heard_ago=CHECK_MS)
    assert await second.shell.sweep() == 1
    assert len(await second.rows(JOBS)) == 3
    assert (await second.doc())["check_at"] > second.store.now()
    assert await second.shell.sweep() == 0


async def test_a_silent_video_without_open_work_hears_its_facts_again(toys: list[Toy]) -> None:
    first, second = toys
    await first.shell.handle(HISTORY[:-1])
    await first.shell.emit([WavesCompleted(video_id="v", rev=7, total=1, succeeded=1)])
    await first.published()
    await overdue(first, heard_ago=SILENT_MS)
    await first.shell.sweep()
    assert not await second.relay.scan(), "its jobs are still open"
    await first.store.delete(JOBS, list(await first.rows(JOBS)))
    await overdue(first, heard_ago=SILENT_MS)
    await first.shell.sweep()
    assert await second.relay.scan() == 1
    assert [event.id for event in await second.published()] == ["v/WavesCompleted/7"]


async def test_what_stays_silent_is_asked_less_and_less_often(toys: list[Toy]) -> None:
    toy = toys[0]
    await toy.shell.handle(HISTORY[:-1])
    await toy.store.delete(JOBS, list(await toy.rows(JOBS)))
    replays = []
    for silent in (1, 1, 2, 3, 4):
        await overdue(toy, heard_ago=silent * SILENT_MS)
        await toy.shell.sweep()
        replays.append((await toy.doc()).get("replays", 0))
    assert replays == [1, 1, 2, 2, 3]


async def test_a_stray_fact_is_kept_but_not_waited_for(toys: list[Toy]) -> None:
    await toys[0].shell.handle([image(1)])
    assert "check_at" not in await toys[0].doc()
    await toys[0].shell.handle([request()])
    assert "check_at" in await toys[0].doc()


async def test_what_is_known_already_is_not_written_again(toys: list[Toy]) -> None:
    await toys[0].shell.handle(HISTORY[:2])
    before = await toys[0].doc()
    await toys[0].shell.handle(HISTORY[:2])
    await toys[1].shell.handle(HISTORY[:2])
    assert await toys[0].doc() == before


async def test_a_large_batch_is_decided_on_in_parts(
    toys: list[Toy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two parts others of the process have their turn: requests, heartbeats."""
    toy, sizes = toys[0], list[int]()
    insert = toy.store.insert

    async def count(collection: str, docs: Sequence[Doc]) -> set[str]:
        sizes.extend([len(docs)] if collection == SERVICE.views else [])
        return await insert(collection, docs)

    monkeypatch.setattr(toy.store, "insert", count)
    monkeypatch.setattr("shared.runtime.shell.VIDEOS_AT_ONCE", 2)
    videos = {f"v{n}" for n in range(5)}
    await toy.shell.handle([request(video) for video in sorted(videos)])
    assert sorted(sizes) == [1, 2, 2]
    assert await toy.rows(SERVICE.views) == videos


async def overdue(toy: Toy, heard_ago: int) -> None:
    now = toy.store.now()
    times = {"check_at": now - 1, "heard_at": now - heard_ago}
    await toy.store.update(SERVICE.views, [Update("v", set=times)])


async def test_our_own_events_are_durable_known_and_published(toys: list[Toy]) -> None:
    toy = toys[0]
    await toy.shell.emit([request()])
    await toy.shell.emit([request()])
    view = await toy.shell.view("v")
    assert view is not None and (asked := view.one(VideoRequested)) and asked.at > 0
    assert len(await toy.rows(JOBS)) == 3
    assert [event.id for event in await toy.published()] == ["v/VideoRequested/0"]
    assert await toy.shell.view("nobody") is None


async def test_a_fact_stays_as_it_was_told_first(toys: list[Toy]) -> None:
    await toys[0].shell.emit([request()])
    other = request().model_copy(update={"brief": Brief(prompt="another boat")})
    await toys[1].shell.emit([other])
    view = await toys[1].shell.view("v")
    assert view is not None and (asked := view.one(VideoRequested))
    assert asked.brief.prompt == "a boat"


def test_the_time_to_check_again_moves_only_when_half_of_it_has_passed() -> None:
    known, times = Known("v"), []
    for beat, now in enumerate((0, 40, 60)):
        heard = known.hear([request(), image(beat)])
        known = Change.of(known, heard, Decision(), now, patience=100).result
        times.append(known.check_at)
    assert times == [100, 100, 160]
    done = Change.of(known, known.hear([]), Decision(done=True), 70, patience=100)
    assert done.adds
    assert done.result.check_at is None


async def test_of_two_facts_of_one_id_told_at_once_the_same_one_counts_everywhere(
    toys: list[Toy],
) -> None:
    """Two callers in one turn of the loop share a batch: the row and the view must agree."""
    first, second = (
        RevisionRequested.model_validate(
            {"video_id": "v", "rev": 2, "action": "reframe", "aspect": aspect}
        )
        for aspect in ("1:1", "16:9")
    )
    await asyncio.gather(toys[0].shell.emit([first]), toys[0].shell.emit([second]))
    (row,) = await toys[0].store.find(relay.OUTBOX, {})
    view = await toys[0].shell.view("v")
    assert view is not None
    (heard,) = view.all(RevisionRequested)
    assert row["body"]["aspect"] == heard.aspect == "1:1"
    assert [event.id for event in await toys[0].published()] == [first.id]
