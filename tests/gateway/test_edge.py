"""What stands before the routes: whom the API answers, how much it reads, and its traces."""

import asyncio
import json
import logging
import os
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import HTTPException
from prometheus_client import REGISTRY
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.app import create_app
from services.gateway.edge.bodies import BodyLimit
from services.gateway.edge.hosts import hosts_of
from services.gateway.intake import REQUESTS
from services.gateway.keys.caller import CALLER, Caller, Role
from shared.runtime.settings import Settings
from tests.gateway.conftest import Api
from tests.gateway.test_http import is_problem
from tests.histories import completed, full_plan

JSON = {"content-type": "application/json"}

# ── hosts ───────────────────────────────────────────────────────────────────────────────────────

LOOPBACK = ["localhost", "localhost:8000", "LOCALHOST", "localhost.", "127.0.0.1:8000", "127.9.9.9"]
LOOPBACK += ["[::1]", "[::1]:8000"]
ADDRESSES = ["192.168.1.5", "192.168.1.5:8000", "[2001:db8::1]:80", "0.0.0.0"]
STRANGE = ["", " ", "a b", ":80", "[::1", "é", "localhost/", "localhost:port", "localhost:999999"]
STRANGE += ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil"]


def served(settings: Settings, hosts: list[str]) -> list[str]:
    return [host for host in hosts if hosts_of(settings).serve(host)]


def test_on_loopback_only_names_and_addresses_of_this_machine_are_served() -> None:
    alone = Settings(host="127.0.0.1")
    assert served(alone, LOOPBACK) == LOOPBACK
    assert served(alone, ADDRESSES + STRANGE) == []


def test_on_other_addresses_any_address_is_served_and_no_unknown_name() -> None:
    """Whoever owns a name can lead it to our address; nobody can do that with an address."""
    reached = Settings(host="0.0.0.0")
    assert served(reached, LOOPBACK + ADDRESSES) == LOOPBACK + ADDRESSES
    assert served(reached, STRANGE) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_names_that_are_set_are_served_on_every_port(host: str) -> None:
    named = Settings(host=host, hosts="film.example,Gateway", public_url="https://Up.example/")
    asked = ["film.example", "FILM.example:443", "gateway:8000", "up.example", "up.example:443"]
    assert served(named, asked) == asked
    assert served(named, ["example", "x.film.example", "film.example.evil"]) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("hosts", "https://film.example"),
        ("hosts", "film.example:80"),
        ("hosts", "a,,b"),
        ("hosts", "*"),
        ("public_url", "film.example"),
        ("public_url", "ftp://film.example"),
        ("public_url", "https://"),
        ("public_url", "https://film.example:port"),
        ("public_url", "https://ann:secret@film.example"),
        ("public_url", "https://film.example?x"),
    ],
)
def test_a_setting_that_names_no_host_is_refused(name: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.model_validate({name: wrong})


async def test_a_request_for_another_host_is_refused_before_any_route(api: Api) -> None:
    for host in ("evil.example", "evil.example:8000"):
        answer = await api.http.get("/v1/videos", headers={"host": host})
        problem = is_problem(answer, 421, "unknown-host")
        assert host in problem["detail"] and "STORYWAVE_HOSTS" in problem["detail"]
    long = await api.http.get("/v1/videos", headers={"host": "e" * 5000})
    assert len(long.text) < 700


async def test_probes_are_answered_under_any_host(api: Api) -> None:
    """A kubelet asks by the address of the pod. The routes of a test hold no probes: any path of
    theirs is let through to where there is nothing.
    """
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = await api.http.get(path, headers={"host": "10.1.2.3:8000"})
        assert answer.status_code == 404


# ── browsers ────────────────────────────────────────────────────────────────────────────────────

CROSS: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": "http://localhost:3000"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://[broken"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "http://localhost", "sec-fetch-site": "cross-site"},
]
OWN: list[dict[str, str]] = [
    {},
    {"origin": "http://localhost"},
    {"origin": "https://localhost"},  # a proxy has ended TLS
    {"sec-fetch-site": "same-origin", "origin": "http://localhost"},
    {"sec-fetch-site": "none"},
]


@pytest.mark.parametrize("headers", CROSS)
async def test_a_write_that_another_site_has_sent_is_refused(
    api: Api, headers: dict[str, str]
) -> None:
    for path in ("/v1/videos", "/v1/images", "/v1/videos/x/reframe"):
        answer = await api.http.post(path, json={"prompt": "the sea"}, headers=headers)
        is_problem(answer, 403, "cross-site")
    assert await api.app.ports.store.find(REQUESTS, {}) == []
    assert (await api.http.get("/v1/videos", headers=headers)).status_code == 200


