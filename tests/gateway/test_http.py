"""The API over HTTP: what is accepted, shown and refused."""

import asyncio
import threading
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Never

import httpx
import pytest

from services.gateway.intake import REQUESTS
from services.gateway.keys.ids import make_guessable_id
from shared.jobs.gate import MONEY
from shared.jobs.relay import OUTBOX
from shared.story.errors import StoreUnavailable
from shared.story.events import VideoDeleted
from tests.gateway.conftest import Api, open_api
from tests.histories import completed, full_plan, requested, whole


def encoded(cursor: str) -> str:
    return urlsafe_b64encode(f"{cursor} x".encode()).decode()


def is_problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """A problem document that says what to do; of OpenAI's shape, in that."""
    assert answer.status_code == status
    if answer.url.path.startswith("/openai/"):
        said = answer.json()["error"]["message"]
        assert len(said) > 20
        return {"code": kind, "hint": said, "detail": said}
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"/docs/problems/{kind}"
    assert problem["title"] and len(problem["detail"]) > 20
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


# ── accepting ───────────────────────────────────────────────────────────────────────────────────


async def test_a_video_is_accepted_and_seen_at_once(api: Api) -> None:
    answer = await api.http.post("/v1/videos", json={"prompt": "the sea", "style": "noir"})
    assert answer.status_code == 202
    assert int(answer.headers["retry-after"]) > 0
    body = answer.json()
    assert answer.headers["location"] == f"/v1/videos/{body['id']}"
    assert (body["status"], body["percent"], body["stage"]) == ("queued", 5, "plan")
    assert body["request"]["style"] == "noir"
    assert (await api.http.get(answer.headers["location"])).json() == body


async def test_what_was_accepted_survives_a_restart(tmp_path: Path) -> None:
    async with open_api(tmp_path) as before:
        made = await before.make()
    async with open_api(tmp_path) as after:
        assert (await after.http.get(f"/v1/videos/{made}")).json()["status"] == "queued"
        assert len(await after.app.ports.store.find(OUTBOX, {"video_id": made})) == 1


async def test_requests_take_no_threads(api: Api) -> None:
    """They cost more than all else that a small request does, and there are only so many."""
    before = {thread.name for thread in threading.enumerate() if "AnyIO" in thread.name}
    video = await api.make()
    for path in ("/v1/videos", f"/v1/videos/{video}", "/v1/images/none"):
        await api.http.get(path)
    after = {thread.name for thread in threading.enumerate() if "AnyIO" in thread.name}
    assert after == before


async def test_a_budget_is_opened_at_the_gate_and_shown(api: Api) -> None:
    made = await api.make(budget="1.5")
    money = (await api.app.ports.store.get(MONEY, [made]))[made]
    assert (money["cap"], money["available"]) == (1_500_000, 1_500_000)
    assert (await api.http.get(f"/v1/videos/{made}")).json()["budget"] == "1.50"


# ── idempotency ─────────────────────────────────────────────────────────────────────────────────


async def test_the_same_key_and_body_is_the_same_video(api: Api) -> None:
    headers = {"Idempotency-Key": "k1"}
    posts = [
        api.http.post("/v1/videos", json={"prompt": "the sea"}, headers=headers) for _ in range(5)
    ]
    answers = await asyncio.gather(*posts)
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["id"] for answer in answers} == {
        await api.parts.intake.ids.make("local", "k1")
    }
    assert len(await api.app.ports.store.find(REQUESTS, {})) == 1
    assert len(await api.app.ports.store.find(OUTBOX, {})) == 1


@pytest.mark.parametrize("other", [{"prompt": "a hill"}, {"budget": "2"}, {"seed": 1}])
async def test_the_same_key_with_another_body_is_refused(
    api: Api, other: dict[str, object]
) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = await api.http.post("/v1/videos", json={"prompt": "the sea"}, headers=headers)
    body = {"prompt": "the sea", **other}
    again = await api.http.post("/v1/videos", json=body, headers=headers)
    is_problem(again, 422, "idempotency-key-reused")
    shown = (await api.http.get(first.headers["location"])).json()
    assert shown["request"]["prompt"] == "the sea"
    assert shown["budget"] is None


