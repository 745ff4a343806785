"""Workflows and reviews over HTTP: what is shown, approved, continued, refused and priced."""

from typing import Any

import pytest

from services.gateway.webhooks.occasions import list_deliveries
from shared.story.events import VideoCompleted, VideoSteered
from shared.story.kinds import ANIMATIC, CARD, AnimaticReady
from tests.gateway.conftest import Api
from tests.gateway.test_http import is_problem
from tests.histories import done, full_plan, images, requested, spec, view, whole


async def show(api: Api, video: str) -> dict[str, Any]:
    answer = await api.http.get(f"/v1/videos/{video}")
    shown: dict[str, Any] = answer.json()
    return shown


def drawn(plan: Any) -> list[Any]:
    return [plan, *images(plan), done(spec(plan, CARD))]


async def test_a_review_is_shown_approved_once_and_refused_for_another_revision(api: Api) -> None:
    made = await api.make(review=["storyboard", "plan"])
    plan = full_plan(video_id=made, review=("plan", "storyboard"))
    await api.tell([plan])
    now = await show(api, made)
    assert (now["status"], now["awaiting"], now["rev"]) == ("awaiting_approval", "plan", 1)
    assert "approve" in now["actions"] and now["percent"] == 45
    url = f"/v1/videos/{made}/approve"
    wrong = await api.http.post(url, json={"what": "plan", "rev": 2})
    assert (
        "plan of revision 1, not the plan of revision 2"
        in is_problem(wrong, 409, "not-in-this-status")["detail"]
    )
    for _ in range(2):
        answer = await api.http.post(url, json={"what": "plan", "rev": 1})
        assert answer.status_code == 202, answer.text
    assert (await show(api, made))["awaiting"] is None
    await api.tell(drawn(plan))
    now = await show(api, made)
    assert (now["awaiting"], now["percent"]) == ("storyboard", 70)
    assert {stage["status"] for stage in now["stages"][2:]} <= {"waiting", "skipped"}
    answer = await api.http.post(url, json={"what": "storyboard", "rev": 1})
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    seen = await api.app.shell("gateway").view(made)
    assert seen is not None and len(seen.all(VideoSteered)) == 2


async def test_nothing_can_be_approved_of_a_video_that_does_not_wait(api: Api) -> None:
    made = await api.make()
    await api.tell([full_plan(video_id=made)])
    answer = await api.http.post(
        f"/v1/videos/{made}/approve", json={"what": "storyboard", "rev": 1}
    )
    assert "does not allow approve" in is_problem(answer, 409, "not-in-this-status")["detail"]
    assert (await api.http.post(f"/v1/videos/{made}/approve", json={})).status_code == 422


async def test_a_finished_plan_is_continued_and_has_no_film_before(api: Api) -> None:
    made = await api.make(workflow="plan_only")
    plan = full_plan(video_id=made, workflow="plan_only")
    end = VideoCompleted(
        video_id=made, at=3_000, rev=1, workflow="plan_only", key="", poster_key="",
        seconds=0, total=0, succeeded=0,
    )  # fmt: skip
    await api.tell([plan, end])
    now = await show(api, made)
    assert (now["status"], now["percent"], now["workflow"]) == ("completed", 100, "plan_only")
    assert [stage["name"] for stage in now["stages"]] == ["plan"]
    assert "continue" in now["actions"] and "download" not in now["actions"]
    is_problem(await api.http.get(f"/v1/videos/{made}/media"), 409, "not-in-this-status")
    refused = await api.http.post(f"/v1/videos/{made}/reframe", json={"aspect": "1:1"})
    assert refused.status_code == 409
    for _ in range(2):
        answer = await api.http.post(f"/v1/videos/{made}/continue", json={})
        assert (answer.status_code, answer.json()["rev"]) == (202, 2), answer.text
    assert (await show(api, made))["workflow"] == "full"


