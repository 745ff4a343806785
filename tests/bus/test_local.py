"""What only the queues in one process promise."""

import asyncio
import time
from collections.abc import Sequence

from shared.bus.local import LocalBus
from shared.ports import Heard
from shared.story.events import VideoDeleted
from shared.story.kinds import MusicReady


async def test_waiting_until_idle_waits_for_what_handlers_publish() -> None:
    bus, heard = LocalBus(), list[Heard]()

    async def answer(batch: Sequence[Heard]) -> None:
        await asyncio.sleep(0.02)
        for event in batch:
            job = f"{event.video_id}/music/0/0/0"
            ready = MusicReady(video_id=event.video_id, job=job, key="k", seconds=1)
            await bus.publish([ready])

    async def listen(batch: Sequence[Heard]) -> None:
        await asyncio.sleep(0.02)
        heard.extend(batch)

    bus.subscribe("listener", [MusicReady], listen)
    bus.subscribe("answerer", [VideoDeleted], answer)
    await bus.start()
    await bus.publish([VideoDeleted(video_id="v")])
    await bus.wait_until_idle()
    assert [event.video_id for event in heard] == ["v"]
    await bus.stop()


async def test_an_idle_bus_costs_nothing() -> None:
    bus = LocalBus()

    async def handle(batch: Sequence[Heard]) -> None: ...

    for service in "abcdef":
        bus.subscribe(service, [VideoDeleted], handle)
    await bus.start()
    before = time.process_time()
    await asyncio.sleep(1)
    assert time.process_time() - before < 0.03
    await bus.stop()


async def test_a_handler_that_does_not_end_is_cancelled_and_its_batch_kept() -> None:
    bus, begun, heard = LocalBus(graceful_seconds=0.1), asyncio.Event(), list[Heard]()
    hang = True

    async def handle(batch: Sequence[Heard]) -> None:
        begun.set()
        if hang:
            await asyncio.Event().wait()
        heard.extend(batch)

    bus.subscribe("s", [VideoDeleted], handle)
    await bus.start()
    await bus.publish([VideoDeleted(video_id="v")])
    await begun.wait()
    await bus.stop()
    hang = False
    await bus.start()
    await bus.wait_until_idle()
    assert [event.video_id for event in heard] == ["v"]
    await bus.stop()