@pytest.mark.parametrize("headers", OWN)
async def test_a_write_of_our_own_pages_or_of_no_browser_is_accepted(
    api: Api, headers: dict[str, str]
) -> None:
    answer = await api.http.post("/v1/videos", json={"prompt": "the sea"}, headers=headers)
    assert answer.status_code == 202


async def test_pages_under_the_public_address_may_write_whatever_a_proxy_calls_us(api: Api) -> None:
    hosts = hosts_of(Settings(hosts="gateway", public_url="https://film.example:8443"))
    transport = httpx.ASGITransport(create_app(api.parts, hosts))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        for origin, status in (
            ("https://film.example:8443", 202),
            ("https://film.example", 403),
            ("https://other.example", 403),
        ):
            asked = {"prompt": "the sea"}
            answer = await http.post("/v1/videos", json=asked, headers={"origin": origin})
            assert answer.status_code == status


async def test_every_answer_keeps_browsers_from_guessing_loading_and_framing(api: Api) -> None:
    for path in ("/v1/videos", "/nowhere", "/v1/videos/x/media"):
        headers = (await api.http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "*" not in policy and "http" not in policy


@pytest.mark.parametrize("path", ["/v1/videos/", "/v1/images/", "//v1/videos", "/docs/"])
async def test_no_slash_redirects(api: Api, path: str) -> None:
    is_problem(await api.http.get(path), 404, "no-such-path")


# ── bodies ──────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Received:
    """A request that is handed to the application piece by piece."""

    path: str
    headers: dict[str, str]
    pieces: list[bytes]
    taken: int = 0

    async def ask(self, app: ASGIApp) -> tuple[int, dict[str, Any]]:
        sent = list[Message]()

        async def receive() -> Message:
            self.taken += 1
            return {"type": "http.request", "body": self.pieces[self.taken - 1], "more_body": True}

        async def send(message: Message) -> None:
            sent.append(message)

        headers = {"host": "localhost", **JSON, **self.headers}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "method": "POST", "path": self.path, "headers": raw}
        await app({**scope, "query_string": b"", "root_path": ""}, receive, send)
        return sent[0]["status"], json.loads(b"".join(m.get("body", b"") for m in sent))


async def test_a_body_that_says_that_it_is_too_large_is_not_read_at_all(api: Api) -> None:
    for path, length in (("/v1/videos", 70_000), ("/v1/images", 11 << 20)):
        asked = Received(path, {"content-length": str(length)}, [])
        status, problem = await asked.ask(api.asgi)
        assert (status, asked.taken) == (413, 0)
        assert problem["type"] == "/docs/problems/body-too-large"


async def test_a_body_that_does_not_say_is_read_to_its_limit_only(api: Api) -> None:
    asked = Received("/v1/videos", {}, [bytes(30_000)] * 3)
    assert (await asked.ask(api.asgi))[0] == 413
    assert asked.taken == 3


async def test_all_bodies_together_are_bounded() -> None:
    """Some uploads that stall must not take all memory; what is over gives its room back."""
    held = asyncio.Event()

    async def keep(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await held.wait()

    limited = BodyLimit(keep, all_bodies=100)

    async def forget(message: Message) -> None: ...

    async def upload(size: int, owner: str, path: str = "/v1/images") -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": bytes(size), "more_body": True}

        CALLER.set(Caller(owner, Role.MAKER))
        async with asyncio.timeout(5):
            await limited({"type": "http", "path": path, "headers": []}, receive, forget)

    async def is_refused(size: int, owner: str, path: str = "/v1/images") -> bool:
        [end] = await asyncio.gather(upload(size, owner, path), return_exceptions=True)
        return isinstance(end, HTTPException) and end.status_code == 503

    first = asyncio.create_task(upload(45, "ann"))
    await asyncio.sleep(0)
    assert await is_refused(10, "ann"), "one owner has half of it at most"
    second = asyncio.create_task(upload(45, "", "/hooks/replicate"))
    await asyncio.sleep(0)
    assert await is_refused(10, "ann", "/hooks/replicate"), "as all have who need no key"
    third = asyncio.create_task(upload(10, "bob"))
    await asyncio.sleep(0)
    assert await is_refused(1, "cid")
    held.set()
    await asyncio.gather(first, second, third)
    await upload(50, "ann")


# ── requests and their traces ───────────────────────────────────────────────────────────────────


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "storywave.access"]


async def test_a_request_keeps_the_id_that_it_comes_with(api: Api) -> None:
    for given in ("a", "0af7651916cd43dd8448eb211c80319c", "A.b_c-9", "x" * 64):
        answer = await api.http.get("/v1/videos/nope", headers={"x-request-id": given})
        assert answer.headers["x-request-id"] == answer.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", 'a"b', "é".encode()])
