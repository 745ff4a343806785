"""From rows to the bus: one that no bus can carry harms no other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.bus.local import LocalBus
from shared.jobs import ledger, relay
from shared.jobs.job import Rules
from shared.jobs.relay import OUTBOX, Relay
from shared.jobs.unreadable import PUT_OFF_MS
from shared.ports import Store
from shared.store.sqlite import SqliteStore
from shared.story.events import DeadLettered, VideoDeleted
from shared.story.kinds import KINDS
from tests.contracts.listening import Listener, deleted, ids

LARGE = DeadLettered(
    video_id="v", service="s", topic="t", position="1", error="e", body="x" * 1_200_000
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = SqliteStore(tmp_path / "a.db")
    await store.open({**ledger.INDEXES, **relay.INDEXES})
    yield store
    await store.close()


async def test_an_event_too_large_for_the_bus_is_put_off_and_the_others_are_published(
    store: Store,
) -> None:
    bus, listener = LocalBus(), Listener()
    bus.subscribe("s", [VideoDeleted, DeadLettered], listener)
    await bus.start()
    rows = Relay(store, bus, "gateway", runs=[], kinds=KINDS, rules=Rules(relay_ms=0))
    small = deleted(5)
    await rows.insert([*small[:2], LARGE, *small[2:]])
    assert await rows.scan() == 6
    await bus.wait_until_idle()
    await bus.stop()
    assert set(listener.heard) == ids(small)
    docs = await store.get(OUTBOX, [LARGE.id, *ids(small)])
    waiting = {id_: doc["publish_at"] for id_, doc in docs.items() if "publish_at" in doc}
    assert list(waiting) == [LARGE.id], "it never counts as published"
    assert waiting[LARGE.id] - store.now() > PUT_OFF_MS * 0.7, "and is not tried again at once"
