"""Requests that come together ask the store together, and each gets its own answer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from services.gateway.errors.problems import NoSuchVideo
from services.gateway.read.videos import Videos
from services.gateway.webhooks.kept import Webhooks
from shared.ports import Doc, Where
from shared.runtime.known import Change, Known
from shared.store.sqlite import SqliteStore
from shared.story.brief import Brief
from shared.story.events import VideoRequested
from shared.story.view import NOTHING, View


class Asked(SqliteStore):
    """Counts what it is asked."""

    questions = 0

    async def find(self, collection: str, where: Where, **more: Any) -> list[Doc]:
        self.questions += 1
        return await super().find(collection, where, **more)

    async def get(self, collection: str, ids: Sequence[str]) -> dict[str, Doc]:
        self.questions += 1
        return await super().get(collection, ids)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Asked]:
    store = Asked(tmp_path / "storywave.db")
    await store.open({})
    yield store
    await store.close()


async def test_each_owner_is_told_of_their_own_webhooks_in_order(store: Asked) -> None:
    webhooks = Webhooks(store)
    for owner, url in (("ada", "https://a"), ("bob", "https://b"), ("ada", "https://c")):
        await webhooks.create(owner, url, ["VideoCompleted"])
    store.questions = 0
    found = await asyncio.gather(*map(webhooks.list_all, ("ada", "bob", "eve", "ada")))
    urls = [[each.url for each in own] for own in found]
    assert urls == [["https://a", "https://c"], ["https://b"], [], ["https://a", "https://c"]]
    assert store.questions == 1


async def test_each_video_is_looked_up_for_its_own_owner(store: Asked) -> None:
    for video, owner in (("v1", "ada"), ("v2", "bob")):
        asked = VideoRequested(video_id=video, brief=Brief(prompt="a boat", owner=owner))
        heard = Known(video).hear([asked])
        change = Change.of(Known(video), heard, NOTHING, now=1, patience=100)
        await store.insert("views", [change.insert(1)])
    videos = Videos(store, "views", lambda doc: View(doc["_id"], [_read(doc)]))
    store.questions = 0
    pairs = (("v1", "ada"), ("v2", "bob"), ("v1", "ada"))
    found = await asyncio.gather(*(videos.read_status(*pair) for pair in pairs))
    assert [each.id for each in found] == ["v1", "v2", "v1"]
    assert store.questions == 1
    wrong = await asyncio.gather(
        videos.find("v1", "bob"), videos.find("v3", "ada"), return_exceptions=True
    )
    assert [type(error) for error in wrong] == [NoSuchVideo, NoSuchVideo]


def _read(doc: Doc) -> VideoRequested:
    return VideoRequested.model_validate(doc["parts"]["VideoRequested"]["0"])
