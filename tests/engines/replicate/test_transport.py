"""What is sent to the provider, what is not, and what is kept of its answers."""

import asyncio
import json
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from shared.engines.replicate.client import NotSent, Provider, ReadLater, Unreadable
from shared.engines.replicate.transport import Answered, TooLate, Transport
from tests.engines.replicate.provider import (
    NOW,
    counting,
    forever,
    needs_client,
    open_provider,
    open_socket,
    run,
)

pytestmark = needs_client

BODY = {"input": {"prompt": "a sea"}}


def always(status: int, content: Any = None, **more: Any) -> Any:
    return lambda request: httpx.Response(status, json=content, **more)


async def create(provider: Provider, left: Any = forever, version: str | None = None) -> Any:
    return await provider.create("owner/name", version, BODY, 90, left)


# ── waits ───────────────────────────────────────────────────────────────────────────────────────

WORDS = "Request was throttled. Your rate limit resets in ~30s."


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "7"}, {}, 7),
        ({"retry-after": formatdate(NOW / 1000 + 3_612, usegmt=True)}, {}, 12),
        ({}, {"retry_after": 30}, 30),
        ({}, {"detail": WORDS}, 30),
        ({"retry-after": "2"}, {"detail": WORDS, "retry_after": 11}, 30),
        ({}, {"detail": "Request was throttled."}, None),
        ({"retry-after": "soon"}, {"retry_after": None, "detail": None}, None),
        ({"retry-after": "999999"}, {}, 3_600),
    ],
)
async def test_a_refusal_tells_how_long_to_wait_in_whatever_form(
    headers: dict[str, str], body: dict[str, Any], seconds: float | None
) -> None:
    # the provider's clock is an hour ahead of ours: a date is meant by its clock
    date = {"date": formatdate(NOW / 1000 + 3_600, usegmt=True)}
    provider, _ = open_provider(always(429, body, headers={**date, **headers}))
    with pytest.raises(Answered) as refused:
        await create(provider)
    assert refused.value.retry_after == seconds


async def test_the_providers_clock_is_known_from_its_answers() -> None:
    date = {"date": formatdate(NOW / 1000 + 90, usegmt=True)}
    provider, _ = open_provider(always(200, run(), headers=date))
    await provider.get("r1")
    assert provider.transport.ahead_ms == pytest.approx(90_000, abs=1_000)


# ── refusals ────────────────────────────────────────────────────────────────────────────────────


async def test_a_refusal_that_is_no_json_keeps_its_status() -> None:
    provider, _ = open_provider(lambda request: httpx.Response(502, text="<html>Bad Gateway"))
    with pytest.raises(Answered) as broken:
        await create(provider)
    assert broken.value.status == 502
    assert broken.value.body == {}


async def test_a_refusal_names_the_fields_that_it_refuses() -> None:
    wrong = [{"type": "required", "field": "input.prompt", "description": "prompt is required"}]
    body = {"title": "Input validation failed", "status": 422, "invalid_fields": wrong}
    provider, _ = open_provider(always(422, body))
    with pytest.raises(Answered) as refused:
        await create(provider)
    assert refused.value.body["invalid_fields"] == wrong


@pytest.mark.parametrize("status", [429, 500, 503, 504])
async def test_nothing_is_asked_twice_by_itself(status: int) -> None:
    provider, asked = open_provider(always(status, {}))
    with pytest.raises(Answered):
        await create(provider)
    with pytest.raises(Answered):
        await provider.get("r1")
    assert [request.method for request in asked] == ["POST", "GET"]


# ── what the client would not read ──────────────────────────────────────────────────────────────


async def test_a_run_that_never_began_can_be_read() -> None:
    provider, _ = open_provider(always(200, run(status="aborted")))
    assert (await provider.get("r1"))["status"] == "aborted"


async def test_a_page_with_a_run_that_never_began_is_read_whole() -> None:
    page = {"results": [run("r2", "aborted"), run("r1", "succeeded")], "next": None}
    provider, _ = open_provider(always(200, page))
    runs, more = await provider.list_runs("2026-09-21T13:00:00Z")
    assert [each["id"] for each in runs] == ["r2", "r1"]
    assert not more


async def test_an_answer_that_is_cut_or_no_json_is_unreadable_and_raises() -> None:
    provider, _ = open_provider(lambda request: httpx.Response(201, text='{"id": "r'))
    with pytest.raises(json.JSONDecodeError):
        await create(provider)
    provider, _ = open_provider(always(200, ["no", "run"]))
    with pytest.raises(Unreadable):
        await provider.get("r1")