async def test_a_repetition_of_an_older_version_s_request_is_the_same_request(api: Api) -> None:
    """Its brief has fewer words than ours: what it could not say is no difference."""
    request: dict[str, Any] = {"json": {"prompt": "x"}, "headers": {"Idempotency-Key": "k1"}}
    assert (await api.http.post("/v1/videos", **request)).status_code == 202
    store = api.app.ports.store
    [row] = await store.find(REQUESTS, {})
    del row["requested"]["brief"]["clip_check"]
    await store.delete(REQUESTS, [row["_id"]])
    await store.insert(REQUESTS, [row])
    assert (await api.http.post("/v1/videos", **request)).status_code == 202
    request["json"] = {"prompt": "x", "clip_check": "retry"}
    is_problem(await api.http.post("/v1/videos", **request), 422, "idempotency-key-reused")


async def test_a_key_that_was_used_when_ids_could_be_guessed_still_gives_its_video(
    api: Api,
) -> None:
    request: dict[str, Any] = {"json": {"prompt": "x"}, "headers": {"Idempotency-Key": "k1"}}
    now = (await api.http.post("/v1/videos", **request)).json()["id"]
    before = make_guessable_id("local", "k1")
    assert now != before
    store = api.app.ports.store
    [row] = await store.find(REQUESTS, {})
    row["requested"]["video_id"] = before
    await store.delete(REQUESTS, [now])
    await store.insert(REQUESTS, [{**row, "_id": before}])
    assert (await api.http.post("/v1/videos", **request)).json()["id"] == before


async def test_the_ids_of_one_installation_tell_nothing_of_anothers(tmp_path: Path) -> None:
    made = []
    for name in ("one", "other"):
        async with open_api(tmp_path / name) as api:
            made.append(await api.make(headers={"Idempotency-Key": "k1"}))
    assert made[0] != made[1]


async def test_of_racing_bodies_on_one_key_one_wins_everywhere(api: Api) -> None:
    headers = {"Idempotency-Key": "k1"}
    posts = [
        api.http.post("/v1/videos", json={"prompt": "x", "seed": n}, headers=headers)
        for n in range(5)
    ]
    answers = await asyncio.gather(*posts)
    [won] = [answer for answer in answers if answer.status_code == 202]
    stored = (await api.app.ports.store.find(OUTBOX, {}))[0]["body"]["brief"]
    assert stored["seed"] == won.json()["request"]["seed"]


async def test_without_a_key_every_post_is_another_video(api: Api) -> None:
    assert await api.make() != await api.make()


async def test_a_repetition_completes_what_a_crash_cut_short(tmp_path: Path) -> None:
    """The row was written and nothing else: the same request makes the rest."""
    request: dict[str, Any] = {"json": {"prompt": "x"}, "headers": {"Idempotency-Key": "k1"}}
    async with open_api(tmp_path) as before:
        made = await before.parts.intake.ids.make("local", "k1")
        await before.http.post("/v1/videos", **request)
        store = before.app.ports.store
        for collection in (MONEY, OUTBOX, "views.gateway"):
            ids = [row["_id"] for row in await store.find(collection, {})]
            await store.delete(collection, ids)
    async with open_api(tmp_path) as after:
        is_problem(await after.http.get(f"/v1/videos/{made}"), 404, "no-such-video")
        assert (await after.http.post("/v1/videos", **request)).status_code == 202
        store = after.app.ports.store
        assert len(await store.find(OUTBOX, {"video_id": made})) == 1
        assert made in await store.get(MONEY, [made])


# ── listing ─────────────────────────────────────────────────────────────────────────────────────


async def test_pages_show_every_video_once_newest_first(api: Api) -> None:
    made = [await api.make(seed=n) for n in range(7)]
    shown, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await api.http.get("/v1/videos", params=params)).json()
        shown += page["videos"]
        cursor, pages = page["next"], pages + 1
    assert pages == 3
    assert {video["id"] for video in shown} == set(made)
    assert len(shown) == 7
    times = [video["created_at"] for video in shown]
    assert times == sorted(times, reverse=True)


