"""Webhooks: who may wake a job, and which one."""

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from shared.engines.replicate.hooks import (
    WINDOW_SECONDS,
    Call,
    Forged,
    hook_base,
    hook_url,
    read_call,
)
from shared.story.errors import BadInput

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
NOW = 1_790_000_000
BODY = json.dumps({"id": "r1", "status": "succeeded", "error": "ä"}).encode()
QUERY = hook_url("", "video 1/clip/0/2/0", 3).removeprefix("?")


def sign(body: bytes = BODY, secret: str = SECRET, at: int = NOW) -> dict[str, str]:
    when = datetime.fromtimestamp(at, UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": Webhook(secret).sign("msg_1", when, body.decode()),
    }


def test_a_signed_call_names_its_job_its_attempt_and_its_run() -> None:
    call = read_call(QUERY, sign(), BODY, SECRET, NOW)
    assert call == Call("video 1/clip/0/2/0", 3, "r1")


def test_any_of_several_signatures_is_enough() -> None:
    headers = sign()
    other = sign(secret="whsec_" + "A" * 32)["webhook-signature"]
    headers["webhook-signature"] = f"{other} v1a,x {headers['webhook-signature']}"
    assert read_call(QUERY, headers, BODY, SECRET, NOW).run == "r1"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no headers"),
        pytest.param(sign(secret="whsec_" + "A" * 32), id="another secret"),
        pytest.param({**sign(), "webhook-id": "msg_2"}, id="another id"),
        pytest.param({**sign(), "webhook-timestamp": str(NOW + 1)}, id="another time"),
        pytest.param({**sign(), "webhook-timestamp": "soon"}, id="no time"),
        pytest.param({**sign(), "webhook-timestamp": "9" * 30}, id="a time beyond all"),
        pytest.param({**sign(), "webhook-signature": "v1,ä"}, id="no signature"),
        pytest.param({**sign(), "webhook-signature": ""}, id="an empty signature"),
    ],
)
def test_what_is_not_signed_with_our_secret_is_forged(headers: dict[str, str]) -> None:
    with pytest.raises(Forged):
        read_call(QUERY, headers, BODY, SECRET, NOW)


def test_a_changed_body_is_forged() -> None:
    with pytest.raises(Forged):
        read_call(QUERY, sign(), BODY.replace(b"r1", b"r2"), SECRET, NOW)
    with pytest.raises(Forged):
        read_call(QUERY, sign(), b"\xff\xfe", SECRET, NOW)


def test_a_recorded_call_is_good_for_minutes_only() -> None:
    assert read_call(QUERY, sign(), BODY, SECRET, NOW + WINDOW_SECONDS)
    for now in (NOW + WINDOW_SECONDS + 1, NOW - WINDOW_SECONDS - 1):
        with pytest.raises(Forged, match="too old"):
            read_call(QUERY, sign(), BODY, SECRET, now)


@pytest.mark.parametrize("query", ["", "job=a", "job=a&attempt=x", "attempt=1"])
def test_a_call_that_names_no_job_is_refused(query: str) -> None:
    with pytest.raises(Forged, match="names no job"):
        read_call(query, sign(), BODY, SECRET, NOW)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{}", b"not json"])
def test_a_call_whose_body_names_no_run_is_refused(body: bytes) -> None:
    with pytest.raises(Forged, match="names no job"):
        read_call(QUERY, sign(body), body, SECRET, NOW)


# ── where runs are to call ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("url", "secret"), [("", ""), ("", SECRET), ("https://a.example", "")])
def test_where_nobody_can_call_runs_are_given_no_address(url: str, secret: str) -> None:
    assert hook_base(url, secret) == ""


def test_runs_are_given_the_public_address() -> None:
    assert hook_base("https://a.example/x/", SECRET) == "https://a.example/x/hooks/replicate"


def test_an_address_without_https_is_refused_with_what_to_do() -> None:
    with pytest.raises(BadInput, match=r"only addresses with https.*write it with https"):
        hook_base("http://a.example", SECRET)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_ä", "abcdef"])
def test_a_secret_that_is_none_is_refused_with_what_to_do(secret: str) -> None:
    with pytest.raises(BadInput, match="begin with whsec_"):
        hook_base("https://a.example", secret)
