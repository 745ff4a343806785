"""Webhooks over HTTP: who is heard, and what follows."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from services.gateway.app import create_app
from services.gateway.parts import build_gateway
from shared.engines.replicate.hooks import hook_url
from shared.jobs.ledger import JOBS
from tests.gateway.conftest import Api

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
JOB = "v1/clip/0/2/0"
URL = hook_url("/hooks/replicate", JOB, 2)


@pytest.fixture
async def http(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that knows what webhooks are signed with, and has a job at a provider."""
    parts = build_gateway(api.app, SECRET)
    store = api.app.ports.store
    row = {"state": "running", "attempt": 7, "posted_attempt": 2, "due_at": store.now() + 60_000}
    await store.insert(JOBS, [{"_id": JOB, **row}])
    transport = httpx.ASGITransport(create_app(parts), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    parts.close()


def body(size: int = 0) -> str:
    return json.dumps({"id": "r1", "status": "succeeded", "input": {"image": "x" * size}})


def sign(api: Api, content: str, ago: int = 0, secret: str = SECRET) -> dict[str, str]:
    seconds = api.app.ports.store.now() // 1000 - ago
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(seconds, UTC), content)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature,
    }


async def is_due(api: Api) -> bool:
    store = api.app.ports.store
    due: Any = (await store.get(JOBS, [JOB]))[JOB]["due_at"]
    return bool(due <= store.now())


async def test_a_signed_webhook_has_its_job_looked_at(api: Api, http: httpx.AsyncClient) -> None:
    answer = await http.post(URL, content=body(), headers=sign(api, body()))
    assert (answer.status_code, answer.content) == (204, b"")
    assert await is_due(api)


async def test_a_webhook_that_comes_twice_or_about_nothing_does_no_harm(
    api: Api, http: httpx.AsyncClient
) -> None:
    for url in (URL, URL, hook_url("/hooks/replicate", "v9/clip/0/0/0", 1)):
        answer = await http.post(url, content=body(), headers=sign(api, body()))
        assert answer.status_code == 204


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param({"secret": "whsec_" + "A" * 32}, id="another secret"),
        pytest.param({"ago": 3_600}, id="an hour old"),
        pytest.param({"ago": -3_600}, id="from the future"),
    ],
)
async def test_a_forged_webhook_is_refused_and_wakes_nothing(
    api: Api, http: httpx.AsyncClient, forge: dict[str, Any]
) -> None:
    answer = await http.post(URL, content=body(), headers=sign(api, body(), **forge))
    assert answer.status_code == 401
    assert answer.json()["type"] == "/docs/problems/webhook-not-signed"
    assert not await is_due(api)


async def test_without_a_secret_no_webhook_is_heard(api: Api) -> None:
    answer = await api.http.post(URL, content=body(), headers=sign(api, body()))
    assert answer.status_code == 401


async def test_a_webhook_may_carry_pictures_but_not_without_end(
    api: Api, http: httpx.AsyncClient
) -> None:
    long, endless = body(3 << 20), body(5 << 20)
    assert (await http.post(URL, content=long, headers=sign(api, long))).status_code == 204
    assert (await http.post(URL, content=endless, headers=sign(api, endless))).status_code == 413