async def test_videos_of_one_millisecond_are_paged_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.app.ports.store, "now", lambda: 1_700_000_000_000)
    made = {await api.make(seed=n) for n in range(5)}
    shown, cursor = set[str](), ""
    while cursor is not None:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.http.get("/v1/videos", params=params)).json()
        assert not shown & {video["id"] for video in page["videos"]}
        shown |= {video["id"] for video in page["videos"]}
        cursor = page["next"]
    assert shown == made


@pytest.mark.parametrize("cursor", ["!", "Zm9v", "é", encoded("9" * 19), encoded("9" * 100)])
async def test_a_cursor_that_we_did_not_give_is_refused(api: Api, cursor: str) -> None:
    answer = await api.http.get("/v1/videos", params={"cursor": cursor})
    assert is_problem(answer, 422, "bad-input")["errors"][0]["field"] == "cursor"


# ── problems ────────────────────────────────────────────────────────────────────────────────────


async def test_bad_input_names_every_field(api: Api) -> None:
    answer = await api.http.post("/v1/videos", json={"prompt": "", "duration": 3})
    problem = is_problem(answer, 422, "bad-input")
    assert [error["field"] for error in problem["errors"]] == ["prompt", "duration"]
    assert await api.app.ports.store.find(REQUESTS, {}) == []


@pytest.mark.parametrize("body", ["", "[]", '"x"', "null"])
async def test_bodies_that_are_no_request(api: Api, body: str) -> None:
    headers = {"content-type": "application/json"}
    answer = await api.http.post("/v1/videos", content=body, headers=headers)
    problem = is_problem(answer, 422, "bad-input")
    asked = "send a JSON object with Content-Type: application/json"
    assert problem["errors"] == [{"field": "", "pointer": "", "message": asked}]
    assert problem["detail"] == f"Correct the input: {asked}."


@pytest.mark.parametrize("said", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_of_another_type_is_told_which_to_have(api: Api, said: str | None) -> None:
    headers = {} if said is None else {"content-type": said}
    body = '{"prompt": "the sea"}'
    answer = await api.http.post("/v1/videos", content=body, headers=headers)
    problem = is_problem(answer, 415, "wrong-content-type")
    assert "with Content-Type: application/json" in problem["detail"]
    assert await api.app.ports.store.find(REQUESTS, {}) == []


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("{", "line 1, column 2"),
        ('{"prompt": "a",\n "seed": }', "line 2, column 10"),
    ],
)
async def test_broken_json_is_told_where(api: Api, body: str, where: str) -> None:
    headers = {"content-type": "application/json"}
    answer = await api.http.post("/v1/videos", content=body, headers=headers)
    [error] = is_problem(answer, 422, "bad-input")["errors"]
    assert error["field"] == ""
    assert error["message"] == f"the body is not valid JSON: correct it at {where}"


async def test_text_that_is_no_text(api: Api) -> None:
    headers = {"content-type": "application/json"}
    body = '{"prompt": "\\ud800"}'
    answer = await api.http.post("/v1/videos", content=body, headers=headers)
    [error] = is_problem(answer, 422, "bad-input")["errors"]
    assert (error["field"], "Unicode" in error["message"]) == ("prompt", True)


@pytest.mark.parametrize(
    ("path", "field", "advice"),
    [
        ("/v1/videos?limit=0", "limit", "give a whole number, 1 to 100"),
        ("/v1/videos?limit=many", "limit", "give a whole number, 1 to 100"),
        (f"/v1/videos?cursor={'x' * 201}", "cursor", "give at most 200 characters"),
        ("/v1/videos/x/chunks/-1", "chunk", "give a whole number, at least 0"),
        ("/v1/videos/x/media?rev=0", "rev", "give a whole number, at least 1"),
    ],
)
async def test_parameters_that_cannot_be(api: Api, path: str, field: str, advice: str) -> None:
    made = await api.make()
    problem = is_problem(await api.http.get(path.replace("/x/", f"/{made}/")), 422, "bad-input")
    assert problem["errors"] == [{"field": field, "pointer": "", "message": advice}]


async def test_a_body_that_is_too_large_is_not_read_to_its_end(api: Api) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 10_000

    answer = await api.http.post("/v1/videos", content=endless())
    is_problem(answer, 413, "body-too-large")
    assert sent < 20


