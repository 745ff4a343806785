"""Webhooks of the stand-in for Replicate: signed, and as unreliable as real ones."""

import base64
import hashlib
import hmac
from typing import Any

import pytest

from tests.standins.caller import SCHNELL, Caller
from tests.standins.receiver import Hook, Receiver
from tests.standins.replicate import StandIn

GIVEN = {"prompt": "a fox"}


def is_signed(hook: Hook, secret: str) -> bool:
    """Whether Standard Webhooks would take it, its age apart."""
    key = base64.b64decode(secret.split("_")[1])
    said = f"{hook.headers['webhook-id']}.{hook.headers['webhook-timestamp']}.".encode()
    wanted = base64.b64encode(hmac.new(key, said + hook.body, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in hook.headers["webhook-signature"].split(" ")


async def test_a_webhook_tells_of_the_events_that_were_asked_for(
    replicate: StandIn, caller: Caller, hooks: Receiver
) -> None:
    only = ["start", "completed"]
    url = f"{hooks.url}?job=v/image/0&attempt=3"
    await caller.post(SCHNELL, GIVEN, webhook=url, webhook_events_filter=only)
    start, end = sorted(await hooks.wait_for(2), key=lambda hook: hook.headers["webhook-id"])[::-1]
    assert [start.shown["status"], end.shown["status"]] == ["processing", "succeeded"]
    assert end.path == "/hooks/replicate?job=v/image/0&attempt=3"
    assert is_signed(start, replicate.settings.secret) and is_signed(end, replicate.settings.secret)
    assert start.headers["webhook-id"] != end.headers["webhook-id"]
    assert end.shown["output"] == (await caller.get(end.shown["id"]))["output"]


async def test_only_the_last_webhook_comes_again_if_it_was_not_taken(
    replicate: StandIn, caller: Caller, hooks: Receiver
) -> None:
    hooks.answers = [500, 302, 503, 200]
    only: dict[str, Any] = {"webhook": hooks.url, "webhook_events_filter": ["completed"]}
    await caller.finish(await caller.post(SCHNELL, GIVEN, **only))
    got = await hooks.wait_for(4)
    assert len({hook.headers["webhook-id"] for hook in got}) == 1
    assert len(hooks.got) == 4


@pytest.mark.parametrize(
    ("name", "good", "bad"), [("hook_doubled", 2, 0), ("hook_forged", 1, 1), ("hook_stale", 2, 0)]
)
async def test_a_webhook_may_come_twice_or_from_somebody_else(
    replicate: StandIn, caller: Caller, hooks: Receiver, name: str, good: int, bad: int
) -> None:
    replicate.next(name)
    only: dict[str, Any] = {"webhook": hooks.url, "webhook_events_filter": ["completed"]}
    await caller.finish(await caller.post(SCHNELL, GIVEN, **only))
    got = await hooks.wait_for(2)
    signed = [hook for hook in got if is_signed(hook, replicate.settings.secret)]
    assert (len(signed), len(got) - len(signed)) == (good, bad)
    assert len({hook.headers["webhook-id"] for hook in got}) == 1
    if name == "hook_forged":
        assert got[0].shown["status"] == "failed" and got[1].shown["status"] == "succeeded"
    if name == "hook_stale":
        old, new = (int(hook.headers["webhook-timestamp"]) for hook in got)
        assert new - old > 3000


async def test_a_webhook_may_be_lost_or_late(
    replicate: StandIn, caller: Caller, hooks: Receiver
) -> None:
    replicate.next("hook_lost", prompt="one")
    replicate.next("hook_late", prompt="two", seconds=300)
    only: dict[str, Any] = {"webhook": hooks.url, "webhook_events_filter": ["completed"]}
    for prompt in ("one", "two", "three"):
        await caller.finish(await caller.post(SCHNELL, {"prompt": prompt}, **only))
    assert [hook.shown["input"]["prompt"] for hook in await hooks.wait_for(1)] == ["three"]
    replicate.move(301)
    assert (await hooks.wait_for(2))[1].shown["input"]["prompt"] == "two"


@pytest.mark.parametrize("url", ["http://us.example/hook", "us.example", "ftp://us.example/"])
async def test_a_webhook_that_is_not_https_is_refused(
    replicate: StandIn, caller: Caller, url: str
) -> None:
    answer = await caller.post(SCHNELL, GIVEN, webhook=url)
    assert answer.status_code == 422 and "HTTPS" in answer.text and replicate.runs == []
