"""A gateway on its real store, bus and blobs; the other services are played by the test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.gateway import SERVICE
from services.gateway.app import create_app
from services.gateway.parts import Gateway, build_gateway
from services.gateway.webhooks.post import SECONDS, Poster
from services.gateway.webhooks.sender import Sender
from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.bus.local import LocalBus
from shared.ports import Store
from shared.runtime.allowances import STANDARD, Allowances
from shared.runtime.app import App, Parts, Ports, run_services
from shared.runtime.terms import NOTHING_COSTS, Terms
from shared.store.sqlite import SqliteStore
from shared.story.events import Event, VideoRequested
from shared.story.kinds import DELIVERY, KINDS


@dataclass
class Api:
    """A gateway that answers over HTTP. Its parts, and the process that it runs in."""

    app: App
    bus: LocalBus
    parts: Gateway
    asgi: FastAPI
    http: httpx.AsyncClient
    sender: Sender

    async def tell(self, events: Sequence[Event]) -> None:
        """Other services have made these facts; returns when the gateway has heard them."""
        await self.bus.publish([e for e in events if not isinstance(e, VideoRequested)])
        await self.bus.wait_until_idle()

    async def make(self, headers: Any = None, **asked: object) -> str:
        return await self.make_of(headers, **{"prompt": "the sea", **asked})

    async def make_of(self, headers: Any = None, **body: object) -> str:
        """The same of anything: nothing is added to it."""
        answer = await self.http.post("/v1/videos", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])


@asynccontextmanager
async def open_api(
    folder: Path,
    store: Store | None = None,
    terms: Terms = NOTHING_COSTS,
    *,
    needs_key: bool = False,
    loopback: bool = False,
    seconds: float = SECONDS,
    allowances: Allowances = STANDARD,
) -> AsyncIterator[Api]:
    """Open a gateway on a folder; the other services are played by the test. Twice is a restart.

    `loopback`: webhooks may lead to this machine; `seconds`: so long they have to answer.
    """
    bus = LocalBus()
    store = store or SqliteStore(folder / "storywave.db")
    ports = Ports(store, bus, DiskBlobs(folder / "blobs"))
    sender = Sender(store, Poster(loopback, seconds=seconds))
    made_of = Parts(
        ports,
        KINDS,
        {DELIVERY: sender},
        folder / "work",
        Pool(1),
        terms=terms,
        allowances=allowances,
    )
    async with run_services(made_of, [SERVICE]) as app:
        parts = build_gateway(app, loopback=loopback)
        # what breaks inside must leave as a problem document, not as an exception into the test
        asgi = create_app(parts, needs_key=needs_key)
        transport = httpx.ASGITransport(asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Api(app, bus, parts, asgi, client, sender)
        parts.close()


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as one:
        yield one
