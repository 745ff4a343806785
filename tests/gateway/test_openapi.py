"""The API's description is true: stored as it is, and kept by every answer, whatever is sent."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from services.gateway.app import openapi
from services.gateway.keys.caller import Role
from shared.story.texts import looks_like_file
from tests.gateway.conftest import Api, open_api

STORED = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_stored_description_is_current() -> None:
    assert json.loads(STORED.read_text()) == openapi(), "run `make docs` and commit the result"


def test_every_refusal_is_described_as_a_problem() -> None:
    for path, operations in openapi()["paths"].items():
        ours = "application/json" if path.startswith("/openai/") else "application/problem+json"
        for operation in operations.values():
            for code, answer in operation["responses"].items():
                if int(code) >= 400 and code != "416":
                    assert set(answer["content"]) == {ours}


def test_every_operation_says_what_can_always_happen_and_every_write_what_it_refuses() -> None:
    for path, methods in openapi()["paths"].items():
        for method, operation in methods.items():
            always = {"401", "403", "421", "429", "500", "503"}
            always |= {"413", "415"} if method == "post" else set()
            assert always <= set(operation["responses"]), (method, path)


async def test_what_a_path_allows_is_what_is_described(api: Api) -> None:
    for path, methods in openapi()["paths"].items():
        asked = re.sub(r"{\w+}", "1", path)
        for method in ("OPTIONS", "TRACE", "PUT", "NONSENSE"):
            answer = await api.http.request(method, asked)
            assert answer.status_code == 405
            assert sorted(answer.headers["allow"].lower().split(", ")) == sorted(methods)


class Serving(threading.Thread):
    """The API on a port of its own, in a loop of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self.server: uvicorn.Server | None = None
        self.keys = list[dict[str, str]]()

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        async with open_api(self._folder, needs_key=True) as api:
            for owner in ("ann", "bob"):
                made = await api.parts.keys.make(owner, Role.ADMIN)
                self.keys.append({"Authorization": f"Bearer {made.token}"})
            self.server = uvicorn.Server(uvicorn.Config(api.asgi, port=0, log_config=None))
            await self.server.serve()

    @property
    def port(self) -> int:
        assert self.server is not None
        return int(self.server.servers[0].sockets[0].getsockname()[1])


Described = tuple[BaseSchema, Iterator[dict[str, str]]]
"""The description, and the keys of two owners, by turns."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    serving = Serving(tmp_path_factory.mktemp("api"))
    serving.start()
    while serving.server is None or not serving.server.started:
        assert serving.is_alive()
    read = schemathesis.openapi.from_url(f"http://127.0.0.1:{serving.port}/openapi.json")
    yield read, cycle(serving.keys)
    serving.server.should_exit = True
    serving.join(timeout=20)


def can_be_violated(operation: dict[str, Any]) -> bool:
    """Whether a request can be against the description at all: any text is text."""
    bodies = operation.get("requestBody", {}).get("content", {}).values()
    values = [each["schema"] for each in (*operation.get("parameters", ()), *bodies)]
    free = {"type", "title", "description", "format", "default"}
    return any(value.get("type") != "string" or set(value) - free for value in values)


CASES = [
    (path, method, mode)
    for path, operations in openapi()["paths"].items()
    if path != "/v1/events"  # it has no end that a call could wait for
    for method, operation in operations.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or can_be_violated(operation)
]


# that a cursor must be one of ours, bytes a picture or a script, a job unresolved, and that a URL
# leads somewhere, is more than a schema can say
EXCLUDED: dict[tuple[str, str], list[Any]] = {
    ("/v1/videos", "get"): [positive_data_acceptance],
    ("/v1/images", "post"): [positive_data_acceptance],
    ("/v1/uploads", "post"): [positive_data_acceptance],
    ("/v1/jobs/unresolved", "post"): [positive_data_acceptance],
    ("/v1/webhooks", "post"): [positive_data_acceptance],
    ("/v1/webhooks/{webhook_id}/deliveries", "get"): [positive_data_acceptance],
    # all that a form holds is text or a file: a number of the wrong type is none there
    ("/openai/v1/videos", "post"): [positive_data_acceptance, negative_data_rejection],
    ("/openai/v1/videos", "get"): [positive_data_acceptance],
    ("/v1/audit", "get"): [positive_data_acceptance],
}


def lost_its_mistake(case: Case[Any]) -> bool:
    """Whether a page is asked for without the cursor that was made up: an empty list or object is
    no parameter any more once it is in an address, and so no mistake that anybody could refuse.
    """
    if case.operation.path not in PAGES:
        return False
    known = case.as_transport_kwargs(base_url="http://here")
    sent = httpx.Request("GET", known["url"], params=known["params"]).url.params
    limit = re.fullmatch("[1-9][0-9]?|100", sent.get("limit", "1"))
    return "cursor" not in sent and limit is not None


PAGES = {
    path
    for path, operations in openapi()["paths"].items()
    if "cursor" in {each["name"] for each in operations.get("get", {}).get("parameters", ())}
}


@pytest.mark.parametrize(("path", "method", "mode"), CASES)
def test_every_answer_is_as_described(
    described: Described, path: str, method: str, mode: GenerationMode
) -> None:
    """Also to requests that are wrong on purpose."""
    (schema, keys), own = described, EXCLUDED.get((path, method), [])
    operation = schema[path][method]

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    def answered(case: Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE and "idempotency-key" in case.headers:
            case.headers["idempotency-key"] = uuid4().hex  # one used before may be refused
        if mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
            case.body.pop("beats", None)  # what they name was not given, or is beyond the end
            end_card = case.body.get("end_card")
            if isinstance(end_card, dict):
                end_card.pop("product_image", None)  # none has been given
            if case.body.get("workflow") == "video_only":
                del case.body["workflow"]  # without plan and beats it has nothing to start from
            case.body.pop("webhook", None)  # most texts are no URL
            case.body.pop("say", None)  # that a word has letters of some script is no pattern
            # no text that is made up is a script or a price, and a plan has to fit together
            names = ("script", "product", "plan", "from_video")
            given = [case.body.pop(name, None) for name in names]
            is_file = looks_like_file(str(case.body.get("prompt", "")))
            if is_file or any(each is not None for each in given):
                case.body["prompt"] = "the sea"
        lost = [negative_data_rejection] if lost_its_mistake(case) else []
        case.call_and_validate(headers=next(keys), timeout=10, excluded_checks=[*own, *lost])

    answered()
