"""How a video is made, as the API tells it: the storyboard, the timeline, and each asset."""

from io import BytesIO
from typing import Any

from PIL import Image

from services.gateway.routes.inputs import find_owner
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.rows import to_doc
from shared.story.events import BeatsPlanned
from shared.story.kinds import CLIP, IMAGE
from shared.story.view import JobSpec
from tests.gateway.conftest import Api
from tests.gateway.test_http import is_problem
from tests.histories import done, full_plan, image, no_image, plan, spec, whole
from tests.pictures import product


async def store_job(api: Api, job: JobSpec, key: str = "", **known: Any) -> str:
    """A row as the ledger leaves it; with a key, the job has made that file."""
    result = {"key": key, "stored": {"key": {"key": key, "size": 3, "sha256": "ab"}}} if key else {}
    row = Job(spec=job, state=State.DONE if key else State.NEW, result=result)
    for name, value in known.items():
        object.__setattr__(row, name, value)
    await api.app.ports.store.insert(JOBS, [to_doc(row)])
    return row.id


async def planned(api: Api, **known: Any) -> BeatsPlanned:
    video = await api.make()
    made = plan(video_id=video, **known)
    await api.tell([made])
    return made


def at(made: BeatsPlanned, path: str) -> str:
    return f"/v1/videos/{made.video_id}/{path}"


# ── the storyboard ──────────────────────────────────────────────────────────────────────────────


async def test_a_video_without_a_plan_has_an_empty_storyboard(api: Api) -> None:
    video = await api.make()
    board = (await api.http.get(f"/v1/videos/{video}/storyboard")).json()
    assert (board["rev"], board["beats"], board["title"]) == (1, [], "")


async def test_the_storyboard_fills_in_beat_by_beat(api: Api) -> None:
    made = await planned(api, beats=3, chunks=2)
    await api.tell([image(made, 0), no_image(made, 1, "refused"), done(spec(made, CLIP, n=0))])
    board = (await api.http.get(at(made, "storyboard"))).json()
    first, second, third = board["beats"]
    assert [beat["image"]["state"] for beat in board["beats"]] == ["ready", "failed", "waiting"]
    assert first["image"]["url"] == at(made, "assets/image/0/0/0/key")
    assert second["image"]["error"] == "refused"
    assert [clip["state"] for clip in first["clips"]] == ["ready", "waiting"]
    assert [clip["chunk"] for clip in third["clips"]] == [4, 5]
    assert (first["prompt"], first["narration"]) == ("scene 0", "Words are spoken here.")
    assert (first["start"], first["seconds"], board["seconds"]) == (0.0, 10.0, 30.0)


async def test_a_chosen_picture_is_the_one_that_is_shown(api: Api) -> None:
    made = await planned(api, beats=1)
    made = made.model_copy(
        update={"rev": 2, "beats": (made.beats[0].model_copy(update={"image": 2}),)}
    )
    drawn = image(made, 0).model_copy(update={"others": ("b", "c")})
    await api.tell([made, drawn])
    [beat] = (await api.http.get(at(made, "storyboard"))).json()["beats"]
    assert beat["image"]["url"] == at(made, "assets/image/0/0/0/key-2")
    assert (beat["image"]["number"], len(beat["image"]["pictures"])) == (2, 3)


async def test_a_skipped_beat_stays_on_the_storyboard_without_parts(api: Api) -> None:
    made = await planned(api, beats=2, skipped=[1])
    board = (await api.http.get(at(made, "storyboard"))).json()
    assert [beat["skipped"] for beat in board["beats"]] == [False, True]
    assert (board["beats"][1]["image"], board["beats"][1]["clips"]) == (None, [])


# ── the timeline ────────────────────────────────────────────────────────────────────────────────


async def test_the_timeline_tells_who_waited_ran_and_was_stored(api: Api) -> None:
    made = await planned(api, beats=1)
    began = api.app.ports.store.now()
    times = {
        "created_at": began,
        "started_at": began + 200,
        "produced_at": began + 1_200,
        "finished_at": began + 1_500,
    }
    await store_job(api, spec(made, IMAGE), "a.png", **times)
    await store_job(api, spec(made, CLIP), created_at=began + 1_510)
    timeline = (await api.http.get(at(made, "timeline"))).json()
    drawn, clip = timeline["bars"]
    assert (drawn["waiting_ms"], drawn["running_ms"], drawn["storing_ms"]) == (200, 1_000, 300)
    assert (drawn["kind"], drawn["stage"], drawn["beat"], drawn["state"]) == (
        "image", "images", 0, "done",
    )  # fmt: skip
    assert (clip["state"], clip["started_at"], clip["chunk"]) == ("waiting", None, 0)
    assert timeline["ended_at"] is None and timeline["rev"] == 1


