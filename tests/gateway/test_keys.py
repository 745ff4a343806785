"""Who gets in, and to what: keys, roles, owners, links and limits, over the API."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from services.gateway.edge.guard import Guard
from services.gateway.intake import REQUESTS
from services.gateway.keys.apikeys import KEYS, KNOWN_MS
from services.gateway.keys.caller import Limits, Role
from services.gateway.keys.limits import Usage
from services.gateway.keys.links import NAME, sign
from services.gateway.keys.roles import find_role
from services.gateway.keys.secret import SECRETS
from shared.jobs.gate import MONEY, Gate
from shared.story.errors import StoreUnavailable
from shared.story.events import VideoFailed
from tests.gateway.keyed import Headers, Keyed, Operation, list_operations, open_keyed
from tests.gateway.serving import serve
from tests.gateway.test_http import is_problem
from tests.histories import completed, full_plan, whole
from tests.pictures import product as picture
from tests.prices import CENT, TERMS

OPERATIONS = list(list_operations())
WITH_END = [op for op in OPERATIONS if op.path != "/v1/events"]
"""test_streams.py follows the one whose answer goes on for ever."""
FILES = ("media", "poster", "captions.srt", "captions.vtt", "contact", "hls")


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[Keyed]:
    async with open_keyed(tmp_path) as one:
        yield one


@pytest.fixture
async def paid(tmp_path: Path) -> AsyncIterator[Keyed]:
    """Where clips and all else cost something."""
    async with open_keyed(tmp_path, TERMS) as one:
        yield one


def name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


async def finish(keyed: Keyed, key: Headers) -> str:
    """A completed video of whoever has the key, with all its files."""
    video = await keyed.api.make(headers=key)
    plan = full_plan(video_id=video)
    for blob in ("final.mp4", "poster.jpg", "captions.srt", "captions.vtt", "contact.png"):
        await keyed.api.app.ports.blobs.put(blob, b"bytes of a file")
    await keyed.api.app.ports.blobs.put(
        "hls.m3u8", b'#EXT-X-MAP:URI="hls_media.m4s"\nhls_media.m4s\n'
    )
    await keyed.api.app.ports.blobs.put("hls_media.m4s", b"media")
    await keyed.api.tell([*whole(plan), completed(plan)])
    return video


async def read(keyed: Keyed, key: Headers, video: str) -> dict[str, Any]:
    answer = await keyed.api.http.get(f"/v1/videos/{video}", headers=key)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


# ── keys ────────────────────────────────────────────────────────────────────────────────────────


KEYS_THAT_ARE_NONE = ("", "Bearer sw_nope", f"Bearer sw_first_{'0' * 64}", "Basic YTpi", "Bearer é")


async def test_without_a_key_that_is_good_nothing_is_answered(keyed: Keyed) -> None:
    for operation, key in product(OPERATIONS, KEYS_THAT_ARE_NONE):
        path = operation.fill({"key_id": "first"})
        headers = {b"authorization": key.encode()} if key else None
        answer = await keyed.api.http.request(operation.method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        if operation.method != "HEAD":
            kind = "key-not-valid" if key.startswith("Bearer") else "key-missing"
            problem = is_problem(answer, 401, kind)
            assert problem["code"] == kind
            assert "storywave keys create" in problem["hint"]
    assert await keyed.api.app.ports.store.find(REQUESTS, {}) == []


async def test_what_holds_no_data_needs_no_key(keyed: Keyed) -> None:
    for path in ("/docs", "/docs.css"):
        assert (await keyed.api.http.get(path)).status_code == 200


async def test_an_admin_makes_a_key_that_is_shown_once_and_not_stored(keyed: Keyed) -> None:
    admin = await keyed.let_in("boss", Role.ADMIN)
    asked = {"owner": "acme", "role": "maker", "name": "the shop", "spend_a_day": "2.50"}
    answer = await keyed.api.http.post("/v1/keys", json=asked, headers=admin)
    assert answer.status_code == 201
    made = answer.json()
    token = made.pop("token")
    assert token.startswith(f"sw_{made['id']}_")
    assert answer.headers["cache-control"] == "no-store"
    assert made["limits"]["spend_a_day"] == "2.50"
    shown = await keyed.api.http.get(answer.headers["location"], headers=admin)
    assert shown.json() == made
    listed = await keyed.api.http.get("/v1/keys", headers=admin)
    stored = str(await keyed.api.app.ports.store.find(KEYS, {}))
    secret = token.rpartition("_")[2]
    assert secret not in shown.text + listed.text + stored
    own = await keyed.api.http.get("/v1/self", headers={"Authorization": f"Bearer {token}"})
    assert own.json() == made


async def test_a_key_of_odd_words_is_refused(keyed: Keyed) -> None:
    admin = await keyed.let_in("boss", Role.ADMIN)
    for wrong, field in (
        ({"owner": "a b"}, "owner"),
        ({"owner": ""}, "owner"),
        ({"role": "king"}, "role"),
        ({"spend_a_day": 3}, "spend_a_day"),
        ({"active_videos": 0}, "active_videos"),
        ({"colour": "red"}, "colour"),
    ):
        asked = {"owner": "acme", "role": "maker", **wrong}
        answer = await keyed.api.http.post("/v1/keys", json=asked, headers=admin)
        assert is_problem(answer, 422, "bad-input")["errors"][0]["field"] == field


async def test_a_key_that_gets_another_token_lets_in_by_the_old_one_for_as_long_as_was_said(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, old = await keyed.let_in("boss", Role.ADMIN), await keyed.let_in("acme")
    store, http = keyed.api.app.ports.store, keyed.api.http
    id_ = (await http.get("/v1/self", headers=old)).json()["id"]
    path = f"/v1/keys/{id_}/rotate"
    token = (await http.post(path, json={"grace_hours": 1}, headers=admin)).json()["token"]
    new = {"Authorization": f"Bearer {token}"}
    for key in (old, new):
        assert (await http.get("/v1/videos", headers=key)).status_code == 200
    later = store.now() + 3_600_001
    monkeypatch.setattr(store, "now", lambda: later)
    is_problem(await http.get("/v1/videos", headers=old), 401, "key-not-valid")
    assert (await http.get("/v1/videos", headers=new)).status_code == 200


async def test_a_revoked_key_lets_nobody_in_and_its_videos_stay(keyed: Keyed) -> None:
    admin, key = await keyed.let_in("boss", Role.ADMIN), await keyed.let_in("acme")
    other = await keyed.let_in("acme")
    http = keyed.api.http
    video = await keyed.api.make(headers=key)
    id_ = (await http.get("/v1/self", headers=key)).json()["id"]
    gone = await http.delete(f"/v1/keys/{id_}", headers=admin)
    assert gone.json()["revoked_at"] > 0
    again = await http.delete(f"/v1/keys/{id_}", headers=admin)
    assert again.json() == gone.json()
    is_problem(await http.get("/v1/videos", headers=key), 401, "key-not-valid")
    rotated = await http.post(f"/v1/keys/{id_}/rotate", json={}, headers=admin)
    is_problem(rotated, 404, "no-such-key")
    assert (await read(keyed, other, video))["id"] == video
    for path in ("/v1/keys/nope", f"/v1/keys/{'x' * 500}"):
        is_problem(await http.get(path, headers=admin), 404, "no-such-key")
        is_problem(await http.delete(path, headers=admin), 404, "no-such-key")


# ── owners ──────────────────────────────────────────────────────────────────────────────────────


async def test_another_owners_id_is_on_every_route_the_id_of_nothing(keyed: Keyed) -> None:
    """Every route of the description is asked: also those that come later."""
    ann, bob = await keyed.let_in("ann"), await keyed.let_in("bob")
    http = keyed.api.http
    video = await finish(keyed, ann)
    png = {"content-type": "image/png", **ann}
    image = (await http.post("/v1/images", content=picture(), headers=png)).json()["id"]
    upload = (await http.post("/v1/uploads", content=picture(), headers=png)).json()["id"]
    ids = {"video_id": video, "image_id": image, "upload_id": upload}
    asked = [op for op in OPERATIONS if "{" in op.path and "/v1/keys/" not in op.path]
    assert len(asked) > 20
    for operation in asked:
        path, content = operation.fill(ids), operation.content
        headers = {**content.pop("headers", {}), **bob}
        answer = await http.request(operation.method, path, headers=headers, **content)
        assert answer.status_code == 404, f"{name(operation)}: {answer.text}"
        none = operation.fill(dict.fromkeys(ids, "0" * 32))
        missing = await http.request(operation.method, none, headers=headers, **content)
        hidden = "|".join([*map(re.escape, ids.values()), r'"request_id":"\w+"', "0{32}"])
        same = [re.sub(hidden, "", text) for text in (answer.text, missing.text)]
        assert same[0] == same[1], "the answer tells that there is something"
    assert (await read(keyed, ann, video))["status"] == "completed"


async def test_lists_show_nothing_of_another_owner(keyed: Keyed) -> None:
    ann, bob = await keyed.let_in("ann"), await keyed.let_in("bob")
    video = await finish(keyed, ann)
    lists = [op for op in WITH_END if op.method == "GET" and "{" not in op.path]
    assert len(lists) >= 4
    for operation in lists:
        answer = await keyed.api.http.get(operation.path, headers=bob)
        assert answer.status_code in {200, 403}
        assert video not in answer.text and "ann" not in answer.text, name(operation)


async def test_an_idempotency_key_is_its_owners_alone(keyed: Keyed) -> None:
    made = [
        await keyed.api.make(headers={**await keyed.let_in(owner), "Idempotency-Key": "k"})
        for owner in ("ann", "bob")
    ]
    assert made[0] != made[1]


# ── roles ───────────────────────────────────────────────────────────────────────────────────────

NEEDED = {
    "make_video": Role.MAKER,
    "pause_video": Role.MAKER,
    "give_image": Role.MAKER,
    "list_videos": Role.VIEWER,
    "get_media": Role.VIEWER,
    "estimate_video": Role.VIEWER,
    "get_receipt": Role.VIEWER,
    "change_video": Role.PAYER,
    "answer_unresolved_job": Role.PAYER,
    "make_key": Role.ADMIN,
    "list_keys": Role.ADMIN,
    "revoke_key": Role.ADMIN,
    "get_own_key": Role.VIEWER,
    "list_deeds": Role.VIEWER,
}


def test_the_table_of_roles_says_what_is_meant() -> None:
    by_id = {op.said["operationId"]: find_role(op.method, op.path) for op in OPERATIONS}
    assert {id_: by_id[id_] for id_ in NEEDED} == NEEDED


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_do_what_its_row_says_and_no_more(keyed: Keyed, role: Role) -> None:
    key = await keyed.let_in("ann", role)
    for operation in WITH_END:
        path = operation.fill({})
        answer = await keyed.api.http.request(operation.method, path, headers=key)
        may = role.includes(find_role(operation.method, operation.path))
        assert (answer.status_code != 403) is may, f"{role} {name(operation)}: {answer.text}"
        if not may and operation.method != "HEAD":
            problem = is_problem(answer, 403, "role-too-low")
            assert problem["code"] == "role-too-low" and "Ask an admin" in problem["hint"]


async def test_a_viewer_changes_nothing_on_any_route(keyed: Keyed) -> None:
    key = await keyed.let_in("ann", Role.VIEWER)
    for operation in OPERATIONS:
        if operation.method in {"GET", "HEAD"} or operation.path == "/v1/estimates":
            continue
        path = operation.fill({})
        answer = await keyed.api.http.request(operation.method, path, headers=key)
        assert answer.status_code == 403, name(operation)


async def test_a_maker_spends_nothing(paid: Keyed) -> None:
    maker, payer = await paid.let_in("ann", Role.MAKER), await paid.let_in("ann")
    http = paid.api.http
    for asked, why in (({"budget": "9"}, "give no budget"), ({}, "costs up to $")):
        answer = await http.post("/v1/videos", json={"prompt": "x", **asked}, headers=maker)
        assert why in is_problem(answer, 403, "role-too-low")["detail"]
    assert await paid.api.app.ports.store.find(MONEY, {}) == []
    video = await paid.api.make(headers=payer, budget="9")
    for action in ("resume", "retry"):
        answer = await http.post(f"/v1/videos/{video}/{action}", headers=maker)
        assert "has a budget" in is_problem(answer, 403, "role-too-low")["detail"]
    for action in ("pause", "cancel"):
        answer = await http.post(f"/v1/videos/{video}/{action}", headers=maker)
        assert answer.status_code == 202


async def test_a_maker_makes_what_costs_nothing(keyed: Keyed) -> None:
    maker = await keyed.let_in("ann", Role.MAKER)
    video = await keyed.api.make(headers=maker)
    assert (await keyed.api.app.ports.store.get(MONEY, [video]))[video]["available"] == 0


# ── links ───────────────────────────────────────────────────────────────────────────────────────


async def test_the_links_of_a_video_lead_to_its_files_without_a_key(keyed: Keyed) -> None:
    key = await keyed.let_in("ann")
    video = await finish(keyed, key)
    shown = await read(keyed, key, video)
    assert await read(keyed, key, video) == shown, "an answer that changes each time is not cached"
    assert set(FILES) <= set(shown["links"])
    for file in FILES:
        for method in ("GET", "HEAD"):
            answer = await keyed.api.http.request(method, shown["links"][file])
            assert answer.status_code == 200, f"{method} {file}: {answer.text}"
    part = await keyed.api.http.get(shown["links"]["media"], headers={"range": "bytes=0-4"})
    assert (part.status_code, part.content) == (206, b"bytes")
    listed = (await keyed.api.http.get("/v1/videos", headers=key)).json()["videos"][0]
    assert listed["links"] == shown["links"]
    assert all("sig=" in url for url in shown["chunks"]["urls"])


async def test_a_player_that_came_by_a_link_gets_what_the_playlist_names(keyed: Keyed) -> None:
    key = await keyed.let_in("ann")
    video = await finish(keyed, key)
    link = (await read(keyed, key, video))["links"]["hls"]
    playlist = await keyed.api.http.get(link)
    named = re.findall(r"hls_media\.m4s\?[^\"\s]+", playlist.text)
    assert len(named) == 2
    for each in named:
        media = await keyed.api.http.get(str(httpx.URL(f"http://localhost{link}").join(each)))
        assert (media.status_code, media.content) == (200, b"media")
    plain = await keyed.api.http.get(urlsplit(link).path, headers=key)
    assert "sig=" not in plain.text


def forge(link: str, path: str | None = None, **other: str) -> str:
    parts = urlsplit(link)
    query = {n: values[0] for n, values in parse_qs(parts.query).items()}
    return f"{path or parts.path}?{urlencode({**query, **other})}"


async def test_a_forged_link_is_refused(keyed: Keyed) -> None:
    ann, bob = await keyed.let_in("ann"), await keyed.let_in("bob")
    video, other = await finish(keyed, ann), await finish(keyed, bob)
    shown = await read(keyed, ann, video)
    media = shown["links"]["media"]
    sig = parse_qs(urlsplit(media).query)["sig"][0]
    forged = [
        forge(media, f"/v1/videos/{other}/media"),
        forge(media, f"/v1/videos/{video}/poster"),
        forge(media, f"/v1/videos/{video}"),
        forge(media, "/v1/videos"),
        forge(media, owner="bob"),
        forge(media, f"/v1/videos/{other}/media", owner="bob"),
        forge(media, expires="99999999999"),
        forge(media, expires="9" * 50),
        forge(media, expires="٣"),
        forge(media, owner="a b"),
        forge(media, sig=sig[:-1]),
        forge(media, sig=sig.upper()),
        forge(media, sig=""),
        forge(media, sig="é"),
        f"/v1/videos/{video}/media?sig={sig}",
    ]
    for link in forged:
        problem = is_problem(await keyed.api.http.get(link), 403, "link-not-valid")
        assert problem["code"] == "link-not-valid" and problem["hint"]
    # a link reads: it changes nothing, whatever it is signed for
    refused = await keyed.api.http.post(forge(media, f"/v1/videos/{video}/cancel"))
    is_problem(refused, 401, "key-missing")


async def test_a_link_that_has_ended_is_refused_however_often_it_was_good(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await keyed.let_in("ann")
    video = await finish(keyed, key)
    media = (await read(keyed, key, video))["links"]["media"]
    assert (await keyed.api.http.get(media)).status_code == 200
    ends = int(parse_qs(urlsplit(media).query)["expires"][0]) * 1000
    store = keyed.api.app.ports.store
    assert 3_600_000 <= ends - store.now() <= 3_900_000
    monkeypatch.setattr(store, "now", lambda: ends - 1)
    assert (await keyed.api.http.get(media)).status_code == 200
    monkeypatch.setattr(store, "now", lambda: ends)
    for _ in range(2):
        is_problem(await keyed.api.http.get(media), 403, "link-ended")
    longer = forge(media, expires=str(ends // 1000 + 60))
    is_problem(await keyed.api.http.get(longer), 403, "link-not-valid")


async def test_a_link_ends_with_the_key_that_it_was_signed_for(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = await keyed.let_in("ann"), await keyed.let_in("ann")
    video = await finish(keyed, key)
    media = (await read(keyed, key, video))["links"]["media"]
    others = (await read(keyed, other, video))["links"]["media"]
    id_ = (await keyed.api.http.get("/v1/self", headers=key)).json()["id"]
    await keyed.api.parts.keys.replace(id_)
    assert (await keyed.api.http.get(media)).status_code == 200, "its token alone was replaced"
    await keyed.api.parts.keys.revoke(id_)
    is_problem(await keyed.api.http.get(media), 403, "link-ended")
    assert (await keyed.api.http.get(others)).status_code == 200
    plain, _, query = media.partition("?")
    for key_id in ("", parse_qs(urlsplit(others).query)["key"][0]):
        named = {name: value[0] for name, value in parse_qs(query).items()} | {"key": key_id}
        answer = await keyed.api.http.get(f"{plain}?{urlencode(named)}")
        is_problem(answer, 403, "link-not-valid")


async def test_a_link_that_was_signed_before_links_named_their_key_is_good_until_it_ends(
    keyed: Keyed,
) -> None:
    key, store = await keyed.let_in("ann"), keyed.api.app.ports.store
    video = await finish(keyed, key)
    secret = (await keyed.api.parts.door.links.secrets.read(NAME)).current
    old = sign(secret, f"/v1/videos/{video}/media", "ann", store.now() // 1000 + 60)
    assert "key=" not in old
    assert (await keyed.api.http.get(old)).status_code == 200


async def test_with_another_secret_links_of_before_go_on_unless_they_are_to_end(
    keyed: Keyed,
) -> None:
    key = await keyed.let_in("ann")
    video = await finish(keyed, key)
    before = (await read(keyed, key, video))["links"]["media"]
    secrets = keyed.api.parts.door.links.secrets
    await secrets.rotate(NAME)
    after = (await read(keyed, key, video))["links"]["media"]
    assert after != before
    for link in (before, after):
        assert (await keyed.api.http.get(link)).status_code == 200
    await secrets.rotate(NAME, forget=True)
    for link in (before, after):
        is_problem(await keyed.api.http.get(link), 403, "link-not-valid")
    assert len(await keyed.api.app.ports.store.find(SECRETS, {"_id": NAME})) == 1


# ── limits ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_key_asks_so_often_in_a_minute_and_is_told_when_to_come_again(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, http = keyed.api.app.ports.store, keyed.api.http
    now = store.now() // 60_000 * 60_000 + 20_000
    monkeypatch.setattr(store, "now", lambda: now)
    key = await keyed.let_in("ann", limits=Limits(requests_a_minute=5))
    answers = await asyncio.gather(*(http.get("/v1/videos", headers=key) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 7
    left = {answer.headers["ratelimit"] for answer in answers if answer.status_code == 200}
    assert left == {f'"minute";r={n};t=40' for n in range(5)}
    [refused, *_] = [answer for answer in answers if answer.status_code == 429]
    assert "5 times a minute" in is_problem(refused, 429, "too-many-requests")["detail"]
    assert refused.headers["retry-after"] == "40"
    assert refused.headers["ratelimit"] == '"minute";r=0;t=40'
    assert refused.headers["ratelimit-policy"] == '"minute";q=5;w=60'
    other = await keyed.let_in("ann")
    assert "ratelimit" not in (await http.get("/v1/videos", headers=other)).headers
    now += 40_000
    assert (await http.get("/v1/videos", headers=key)).status_code == 200


async def test_a_key_has_so_many_videos_under_way_and_another_when_one_has_ended(
    keyed: Keyed,
) -> None:
    key = await keyed.let_in("ann", limits=Limits(active_videos=2))
    http = keyed.api.http
    posts = [
        http.post("/v1/videos", json={"prompt": "x", "seed": n}, headers=key) for n in range(6)
    ]
    answers = await asyncio.gather(*posts)
    made = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert len(made) == 2
    [refused, *_] = [answer for answer in answers if answer.status_code != 202]
    is_problem(refused, 429, "too-many-active-videos")
    assert int(refused.headers["retry-after"]) > 0
    ended = VideoFailed(video_id=made[0], at=9_000, rev=1, phase="plan", error="x")
    await keyed.api.tell([ended])
    again = {**key, "Idempotency-Key": "k"}
    third = await keyed.api.make(headers=again)
    assert await keyed.api.make(headers=again) == third, "a repetition takes no other place"
    more = await http.post("/v1/videos", json={"prompt": "y"}, headers=key)
    is_problem(more, 429, "too-many-active-videos")
    assert len(await keyed.api.app.ports.store.find(REQUESTS, {})) == 3
    retried = await http.post(f"/v1/videos/{made[0]}/retry", headers=key)
    is_problem(retried, 429, "too-many-active-videos")
    await http.post(f"/v1/videos/{third}/cancel", headers=key)
    retried = await http.post(f"/v1/videos/{made[0]}/retry", headers=key)
    assert retried.status_code == 202, retried.text


async def test_a_refused_request_gives_no_place_away_of_another_with_its_idempotency_key(
    paid: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One asks for too much money, while the other has its place and is no video yet."""
    key = await paid.let_in("ann", limits=Limits(active_videos=1, spend_a_day=1000 * CENT))
    http, again = paid.api.http, {**key, "Idempotency-Key": "k"}
    promise, answers = Usage.promise, list[int]()

    async def promise_late(usage: Usage, *asked: Any) -> None:
        monkeypatch.setattr(Usage, "promise", promise)
        dear = {"prompt": "the sea", "budget": "90.00"}
        answers.append((await http.post("/v1/videos", json=dear, headers=again)).status_code)
        await promise(usage, *asked)

    monkeypatch.setattr(Usage, "promise", promise_late)
    await paid.api.make(headers=again, budget="1.00")
    assert answers == [402]
    other = await http.post("/v1/videos", json={"prompt": "y", "budget": "1.00"}, headers=key)
    is_problem(other, 429, "too-many-active-videos")


