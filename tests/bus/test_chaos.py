"""Chaos must be what it says: shuffled, doubled, torn, repeatable, and without loss."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest

from shared.bus.chaos import Chaos
from shared.bus.local import LocalBus
from shared.ports import Heard
from shared.story.events import VideoDeleted

EVENTS = [VideoDeleted(video_id=f"v{i:03}") for i in range(200)]


async def deliveries(chaos: Chaos | None) -> list[list[str]]:
    """The batches that one service gets of 200 events, as ids."""
    bus, batches = LocalBus(chaos, max_records=40), list[list[str]]()

    async def handle(batch: Sequence[Heard]) -> None:
        batches.append([event.id for event in batch])

    bus.subscribe("s", [VideoDeleted], handle)
    await bus.publish(EVENTS)
    await bus.start()
    async with asyncio.timeout(20):
        await bus.wait_until_idle()
    await bus.stop()
    return batches


def flat(batches: list[list[str]]) -> list[str]:
    return [event for batch in batches for event in batch]


async def test_without_chaos_everything_comes_once_and_in_order() -> None:
    assert flat(await deliveries(None)) == [event.id for event in EVENTS]


@pytest.mark.parametrize("seed", range(5))
async def test_chaos_loses_nothing(seed: int) -> None:
    heard = flat(await deliveries(Chaos(seed, double=0.3, crash=0.1)))
    assert set(heard) == {event.id for event in EVENTS}


async def test_doubles_are_about_as_many_as_asked_for() -> None:
    heard = flat(await deliveries(Chaos(1, shuffle=False, double=0.5)))
    assert 1.7 <= len(heard) / len(EVENTS) <= 2.3  # a double may be doubled: 1 + ½ + ¼ …


async def test_events_overtake_each_other_across_batches() -> None:
    batches = await deliveries(Chaos(1, double=0.0))
    assert sorted(flat(batches)) == [event.id for event in EVENTS]
    assert any(min(later) < max(sooner) for sooner, later in itertools.pairwise(batches))
    assert batches[0] != sorted(batches[0])


async def test_the_same_seed_does_the_same() -> None:
    assert await deliveries(Chaos(7)) == await deliveries(Chaos(7))
    assert await deliveries(Chaos(7)) != await deliveries(Chaos(8))


async def test_a_crash_tears_batches_before_and_after_the_handler() -> None:
    bus, calls = (
        LocalBus(Chaos(3, shuffle=False, double=0.0, crash=0.5), max_records=10),
        list[str](),
    )

    async def handle(batch: Sequence[Heard]) -> None:
        calls.append(batch[0].id)

    bus.subscribe("s", [VideoDeleted], handle)
    await bus.publish(EVENTS)
    await bus.start()
    async with asyncio.timeout(20):
        await bus.wait_until_idle()
    await bus.stop()
    assert set(calls) == {event.id for event in EVENTS[::10]}
    assert len(calls) > 20, "no batch was torn after its handler ran"
