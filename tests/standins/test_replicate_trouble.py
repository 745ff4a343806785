"""What goes wrong at the stand-in for Replicate, as it does at the real one."""

import asyncio

import httpx
import pytest

from tests.standins.caller import SCHNELL, Caller
from tests.standins.replicate import StandIn
from tests.standins.replicate.faults import ERRORS

KOKORO = "jaaari/kokoro-82m"
KLING = "kwaivgi/kling-v2.5-turbo-pro"


async def test_a_wrong_token_opens_nothing(replicate: StandIn) -> None:
    async with Caller(replicate, token="r8_wrong") as stranger:
        answers = [await stranger.ask(), await stranger.http.get("/v1/account")]
    for answer in answers:
        assert answer.status_code == 401 and answer.json()["title"] == "Unauthenticated"
    assert replicate.runs == []


async def test_a_throttled_create_says_in_three_ways_when_to_come_again(
    replicate: StandIn, caller: Caller
) -> None:
    for form in ("header", "body", "text"):
        replicate.next("429", form=form, seconds=7)
    header, body, text = [await caller.ask() for _ in range(3)]
    assert {a.status_code for a in (header, body, text)} == {429}
    assert header.headers["retry-after"] == "7" and "7" not in header.text
    assert body.json() == {
        "detail": "Request was throttled. Your rate limit resets in ~7s.",
        "status": 429,
        "retry_after": 7,
    }
    assert "~7s" in text.json()["detail"] and "retry_after" not in text.json()
    assert "retry-after" not in text.headers and "retry-after" not in body.headers
    assert replicate.runs == [] and (await caller.ask()).status_code == 201


async def test_an_account_without_credit_is_refused_until_it_is_mended(
    replicate: StandIn, caller: Caller
) -> None:
    await caller.http.post("/_standin/settings", json={"refuse": "402"})
    for _ in range(2):
        answer = await caller.ask()
        assert answer.status_code == 402 and answer.json()["title"] == "Insufficient credit"
    assert (await caller.http.get("/v1/account")).status_code == 200
    await caller.http.post("/_standin/settings", json={"refuse": None})
    assert (await caller.ask()).status_code == 201


async def test_its_rate_of_creates_is_held(replicate: StandIn, caller: Caller) -> None:
    replicate.settings.creates_a_minute, replicate.settings.create_burst = 6, 1
    answers = [await caller.ask() for _ in range(3)]
    assert [a.status_code for a in answers] == [201, 429, 429]
    assert 1 <= answers[1].json()["retry_after"] <= 10
    assert (await caller.http.get("/v1/account")).status_code == 200
    assert replicate.provider.ledger.refused == {"429": 2}


async def test_an_error_before_accepting_leaves_no_run(replicate: StandIn, caller: Caller) -> None:
    replicate.next("5xx", status=502)
    answer = await caller.ask()
    assert answer.status_code == 502 and "json" not in answer.headers["content-type"]
    assert replicate.runs == []


@pytest.mark.parametrize("name", ["5xx_after", "lost", "cut", "unreadable"])
async def test_a_run_whose_answer_was_lost_exists_and_costs(
    replicate: StandIn, caller: Caller, name: str
) -> None:
    replicate.next(name)
    try:
        answer = await caller.ask(seed=11)
        assert answer.status_code == 503 or "{" not in answer.text
        assert name in ("5xx_after", "unreadable")
    except httpx.RemoteProtocolError:
        assert name in ("lost", "cut")
    (run,) = replicate.runs
    assert run.answer == name
    assert (await caller.end(run.id))["status"] == "succeeded" and run.billed == 3000
    listed = (await caller.http.get("/v1/predictions")).json()["results"]
    assert [found["input"] for found in listed] == [{"prompt": "a red fox", "seed": 11}]