async def test_a_request_with_an_odd_id_or_none_gets_one(api: Api, given: Any) -> None:
    ids = set()
    for _ in range(2):
        answer = await api.http.get("/v1/videos/nope", headers={"x-request-id": given})
        assert answer.headers["x-request-id"] == answer.json()["request_id"] != given
        ids.add(answer.headers["x-request-id"])
    assert len(ids) == 2


async def test_each_request_leaves_one_line_that_names_no_video(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    made = await api.make()
    caplog.clear()
    caplog.set_level(logging.INFO)
    for path, route, status in (
        (f"/v1/videos/{made}", "/v1/videos/{video_id}", 200),
        (f"/v1/videos/{made}/media", "/v1/videos/{video_id}/media", 409),
        ("/nowhere/at/all", None, 404),
    ):
        answer = await api.http.get(path, headers={"x-request-id": "mine"})
        [line] = lines(caplog)
        known = {**vars(line)}
        assert (known["method"], known["route"], known["status"]) == ("GET", route, status)
        assert (known["request_id"], known["bytes"]) == ("mine", len(answer.content))
        assert known["ms"] >= 0
        assert made not in line.getMessage()
        caplog.clear()


async def test_probes_leave_no_line(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for path in ("/healthz", "/readyz", "/metrics"):
        await api.http.get(path)
    assert lines(caplog) == []


async def test_a_bug_is_logged_once_with_the_id_that_its_answer_names(
    api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await api.make()

    async def broken(*asked: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("services.gateway.read.videos.Videos.read_status", broken)
    problem = is_problem(await api.http.get(f"/v1/videos/{made}"), 500, "internal")
    [record] = [record for record in caplog.records if record.exc_info]
    assert vars(record)["request_id"] == problem["request_id"]
    assert "a bug" in str(record.exc_info)


async def test_a_process_that_can_open_no_file_answers_that_it_is_away(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await api.make()
    await api.app.ports.blobs.put("final.mp4", b"film")
    plan = full_plan(video_id=made)
    await api.tell([plan, completed(plan)])

    async def refuse(key: str) -> None:
        raise OSError(24, os.strerror(24), "/data/blobs/final.mp4")

    monkeypatch.setattr(api.app.ports.blobs, "stat", refuse)
    problem = is_problem(await api.http.get(f"/v1/videos/{made}/media"), 503, "unavailable")
    assert "/data" not in problem["detail"] and "open files" not in problem["detail"]


# ── long stories ────────────────────────────────────────────────────────────────────────────────


async def test_at_most_twenty_mistakes_are_named_and_the_others_counted(api: Api) -> None:
    body = {"prompt": "x", **{f"field{n}": n for n in range(2500)}}
    answer = await api.http.post("/v1/videos", json=body)
    problem = is_problem(answer, 422, "bad-input")
    assert len(problem["errors"]) == 20
    assert problem["detail"].endswith("; and 2,480 more.")
    assert len(answer.content) < 16_000


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/v1/videos/{'v' * 9000}", None),
        ("GET", f"/v1/images/{'v' * 9000}", None),
        ("GET", f"/{'v' * 9000}", None),
        ("GET", f"/v1/videos?cursor={'v' * 9000}", None),
        ("POST", "/v1/videos", {"prompt": "x", "style": "v" * 9000}),
        ("POST", "/v1/videos", {"prompt": "x", "v" * 9000: 1}),
        ("POST", "/v1/videos", {"prompt": "x", "end_card": {"v" * 9000: 1}}),
        ("POST", "/v1/videos", {"prompt": "x", "end_card": {"product_image": "v" * 100}}),
    ],
)
async def test_what_was_sent_is_not_sent_back_at_length(
    api: Api, method: str, path: str, body: object
) -> None:
    answer = await api.http.request(method, path, json=body)
    assert answer.status_code in {404, 422}
    said = answer.json()
    texts = [said["detail"], *(text for error in said["errors"] for text in error.values())]
    assert all("v" * 61 not in text for text in texts)
    assert len(said["instance"]) <= 200


async def test_requests_are_counted_by_template_and_a_made_up_path_or_method_is_no_label(
    api: Api,
) -> None:
    def count(**labels: str) -> float:
        return REGISTRY.get_sample_value("storywave_request_seconds_count", labels) or 0.0

    known = {"route": "/v1/videos/{video_id}", "method": "GET", "status": "4xx"}
    odd = {"route": "none", "method": "other", "status": "4xx"}
    before, before_odd = count(**known), count(**odd)
    for name in ("nope", "nobody", "nothing"):
        await api.http.get(f"/v1/videos/{name}")
        await api.http.request(f"X{name.upper()}", f"/{name}")
    assert (count(**known) - before, count(**odd) - before_odd) == (3, 3)
