"""Scripts over the API: as text in the request, or given before; what can't be used is refused."""

from typing import Any

import httpx
import pytest

from shared.story.events import VideoRequested
from shared.story.script.files import script_key
from tests.gateway.conftest import Api
from tests.media.test_scripts import BOMB, PAGE, make_pdf

TEXT = "Title: Night Rain\n\nINT. HALL - NIGHT\n\nADA\nWho is there?\n\nBEN\nNobody at all.\n"


async def ask(api: Api, **asked: Any) -> httpx.Response:
    return await api.http.post("/v1/videos", json=asked)


async def give(api: Api, data: bytes, type_: str = "text/x-fountain") -> httpx.Response:
    return await api.http.post("/v1/uploads", content=data, headers={"content-type": type_})


async def brief_of(api: Api, video: str) -> Any:
    view = await api.app.shell("gateway").view(video)
    asked = view.one(VideoRequested) if view else None
    assert asked is not None
    return asked.brief


async def test_a_script_in_the_request_is_kept_beside_it(api: Api) -> None:
    answer = await ask(api, script=TEXT)
    assert answer.status_code == 202, answer.text
    brief = await brief_of(api, answer.json()["id"])
    assert brief.prompt == "Night Rain"
    kept = await api.app.ports.blobs.get(script_key("local", brief.script))
    assert kept.decode() == TEXT.strip(), "an event carries its id alone"
    stages = [stage["name"] for stage in answer.json()["stages"]]
    assert stages[:5] == ["script", "characters", "settings", "selection", "plan"]


async def test_a_script_that_was_given_before_is_named_by_its_id(api: Api) -> None:
    given = await give(api, make_pdf(PAGE), "application/pdf")
    assert given.status_code == 201
    assert (given.json()["scenes"], given.json()["characters"]) == (1, 2)
    answer = await ask(api, script=given.json()["id"])
    assert answer.status_code == 202, answer.text
    assert (await brief_of(api, answer.json()["id"])).script == given.json()["id"]


async def test_a_repetition_is_the_same_video_and_another_script_is_refused(api: Api) -> None:
    key = {"Idempotency-Key": "k"}
    first = await api.http.post("/v1/videos", json={"script": TEXT}, headers=key)
    again = await api.http.post("/v1/videos", json={"script": TEXT}, headers=key)
    other = await api.http.post("/v1/videos", json={"script": TEXT + "\nRain."}, headers=key)
    assert first.json()["id"] == again.json()["id"]
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("asked", "field", "advice"),
    [
        ({}, "prompt", "say in a sentence"),
        ({"prompt": "the sea", "script": TEXT}, "prompt", "give a prompt or a script, not both"),
        ({"script": ""}, "script", "give"),
        ({"script": "x" * 60_001}, "script", "60000"),
        ({"script": "Once there was a king."}, "script", "no scene headings"),
        ({"script": "\x00\x01\x02"}, "script", "binary"),
        ({"script": "s" + 32 * "0"}, "script", "no script of this id"),
        ({"script": 5}, "script", "give a text"),
    ],
)
async def test_what_is_off_is_named(
    api: Api, asked: dict[str, Any], field: str, advice: str
) -> None:
    answer = await ask(api, **asked)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field and advice in error["message"]


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b"", "empty"),
        (BOMB.encode(), "entities"),
        (b"%PDF-1.7 x", "damaged"),
        (b"\x00" * 9, "a script"),
    ],
)
async def test_files_that_can_t_be_used_are_refused(api: Api, data: bytes, advice: str) -> None:
    answer = await give(api, data)
    assert answer.status_code == 422 and advice in answer.text


async def test_what_is_too_large_or_of_another_type_is_refused(api: Api) -> None:
    large = await give(api, b"a " * (5 << 19) + b"a")
    assert large.status_code == 422 and "larger than 5 MiB" in large.text
    assert (await give(api, TEXT.encode(), "text/plain")).status_code == 415


async def test_another_owner_s_script_is_none(api: Api) -> None:
    kept = await api.parts.scripts.take(TEXT.encode(), "ada")
    answer = await ask(api, script=kept.id)
    assert answer.status_code == 422 and "no script of this id" in answer.text


async def test_an_estimate_needs_no_reading(api: Api) -> None:
    answer = await api.http.post("/v1/estimates", json={"script": TEXT})
    assert answer.status_code == 200 and answer.json()["total"] == "0.00"