@pytest.mark.parametrize("name", ["slow_accept", "slow_answer"])
async def test_a_create_may_go_through_after_its_caller_has_given_up(
    replicate: StandIn, caller: Caller, name: str
) -> None:
    replicate.next(name, seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        await caller.http.post(
            f"/v1/models/{SCHNELL}/predictions", json={"input": {"prompt": "a"}}, timeout=0.1
        )
    assert len(replicate.runs) == (1 if name == "slow_answer" else 0)
    while not replicate.runs:
        await asyncio.sleep(0.01)
    assert (await caller.end(replicate.runs[0].id))["status"] == "succeeded"


async def test_reads_can_fail_too(replicate: StandIn, caller: Caller) -> None:
    for name in ("read_429", "read_5xx", "read_lost"):
        replicate.next(name)
    assert (await caller.http.get("/v1/predictions")).status_code == 429
    assert (await caller.http.get("/v1/predictions")).status_code == 503
    with pytest.raises(httpx.RemoteProtocolError):
        await caller.http.get("/v1/predictions")
    assert (await caller.http.get("/v1/predictions")).status_code == 200


@pytest.mark.parametrize("code", sorted(ERRORS))
async def test_a_failing_run_says_why_and_costs_nothing_unless_it_is_said_to(
    replicate: StandIn, caller: Caller, code: str
) -> None:
    replicate.next("fails", error=code)
    replicate.next("fails", error=code, pays=True)
    free, paid = [await caller.finish(await caller.ask()) for _ in range(2)]
    assert free["status"] == paid["status"] == "failed" and free["output"] is None
    assert free["error"] == paid["error"] == ERRORS[code]
    assert [run.billed for run in replicate.runs] == [0, 3000]
    assert paid["metrics"]["image_output_count"] == 1


async def test_a_flagged_input_fails_each_time_and_is_seen_when_it_comes_again(
    replicate: StandIn, caller: Caller
) -> None:
    asked = [
        (SCHNELL, "flagthis fox"),
        ("google/nano-banana", "flagthis fox"),
        (KLING, "flagthis fox"),
        (SCHNELL, "a kinder fox"),
    ]
    for model, prompt in asked:
        shown = await caller.finish(await caller.ask(model, prompt=prompt))
        assert ("E005" in (shown["error"] or "")) == ("flagthis" in prompt)
    first, second, *_ = replicate.runs
    assert replicate.judge().flagged_again == ((first.id, second.id),)


async def test_a_run_that_was_stopped_before_it_was_flagged_forbids_nothing(
    replicate: StandIn, caller: Caller
) -> None:
    replicate.settings.latency = {"clip": (0.0, 60.0)}
    replicate.next("fails", error="E005", pays=True)
    run = (await caller.ask(KLING)).json()["id"]
    await caller.http.post(f"/v1/predictions/{run}/cancel")
    assert (await caller.get(run))["error"] is None, "nobody was told"
    replicate.settings.latency = {}
    await caller.finish(await caller.ask(KLING))
    verdict = replicate.judge()
    assert verdict.flagged_again == () and verdict.by_status == {"canceled": 1, "succeeded": 1}


async def test_an_empty_webhook_fails_the_run(replicate: StandIn, caller: Caller) -> None:
    shown = await caller.finish(await caller.post(SCHNELL, {"prompt": "a"}, webhook=""))
    assert shown["status"] == "failed" and "E4875" in shown["error"]


async def test_a_run_cancelled_before_its_start_is_free_and_later_pays_its_share(
    replicate: StandIn, caller: Caller
) -> None:
    replicate.settings.latency = {"clip": (60.0, 100.0)}
    run_id = (await caller.ask(KLING)).json()["id"]
    cancelled = (await caller.http.post(f"/v1/predictions/{run_id}/cancel")).json()
    assert cancelled["status"] == "canceled" and replicate.runs[0].billed == 0
    run_id = (await caller.ask(KLING)).json()["id"]
    replicate.move(85)
    while (await caller.get(run_id))["status"] == "starting":
        await asyncio.sleep(0.01)
    cancelled = (await caller.http.post(f"/v1/predictions/{run_id}/cancel")).json()
    seconds = cancelled["metrics"]["video_output_duration_seconds"]
    assert seconds == pytest.approx(1.25, abs=0.05)
    assert replicate.runs[1].billed == pytest.approx(seconds * 70_000, abs=1)
    again = (await caller.http.post(f"/v1/predictions/{run_id}/cancel")).json()
    assert again["completed_at"] == cancelled["completed_at"]


async def test_a_deadline_aborts_a_run_for_free_before_its_start_and_cancels_it_after(
    replicate: StandIn, caller: Caller
) -> None:
    given = {"prompt": "a fox"}
    for latency, status in (((60.0, 60.0), "aborted"), ((1.0, 60.0), "canceled")):
        replicate.settings.latency = {"clip": latency}
        answer = await caller.post(KLING, given, headers={"cancel-after": "1m1s"})
        answer = await caller.post(KLING, given, headers={"cancel-after": "10s"})
        assert answer.json()["deadline"] > answer.json()["created_at"]
        replicate.move(11)
        shown = await caller.end(answer.json()["id"])
        assert shown["status"] == status
        assert (replicate.runs[-1].billed > 0) == (status == "canceled")
        assert (await caller.get(replicate.runs[-2].id))["status"] in ("starting", "processing")
    refused = await caller.post(KLING, given, headers={"cancel-after": "4s"})
    assert refused.status_code == 422


@pytest.mark.parametrize("name", ["canceled", "aborted", "no_output"])
async def test_a_run_may_end_without_its_callers_doing(
    replicate: StandIn, caller: Caller, name: str
) -> None:
    replicate.next(name)
    shown = await caller.finish(await caller.ask(KLING))
    assert shown["status"] == (name if name != "no_output" else "succeeded")
    assert shown["output"] is None
    assert replicate.runs[0].billed == (175_000 if name == "canceled" else 0)


async def test_a_run_that_hangs_is_stopped_after_half_an_hour(
    replicate: StandIn, caller: Caller
) -> None:
    replicate.next("hangs")
    run_id = (await caller.ask()).json()["id"]
    replicate.move(1700)
    assert (await caller.get(run_id))["status"] != "failed"
    replicate.move(200)
    assert "E8367" in (await caller.end(run_id))["error"]