async def test_unknown_paths_methods_and_videos(api: Api) -> None:
    is_problem(await api.http.get("/v2/films"), 404, "no-such-path")
    refused = await api.http.put("/v1/videos")
    is_problem(refused, 405, "method-not-allowed")
    assert refused.headers["allow"] == "GET, POST"
    of_a_file = await api.http.delete("/v1/videos/x/media")
    assert of_a_file.headers["allow"] == "GET, HEAD"
    gone = is_problem(await api.http.get("/v1/videos/nope"), 404, "no-such-video")
    assert "GET /v1/videos lists your videos" in gone["detail"]
    is_problem(await api.http.get("/v1/videos/nope/events"), 404, "no-such-video")
    is_problem(await api.http.get("/v1/videos/nope/media"), 404, "no-such-video")


async def test_a_deleted_video_is_gone(api: Api) -> None:
    made = await api.make()
    await api.tell([VideoDeleted(video_id=made)])
    is_problem(await api.http.get(f"/v1/videos/{made}"), 404, "no-such-video")
    assert (await api.http.get("/v1/videos")).json()["videos"] == []


async def test_a_store_that_is_away_is_a_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*given: object, **known: object) -> Never:
        raise StoreUnavailable("the database does not answer")

    monkeypatch.setattr(api.app.ports.store, "get", away)
    monkeypatch.setattr(api.app.ports.store, "insert", away)
    for answer in (
        await api.http.get("/v1/videos/x"),
        await api.http.post("/v1/videos", json={"prompt": "x"}),
    ):
        is_problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0


