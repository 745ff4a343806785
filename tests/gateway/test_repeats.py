"""Requests that come again under one Idempotency-Key, wherever they go."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway import answers
from services.gateway.answers import ANSWERS, KEPT_MS, LEASE_MS
from services.gateway.app import create_app
from services.gateway.edge.repeats import takes_key
from services.gateway.keys.caller import Role
from services.gateway.parts import build_gateway
from shared.ports import Update
from shared.story.events import BeatsPlanned, Event
from shared.story.kinds import IMAGE
from tests.gateway.conftest import Api
from tests.gateway.keyed import Keyed, list_operations, open_keyed
from tests.gateway.test_beats import answered, finished, requests_of
from tests.gateway.test_http import is_problem
from tests.histories import broken, full_plan, spec, whole
from tests.pictures import product

AGAIN = {"Idempotency-Key": "mine"}


async def regenerate(api: Api, video: str, what: str = "image", **more: Any) -> httpx.Response:
    url = f"/v1/videos/{video}/beats/1/regenerate"
    return await api.http.post(url, json={"what": what}, headers=AGAIN, **more)


async def test_a_repeated_request_is_done_once_and_gets_the_first_answer(api: Api) -> None:
    made = await finished(api)
    first = await regenerate(api, made)
    await answered(api, made)  # by now the video looks otherwise
    again = await regenerate(api, made)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.json()) == (202, first.json())
    for name in ("location", "etag", "retry-after", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert len(await requests_of(api, made)) == 1


async def test_a_body_that_says_the_same_in_other_signs_is_the_same(api: Api) -> None:
    made = await finished(api)
    await regenerate(api, made)
    spaced = {**AGAIN, "content-type": "application/json"}
    again = await api.http.post(
        f"/v1/videos/{made}/beats/1/regenerate", content=b'{ "what":  "image" }', headers=spaced
    )
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("other", ["body", "path", "query"])
async def test_the_key_of_another_request_is_refused(api: Api, other: str) -> None:
    made = await finished(api)
    await regenerate(api, made)
    answer = await {
        "body": lambda: regenerate(api, made, "voice"),
        "path": lambda: api.http.post(f"/v1/videos/{made}/retry", headers=AGAIN),
        "query": lambda: regenerate(api, made, params={"dry_run": True}),
    }[other]()
    is_problem(answer, 422, "idempotency-key-reused")
    assert len(await requests_of(api, made)) == 1


async def test_a_request_that_is_being_served_elsewhere_is_not_served_again(api: Api) -> None:
    made = await finished(api)
    await api.parts.answers.claim("local", "mine")
    answer = await regenerate(api, made)
    is_problem(answer, 409, "request-under-way")
    assert int(answer.headers["retry-after"]) > 0
    assert await requests_of(api, made) == []


async def test_of_any_number_at_two_replicas_one_is_served(api: Api) -> None:
    made = await finished(api)
    other = httpx.ASGITransport(create_app(build_gateway(api.app)))
    async with httpx.AsyncClient(transport=other, base_url="http://localhost") as replica:
        url = f"/v1/videos/{made}/beats/1/regenerate"
        posts = [
            http.post(url, json={"what": "image"}, headers=AGAIN)
            for http in (api.http, replica) * 4
        ]
        codes = [answer.status_code for answer in await asyncio.gather(*posts)]
        late = await replica.post(url, json={"what": "image"}, headers=AGAIN)
    assert set(codes) <= {202, 409} and 202 in codes
    assert late.headers["idempotent-replayed"] == "true"
    assert len(await requests_of(api, made)) == 1


async def test_what_was_refused_is_asked_anew(api: Api) -> None:
    made = await api.make()
    assert (await regenerate(api, made)).status_code == 409
    done = await finished(api)
    assert (await regenerate(api, done)).status_code == 202


async def test_a_request_whose_process_died_is_served_once_in_all(api: Api) -> None:
    """The take was asked for, and nobody has heard the answer: it is not asked for twice."""
    made = await finished(api)
    await regenerate(api, made)
    store = api.app.ports.store
    [row] = await store.find(ANSWERS, {})
    gone = ["status", "digest", "headers", "body"]
    await store.update(ANSWERS, [Update(row["_id"], unset=gone)])
    is_problem(await regenerate(api, made), 409, "request-under-way")
    late = {"at": row["at"] - LEASE_MS}
    await store.update(ANSWERS, [Update(row["_id"], set=late)])
    again = await regenerate(api, made)
    assert (again.status_code, again.json()["rev"]) == (202, 2)
    assert len(await requests_of(api, made)) == 1


async def lose_answers(api: Api) -> None:
    """The process that served all requests so far has died before it kept their answers."""
    store = api.app.ports.store
    for row in await store.find(ANSWERS, {}):
        late, gone = {"at": row["at"] - LEASE_MS}, ["status", "digest", "headers", "body"]
        await store.update(ANSWERS, [Update(row["_id"], set=late, unset=gone)])


async def test_another_request_under_the_key_of_one_that_was_cut_short_is_served(api: Api) -> None:
    made = await finished(api)
    await regenerate(api, made)
    await lose_answers(api)
    await answered(api, made)
    assert (await regenerate(api, made, "voice")).status_code == 202
    assert [each["what"] for each in await requests_of(api, made)] == ["image", "voice"]


async def test_a_retry_whose_process_died_is_one_although_its_video_has_failed_again(
    api: Api,
) -> None:
    made = await api.make()
    plan, url = full_plan(video_id=made), f"/v1/videos/{made}/retry"
    await api.tell(without_image(plan))
    assert (await api.http.post(url, headers=AGAIN)).status_code == 202
    await lose_answers(api)
    await api.tell(without_image(await answered(api, made)))
    again = await api.http.post(url, headers=AGAIN)
    assert (again.status_code, again.json()["rev"]) == (202, 2)
    assert len(await requests_of(api, made)) == 1
    another = await api.http.post(url, headers={"Idempotency-Key": "next"})
    assert (another.status_code, another.json()["rev"]) == (202, 3)


def without_image(plan: BeatsPlanned) -> list[Event]:
    image = spec(plan, IMAGE, beat=1)
    lost = broken(image, "the provider has no time")
    return [lost if getattr(each, "job", "") == image.id else each for each in whole(plan)]


async def test_a_skip_whose_process_died_is_not_done_again_once_it_was_taken_back(
    api: Api,
) -> None:
    made = await api.make()
    await api.tell([full_plan(video_id=made)])
    url, asked = f"/v1/videos/{made}/skip", {"step": "clip", "chunk": 1}
    assert (await api.http.post(url, json=asked, headers=AGAIN)).status_code == 202
    await lose_answers(api)
    await answered(api, made)
    assert (await api.http.post(url, json={**asked, "back": True})).status_code == 202
    await answered(api, made)
    assert (await api.http.post(url, json=asked, headers=AGAIN)).json()["rev"] == 3


async def test_an_upload_that_is_repeated_is_compared_as_it_comes(api: Api) -> None:
    data, other = product((40, 40)), product((40, 41))
    headers = {**AGAIN, "content-type": "image/png"}
    first = await api.http.post("/v1/uploads", content=data, headers=headers)
    again = await api.http.post("/v1/uploads", content=data, headers=headers)
    assert first.status_code == 201, first.text
    assert again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    third = await api.http.post("/v1/uploads", content=other, headers=headers)
    is_problem(third, 422, "idempotency-key-reused")


@pytest.mark.parametrize("path", ["uploads", "images"])
async def test_a_file_that_has_gone_is_given_again_under_the_same_key(api: Api, path: str) -> None:
    data, headers = product((40, 40)), {**AGAIN, "content-type": "image/png"}
    for _ in range(2):
        given = await api.http.post(f"/v1/{path}", content=data, headers=headers)
        assert given.status_code == 201 and "idempotent-replayed" not in given.headers
        place = given.headers["location"]
        assert (await api.http.get(place)).status_code == 200
        assert (await api.http.delete(place)).status_code == 204


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_of_no_use_is_refused_by_name(api: Api, key: str) -> None:
    made = await api.make()
    answer = await api.http.post(f"/v1/videos/{made}/pause", headers={"Idempotency-Key": key})
    said = is_problem(answer, 422, "bad-input")
    assert said["errors"][0]["field"] == "Idempotency-Key"


async def test_a_body_that_is_too_large_takes_no_key(api: Api) -> None:
    made = await finished(api)
    url = f"/v1/videos/{made}/beats/1/regenerate"

    async def send() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b" " * 1024

    headers = {**AGAIN, "content-type": "application/json"}
    answer = await api.http.post(url, content=send(), headers=headers)
    is_problem(answer, 413, "body-too-large")
    assert (await regenerate(api, made)).status_code == 202


async def test_a_new_video_is_repeated_as_it_is_now(api: Api) -> None:
    asked: dict[str, Any] = {"json": {"prompt": "the sea"}, "headers": AGAIN}
    first = await api.http.post("/v1/videos", **asked)
    again = await api.http.post("/v1/videos", **asked)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]


# ── what is kept, and for whom ──────────────────────────────────────────────────────────────────


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[Keyed]:
    async with open_keyed(tmp_path) as one:
        yield one


async def test_a_key_is_its_owners_alone(keyed: Keyed) -> None:
    made = {}
    for owner, width in (("ann", 40), ("bob", 41)):
        headers = {**await keyed.let_in(owner), **AGAIN, "content-type": "image/png"}
        answer = await keyed.api.http.post(
            "/v1/images", content=product((width, 40)), headers=headers
        )
        assert answer.status_code == 201 and "idempotent-replayed" not in answer.headers
        made[owner] = answer.json()["id"]
    assert made["ann"] != made["bob"]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/keys", {"owner": "bob", "role": "maker"}), ("/v1/webhooks", {"url": "https://x.test"})],
)
async def test_a_secret_is_never_kept_and_what_has_one_is_not_made_twice(
    keyed: Keyed, path: str, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def reach(*_: object) -> None:
        return None

    monkeypatch.setattr(type(keyed.api.parts.poster), "check", reach)
    headers = {**await keyed.let_in("ann", Role.ADMIN), **AGAIN}
    first = await keyed.api.http.post(path, json=body, headers=headers)
    assert first.status_code == 201, first.text
    is_problem(await keyed.api.http.post(path, json=body, headers=headers), 409, "answer-not-kept")
    secret = first.json().get("token") or first.json()["secret"]
    assert secret not in str(await keyed.api.app.ports.store.find(ANSWERS, {}))


async def test_answers_go_when_their_time_is_over_and_with_their_video(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, store = await finished(api), api.app.ports.store
    await regenerate(api, made)
    await api.parts.answers.sweep()
    assert len(await store.find(ANSWERS, {})) == 1
    await api.parts.answers.forget("another")
    assert len(await store.find(ANSWERS, {})) == 1
    await api.parts.answers.forget(made)
    assert await store.find(ANSWERS, {}) == []
    await regenerate(api, made, "voice")
    now = store.now() + KEPT_MS + 1
    monkeypatch.setattr(store, "now", lambda: now)
    await api.parts.answers.sweep()
    assert await store.find(ANSWERS, {}) == []


async def test_an_owner_has_room_for_so_many_answers(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "MOST_OF_ONE", 1)
    made = await finished(api)
    assert (await regenerate(api, made)).status_code == 202
    other = await api.http.post(f"/v1/videos/{made}/retry", headers={"Idempotency-Key": "next"})
    is_problem(other, 429, "too-many-idempotency-keys")
    assert (await regenerate(api, made)).headers["idempotent-replayed"] == "true"


MAKE_VIDEOS = ("/v1/videos", "/openai/v1/videos", "/openai/v1/videos/{video_id}/remix")


def test_every_post_that_does_something_says_that_it_takes_a_key() -> None:
    posts = [each for each in list_operations() if each.method == "POST"]
    for each in posts:
        if each.path == "/v1/estimates":
            continue
        names = [p["name"].lower() for p in each.said.get("parameters", ())]
        assert "idempotency-key" in names, each.path
        if each.path in MAKE_VIDEOS:
            continue  # there the key gives the id of the video
        assert takes_key("POST", each.path)
        assert {"409", "422"} <= set(each.said["responses"])
