"""Steps that a video is to do without: what may be skipped when, and how that shows."""

from typing import Any

import httpx
import pytest

from services.gateway.read.actions import ALLOWED, Action, Status
from shared.story.events import Event
from shared.story.kinds import CLIP, MUSIC, VOICE
from tests.gateway.conftest import Api
from tests.gateway.test_beats import answered, finished, requests_of
from tests.gateway.test_http import is_problem
from tests.gateway.test_wishes import histories
from tests.histories import broken, full_plan, images, sounds, spec

CHUNK = {"step": "clip", "chunk": 1}


async def skip(api: Api, video: str, **asked: Any) -> httpx.Response:
    return await api.http.post(f"/v1/videos/{video}/skip", json=asked)


async def planned(api: Api, *more: Event) -> str:
    made = await api.make()
    await api.tell([full_plan(video_id=made), *more])
    return made


@pytest.mark.parametrize("status", histories("v"))
async def test_a_step_is_skipped_where_the_table_allows_it(api: Api, status: Status) -> None:
    made = await api.make()
    await api.tell(histories(made)[status])
    answer = await skip(api, made, step="music")
    if Action.SKIP_STEP not in ALLOWED[status]:
        said = is_problem(answer, 409, "not-in-this-status")["detail"]
        assert f"The video is {status}" in said
    elif status is Status.QUEUED:
        said = is_problem(answer, 409, "not-in-this-status")["detail"]
        assert "still being planned" in said
    else:
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == f"/v1/videos/{made}"
        [asked] = await requests_of(api, made)
        assert (asked["action"], asked["steps"]) == ("skip_step", ["music/0"])


async def test_a_skip_is_a_revision_and_the_same_again_is_none(api: Api) -> None:
    made = await planned(api)
    assert (await skip(api, made, **CHUNK)).json()["rev"] == 2
    plan = await answered(api, made)
    assert plan.skipped == ("clip/1",)
    assert (await skip(api, made, **CHUNK)).json()["rev"] == 2
    assert len(await requests_of(api, made)) == 1


async def test_what_is_skipped_is_marked_everywhere_it_is_shown(api: Api) -> None:
    made = await planned(api)
    await skip(api, made, **CHUNK)
    await answered(api, made)
    await skip(api, made, step="voice", beat=1)
    await answered(api, made)
    await skip(api, made, step="music")
    await answered(api, made)
    shown = (await api.http.get(f"/v1/videos/{made}")).json()
    counts = {stage["name"]: stage["skipped"] for stage in shown["stages"]}
    assert (counts["clips"], counts["soundtrack"], counts["images"]) == (1, 2, 0)
    said = [note["message"] for note in shown["warnings"]]
    assert "beat 1 stays silent: it was skipped" in said
    assert "the music is missing: it was skipped" in said
    board = (await api.http.get(f"/v1/videos/{made}/storyboard")).json()
    states = [beat["voice"]["state"] for beat in board["beats"]]
    assert states == ["waiting", "skipped", "waiting"]
    assert board["music"]["state"] == "skipped"
    assert [clip["state"] for clip in board["beats"][0]["clips"]] == ["waiting", "skipped"]
    assets = (await api.http.get(f"/v1/videos/{made}/assets")).json()["assets"]
    marked = {(each["kind"], each["item"]) for each in assets if each["state"] == "skipped"}
    assert marked == {("clip", "clip 1"), ("voice", "beat 1"), ("music", "the music")}


@pytest.mark.parametrize(
    ("step", "names"),
    [
        ({"step": "voice", "beat": 2}, ["voice/2"]),
        ({"step": "voice"}, ["voice/0", "voice/1", "voice/2"]),
        ({"step": "clip", "beat": 1}, ["clip/2", "clip/3"]),
        ({"step": "card"}, ["card/0"]),
    ],
)
async def test_a_step_is_named_by_its_place_or_all_of_it_is_meant(
    api: Api, step: dict[str, Any], names: list[str]
) -> None:
    made = await planned(api)
    assert (await skip(api, made, **step)).status_code == 202
    assert [asked["steps"] for asked in await requests_of(api, made)] == [names]


async def test_what_is_made_is_not_skipped_and_its_siblings_are(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    voices = [each for each in sounds(plan) if getattr(each, "beat", 0) == 0]
    await api.tell([plan, *voices])
    is_problem(await skip(api, made, step="voice", beat=0), 409, "not-in-this-status")
    await skip(api, made, step="voice")
    assert [asked["steps"] for asked in await requests_of(api, made)] == [["voice/1", "voice/2"]]


async def test_a_skipped_step_comes_back_as_another_take(api: Api) -> None:
    made = await planned(api)
    await skip(api, made, step="music")
    await answered(api, made)
    assert (await skip(api, made, step="music", back=True)).json()["rev"] == 3
    plan = await answered(api, made)
    assert plan.skipped == () and len(MUSIC.jobs(plan)) == 1
    assert (await skip(api, made, step="music", back=True)).json()["rev"] == 3


async def test_who_asks_for_something_anew_wants_it_again(api: Api) -> None:
    made = await planned(api)
    await skip(api, made, step="voice", beat=1)
    await answered(api, made)
    await skip(api, made, step="clip", chunk=2)
    await answered(api, made)
    change = {"narration": "Other words."}
    await api.http.patch(f"/v1/videos/{made}/beats/1", json=change)
    plan = await answered(api, made)
    assert plan.skipped == ("clip/2",) and VOICE.job(plan, beat=1) in VOICE.jobs(plan)
    await api.http.post(f"/v1/videos/{made}/beats/1/regenerate", json={"what": "clip"})
    plan = await answered(api, made)
    assert plan.skipped == () and plan.takes["clip/2"] == 1


async def test_a_clip_that_failed_a_video_no_longer_counts_once_it_is_skipped(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    await api.tell([plan, *images(plan), broken(spec(plan, CLIP))])
    await skip(api, made, step="clip", chunk=0)
    await answered(api, made)
    shown = (await api.http.get(f"/v1/videos/{made}")).json()
    stage = next(each for each in shown["stages"] if each["name"] == "clips")
    assert (stage["failed"], stage["skipped"], stage["total"]) == (0, 1, 5)


async def test_a_video_of_no_clip_at_all_is_refused(api: Api) -> None:
    made = await planned(api)
    for beat in (0, 1):
        assert (await skip(api, made, step="clip", beat=beat)).status_code == 202
        await answered(api, made)
    is_problem(await skip(api, made, step="clip", beat=2), 409, "not-in-this-status")
    left = await api.http.post(f"/v1/videos/{made}/beats/2/skip")
    assert "no video" in is_problem(left, 409, "not-in-this-status")["detail"]
    assert (await api.http.post(f"/v1/videos/{made}/beats/1/skip")).status_code == 202


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"step": "image"},
        {"step": "clip"},
        {"step": "voice", "chunk": 1},
        {"step": "music", "beat": 1},
        {"step": "clip", "chunk": 99},
        {"step": "reference"},
        {"step": "clip", "chunk": 1, "more": 1},
    ],
)
async def test_a_step_that_there_is_not_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    made = await planned(api)
    is_problem(await skip(api, made, **wrong), 422, "bad-input")
    assert await requests_of(api, made) == []


async def test_the_finished_video_has_nothing_left_to_skip(api: Api) -> None:
    made = await finished(api)
    is_problem(await skip(api, made, **CHUNK), 409, "not-in-this-status")