async def test_a_next_page_is_asked_of_the_same_host_whatever_its_address_says() -> None:
    page = {"results": [], "next": "https://elsewhere.example/v1/predictions?cursor=abc"}
    provider, asked = open_provider(always(200, page))
    _, more = await provider.list_runs("2026-09-21T13:00:00Z")
    await provider.list_runs("2026-09-21T13:00:00Z", more)
    assert [request.url.host for request in asked] == ["127.0.0.1"] * 2
    assert asked[1].url.params["cursor"] == "abc"


# ── what is sent ────────────────────────────────────────────────────────────────────────────────


async def test_each_create_says_after_how_long_it_is_to_be_stopped() -> None:
    provider, asked = open_provider(always(201, run()))
    await create(provider)
    await provider.create("owner/name", None, BODY, 1, forever)
    await provider.get("r1")
    assert [request.headers.get("cancel-after") for request in asked] == ["90s", "5s", None]


async def test_an_official_model_is_asked_by_name_and_any_other_by_version() -> None:
    provider, asked = open_provider(always(201, run()))
    await create(provider)
    await create(provider, version="a" * 64)
    assert asked.paths() == ["/v1/models/owner/name/predictions", "/v1/predictions"]
    assert json.loads(asked[1].content) == {"version": "a" * 64, **BODY}


async def test_token_and_address_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REPLICATE_API_TOKEN", "another")
    monkeypatch.setenv("REPLICATE_BASE_URL", "http://127.0.0.1:9999")
    provider, asked = open_provider(always(201, run()))
    await create(provider)
    assert asked[0].headers["authorization"] == "Bearer another"
    assert asked[0].url.port == 9999


async def test_reads_keep_a_distance_and_whoever_would_wait_long_is_told() -> None:
    provider, asked = open_provider(always(200, run()))
    provider.rest(60)
    with pytest.raises(ReadLater) as later:
        await provider.get("r1")
    assert 55 < later.value.seconds <= 60
    assert not asked


# ── the deadline ────────────────────────────────────────────────────────────────────────────────


class Listener:
    """A server that keeps what it hears, and answers each request that is complete."""

    def __init__(self) -> None:
        self.heard = b""
        self.complete = 0
        self.closed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(65_536):
            self.heard += part
            head, _, body = self.heard.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            if head and len(body) >= length:
                self.complete += 1
                content = json.dumps(run()).encode()
                writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(content))
                writer.write(content)
                await writer.drain()
        self.closed.set()


@pytest.mark.parametrize(
    "left",
    [
        pytest.param((60, 60, 0), id="late before the head"),
        pytest.param((60, 60, 60, 0), id="late before the body"),
    ],
)
async def test_what_became_late_on_its_way_is_not_sent(
    left: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    async with open_socket(listener.serve) as address:
        monkeypatch.setenv("REPLICATE_BASE_URL", address)
        provider = Provider(Transport(lambda: NOW))
        with pytest.raises(TooLate):
            await create(provider, counting(*left))
        await listener.closed.wait()
        await provider.close()
    assert listener.complete == 0
    assert b"a sea" not in listener.heard


async def test_what_is_in_time_arrives_once(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener()
    async with open_socket(listener.serve) as address:
        monkeypatch.setenv("REPLICATE_BASE_URL", address)
        provider = Provider(Transport(lambda: NOW))
        assert (await create(provider))["id"] == "r1"
        await provider.close()
    assert listener.complete == 1


async def test_what_is_late_before_it_begins_asks_for_no_connection() -> None:
    provider, asked = open_provider(always(201, run()))
    with pytest.raises((TooLate, NotSent)):
        await create(provider, lambda: 0.0)
    assert not asked


async def test_no_connection_means_surely_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_socket(Listener().serve) as address:
        pass  # nobody listens there from here on
    monkeypatch.setenv("REPLICATE_BASE_URL", address)
    provider = Provider(Transport(lambda: NOW))
    with pytest.raises(NotSent):
        await create(provider)
    await provider.close()


async def test_a_lost_answer_does_not_mean_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)

    async with open_socket(hang_up) as address:
        monkeypatch.setenv("REPLICATE_BASE_URL", address)
        provider = Provider(Transport(lambda: NOW))
        with pytest.raises(httpx.TransportError):
            await create(provider)
        await provider.close()


async def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_the_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            pass

    async with open_socket(say_nothing) as address:
        monkeypatch.setenv("REPLICATE_BASE_URL", address)
        provider = Provider(Transport(lambda: NOW))
        with pytest.raises(TimeoutError):
            await create(provider, lambda: 0.2)
        await provider.close()
