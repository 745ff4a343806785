"""Defaults of requests that are set for a server, as its callers notice them."""

from pathlib import Path

from services.gateway.app import openapi
from shared.runtime.compose import allow
from shared.runtime.settings import Settings
from tests.gateway.conftest import open_api
from tests.gateway.test_http import is_problem

SET = Settings(min_clips=1, quality="full", missing="omit", clips_at_once=2, tier="best")
KEY = {"Idempotency-Key": "mine"}


async def test_what_a_request_leaves_open_is_as_the_server_is_set_and_described(
    tmp_path: Path,
) -> None:
    async with open_api(tmp_path, allowances=allow(SET)) as api:
        video = await api.make()
        asked = (await api.http.get(f"/v1/videos/{video}")).json()["request"]
        assert (asked["min_clips"], asked["quality"], asked["missing"]) == (1, "full", "omit")
        assert (asked["clips_at_once"], asked["tier"]) == (2, "best")
        document = (await api.http.get("/openapi.json")).json()
        fields = document["components"]["schemas"]["VideoRequest"]["properties"]
        usual = {name: fields[name]["default"] for name in ("min_clips", "quality", "missing")}
        assert usual == {"min_clips": 1, "quality": "full", "missing": "omit"}
    stored = openapi()["components"]["schemas"]["VideoRequest"]["properties"]
    assert stored["min_clips"]["default"] == 3


async def test_a_request_that_comes_again_is_the_same_also_where_a_default_has_changed(
    tmp_path: Path,
) -> None:
    body = {"prompt": "the sea"}
    async with open_api(tmp_path) as api:
        first = (await api.http.post("/v1/videos", json=body, headers=KEY)).json()["id"]
    async with open_api(tmp_path, allowances=allow(SET)) as api:
        again = await api.http.post("/v1/videos", json=body, headers=KEY)
        assert (again.status_code, again.json()["id"]) == (202, first)
        other = {**body, "min_clips": 2}
        answer = await api.http.post("/v1/videos", json=other, headers=KEY)
        is_problem(answer, 422, "idempotency-key-reused")


async def test_what_was_asked_for_once_is_not_left_open_the_next_time(tmp_path: Path) -> None:
    async with open_api(tmp_path) as api:
        body = {"prompt": "the sea", "min_clips": 2}
        await api.http.post("/v1/videos", json=body, headers=KEY)
        answer = await api.http.post("/v1/videos", json={"prompt": "the sea"}, headers=KEY)
        is_problem(answer, 422, "idempotency-key-reused")


async def test_an_estimate_is_of_what_would_be_made(tmp_path: Path) -> None:
    async with open_api(tmp_path, allowances=allow(Settings(duration=10))) as api:

        async def estimate(**asked: object) -> object:
            body = {"prompt": "x", **asked}
            return (await api.http.post("/v1/estimates", json=body)).json()

        assert await estimate() == await estimate(duration=10) != await estimate(duration=60)
