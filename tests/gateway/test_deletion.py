"""Deleting over the API: videos, the files that users gave, and what is old."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from services.gateway.intake import REQUESTS
from services.gateway.keys.audit import AUDIT
from services.gateway.read.watcher import Said
from services.gateway.retention import BY, Retention
from shared.jobs.gate import MONEY
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.rows import to_doc
from shared.ports import Update
from shared.runtime.keeping import DAY_MS, Keeping
from shared.store.sqlite import SqliteStore
from shared.story.kinds import CLIP
from shared.story.view import JobSpec
from shared.story.wishes import build_steering
from tests.clock import Clock
from tests.gateway.conftest import Api, open_api
from tests.gateway.keyed import open_keyed
from tests.gateway.test_http import is_problem
from tests.histories import completed, full_plan, whole
from tests.pictures import product as picture


async def finish(api: Api, **asked: object) -> str:
    video = await api.make(**asked)
    plan = full_plan(video_id=video)
    await api.tell([*whole(plan), completed(plan)])
    return video


async def give(api: Api) -> str:
    sent = {"content": picture(), "headers": {"content-type": "image/png"}}
    answer = await api.http.post("/v1/images", **sent)  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_video_is_gone_and_its_owner_is_told_so(api: Api) -> None:
    video = await finish(api)
    for _ in range(2):
        answer = await api.http.delete(f"/v1/videos/{video}")
        assert (answer.status_code, answer.content) == (204, b"")
    for path in ("", "/storyboard", "/receipt", "/media", "/events"):
        problem = is_problem(await api.http.get(f"/v1/videos/{video}{path}"), 410, "video-deleted")
        assert video in problem["detail"]
    assert (await api.http.get("/v1/videos")).json()["videos"] == []
    assert await api.app.ports.store.find(MONEY, {}) == []


async def test_an_idempotency_key_makes_no_second_video_of_a_deleted_one(api: Api) -> None:
    key = {"Idempotency-Key": "once"}
    video = await api.make(headers=key)
    await api.http.delete(f"/v1/videos/{video}")
    again = await api.http.post("/v1/videos", json={"prompt": "the sea"}, headers=key)
    is_problem(again, 410, "video-deleted")
    assert await api.app.ports.store.find(REQUESTS, {}) == []


async def test_nobody_learns_that_another_ones_video_was_deleted(tmp_path: Path) -> None:
    async with open_keyed(tmp_path) as keyed:
        mine, other = await keyed.let_in("mine"), await keyed.let_in("other")
        video = await keyed.api.make(headers=mine)
        for _ in range(2):
            denied = await keyed.api.http.delete(f"/v1/videos/{video}", headers=other)
            is_problem(denied, 404, "no-such-video")
            assert (await keyed.api.http.delete(f"/v1/videos/{video}", headers=mine)).is_success
        shown = await keyed.api.http.get(f"/v1/videos/{video}", headers=other)
        is_problem(shown, 404, "no-such-video")


async def test_a_file_is_deleted_only_once_no_video_uses_it(api: Api) -> None:
    image = await give(api)
    video = await finish(api, end_card={"product_image": image})
    other = await finish(api, end_card={"product_image": image})
    for left in (video, other):
        told = is_problem(await api.http.delete(f"/v1/images/{image}"), 409, "file-in-use")
        assert left in told["detail"]
        assert (await api.http.get(f"/v1/images/{image}")).status_code == 200
        await api.http.delete(f"/v1/videos/{left}")
    assert (await api.http.delete(f"/v1/images/{image}")).status_code == 204
    is_problem(await api.http.get(f"/v1/images/{image}"), 404, "no-such-image")
    is_problem(await api.http.delete(f"/v1/images/{image}"), 404, "no-such-image")
    assert await api.app.ports.blobs.keys("") == []


async def test_a_file_that_is_named_while_it_is_deleted_stays(api: Api) -> None:
    image = await give(api)
    await finish(api, end_card={"product_image": image})
    given, found = api.parts.given, 0
    check = given._refuse_used  # noqa: SLF001

    async def put_back_first(key: str, owner: str) -> None:
        nonlocal found
        found += 1
        if found == 2:
            await check(key, owner)

    object.__setattr__(given, "_refuse_used", put_back_first)
    is_problem(await api.http.delete(f"/v1/images/{image}"), 409, "file-in-use")
    assert (await api.http.get(f"/v1/images/{image}")).status_code == 200
    assert len(await api.app.ports.blobs.keys("images/")) == 1


async def test_what_is_old_goes_by_itself_and_nothing_else(tmp_path: Path) -> None:
    clock = Clock()
    async with open_api(tmp_path, SqliteStore(tmp_path / "storywave.db", clock)) as api:
        image = await give(api)
        old = await finish(api, end_card={"product_image": image})
        begun = await api.make()
        clock.move(31 * DAY_MS)
        new = await finish(api)
        # a plan of these tests ends at a time of its own
        store, parts = api.app.ports.store, api.parts
        keeping = Keeping(videos_ms=30 * DAY_MS, uploads_ms=-10 * 365 * 100 * DAY_MS)
        await store.update(
            "views.gateway", [Update(new, set={"parts.VideoRequested.0.at": store.now()})]
        )
        await Retention(store, parts.videos, parts.wishes, parts.given, keeping).sweep()
        left = {video["id"] for video in (await api.http.get("/v1/videos")).json()["videos"]}
        assert left == {begun, new}
        assert (await api.http.get(f"/v1/videos/{old}")).status_code == 410
        assert await api.app.ports.blobs.keys("images/") == []
        rows = await store.find(AUDIT, {"about": old, "said": "deleted"})
        assert [row["key"] for row in rows] == [BY]
        clock.move(366 * DAY_MS)
        assert await store.expire(AUDIT) and await store.find(AUDIT, {}) == []
        assert await store.expire("views.gateway") == 1
        assert (await api.http.get(f"/v1/videos/{old}")).status_code == 404


async def test_a_deletion_waits_until_it_is_known_what_every_job_has_cost(api: Api) -> None:
    video = await finish(api)
    store, spec = api.app.ports.store, JobSpec(kind=CLIP.name, video_id=video, n=9)
    lost = Job(spec=spec, state=State.FAILED, attempt=1, posted_attempt=1, unresolved=True)
    await store.insert(JOBS, [to_doc(lost)])
    hold = {f"holds.{lost.hold}": {"reserved": 100_000}}
    await store.update(MONEY, [Update(video, set=hold)])
    told = is_problem(await api.http.delete(f"/v1/videos/{video}"), 409, "not-in-this-status")
    assert lost.id in told["detail"]
    # it became so while the deletion was under way
    view = await api.parts.videos.find(video, "local")
    asked = build_steering(view, "cancelled", 1, delete=True)
    await api.parts.wishes.emit([asked])
    shown = (await api.http.get(f"/v1/videos/{video}")).json()
    assert (shown["status"], shown["actions"]) == ("deleting", ["delete"])
    answer = {"job": lost.id, "do": "drop", "paid": "0.07"}
    settled = await api.http.post("/v1/jobs/unresolved", json=answer)
    assert settled.status_code == 200, settled.text
    gone = is_problem(await api.http.get(f"/v1/videos/{video}"), 410, "video-deleted")
    assert "$0.07" in gone["detail"], "what it has cost is known for as long as its tombstone is"


async def test_who_follows_a_video_is_told_that_it_was_deleted(api: Api) -> None:
    video = await api.make()
    said = [said async for said in _follow_and_delete(api, video)]
    assert said[-1].sort == "deleted"
    assert "everything that belonged to it" in said[-1].live.message


async def _follow_and_delete(api: Api, video: str) -> AsyncIterator[Said]:
    async with asyncio.timeout(20):
        async for said in api.parts.watch.follow(video, "local"):
            if said.sort == "snapshot":
                assert (await api.http.delete(f"/v1/videos/{video}")).status_code == 204
            yield said
