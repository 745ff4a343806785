"""A video that starts from the finished storyboard of another one."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shared.story.events import BeatsPlanned
from shared.story.kinds import ImageReady
from tests.gateway.conftest import Api
from tests.gateway.keyed import open_keyed
from tests.gateway.test_beats import answered
from tests.gateway.test_http import is_problem
from tests.histories import full_plan, images, requested
from tests.pictures import encoded


async def draw(api: Api, plan: BeatsPlanned) -> None:
    """The other services have drawn each of its beats, in a colour of its own."""
    ends = images(plan)
    for end in ends:
        assert isinstance(end, ImageReady)
        picture = Image.new("RGB", (90, 160), (10 + 60 * end.beat, 20, 30))
        await api.app.ports.blobs.put(end.key, encoded(picture))
    await api.tell([plan, *ends])


async def finish(api: Api, **known: Any) -> str:
    video = await api.make()
    await draw(api, full_plan(video_id=video, **known))
    return video


async def brief_of(api: Api, video: str) -> dict[str, Any]:
    asked: dict[str, Any] = (await api.http.get(f"/v1/videos/{video}")).json()["request"]
    return asked


async def test_it_has_the_plan_and_the_pictures_of_the_other_one(api: Api) -> None:
    other = await finish(api)
    made = await brief_of(api, await api.make_of(from_video=other, style="noir"))
    assert (made["workflow"], made["style"], made["duration"]) == ("video_only", "noir", 32.5)
    assert [beat["prompt"] for beat in made["plan"]["beats"]] == ["scene 0", "scene 1", "scene 2"]
    given = [own["image"] for own in made["beats"]]
    assert len(set(given)) == 3
    for id_ in given:
        assert await api.parts.images.find(id_, "local") is not None


async def test_what_the_request_gives_comes_before_it_and_skipped_beats_are_left_out(
    api: Api,
) -> None:
    other = await finish(api, skipped=[1])
    mine = await api.http.post(
        "/v1/images",
        content=encoded(Image.new("RGB", (90, 160), (250, 250, 0))),
        headers={"content-type": "image/png"},
    )
    id_ = mine.json()["id"]
    beats = [{"index": 1, "image": id_}]
    made = await brief_of(api, await api.make_of(from_video=other, beats=beats, end_card=None))
    assert [beat["prompt"] for beat in made["plan"]["beats"]] == ["scene 0", "scene 2"]
    assert made["beats"][1]["image"] == id_ != made["beats"][0]["image"]
    assert made["end_card"] is None


async def test_the_same_key_gives_the_same_video(api: Api) -> None:
    other, key = await finish(api), {"Idempotency-Key": "mine"}
    first = await api.http.post("/v1/videos", json={"from_video": other}, headers=key)
    again = await api.http.post("/v1/videos", json={"from_video": other}, headers=key)
    assert (first.status_code, again.json()["id"]) == (202, first.json()["id"])


@pytest.mark.parametrize("change", ["deleted", "revised"])
async def test_a_repetition_is_the_same_video_whatever_becomes_of_the_other_one(
    api: Api, change: str
) -> None:
    other, key = await finish(api), {"Idempotency-Key": "mine"}
    first = await api.http.post("/v1/videos", json={"from_video": other}, headers=key)
    if change == "deleted":
        assert (await api.http.delete(f"/v1/videos/{other}")).status_code == 204
    else:
        edit = {"narration": "Other words."}
        changed = await api.http.patch(f"/v1/videos/{other}/beats/1", json=edit)
        assert changed.status_code == 202, changed.text
        await answered(api, other)
    again = await api.http.post("/v1/videos", json={"from_video": other}, headers=key)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert again.headers["idempotent-replayed"] == "true"
    more = {"from_video": other, "style": "noir"}
    refused = await api.http.post("/v1/videos", json=more, headers=key)
    assert refused.status_code == 422


async def test_a_trial_and_an_estimate_keep_nothing(api: Api) -> None:
    other = await finish(api)
    before = await api.app.ports.blobs.keys("")
    for path, body in (("/v1/videos", {"dry_run": True}), ("/v1/estimates", {})):
        answer = await api.http.post(path, json={"from_video": other, **body})
        assert answer.status_code == 200, answer.text
    assert await api.app.ports.blobs.keys("") == before


async def test_a_storyboard_that_is_not_finished_is_no_start(api: Api) -> None:
    bare = await api.make()
    refused = await api.http.post("/v1/videos", json={"from_video": bare})
    assert is_problem(refused, 422, "bad-input")["errors"][0]["field"] == "from_video"
    plan = full_plan(video_id=bare)
    await api.tell([plan, *images(plan)[:1]])
    refused = await api.http.post("/v1/videos", json={"from_video": bare})
    assert "beat 1, 2 has no picture" in is_problem(refused, 422, "bad-input")["detail"]
    for body in ({"from_video": bare, "prompt": "x"}, {"from_video": bare, "workflow": "full"}):
        is_problem(await api.http.post("/v1/videos", json=body), 422, "bad-input")


async def test_a_video_of_another_owner_is_none(tmp_path: Path) -> None:
    async with open_keyed(tmp_path) as keyed:
        ann, bob = await keyed.let_in("ann"), await keyed.let_in("bob")
        video = await keyed.api.make(headers=ann)
        plan = full_plan(video_id=video)
        plan = plan.model_copy(update={"brief": requested(owner="ann").brief})
        await draw(keyed.api, plan)
        refused = await keyed.api.http.post("/v1/videos", json={"from_video": video}, headers=bob)
        theirs = is_problem(refused, 422, "bad-input")["errors"]
        never = await keyed.api.http.post("/v1/videos", json={"from_video": "none"}, headers=bob)
        said = never.json()["errors"][0]["message"].replace("none", video)
        assert theirs[0]["field"] == "from_video" and theirs[0]["message"] == said
