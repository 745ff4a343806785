"""What every bus promises, in one body over the in-process queues and a real Kafka."""

import asyncio
import itertools
import json
import os
import statistics
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pytest
from prometheus_client import REGISTRY

from shared.bus.local import LocalBus
from shared.ports import Bus, Handler, Heard, Unread
from shared.story.errors import BusUnavailable, StoreUnavailable, Unpublishable
from shared.story.events import DeadLettered, Event, VideoDeleted, VideoSteered
from shared.story.kinds import MusicReady
from tests.contracts.listening import PATIENCE, Listener, deleted, ids, music, steered, until

Types = Sequence[type[Event]]

BATCH = 50
HOP_MS = {"local": 2.0, "kafka": 15.0}


class NewerSteered(VideoSteered):
    """How a later version of the project might have it."""

    desired: Literal["running", "paused", "cancelled", "archived"] = "running"  # type: ignore[assignment]
    mood: str = ""


NewerSteered.__name__ = VideoSteered.__name__  # by its name an event finds its topic


@dataclass
class Buses:
    """Buses of one kind that reach the same events; what runs is stopped at the end."""

    name: str
    make: Callable[[], Bus]
    running: list[Bus] = field(default_factory=list)

    async def start(self, bus: Bus, *services: str) -> None:
        self.running.append(bus)
        await bus.start()
        await until(lambda: all(bus.health(service).assigned for service in services))

    async def stop(self, bus: Bus) -> None:
        self.running.remove(bus)
        await bus.stop()

    async def start_again(self, bus: Bus, service: str, types: Types, handle: Handler) -> None:
        """What is in queues lives as long as the bus, what is in Kafka as long as its topics."""
        if self.name == "kafka":
            bus = self.make()
            bus.subscribe(service, types, handle)
        await self.start(bus, service)


@pytest.fixture(params=["local", pytest.param("kafka", marks=pytest.mark.cluster)])
async def buses(request: pytest.FixtureRequest) -> AsyncIterator[Buses]:
    buses = Buses(request.param, _local() if request.param == "local" else _kafka())
    yield buses
    await asyncio.gather(*(bus.stop() for bus in buses.running))


def _local() -> Callable[[], Bus]:
    return lambda: LocalBus(max_records=BATCH)


def _kafka() -> Callable[[], Bus]:
    from shared.bus.kafka import KafkaBus

    prefix = f"t{uuid.uuid4().hex[:10]}."
    return lambda: KafkaBus(
        os.environ["STORYWAVE_KAFKA"], prefix=prefix, partitions=3, max_records=BATCH
    )


async def test_every_service_hears_every_event_of_its_types_and_no_other(buses: Buses) -> None:
    bus, both, one = buses.make(), Listener(), Listener()
    bus.subscribe("both", [VideoDeleted, MusicReady], both)
    bus.subscribe("one", [MusicReady], one)
    await buses.start(bus, "both", "one")
    sent = deleted(40) + music(40)
    await bus.publish([*sent, *steered(3, 1)])
    await until(lambda: set(both.heard) >= ids(sent) and set(one.heard) >= ids(music(40)))
    assert set(both.heard) == ids(sent)
    assert set(one.heard) == ids(music(40))


