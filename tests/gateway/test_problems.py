"""Problem documents: what each of their fields says."""

import pytest
from pydantic import ValidationError

from services.gateway.errors.callers import TooManyStreams, TooManyVideos
from services.gateway.errors.problems import explain_error, explain_input
from services.gateway.errors.table import PROBLEMS
from services.gateway.requests import VideoRequest
from shared.story.errors import BadInput
from tests.gateway.conftest import Api
from tests.gateway.test_http import is_problem
from tests.histories import full_plan, whole


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"prompt": "x", "duration": 4}, ["/duration"]),
        ({"prompt": "x", "end_card": {"headline": 1}}, ["/end_card/headline"]),
        ({"prompt": "x", "beats": [{"index": 0}, {"index": -1}]}, ["/beats/1/index"]),
        ({"prompt": "x", "say": {"a/b": 1}}, ["/say/a~1b"]),
        ({"prompt": "x", "beats": [{"index": 0, "image": "none"}]}, ["/beats/0/image"]),
    ],
)
async def test_a_mistake_in_the_body_is_pointed_at(
    api: Api, body: dict[str, object], pointers: list[str]
) -> None:
    problem = is_problem(await api.http.post("/v1/videos", json=body), 422, "bad-input")
    assert [each["pointer"] for each in problem["errors"]] == pointers


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"budget": 2.5}, "budget", 'give a text, like "2.50"'),
        ({"metadata": {"a b": "c"}}, "metadata.a b", "name it with letters, digits, _ and -"),
        (
            {"beats": [{"index": 0, "image": "https://example.com/a.png"}]},
            "beats.0.image",
            'give {"url": …} to POST /v1/uploads',
        ),
    ],
)
async def test_a_mistake_is_answered_with_what_to_write(
    api: Api, body: dict[str, object], field: str, said: str
) -> None:
    answer = await api.http.post("/v1/videos", json={"prompt": "x", **body})
    [error] = is_problem(answer, 422, "bad-input")["errors"]
    assert error["field"] == field and said in error["message"]
    assert error["pointer"] == "/" + field.replace(".", "/")


async def test_what_is_missing_is_named_with_what_there_is_to_choose_from(api: Api) -> None:
    made = await api.make()
    answer = await api.http.post(f"/v1/videos/{made}/skip", json={})
    [error] = is_problem(answer, 422, "bad-input")["errors"]
    assert error["message"] == "it is missing: give voice or music or reference or card or clip"


async def test_a_body_that_is_nested_too_deeply_is_told_so(api: Api) -> None:
    deep = '{"prompt": "x", "metadata": ' + "[" * 30_000 + "]" * 30_000 + "}"
    answer = await api.http.post(
        "/v1/videos", content=deep, headers={"content-type": "application/json"}
    )
    assert "not deeply nested" in is_problem(answer, 400, "unreadable-body")["detail"]


async def test_what_is_not_in_the_body_has_no_pointer(api: Api) -> None:
    for path in ("/v1/videos?limit=0", "/v1/videos?cursor=x"):
        problem = is_problem(await api.http.get(path), 422, "bad-input")
        assert problem["errors"][0]["field"] and problem["errors"][0]["pointer"] == ""


async def test_each_problem_says_what_sort_it_is_and_what_to_do(api: Api) -> None:
    answers = [
        await api.http.get("/v1/videos/none"),
        await api.http.get("/v1/nothing"),
        await api.http.put("/v1/videos"),
        await api.http.post("/v1/videos", json={}),
        await api.http.post("/v1/videos", content=b"x"),
    ]
    for answer in answers:
        problem = answer.json()
        assert problem["title"] == problem["code"].replace("-", " ").capitalize()
        assert len(problem["hint"]) > 20


def test_a_mistake_without_a_field_has_no_pointer() -> None:
    problem = explain_error(BadInput("say more"), "/v1/videos")
    assert (problem.errors[0].pointer, problem.hint) == ("", PROBLEMS["bad-input"].remedy)


async def test_who_may_not_do_this_to_a_video_that_is_over_is_not_sent_to_its_stream(
    api: Api,
) -> None:
    made = await api.make()
    await api.tell(whole(full_plan(video_id=made)))
    refused = await api.http.post(f"/v1/videos/{made}/pause")
    detail = is_problem(refused, 409, "not-in-this-status")["detail"]
    assert detail.endswith(f"regenerate, skip. See /v1/videos/{made}.")


def test_counts_have_their_nouns() -> None:
    assert "may have 1 video under way" in str(TooManyVideos(1))
    assert "may have 2 videos under way" in str(TooManyVideos(2))
    assert "may have 1 stream open" in str(TooManyStreams(1))


def test_mistakes_that_are_found_later_are_told_one_by_one_too() -> None:
    with pytest.raises(ValidationError) as found:
        VideoRequest.model_validate({"prompt": "x", "duration": 4, "end_card": {"seconds": 0}})
    error = explain_input(found.value, VideoRequest.model_fields, lambda name: f"--{name}")
    assert str(error).startswith("--duration: give 5 to 180 seconds; --end_card.seconds: give 1")
    problem = explain_error(error, "/v1/videos")
    assert [each.pointer for each in problem.errors] == ["/duration", "/end_card/seconds"]
    assert problem.detail.startswith("Correct the input: duration: give 5 to 180 seconds; end_card")


async def test_a_field_is_named_once(api: Api) -> None:
    answer = await api.http.post("/openai/v1/videos", json={"prompt": "", "seconds": "4"})
    said = is_problem(answer, 422, "bad-input")["detail"]
    assert said == "Correct the input: prompt: give at least 1 character."
