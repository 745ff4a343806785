"""The stand-in for Replicate behaves as the real one is known to: runs, models, inputs, keeping."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.pictures import decoded
from tests.standins.caller import SCHNELL, Caller
from tests.standins.replicate import StandIn

KOKORO = "jaaari/kokoro-82m"
KLING = "kwaivgi/kling-v2.5-turbo-pro"


async def test_a_run_starts_works_and_ends_with_its_output_and_its_metrics(
    replicate: StandIn, caller: Caller
) -> None:
    replicate.settings.latency = {"image": (0.2, 0.2)}
    answer = await caller.ask(num_outputs=2, aspect_ratio="9:16", output_format="png")
    created = answer.json()
    assert answer.status_code == 201 and created["status"] == "starting"
    assert created["output"] is None and created["version"] == "hidden"
    assert created["urls"]["get"].endswith(f"/v1/predictions/{created['id']}")
    seen = {created["status"]}
    while (shown := await caller.get(created["id"]))["status"] not in ("succeeded", "failed"):
        seen.add(shown["status"])
        await asyncio.sleep(0.01)
    assert seen == {"starting", "processing"}
    assert shown["status"] == "succeeded" and len(shown["output"]) == 2
    assert shown["metrics"]["image_output_count"] == 2
    assert shown["metrics"]["predict_time"] == pytest.approx(0.2, abs=0.02)
    assert shown["created_at"] < shown["started_at"] < shown["completed_at"]
    assert replicate.runs[0].billed == 6000
    pictures = [decoded((await caller.http.get(url)).content) for url in shown["output"]]
    assert [p.format for p in pictures] == ["PNG", "PNG"] and pictures[0].size == (576, 1024)
    assert pictures[0].tobytes() != pictures[1].tobytes()


async def test_prefer_wait_answers_when_the_run_is_over_or_the_time_is_up(
    replicate: StandIn, caller: Caller
) -> None:
    given = {"prompt": "a fox"}
    answer = await caller.post(SCHNELL, given, headers={"prefer": "wait=5"})
    assert answer.status_code == 201 and answer.json()["status"] == "succeeded"
    replicate.settings.latency = {"image": (0.0, 60.0)}
    answer = await caller.post(SCHNELL, given, headers={"prefer": "wait=1"})
    assert answer.status_code == 202 and answer.json()["output"] is None


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="the client does not import there")
async def test_the_public_client_can_use_it(replicate: StandIn, tmp_path: Path) -> None:
    from replicate.client import Client

    transport = httpx.AsyncHTTPTransport()
    client = Client(api_token=replicate.token, base_url=replicate.url, transport=transport)
    model = await client.models.async_get(KOKORO)
    assert model.latest_version
    run = await client.predictions.async_create(model.latest_version.id, {"text": "Hello you"})
    while run.status not in ("succeeded", "failed"):
        await run.async_reload()
    assert str(run.output).endswith(".wav")
    (tmp_path / "note.txt").write_text("hello")
    file = await client.files.async_create(tmp_path / "note.txt", metadata={"a": 1})
    assert file.size == 5 and file.metadata == {"a": 1}
    assert [kept.id for kept in await client.files.async_list()] == [file.id]
    assert await client.files.async_delete(file.id)
    assert await client.files.async_list() == []
    assert [found.id for found in await client.predictions.async_list()] == [run.id]
    assert (await client.accounts.async_current()).username
    assert (await client.webhooks.default.async_secret()).key == replicate.settings.secret
    await transport.aclose()


async def test_a_community_model_runs_by_its_version_only(
    replicate: StandIn, caller: Caller
) -> None:
    given = {"text": "Hello"}
    assert (await caller.post(KOKORO, given)).status_code == 404
    model = (await caller.http.get(f"/v1/models/{KOKORO}")).json()
    assert not model["is_official"]
    version = model["latest_version"]["id"]
    for named in (version, f"{KOKORO}:{version}"):
        body = {"version": named, "input": given}
        shown = await caller.finish(await caller.http.post("/v1/predictions", json=body))
        assert shown["status"] == "succeeded" and shown["version"] == version
    for named in (KOKORO, f"{SCHNELL}:{version}", "0" * 64):
        answer = await caller.http.post("/v1/predictions", json={"version": named, "input": given})
        assert answer.status_code == 422
        assert answer.json()["title"] == "Invalid version or not permitted"
    body = {"version": SCHNELL, "input": {"prompt": "official ones go by name"}}
    assert (await caller.http.post("/v1/predictions", json=body)).status_code == 201
    assert len(replicate.runs) == 3


async def test_a_retired_model_is_gone(replicate: StandIn, caller: Caller) -> None:
    replicate.settings.retired = [SCHNELL]
    assert (await caller.ask("openai/sora-2")).status_code == 404
    assert (await caller.ask()).status_code == 404
    assert (await caller.http.get(f"/v1/models/{SCHNELL}")).status_code == 404
    assert replicate.runs == []


async def test_a_published_schema_has_its_enums_behind_references(caller: Caller) -> None:
    model = (await caller.http.get(f"/v1/models/{KLING}")).json()
    schemas = model["latest_version"]["openapi_schema"]["components"]["schemas"]
    duration = schemas["Input"]["properties"]["duration"]
    assert model["is_official"] and duration["default"] == 5 and "enum" not in duration
    assert duration["allOf"] == [{"$ref": "#/components/schemas/duration"}]
    assert schemas["duration"]["enum"] == [5, 10]
    assert schemas["Input"]["required"] == ["prompt"]
    assert schemas["Output"]["format"] == "uri"


@pytest.mark.parametrize(
    ("given", "field", "kind"),
    [
        ({}, "input.prompt", "required"),
        ({"prompt": "a", "aspect_ratio": "7:5"}, "input.aspect_ratio", "enum"),
        ({"prompt": "a", "num_outputs": 5}, "input.num_outputs", "number_lte"),
        ({"prompt": "a", "num_outputs": 0}, "input.num_outputs", "number_gte"),
        ({"prompt": "a", "seed": "7"}, "input.seed", "invalid_type"),
        ({"prompt": "a", "go_fast": 1}, "input.go_fast", "invalid_type"),
    ],
)
async def test_a_wrong_input_is_refused_by_field(
    replicate: StandIn, caller: Caller, given: dict[str, Any], field: str, kind: str
) -> None:
    answer = await caller.post(SCHNELL, given)
    body = answer.json()
    assert answer.status_code == 422 and body["title"] == "Input validation failed"
    assert [(p["field"], p["type"]) for p in body["invalid_fields"]] == [(field, kind)]
    assert field in body["detail"] and body["invalid_fields"][0]["description"]
    assert replicate.runs == []


async def test_an_unknown_field_is_dropped_in_silence_and_remembered(
    replicate: StandIn, caller: Caller
) -> None:
    shown = await caller.finish(await caller.ask(image_url="http://x/a.png", seed=3))
    assert shown["status"] == "succeeded"
    assert shown["input"] == {"prompt": "a red fox", "seed": 3}
    assert replicate.judge().dropped == {SCHNELL: ["image_url"]}


async def test_after_an_hour_inputs_outputs_and_urls_are_gone(
    replicate: StandIn, caller: Caller
) -> None:
    shown = await caller.finish(await caller.ask())
    url = shown["output"][0]
    assert (await caller.http.get(url)).status_code == 200
    assert shown["logs"] and not shown["data_removed"]
    replicate.move(3601)
    assert (await caller.http.get(url)).status_code == 404
    listed = (await caller.http.get("/v1/predictions")).json()["results"]
    for later in (await caller.get(shown["id"]), *listed):
        assert later["data_removed"] and later["input"] is later["output"] is None
        assert later["status"] == "succeeded" and not later["logs"]


async def test_the_list_has_the_newest_first_a_hundred_a_page(
    replicate: StandIn, caller: Caller
) -> None:
    replicate.settings.creates_a_minute = 0
    created = [(await caller.ask(seed=n)).json() for n in range(130)]
    page = (await caller.http.get("/v1/predictions")).json()
    assert [run["input"]["seed"] for run in page["results"]] == list(range(129, 29, -1))
    last = (await caller.http.get(page["next"])).json()
    assert [run["input"]["seed"] for run in last["results"]] == list(range(29, -1, -1))
    assert last["next"] is None and "metadata" not in page["results"][0]
    after = {"created_after": created[125]["created_at"]}
    newer = (await caller.http.get("/v1/predictions", params=after)).json()["results"]
    assert {run["id"] for run in newer} >= {run["id"] for run in created[126:]}
    assert created[120]["id"] not in {run["id"] for run in newer}
    wrong = await caller.http.get("/v1/predictions", params={"created_after": "yesterday"})
    assert wrong.status_code == 422


async def test_the_list_may_lag(replicate: StandIn, caller: Caller) -> None:
    replicate.settings.list_lag = 20
    run_id = (await caller.ask()).json()["id"]
    assert (await caller.http.get("/v1/predictions")).json()["results"] == []
    assert (await caller.get(run_id))["id"] == run_id
    replicate.move(21)
    assert len((await caller.http.get("/v1/predictions")).json()["results"]) == 1


async def test_its_clock_is_its_own(tmp_path: Path) -> None:
    from tests.standins.replicate import Settings, serve

    async with serve(tmp_path, Settings(), skew=-500) as replicate, Caller(replicate) as caller:
        answer = await caller.ask()
        told = parsedate_to_datetime(answer.headers["date"])
        assert timedelta(seconds=490) < datetime.now(UTC) - told < timedelta(seconds=510)
        created = datetime.fromisoformat(answer.json()["created_at"])
        assert abs(created - told) < timedelta(seconds=2)