async def test_a_video_without_jobs_has_an_empty_timeline(api: Api) -> None:
    video = await api.make()
    timeline = (await api.http.get(f"/v1/videos/{video}/timeline")).json()
    assert (timeline["bars"], timeline["waves"]) == ([], 0)


# ── assets ──────────────────────────────────────────────────────────────────────────────────────


async def test_assets_are_listed_with_their_bytes_and_their_run(api: Api) -> None:
    made = await planned(api, beats=2)
    known = {"external_id": "run-7", "tries": 1, "model": "m/image", "cost": 40_000}
    await store_job(api, spec(made, IMAGE, beat=1), "a.png", **known)
    await store_job(api, spec(made, CLIP, beat=1, n=1))
    found = (await api.http.get(at(made, "assets"))).json()["assets"]
    drawn = next(asset for asset in found if asset["kind"] == "image")
    assert drawn["url"] == at(made, "assets/image/1/0/0/key")
    assert (drawn["key"], drawn["bytes"], drawn["sha256"]) == ("a.png", 3, "ab")
    assert (drawn["run"], drawn["tries"], drawn["model"], drawn["cost"]) == (
        "run-7", 1, "m/image", "0.04",
    )  # fmt: skip
    clip = next(asset for asset in found if asset["kind"] == "clip")
    assert (clip["state"], clip["url"], clip["chunk"]) == ("new", None, 1)


async def test_an_asset_is_sent_whole_and_a_picture_also_small(api: Api) -> None:
    made = await planned(api, beats=1)
    data = product((900, 1600))
    await api.app.ports.blobs.put("a.png", data)
    await store_job(api, spec(made, IMAGE), "a.png")
    path = at(made, "assets/image/0/0/0/key")
    assert (await api.http.get(path)).content == data
    small = await api.http.get(path, params={"small": "true"})
    picture = Image.open(BytesIO(small.content))
    assert (small.headers["content-type"], picture.size) == ("image/webp", (270, 480))
    assert len(small.content) < len(data)
    again = {"if-none-match": small.headers["etag"]}
    assert (await api.http.get(f"{path}?small=true", headers=again)).status_code == 304


async def test_what_can_not_be_made_small_is_sent_as_it_is(api: Api) -> None:
    made = await planned(api, beats=1)
    await api.app.ports.blobs.put("a.png", b"no picture")
    await store_job(api, spec(made, IMAGE), "a.png")
    answer = await api.http.get(at(made, "assets/image/0/0/0/key?small=true"))
    assert (answer.status_code, answer.content) == (200, b"no picture")


async def test_an_asset_that_there_is_not_is_refused(api: Api) -> None:
    made = await planned(api, beats=1)
    await store_job(api, spec(made, IMAGE), "a.png")
    for path in ("image/0/0/9/key", "image/0/0/0/other", "nothing/0/0/0/key", "clip/0/0/0/key"):
        is_problem(await api.http.get(at(made, f"assets/{path}")), 404, "no-such-part")


async def test_nothing_of_it_is_shown_to_another_owner(api: Api) -> None:
    made = await planned(api, beats=1)
    await store_job(api, spec(made, IMAGE), "a.png")
    api.asgi.dependency_overrides[find_owner] = lambda: "bob"
    for path in ("storyboard", "timeline", "assets", "assets/image/0/0/0/key"):
        is_problem(await api.http.get(at(made, path)), 404, "no-such-video")


async def test_a_kind_of_a_newer_version_is_left_out(api: Api) -> None:
    made = await planned(api, beats=1)
    await store_job(api, spec(made, IMAGE), "a.png", created_at=api.app.ports.store.now())
    unknown = spec(made, IMAGE).model_copy(update={"kind": "hologram"})
    await store_job(api, unknown, created_at=api.app.ports.store.now())
    for path, name in (("timeline", "bars"), ("assets", "assets")):
        found = (await api.http.get(at(made, path))).json()[name]
        assert [each["kind"] for each in found if each["kind"] != "plan"] == ["image"]


# ── the status says what may be asked ───────────────────────────────────────────────────────────


async def test_a_status_says_what_may_be_asked_of_the_video(api: Api) -> None:
    video = await api.make()
    assert {"pause", "cancel"} <= set((await api.http.get(f"/v1/videos/{video}")).json()["actions"])
    await api.tell(whole(full_plan(video_id=video)))
    assert {"download", "reframe"} <= set(
        (await api.http.get(f"/v1/videos/{video}")).json()["actions"]
    )
