"""What a process answers before its services are open, while they are, and after."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

import services
from shared.base import telemetry
from shared.ports import Health
from shared.runtime.app import App
from shared.runtime.compose import open_app
from shared.runtime.probes import probes
from shared.runtime.serve import Front, Switch
from shared.runtime.settings import Settings

SERVICES = [services.load(name) for name in services.NAMES]


async def say_here(request: Request) -> PlainTextResponse:
    return PlainTextResponse("here")


class Door:
    """A front that knows whether it has been closed."""

    closed = False

    @contextmanager
    def open(self, app: App) -> Iterator[ASGIApp]:
        yield Starlette(routes=[Route("/here", say_here), *probes(lambda: app)])
        self.closed = True


@pytest.mark.parametrize("with_front", [True, False])
async def test_requests_are_served_only_while_the_services_are_open(
    tmp_path: Path, with_front: bool
) -> None:
    door = Door()
    front: Front | None = door.open if with_front else None
    switch = Switch(front)
    transport = httpx.ASGITransport(switch)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:

        async def refuses(title: str) -> bool:
            answer = await http.post("/here")
            assert (await http.get("/healthz")).status_code == 200
            retry = int(answer.headers["retry-after"]) > 0
            return answer.status_code == 503 and answer.json()["title"] == title and retry

        assert await refuses("Not ready yet")
        assert (await http.get("/readyz")).status_code == 503
        async with open_app(Settings(data=tmp_path, processes=1), SERVICES) as app:
            with switch.serve(app):
                assert (await http.get("/readyz")).status_code == 200
                assert (await http.get("/here")).status_code == (200 if with_front else 404)
                assert not door.closed
            assert door.closed == with_front
            assert await refuses("Stopping")


@pytest.mark.parametrize("apart", [True, False])
async def test_metrics_on_a_port_of_their_own_are_not_served_beside_the_api(apart: bool) -> None:
    transport = httpx.ASGITransport(Switch(None, metrics_apart=apart))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        assert (await http.get("/metrics")).status_code == (404 if apart else 200)
        assert (await http.get("/healthz")).status_code == 200


async def test_exemplars_are_told_to_who_asks_for_openmetrics() -> None:
    telemetry.JOB_SECONDS.labels("clip").observe(0.3, telemetry.name_video("of-a-video"))
    app = Starlette(routes=probes(lambda: None))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        plain = await http.get("/metrics")
        full = await http.get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert "of-a-video" not in plain.text
    assert plain.headers["content-type"].startswith("text/plain")
    assert '# {video_id="of-a-video"} 0.3' in full.text
    assert full.text.endswith("# EOF\n")


class Consuming:
    """Stands for an app whose one consumer does like this."""

    draining = False

    def __init__(self, health: Health) -> None:
        self._health = health

    def health(self) -> dict[str, Health]:
        return {"planner": self._health}


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (Health(4, 0.1, has_joined=True), 200),
        (Health(0, 0.1, has_joined=True), 200),
        (Health(0, 0.1, has_joined=False), 503),
    ],
    ids=["with partitions", "with none left for it", "before it was given any"],
)
async def test_a_replica_is_ready_once_it_was_given_its_share(health: Health, status: int) -> None:
    app = Starlette(routes=probes(lambda: cast(App, Consuming(health))))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        assert (await http.get("/readyz")).status_code == status