async def test_events_arrive_as_they_were_sent(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    bus.subscribe("s", [VideoSteered, MusicReady], listener)
    await buses.start(bus, "s")
    sent = [VideoSteered(video_id="ünï", rev=3, cap=12_345_678_901), *music(1)]
    await bus.publish(sent)
    await until(lambda: len(listener.heard) == 2)
    got = {event.id: event for batch in listener.batches for event in batch}
    assert got == {event.id: event for event in sent}


async def test_the_lag_is_what_no_batch_has_taken_yet(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    bus.subscribe("s", [VideoDeleted], listener)
    await buses.start(bus, "s")
    assert await bus.measure_lag("s") == 0
    listener.gate.clear()
    await bus.publish(deleted(1))
    await until(listener.entered.is_set)
    await bus.publish(deleted(200, "w"))
    assert await bus.measure_lag("s") == 200
    listener.gate.set()
    await until(lambda: len(listener.heard) == 201)
    assert await bus.measure_lag("s") == 0


async def test_what_waits_is_taken_in_batches_within_their_limit(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    listener.gate.clear()
    bus.subscribe("s", [VideoDeleted], listener)
    await buses.start(bus, "s")
    await bus.publish(deleted(1, "first"))
    await listener.entered.wait()
    await bus.publish(deleted(6 * BATCH))
    listener.gate.set()
    await until(lambda: len(listener.heard) == 6 * BATCH + 1)
    sizes = [len(batch) for batch in listener.batches]
    assert max(sizes) <= BATCH
    assert len(sizes) <= 20, f"hardly batches: {sizes}"


async def test_one_key_keeps_its_order(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    bus.subscribe("s", [VideoSteered], listener)
    await buses.start(bus, "s")
    sent = steered(videos=10, revs=30)
    await bus.publish(sent[:150])
    await bus.publish(sent[150:])
    await until(lambda: set(listener.heard) == ids(sent))
    heard = [e for batch in listener.batches for e in batch if isinstance(e, VideoSteered)]
    for video in {event.video_id for event in heard}:
        revs = [event.rev for event in heard if event.video_id == video]
        assert revs == sorted(revs)


async def test_an_event_that_is_too_large_fails_alone_and_is_named(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    bus.subscribe("s", [VideoDeleted, DeadLettered], listener)
    await buses.start(bus, "s")
    about = {"service": "s", "topic": "t", "position": "1", "error": "e"}
    large = DeadLettered(video_id="v", body="x" * 1_200_000, **about)
    sent = deleted(20)
    with pytest.raises(
        Unpublishable, match=rf"{large.id}: it is too large: 1,200,\d+ bytes"
    ) as why:
        await bus.publish([*sent[:10], large, *sent[10:]])
    assert set(why.value.refused) == {large.id}
    await bus.publish(deleted(1, "later"))
    await until(lambda: set(listener.heard) >= ids(deleted(1, "later")) | ids(sent))
    assert large.id not in listener.heard


async def test_what_half_of_a_character_spoils_fails_alone_and_is_named(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    bus.subscribe("s", [VideoDeleted, MusicReady], listener)
    await buses.start(bus, "s")
    bad = MusicReady(video_id="v", job="v/music/0/0/0", key=json.loads('"\\ud83d"'), seconds=1)
    with pytest.raises(Unpublishable, match=f"{bad.id}: it holds half of a character"):
        await bus.publish([bad, *deleted(20)])
    await until(lambda: set(listener.heard) == ids(deleted(20)))


async def test_what_a_newer_version_wrote_is_handed_over_unread(buses: Buses) -> None:
    """A field that is not known changes nothing. Two versions on one bus."""
    ours, theirs, listener, newer = buses.make(), buses.make(), Listener(), Listener()
    ours.subscribe("s", [VideoSteered, VideoDeleted], listener)
    theirs = ours if buses.name == "local" else theirs
    theirs.subscribe("t", [NewerSteered, VideoDeleted], newer)
    await buses.start(ours, *(["s", "t"] if theirs is ours else ["s"]))
    if theirs is not ours:
        await buses.start(theirs, "t")
    plain = NewerSteered(video_id="v", rev=1, desired="paused", mood="calm")
    strange = NewerSteered(video_id="v", rev=2, desired="archived")
    await theirs.publish([plain, strange, *deleted(5)])
    await ours.publish([VideoSteered(video_id="v", rev=3)])
    expected = {plain.id, strange.id, "v/VideoSteered/3", *ids(deleted(5))}
    await until(lambda: set(listener.heard) == expected and set(newer.heard) == expected)
    heard = {event.id: event for batch in listener.batches for event in batch}
    known = heard[plain.id]
    assert type(known) is VideoSteered and known.desired == "paused"
    kept = heard[strange.id]
    assert kept == Unread("v", "VideoSteered", "2", strange.model_dump(mode="json"))
    assert NewerSteered.model_validate(kept.body) == strange
    theirs_heard = [event for batch in newer.batches for event in batch]
    assert strange in theirs_heard and NewerSteered(video_id="v", rev=3) in theirs_heard


@pytest.mark.parametrize(
    "error", [StoreUnavailable("the store is away"), ZeroDivisionError("a bug")]
)
async def test_a_raising_handler_gets_its_batch_again(buses: Buses, error: Exception) -> None:
    bus, listener, letters = buses.make(), Listener(failures=[error] * 3), Listener()
    bus.subscribe("s", [VideoDeleted, MusicReady, VideoSteered], listener)
    bus.subscribe("letters", [DeadLettered], letters)
    await buses.start(bus, "s", "letters")
    sent, before = deleted(40) + music(40) + steered(40, 1), times_repeated()
    await bus.publish(sent)
    await until(lambda: set(listener.heard) == ids(sent))
    assert len(listener.refused) == 3
    assert times_repeated() == before + 3
    assert not letters.batches, "a failing handler is nobody's bad message"


def times_repeated() -> float:
    return REGISTRY.get_sample_value("storywave_batches_repeated_total", {"service": "s"}) or 0


async def test_a_refused_batch_over_topics_and_partitions_comes_again_whole(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    listener.gate.clear()
    bus.subscribe("s", [VideoDeleted, MusicReady, VideoSteered], listener)
    await buses.start(bus, "s")
    await bus.publish(deleted(1, "first"))
    await listener.entered.wait()
    sent = [*itertools.chain(*zip(deleted(150), music(150), steered(150, 1), strict=True))]
    await bus.publish(sent)
    listener.failures = [StoreUnavailable("away")] * 2
    listener.gate.set()
    await until(lambda: set(listener.heard) >= ids(sent))
    first_try, second_try = listener.refused
    assert ids(first_try) <= ids(second_try) | set(listener.heard)
    assert sum(listener.heard.values()) == len(sent) + 1, "only what was refused comes again"


async def test_retries_slow_down(buses: Buses) -> None:
    bus, listener = buses.make(), Listener(failures=[StoreUnavailable("away")] * 1_000)
    bus.subscribe("s", [VideoDeleted], listener)
    await buses.start(bus, "s")
    await bus.publish(deleted(1))
    await until(lambda: bool(listener.refused))
    await asyncio.sleep(1.5)
    assert 3 <= len(listener.refused) <= 10


async def test_stop_lets_the_running_batch_end(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    listener.gate.clear()
    bus.subscribe("s", [VideoDeleted], listener)
    await buses.start(bus, "s")
    await bus.publish(deleted(1))
    await listener.entered.wait()
    stopping = asyncio.create_task(buses.stop(bus))
    await asyncio.sleep(0.05)
    assert not stopping.done()
    listener.gate.set()
    await stopping
    assert set(listener.heard) == ids(deleted(1))


async def test_nothing_is_lost_between_stop_and_start(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    listener.gate.clear()
    bus.subscribe("s", [VideoDeleted, MusicReady], listener)
    await buses.start(bus, "s")
    sent = deleted(400) + music(400)
    await bus.publish(sent)
    await listener.entered.wait()
    stopping = asyncio.create_task(buses.stop(bus))
    await asyncio.sleep(0)
    listener.gate.set()
    await stopping
    assert 0 < len(listener.heard) < len(sent)
    await buses.start_again(bus, "s", [VideoDeleted, MusicReady], listener)
    await until(lambda: set(listener.heard) == ids(sent))


async def test_a_stop_ends_the_waiting_for_a_retry(buses: Buses) -> None:
    bus, listener = buses.make(), Listener(failures=[StoreUnavailable("away")] * 1_000)
    bus.subscribe("s", [VideoDeleted], listener)
    await buses.start(bus, "s")
    await bus.publish(deleted(3))
    await until(lambda: len(listener.refused) >= 3)
    begun = time.monotonic()
    await buses.stop(bus)
    assert time.monotonic() - begun < 5
    listener.failures.clear()
    await buses.start_again(bus, "s", [VideoDeleted], listener)
    await until(lambda: set(listener.heard) == ids(deleted(3)))


async def test_a_stopped_bus_takes_nothing(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    bus.subscribe("s", [VideoDeleted], listener)
    await buses.start(bus, "s")
    await buses.stop(bus)
    with pytest.raises(BusUnavailable):
        await bus.publish(deleted(1))


async def test_health_sees_a_handler_that_hangs(buses: Buses) -> None:
    bus, listener = buses.make(), Listener()
    bus.subscribe("s", [VideoDeleted], listener)
    assert bus.health("s").assigned == 0
    await buses.start(bus, "s")
    await asyncio.sleep(1.2)
    assert bus.health("s").progress_age < 1.0
    listener.gate.clear()
    await bus.publish(deleted(1))
    await listener.entered.wait()
    await asyncio.sleep(1.2)
    assert bus.health("s").progress_age > 1.0
    listener.gate.set()
    await until(lambda: bus.health("s").progress_age < 1.0)


async def test_health_of_a_consumer_that_only_waits_for_a_server_is_good(buses: Buses) -> None:
    bus, listener = buses.make(), Listener(failures=[StoreUnavailable("away")] * 1_000)
    bus.subscribe("s", [VideoDeleted], listener)
    await buses.start(bus, "s")
    await bus.publish(deleted(1))
    await until(lambda: len(listener.refused) >= 7)
    assert bus.health("s").progress_age < 4.0


async def test_a_hop_is_short(buses: Buses) -> None:
    bus, arrived = buses.make(), asyncio.Event()

    async def note(batch: Sequence[Heard]) -> None:
        arrived.set()

    hops = await _hops(buses, bus, note, arrived)
    median, p95 = statistics.median(hops), statistics.quantiles(hops, n=20)[-1]
    print(f"\nFIGURE hop bus={buses.name} p50_ms={median:.2f} p95_ms={p95:.2f}")
    assert median <= HOP_MS[buses.name]


async def _hops(buses: Buses, bus: Bus, note: Handler, arrived: asyncio.Event) -> list[float]:
    """Milliseconds from before the publish to inside the handler, one event at a time."""
    bus.subscribe("s", [VideoDeleted], note)
    await buses.start(bus, "s")
    hops = []
    for event in deleted(110):
        arrived.clear()
        begun = time.perf_counter()
        await bus.publish([event])
        await asyncio.wait_for(arrived.wait(), PATIENCE)
        hops.append(1_000 * (time.perf_counter() - begun))
        await asyncio.sleep(0.013)
    return hops[10:]
