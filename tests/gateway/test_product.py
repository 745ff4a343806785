"""A picture given over the API, followed through all six services to the frames that show it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

import services
from services.gateway.app import create_app
from services.gateway.parts import build_gateway
from shared.runtime.app import App
from shared.runtime.compose import open_app
from shared.runtime.settings import Settings
from shared.story.images import image_key
from tests.pictures import MAGENTA, last_frame, product, share_of

WISHES = {
    "prompt": "The sea at night.", "duration": 6, "aspect": "1:1",
    "voice": False, "music": False, "captions": "none",
}  # fmt: skip


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[tuple[App, httpx.AsyncClient]]:
    settings = Settings(mode="embedded", data=folder, drain_seconds=2, processes=1)
    async with open_app(settings, [services.load(name) for name in services.NAMES]) as app:
        parts = build_gateway(app)
        transport = httpx.ASGITransport(create_app(parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            yield app, http
        parts.close()


async def given(http: httpx.AsyncClient, data: bytes) -> str:
    answer = await http.post("/v1/images", content=data, headers={"content-type": "image/png"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def asked(http: httpx.AsyncClient, image: str | None) -> str:
    card = {"seconds": 1.5, "colour": "#f4f4f0", "product_image": image}
    answer = await http.post("/v1/videos", json={**WISHES, "end_card": card})
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


async def ended(http: httpx.AsyncClient, video: str) -> dict[str, Any]:
    async with asyncio.timeout(120):
        while True:
            now: dict[str, Any] = (await http.get(video)).json()
            if now["status"] in {"completed", "failed"}:
                return now
            await asyncio.sleep(0.2)


async def test_from_a_picture_to_the_last_frame_or_to_what_is_missing(tmp_path: Path) -> None:
    async with embedded(tmp_path / "data") as (app, http):
        kept, lost = await given(http, product()), await given(http, product((200, 300)))
        with_it, without = await asked(http, kept), await asked(http, lost)
        await app.ports.blobs.delete([image_key("local", lost)])  # by hand, after it was accepted
        assert (await ended(http, with_it))["status"] == "completed"
        film = tmp_path / "film.mp4"
        film.write_bytes((await http.get(f"{with_it}/media")).content)
        failed = await ended(http, without)
    assert share_of(MAGENTA, last_frame(film)) > 0.05
    assert failed["status"] == "failed"
    assert failed["failed_at"]["item"] == "the end card"
    assert failed["error"] == "its input “product” is gone, or never arrived"