async def test_ended_videos_that_are_retried_together_keep_to_the_limit(keyed: Keyed) -> None:
    free, http = await keyed.let_in("ann"), keyed.api.http
    made = [await keyed.api.make(headers=free, seed=n) for n in range(5)]
    await keyed.api.tell(
        [VideoFailed(video_id=each, at=9_000, rev=1, phase="plan", error="x") for each in made]
    )
    key = await keyed.let_in("ann", limits=Limits(active_videos=1))
    retries = [http.post(f"/v1/videos/{each}/retry", headers=key) for each in made]
    answers = [answer.status_code for answer in await asyncio.gather(*retries)]
    assert sorted(answers) == [202] + [429] * 4


async def test_a_request_that_was_cut_short_takes_no_place_for_ever(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await keyed.let_in("ann", limits=Limits(active_videos=1))
    store, http, asked = keyed.api.app.ports.store, keyed.api.http, {"prompt": "x"}
    with monkeypatch.context() as patch:
        patch.setattr(Gate, "open", away)
        answer = await http.post("/v1/videos", json=asked, headers=key)
        is_problem(answer, 503, "unavailable")
    refused = await http.post("/v1/videos", json=asked, headers=key)
    is_problem(refused, 429, "too-many-active-videos")
    later = store.now() + 2 * 60_000
    monkeypatch.setattr(store, "now", lambda: later)
    await keyed.api.make(headers=key)


async def away(*asked: object) -> None:
    raise StoreUnavailable("the store is away")


async def test_a_key_promises_so_much_money_a_day(
    paid: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await paid.let_in("ann", limits=Limits(spend_a_day=1000 * CENT))
    http, store = paid.api.http, paid.api.app.ports.store
    posts = [
        http.post("/v1/videos", json={"prompt": "x", "seed": n, "budget": "3.00"}, headers=key)
        for n in range(6)
    ]
    answers = await asyncio.gather(*posts)
    made = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert len(made) == 3
    [refused, *_] = [answer for answer in answers if answer.status_code != 202]
    detail = is_problem(refused, 402, "spend-limit")["detail"]
    assert "$10.00 a day" in detail and "$9.00" in detail and "$3.00 more" in detail
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    caps = sum(row["cap"] for row in await store.find(MONEY, {}))
    assert caps == 900 * CENT
    raised = await http.patch(f"/v1/videos/{made[0]}", json={"budget": "4.50"}, headers=key)
    is_problem(raised, 402, "spend-limit")
    raised = await http.patch(f"/v1/videos/{made[0]}", json={"budget": "4.00"}, headers=key)
    assert raised.status_code == 200
    tomorrow = store.now() + 24 * 3_600_000
    monkeypatch.setattr(store, "now", lambda: tomorrow)
    await paid.api.make(headers=key, budget="10.00")


async def test_what_was_refused_counts_for_nothing(paid: Keyed) -> None:
    key = await paid.let_in("ann", limits=Limits(spend_a_day=500 * CENT, active_videos=1))
    card = {"product_image": "none"}
    asked = {"prompt": "x", "budget": "5.00", "end_card": card}
    for _ in range(3):
        answer = await paid.api.http.post("/v1/videos", json=asked, headers=key)
        is_problem(answer, 422, "bad-input")
    await paid.api.make(headers=key, budget="5.00")


async def test_the_log_names_the_key_and_never_its_secret(
    keyed: Keyed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    key = await keyed.let_in("ann")
    id_ = (await keyed.api.http.get("/v1/self", headers=key)).json()["id"]
    video = await finish(keyed, key)
    await keyed.api.http.get((await read(keyed, key, video))["links"]["media"])
    lines = [vars(record) for record in caplog.records if record.name == "storywave.access"]
    assert {line["key"] for line in lines} == {id_, None}
    secret = key["Authorization"].rpartition("_")[2]
    assert secret not in str(lines) and "sig=" not in str(lines)


# ── audit ───────────────────────────────────────────────────────────────────────────────────────


async def test_the_audit_says_who_did_what_and_when(keyed: Keyed) -> None:
    boss, ann, bob = (
        await keyed.let_in("boss", Role.ADMIN),
        await keyed.let_in("ann"),
        await keyed.let_in("bob"),
    )
    http = keyed.api.http
    id_ = (await http.get("/v1/self", headers=ann)).json()["id"]
    made = {}
    for owner, key in (("ann", ann), ("bob", bob)):
        made[owner] = await keyed.api.make(headers=key)
        await http.post(f"/v1/videos/{made[owner]}/pause", headers=key)
    asked = {"owner": "ann", "role": "viewer"}
    key_id = (await http.post("/v1/keys", json=asked, headers=boss)).json()["id"]
    own = (await http.get("/v1/audit", headers=ann)).json()["deeds"]
    told = [(d["event"], d["about"], d["said"], d["key"], d["by"]) for d in own]
    assert told[0][:3] == ("KeyMade", key_id, "viewer") and told[0][4] == "boss"
    assert told[1:] == [
        ("VideoSteered", made["ann"], "paused", id_, "ann"),
        ("VideoRequested", made["ann"], "", id_, "ann"),
    ]
    assert own[1]["at"] >= own[2]["at"] > 0
    shown, cursor = [], ""
    while cursor is not None:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/v1/audit", params=params, headers=boss)).json()
        shown += page["deeds"]
        cursor = page["next"]
    assert [deed["owner"] for deed in shown] == ["ann", "bob", "bob", "ann", "ann"]
    wrong = await http.get("/v1/audit", params={"cursor": "x y"}, headers=ann)
    is_problem(wrong, 422, "bad-input")


# ── replicas ────────────────────────────────────────────────────────────────────────────────────


async def test_a_key_is_looked_up_again_after_two_seconds_at_most(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another replica has revoked is heard by then; until then nothing is read twice."""
    key = await keyed.let_in("ann")
    store, http = keyed.api.app.ports.store, keyed.api.http
    assert (await http.get("/v1/videos", headers=key)).status_code == 200
    [row] = await store.find(KEYS, {})
    await store.delete(KEYS, [row["_id"]])
    assert (await http.get("/v1/videos", headers=key)).status_code == 200
    later = store.now() + KNOWN_MS
    monkeypatch.setattr(store, "now", lambda: later)
    assert (await http.get("/v1/videos", headers=key)).status_code == 401


async def stream_until(
    keyed: Keyed, path: str, key: Headers, happens: Callable[[], Awaitable[object]]
) -> list[tuple[bytes, bool]]:
    """What is sent of a stream of three parts, where something happens after the first."""
    sent = list[Message]()

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        kind = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        for part in (b"one", b"two", b"three"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
            if part == b"one":
                await happens()

    async def keep(message: Message) -> None:
        sent.append(message)

    async def wait() -> Message:
        raise AssertionError("nothing is read")

    plain, _, query = path.partition("?")
    headers = [(name.lower().encode(), value.encode()) for name, value in key.items()]
    scope: Scope = {"type": "http", "method": "GET", "path": plain, "headers": headers}
    scope["query_string"] = query.encode()
    await Guard(stream, keyed.api.parts.door)(scope, wait, keep)
    return [(message["body"], message["more_body"]) for message in sent[1:]]


CUT_OFF = [(b"one", True), (b"", False)]


async def test_who_is_revoked_hears_nothing_more_on_a_stream_that_was_open(keyed: Keyed) -> None:
    key = await keyed.let_in("ann")
    id_ = (await keyed.api.http.get("/v1/self", headers=key)).json()["id"]
    revoke = partial(keyed.api.parts.keys.revoke, id_)
    assert await stream_until(keyed, "/v1/videos/x/events", key, revoke) == CUT_OFF


async def test_with_a_token_that_was_replaced_nothing_more_is_heard_either(keyed: Keyed) -> None:
    """Whoever has stolen it may have opened a stream before."""
    key = await keyed.let_in("ann")
    id_ = (await keyed.api.http.get("/v1/self", headers=key)).json()["id"]
    replace_ = partial(keyed.api.parts.keys.replace, id_)
    assert await stream_until(keyed, "/v1/events", key, partial(replace_, 60_000)) != CUT_OFF
    fresh = {"Authorization": f"Bearer {(await replace_()).token}"}
    assert await stream_until(keyed, "/v1/events", fresh, replace_) == CUT_OFF


async def test_a_stream_that_was_opened_by_a_link_ends_when_its_key_is_revoked(
    keyed: Keyed,
) -> None:
    key = await keyed.let_in("ann")
    id_ = (await keyed.api.http.get("/v1/self", headers=key)).json()["id"]
    link = (await read(keyed, key, await keyed.api.make(headers=key)))["links"]["events"]
    revoke = partial(keyed.api.parts.keys.revoke, id_)
    assert await stream_until(keyed, link, {}, revoke) == CUT_OFF


async def test_a_key_has_no_more_streams_open_than_it_may(keyed: Keyed) -> None:
    keyed.api.parts.streams.most = 2
    key, other = await keyed.let_in("ann"), await keyed.let_in("ann")
    video = await keyed.api.make(headers=key)
    link = (await read(keyed, key, video))["links"]["events"]
    async with serve(keyed.api.asgi) as [gate], AsyncExitStack() as opened:
        here = f"http://127.0.0.1:{gate.port}"
        http = await opened.enter_async_context(httpx.AsyncClient(base_url=here, verify=False))

        async def listen(path: str, headers: Headers) -> httpx.Response:
            return await opened.enter_async_context(http.stream("GET", path, headers=headers))

        first = await listen("/v1/events", key)
        assert (await listen(link, {})).status_code == 200, "a link counts for its key"
        for path, headers in (("/v1/events", key), (f"/v1/videos/{video}/events", key), (link, {})):
            problem = is_problem(await http.get(path, headers=headers), 429, "too-many-streams")
            assert "2 streams" in problem["detail"]
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{gate.port}/ws/videos/{video}", additional_headers=key)
        assert refused.value.response.status_code == 429
        assert (await listen("/v1/events", other)).status_code == 200, "each key has its own"
        await first.aclose()
        async with asyncio.timeout(10):
            while (again := await listen("/v1/events", key)).status_code != 200:
                await asyncio.sleep(0.05)
        assert again.status_code == 200
        keyed.api.parts.watch.close()
    assert not keyed.api.parts.streams.open


async def test_a_stream_that_was_opened_by_a_link_ends_with_it(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, store = await keyed.let_in("ann"), keyed.api.app.ports.store
    video = await keyed.api.make(headers=key)
    link, later = (await read(keyed, key, video))["links"]["events"], store.now() + 2 * 3_600_000

    async def wait_long() -> None:
        monkeypatch.setattr(store, "now", lambda: later)

    assert await stream_until(keyed, link, {}, wait_long) == CUT_OFF


async def test_a_websocket_without_a_key_is_closed_before_it_is_open(keyed: Keyed) -> None:
    async def none(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("it was let in")

    async def wait() -> Message:
        return {"type": "websocket.connect"}

    sent = list[Message]()

    async def keep(message: Message) -> None:
        sent.append(message)

    door = replace(keyed.api.parts.door, needs_key=True)
    scope: Scope = {"type": "websocket", "path": "/ws/videos/x", "headers": []}
    await Guard(none, door)(scope, wait, keep)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "key-missing"}]


async def test_who_opens_a_websocket_without_a_key_is_told_why(keyed: Keyed) -> None:
    async with serve(keyed.api.asgi) as [gate]:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{gate.port}/ws/videos/x")
    answer = refused.value.response
    assert answer.status_code == 401
    assert json.loads(answer.body or b"{}")["code"] == "key-missing"
