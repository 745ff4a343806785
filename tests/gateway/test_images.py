"""Pictures over HTTP: kept once by content, shown to their owner, and refused with what to do."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from time import perf_counter
from typing import Never

import pytest
from PIL import Image
from starlette.types import Message

from services.gateway.intake import REQUESTS
from services.gateway.routes.inputs import find_owner
from shared.jobs.gate import MONEY
from shared.jobs.relay import OUTBOX
from shared.story.errors import BlobsUnavailable
from shared.story.images import MAX_BYTES, UPLOADS, image_key
from tests.gateway.conftest import Api
from tests.gateway.test_http import is_problem
from tests.pictures import bomb, decoded, noise, product

PNG = {"content-type": "image/png"}


async def given(api: Api, data: bytes) -> str:
    answer = await api.http.post("/v1/images", content=data, headers=PNG)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_picture_is_kept_once_and_shown(api: Api) -> None:
    # which of the types it is said to be does not matter
    headers = {"content-type": "image/jpeg"}
    answer = await api.http.post("/v1/images", content=product((300, 200)), headers=headers)
    assert answer.status_code == 201
    image = answer.json()
    assert (image["width"], image["height"]) == (300, 200)
    assert answer.headers["location"] == f"/v1/images/{image['id']}"
    again = await api.http.post("/v1/images", content=product((300, 200)), headers=PNG)
    assert (again.status_code, again.json()) == (201, image)
    assert await given(api, product((200, 300))) != image["id"]
    assert len(await api.app.ports.blobs.keys(UPLOADS)) == 2

    same = {"x-request-id": "a"}
    shown = await api.http.get(answer.headers["location"], headers=same)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
    picture = Image.open(BytesIO(shown.content))
    assert (picture.format, picture.mode, picture.size) == ("WEBP", "RGBA", (300, 200))
    part = await api.http.get(answer.headers["location"], headers={"range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, shown.content[:8])
    head = await api.http.head(answer.headers["location"], headers=same)
    assert head.headers == shown.headers


async def test_a_picture_is_its_owners_alone(api: Api) -> None:
    image = await given(api, product())
    api.asgi.dependency_overrides[find_owner] = lambda: "bob"
    missing = await api.http.get(f"/v1/images/{image}")
    assert "POST /v1/images" in is_problem(missing, 404, "no-such-image")["detail"]
    body = {"prompt": "the sea", "end_card": {"product_image": image}}
    is_problem(await api.http.post("/v1/videos", json=body), 422, "bad-input")
    assert await given(api, product()) == image
    assert (await api.http.get(f"/v1/images/{image}")).status_code == 200
    assert len(await api.app.ports.blobs.keys(UPLOADS)) == 2


@pytest.mark.parametrize("name", ["nope", "..", "%2e%2e", "é", "0" * 32])
async def test_unknown_images(api: Api, name: str) -> None:
    answer = await api.http.get(f"/v1/images/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_is_no_picture_is_refused_and_nothing_is_kept(api: Api) -> None:
    for data, advice in (
        (b"", "empty"),
        (b"just some text", "give a PNG, JPEG or WebP"),
        (noise((300, 300), "JPEG")[:9000], "give all of it"),
        (bomb(20_000, 20_000), "40 megapixels"),
    ):
        answer = await api.http.post("/v1/images", content=data, headers=PNG)
        assert advice in is_problem(answer, 422, "bad-input")["detail"]
    assert await api.app.ports.blobs.keys(UPLOADS) == []


@pytest.mark.parametrize("said", [None, "", "text/plain", "application/octet-stream", "image"])
async def test_a_picture_says_that_it_is_one(api: Api, said: str | None) -> None:
    """A page of another site can send plain text without asking first, and no picture."""
    headers = {} if said is None else {"content-type": said}
    answer = await api.http.post("/v1/images", content=product(), headers=headers)
    assert "image/png or image" in is_problem(answer, 415, "wrong-content-type")["detail"]
    assert await api.app.ports.blobs.keys(UPLOADS) == []


async def test_a_picture_of_too_many_bytes_is_not_read_to_its_end(api: Api) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield bytes(1 << 20)

    problem = is_problem(
        await api.http.post("/v1/images", content=endless(), headers=PNG), 413, "body-too-large"
    )
    assert "10 MiB" in problem["detail"]
    assert sent < 15


async def test_the_largest_body_is_read_and_other_routes_keep_their_limit(api: Api) -> None:
    answer = await api.http.post("/v1/images", content=bytes(MAX_BYTES), headers=PNG)
    is_problem(answer, 422, "bad-input")  # read, and found to be no picture
    for path in ("/v1/videos", "/v1/videos/x/reframe"):
        answer = await api.http.post(path, content=bytes(70_000))
        assert "64 KiB" in is_problem(answer, 413, "body-too-large")["detail"]


async def test_a_large_picture_does_not_hold_up_others(api: Api) -> None:
    await given(api, product())  # the pool is warm
    large = noise((5000, 5000), "JPEG", quality=50)
    assert 5_000_000 < len(large) <= MAX_BYTES
    posting = asyncio.create_task(given(api, large))
    gaps, last = [], perf_counter()
    while not posting.done():
        await asyncio.sleep(0.002)
        gaps.append(perf_counter() - last)
        last = perf_counter()
    await posting
    print(f"FIGURE upload seconds={sum(gaps):.2f} longest_hold_s={max(gaps):.3f}")
    assert max(gaps) < 0.25


async def test_who_leaves_amid_a_picture_breaks_nothing(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    messages: Iterator[Message] = iter([
        {"type": "http.request", "body": product()[:99], "more_body": True},
        {"type": "http.disconnect"},
    ])  # fmt: skip
    sent = list[Message]()

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"image/png")]
    scope = {"type": "http", "method": "POST", "path": "/v1/images", "headers": headers}
    await api.asgi({**scope, "query_string": b""}, receive, send)
    assert [message.get("status") for message in sent] == [400, None]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert await api.app.ports.blobs.keys(UPLOADS) == []


async def test_storage_that_is_away_is_a_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*given: object, **known: object) -> Never:
        raise BlobsUnavailable("the disk is full")

    monkeypatch.setattr(api.app.ports.blobs, "put", away)
    is_problem(
        await api.http.post("/v1/images", content=product(), headers=PNG), 503, "unavailable"
    )


# ── on the end card ─────────────────────────────────────────────────────────────────────────────


async def test_a_video_with_a_picture_that_was_given(api: Api) -> None:
    image = await given(api, product())
    made = await api.make(end_card={"product_image": image})
    shown = (await api.http.get(f"/v1/videos/{made}")).json()
    assert shown["request"]["end_card"]["product_image"] == image


@pytest.mark.parametrize("image", ["0" * 32, "../../etc/passwd", "", "é"])
async def test_a_picture_that_was_not_given_is_refused_before_anything(
    api: Api, image: str
) -> None:
    body = {"prompt": "the sea", "budget": "1", "end_card": {"product_image": image}}
    problem = is_problem(await api.http.post("/v1/videos", json=body), 422, "bad-input")
    [error] = problem["errors"]
    assert error["field"] == "end_card.product_image"
    assert "upload it first" in error["message"]
    for collection in (REQUESTS, MONEY, OUTBOX):
        assert await api.app.ports.store.find(collection, {}) == []


async def test_what_was_accepted_stays_so_when_its_picture_goes(api: Api) -> None:
    image = await given(api, product())
    body = {"prompt": "the sea", "end_card": {"product_image": image}}
    headers = {"Idempotency-Key": "k1"}
    first = await api.http.post("/v1/videos", json=body, headers=headers)
    blobs = api.app.ports.blobs
    await blobs.delete([image_key("local", image), *await blobs.keys(UPLOADS)])
    again = await api.http.post("/v1/videos", json=body, headers=headers)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    is_problem(await api.http.post("/v1/videos", json=body), 422, "bad-input")
    is_problem(await api.http.get(f"/v1/images/{image}"), 404, "no-such-image")
    assert await given(api, product()) == image
    assert decoded((await api.http.get(f"/v1/images/{image}")).content).size == (300, 200)