async def test_a_bug_of_ours_leaves_as_a_problem_without_its_details(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(videos: object, video_id: str, owner: str) -> Never:
        raise RuntimeError("secret")

    made = await api.make()
    monkeypatch.setattr("services.gateway.read.videos.Videos.read_status", broken)
    answer = await api.http.get(f"/v1/videos/{made}")
    assert "secret" not in is_problem(answer, 500, "internal")["detail"]


# ── files ───────────────────────────────────────────────────────────────────────────────────────

BYTES = bytes(range(256)) * 10


async def finished(api: Api) -> str:
    made = await api.make()
    beside = ("captions.srt", "captions.vtt", "contact.png", "hls.m3u8", "hls_media.m4s")
    for key in ("final.mp4", "poster.jpg", "clip-1.mp4", *beside):
        await api.app.ports.blobs.put(key, BYTES)
    await api.tell(whole(full_plan(video_id=made)))
    return f"/v1/videos/{made}"


@pytest.mark.parametrize(
    ("part", "type_"),
    [
        ("media", "video/mp4"),
        ("poster", "image/jpeg"),
        ("captions.srt", "application/x-subrip"),
        ("captions.vtt", "text/vtt"),
        ("contact.png", "image/png"),
        ("hls/1/playlist.m3u8", "application/vnd.apple.mpegurl"),
        ("hls/1/hls_media.m4s", "video/mp4"),
        ("chunks/1", "video/mp4"),
    ],
)
async def test_files_whole_and_by_head(api: Api, part: str, type_: str) -> None:
    path = f"{await finished(api)}/{part}"
    same = {"x-request-id": "a"}
    answer = await api.http.get(path, headers=same)
    assert answer.status_code == 200
    assert answer.content == BYTES
    assert answer.headers["content-type"].startswith(type_)
    head = await api.http.head(path, headers=same)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers == answer.headers


async def test_ranges_and_validators(api: Api) -> None:
    path = f"{await finished(api)}/media"
    etag = (await api.http.get(path)).headers["etag"]

    async def ask(**headers: str) -> httpx.Response:
        return await api.http.get(
            path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    part = await ask(range="bytes=100-199")
    assert (part.status_code, part.content) == (206, BYTES[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(BYTES)}"
    assert (await ask(range="bytes=-5")).content == BYTES[-5:]
    assert (await ask(range="bytes=0-1", if_range=etag)).status_code == 206
    assert (await ask(range="bytes=0-1", if_range='"other"')).content == BYTES
    assert (await ask(if_none_match=f'"x", W/{etag}')).status_code == 304
    assert (await ask(if_none_match="*")).status_code == 304
    outside = await ask(range="bytes=9999-")
    assert outside.status_code == 416
    assert outside.headers["content-range"] == f"bytes */{len(BYTES)}"


async def test_a_file_before_the_video_is_done(api: Api) -> None:
    made = await api.make()
    problem = is_problem(await api.http.get(f"/v1/videos/{made}/media"), 409, "not-in-this-status")
    assert f"/v1/videos/{made}/events" in problem["detail"]
    is_problem(await api.http.get(f"/v1/videos/{made}/chunks/0"), 404, "no-such-part")


async def test_a_part_that_the_video_does_not_have(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made)
    bare = completed(plan).model_copy(update={"outputs": {}})
    await api.tell([plan, bare])
    is_problem(await api.http.get(f"/v1/videos/{made}/captions.srt"), 404, "no-such-part")


async def test_a_file_that_is_lost(api: Api) -> None:
    path = await finished(api)
    await api.app.ports.blobs.delete(["final.mp4"])
    told = is_problem(await api.http.get(f"{path}/media"), 410, "file-gone")["detail"]
    assert "Make the video again" in told and "final.mp4" not in told


async def test_another_owners_video_does_not_exist(api: Api) -> None:
    foreign = requested("b" * 32, owner="bob")
    await api.app.shell("gateway").emit([foreign])
    is_problem(await api.http.get(f"/v1/videos/{'b' * 32}"), 404, "no-such-video")


# ── another shape ───────────────────────────────────────────────────────────────────────────────


async def test_a_finished_video_is_reframed_once_however_often_it_is_asked(api: Api) -> None:
    path = await finished(api)
    answer = await api.http.post(f"{path}/reframe", json={"aspect": "1:1"})
    assert answer.status_code == 202
    assert answer.headers["location"] == path
    assert (answer.json()["status"], answer.json()["rev"]) == ("queued", 2)
    rows = [
        row["body"]
        for row in await api.app.ports.store.find(OUTBOX, {})
        if "RevisionRequested" in row["_id"]
    ]
    assert [(row["rev"], row["action"], row["aspect"]) for row in rows] == [(2, "reframe", "1:1")]
    again = await api.http.post(f"{path}/reframe", json={"aspect": "1:1"})
    is_problem(again, 409, "not-in-this-status")
    assert (await api.http.get(f"{path}/media")).content == BYTES


async def test_the_shape_it_has_already_asks_for_nothing(api: Api) -> None:
    path = await finished(api)
    same = await api.http.post(f"{path}/reframe", json={"aspect": "9:16"})
    assert (same.status_code, same.json()["status"], same.json()["rev"]) == (202, "completed", 1)


async def test_of_two_shapes_asked_for_at_once_one_is_refused(api: Api) -> None:
    path = await finished(api)
    answers = await asyncio.gather(
        *(api.http.post(f"{path}/reframe", json={"aspect": a}) for a in ("1:1", "16:9"))
    )
    assert sorted(answer.status_code for answer in answers) == [202, 409]


async def test_what_is_not_finished_or_no_shape_is_not_reframed(api: Api) -> None:
    running = await api.make()
    refused = await api.http.post(f"/v1/videos/{running}/reframe", json={"aspect": "1:1"})
    detail = is_problem(refused, 409, "not-in-this-status")["detail"]
    assert detail.endswith(f"once it is completed. Follow /v1/videos/{running}/events.")
    odd = await api.http.post(f"/v1/videos/{running}/reframe", json={"aspect": "4:3"})
    assert is_problem(odd, 422, "bad-input")["errors"][0]["field"] == "aspect"
    gone = await api.http.post("/v1/videos/nope/reframe", json={"aspect": "1:1"})
    is_problem(gone, 404, "no-such-video")


async def test_files_of_an_earlier_revision_stay(api: Api) -> None:
    path = await finished(api)
    second = full_plan(video_id=path.rsplit("/", 1)[1], rev=2)
    await api.app.ports.blobs.put("second.mp4", b"second")
    await api.tell([second, completed(second).model_copy(update={"key": "second.mp4"})])
    assert (await api.http.get(f"{path}/media")).content == b"second"
    assert (await api.http.get(f"{path}/media", params={"rev": 1})).content == BYTES
    is_problem(await api.http.get(f"{path}/media?rev=7"), 404, "no-such-part")
