"""Videos that this gateway can't read are left out and told of, and stop nobody: on both stores."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.gateway import SERVICE
from services.gateway.intake import REQUESTS
from shared.ports import Update
from tests.contracts.adapters import STORES, Stores
from tests.gateway.conftest import Api, open_api
from tests.gateway.test_http import is_problem
from tests.gateway.test_live import heard, note_snapshots
from tests.histories import full_plan, whole

UNREADABLE: Mapping[str, dict[str, Any]] = {
    "no version": {"unset": ["version"]},
    "a version that is none": {"set": {"version": "first"}},
    "facts in another form": {"set": {"parts": ["VideoRequested"], "version": 99}},
    "facts of one type in another form": {"set": {"parts.ImageReady": "many", "version": 99}},
    "a time that is none": {"set": {"check_at": "soon", "version": 99}},
}
NEWER = {"parts.BudgetReached.0": {"video_id": "v", "left": 3}, "version": 99}


@pytest.fixture(params=STORES)
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    stores = Stores(request.param, tmp_path)
    async with open_api(tmp_path, stores.make()) as one:
        yield one
    await stores.drop()


async def write(api: Api, made: str, change: Mapping[str, Any]) -> None:
    """By somebody else: a newer version, or by hand."""
    assert await api.app.ports.store.update(SERVICE.views, [Update(made, **change)])


def unreadable() -> float:
    name = "storywave_rows_unreadable_total"
    return REGISTRY.get_sample_value(name, {"collection": SERVICE.views}) or 0


async def listed(api: Api) -> set[str]:
    answer = await api.http.get("/v1/videos")
    assert answer.status_code == 200, answer.text
    return {video["id"] for video in answer.json()["videos"]}


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_a_video_that_cannot_be_read_is_missing_from_the_list_and_from_nothing_else(
    api: Api, kind: str
) -> None:
    made = [await api.make(seed=n) for n in range(2)]
    await write(api, made[0], UNREADABLE[kind])
    before = unreadable()
    assert await listed(api) == {made[1]}
    assert unreadable() == before + 1
    assert await api.parts.videos.measure_weights() == {}, "there are too few to measure"
    third = await api.make(seed=3)
    assert await listed(api) == {made[1], third}
    answer = await api.http.get(f"/v1/videos/{made[0]}")
    problem = is_problem(answer, 503, "unreadable-video")
    assert made[0] in problem["detail"] and "storywave status --stuck" in problem["detail"]
    is_problem(await api.http.get(f"/v1/videos/{made[0]}/events"), 503, "unreadable-video")


async def test_what_a_newer_gateway_has_kept_is_passed_by(api: Api) -> None:
    made = await api.make()
    await api.tell(whole(full_plan(video_id=made)))
    await write(api, made, {"set": NEWER})
    assert await api.parts.videos.measure_weights() == {}, "there are too few to measure"
    other = await api.make(seed=2)
    assert await listed(api) == {made, other}
    shown = (await api.http.get(f"/v1/videos/{made}")).json()
    assert shown["status"] == "completed"


async def test_only_the_stream_of_the_video_that_cannot_be_read_ends(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [await api.make(seed=n) for n in range(2)]
    begun = note_snapshots(monkeypatch)
    streams = [asyncio.create_task(heard(api, each)) for each in made]
    while len(begun) < len(streams):
        await asyncio.sleep(0.05)
    await write(api, made[0], {"set": {"parts.ImageReady": "many"}, "inc": {"version": 1}})
    lines = await streams[0]
    assert [sort for sort, _ in lines] == ["snapshot", "progress"]
    assert "can't be read any more" in lines[-1][1]["message"]
    assert not streams[1].done()
    await api.tell(whole(full_plan(video_id=made[1])))
    assert (await streams[1])[-1][0] == "completed"


STRANGE_REQUESTS: Mapping[str, dict[str, Any]] = {
    "nothing but an owner": {"owner": "local"},
    "a time that is none": {"owner": "local", "created_at": "now", "requested": 7},
    "a time and no request": {"owner": "local", "created_at": 2**50},
}


@pytest.mark.parametrize("strange", STRANGE_REQUESTS)
async def test_a_request_that_cannot_be_read_holds_up_no_other(api: Api, strange: str) -> None:
    row = {"_id": "odd", **STRANGE_REQUESTS[strange]}
    await api.app.ports.store.insert(REQUESTS, [row])
    made = {await api.make(seed=n) for n in range(3)}
    assert await listed(api) == made
    seen, cursor = set(), ""
    while True:
        page = (await api.http.get(f"/v1/videos?limit=1{cursor}")).json()
        seen |= {video["id"] for video in page["videos"]}
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == made


async def test_a_key_whose_request_cannot_be_read_is_refused_in_words(api: Api) -> None:
    body, key = {"prompt": "the sea"}, {"Idempotency-Key": "mine"}
    made = (await api.http.post("/v1/videos", json=body, headers=key)).json()["id"]
    await api.app.ports.store.update(REQUESTS, [Update(made, set={"requested": "lost"})])
    answer = await api.http.post("/v1/videos", json=body, headers=key)
    is_problem(answer, 503, "unreadable-video")
