"""What stands in the query of a request: read, or refused by its name."""

from pathlib import Path

import pytest

from services.gateway.keys.caller import Role
from services.gateway.read import videos
from tests.gateway.conftest import Api, open_api
from tests.gateway.test_http import is_problem
from tests.histories import full_plan, whole


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/videos?state=failed", "perhaps status is meant"),
        ("/v1/videos?frobnicate=1", "use cursor, limit, status"),
        ("/v1/webhooks?limit=3", "takes nothing in its query: leave it out"),
        ("/v1/videos/none/media?revision=2", "use rev"),
    ],
)
async def test_a_parameter_that_nobody_reads_is_refused(api: Api, path: str, said: str) -> None:
    problem = is_problem(await api.http.get(path), 422, "bad-input")
    assert said in problem["detail"]
    assert problem["errors"][0]["field"] == path.partition("?")[2].partition("=")[0]
    assert problem["errors"][0]["pointer"] == ""


async def test_a_trial_that_is_mistyped_or_misplaced_makes_nothing(api: Api) -> None:
    misplaced = await api.http.post("/v1/videos?dry_run=true", json={"prompt": "the sea"})
    said = is_problem(misplaced, 422, "bad-input")["detail"]
    assert said.endswith("dry_run: give it in the body, not in the query.")
    assert (await api.http.get("/v1/videos")).json()["videos"] == []
    made = await api.make()
    path = f"/v1/videos/{made}/beats/0/regenerate"
    mistyped = await api.http.post(f"{path}?dryrun=true", json={"what": "clip"})
    said = is_problem(mistyped, 422, "bad-input")["detail"]
    assert said.endswith("dryrun: the query has no such parameter: perhaps dry_run is meant.")


async def test_a_signed_link_is_followed_with_what_signs_it(tmp_path: Path) -> None:
    async with open_api(tmp_path, needs_key=True) as api:
        key = await api.parts.keys.make("ann", Role.PAYER)
        made = await api.make(headers={"Authorization": f"Bearer {key.token}"})
        known = {"Authorization": f"Bearer {key.token}"}
        links = (await api.http.get(f"/v1/videos/{made}", headers=known)).json()["links"]
        path = links["events"].replace("/events?", "/storyboard?")
        assert is_problem(await api.http.get(path), 403, "link-not-valid")
        plan = full_plan(video_id=made)
        await api.tell(whole(plan))
        links = (await api.http.get(f"/v1/videos/{made}", headers=known)).json()["links"]
        # its bytes were never made here: that it looks for them is enough
        assert (await api.http.get(links["media"])).status_code == 410


async def test_videos_are_listed_by_their_status(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(videos, "LOOK", 2)
    made = [await api.make(prompt=f"the sea {n}") for n in range(5)]
    for video in (made[0], made[3]):
        await api.http.post(f"/v1/videos/{video}/cancel")

    async def find(query: str) -> tuple[list[str], str | None]:
        page = (await api.http.get(f"/v1/videos?{query}")).json()
        return [video["id"] for video in page["videos"]], page["next"]

    assert await find("status=cancelled") == ([made[3], made[0]], None)
    assert await find("status=failed&status=queued") == ([made[4], made[2], made[1]], None)
    assert await find("status=completed") == ([], None)
    first, cursor = await find("status=queued&limit=2")
    assert first == [made[4], made[2]]
    assert await find(f"status=queued&limit=2&cursor={cursor}") == ([made[1]], None)


async def test_a_page_of_a_status_that_is_rare_leads_on(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(videos, "LOOK", 1)
    made = [await api.make(prompt=f"the sea {n}") for n in range(5)]
    await api.http.post(f"/v1/videos/{made[0]}/cancel")
    page = (await api.http.get("/v1/videos?status=cancelled")).json()
    assert page["videos"] == [] and page["next"]
    rest = (await api.http.get(f"/v1/videos?status=cancelled&cursor={page['next']}")).json()
    assert [video["id"] for video in rest["videos"]] == [made[0]] and rest["next"] is None


async def test_a_status_that_there_is_not_is_refused(api: Api) -> None:
    problem = is_problem(await api.http.get("/v1/videos?status=done"), 422, "bad-input")
    assert "awaiting_approval" in problem["detail"]