async def test_what_a_continuation_would_make_is_told_and_nothing_is_asked_for(api: Api) -> None:
    made = await api.make(workflow="plan_only")
    plan = full_plan(video_id=made, workflow="plan_only")
    end = VideoCompleted(
        video_id=made, at=3_000, rev=1, workflow="plan_only", key="", poster_key="",
        seconds=0, total=0, succeeded=0,
    )  # fmt: skip
    await api.tell([plan, end])
    url = f"/v1/videos/{made}/continue"

    async def offer(workflow: str) -> dict[str, Any]:
        answer = await api.http.post(url, json={"workflow": workflow}, params={"dry_run": "true"})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    whole_, part = await offer("full"), await offer("storyboard_only")
    assert (whole_["rev"], part["rev"]) == (2, 2)
    kinds = [{each["kind"] for each in told["stale"]} for told in (whole_, part)]
    assert {"image", "voice", "clip", "conform"} <= kinds[0]
    assert "image" in kinds[1] and not {"clip", "conform"} & kinds[1]
    now = await show(api, made)
    assert (now["rev"], now["workflow"], now["status"]) == (1, "plan_only", "completed")
    await api.http.post(url, json={"workflow": "storyboard_only"})


async def test_a_film_has_nothing_to_be_continued_to_on_trial_either(api: Api) -> None:
    made = await api.make()
    await api.tell(whole(full_plan(video_id=made)))
    url = f"/v1/videos/{made}/continue?dry_run=true"
    is_problem(await api.http.post(url, json={}), 409, "not-in-this-status")


async def test_a_film_can_not_be_continued(api: Api) -> None:
    made = await api.make()
    await api.tell(whole(full_plan(video_id=made)))
    answer = await api.http.post(f"/v1/videos/{made}/continue", json={"workflow": "full"})
    assert "nothing to continue" in is_problem(answer, 409, "not-in-this-status")["detail"]


async def test_an_animatic_is_served_in_ranges_and_is_missing_with_a_word(api: Api) -> None:
    made = await api.make(review=["storyboard"])
    url = f"/v1/videos/{made}/animatic"
    is_problem(await api.http.get(url), 404, "no-such-part")
    plan = full_plan(video_id=made, review=("storyboard",))
    await api.app.ports.blobs.put("stills.mp4", b"0123456789")
    ready = done(spec(plan, ANIMATIC))
    assert isinstance(ready, AnimaticReady)
    await api.tell([*drawn(plan), ready.model_copy(update={"key": "stills.mp4"})])
    part = await api.http.get(url, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["content-type"] == "video/mp4"
    assert "animatic" in (await show(api, made))["links"]


@pytest.mark.parametrize("what", ["plan", "storyboard"])
def test_a_webhook_is_told_once_of_each_thing_that_waits(what: str) -> None:
    plan = full_plan(review=(what,))
    asked = requested().model_copy(update={"webhooks": {"w": ("video.awaiting_approval",)}})
    facts = [asked, *drawn(plan)]
    (told,) = list_deliveries(view(facts))
    assert told.input["data"]["what"] == what and told.input["data"]["rev"] == 1
    assert list_deliveries(view([*facts, *facts])) == (told,)
    approved = VideoSteered(video_id="v1", rev=1, **{f"approved_{what}": 1})
    assert list_deliveries(view([*facts, approved])) == ()


async def test_only_the_video_is_made_from_a_plan_whose_every_beat_has_its_picture(
    api: Api,
) -> None:
    body: dict[str, Any] = {"prompt": "the sea", "workflow": "video_only"}
    refused = is_problem(await api.http.post("/v1/videos", json=body), 422, "bad-input")
    assert refused["errors"][0]["field"] == "workflow"
    plan = {"title": "T", "beats": [{"prompt": "a", "duration": 5}, {"prompt": "b", "duration": 5}]}
    body = {"workflow": "video_only", "plan": plan, "beats": [{"index": 0, "image": "w0"}]}
    refused = is_problem(await api.http.post("/v1/videos", json=body), 422, "bad-input")
    assert "none is there for 1" in refused["detail"]
