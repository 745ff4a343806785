"""The API as one application: routes, errors and what stands before both."""

import asyncio
from typing import Any

from fastapi import FastAPI

from services.gateway.description import correct_description
from services.gateway.edge.bodies import BodyLimit
from services.gateway.errors.handlers import handle_errors
from services.gateway.parts import Gateway, build_gateway
from services.gateway.routes import files, images, videos
from shared.runtime.app import App
from shared.runtime.probes import probes


def create_app(gateway: Gateway) -> FastAPI:
    """Return the API over a running gateway."""
    api = _build_api()
    api.state.gateway = gateway
    return api


def openapi() -> dict[str, Any]:
    """Return the API's own description: docs/openapi.json is this."""
    return _build_api().openapi()


def build_front(app: App) -> FastAPI:
    """Return the API of a running process, with its probes.

    Its streams end when the task that runs the services does: no process could end before them.
    """
    gateway = build_gateway(app)
    api = create_app(gateway)
    api.router.routes.extend(probes(lambda: app))
    running = asyncio.current_task()
    assert running is not None, "called from within the running composition"
    running.add_done_callback(lambda _: gateway.watch.close())
    return api


def _build_api() -> FastAPI:
    """Return the API without anything behind it, which is all that its description needs."""
    api = FastAPI(
        title="Storywave",
        version="1",
        summary="A prompt becomes a finished short video.",
        redoc_url=None,
    )
    api.add_middleware(BodyLimit)
    handle_errors(api)
    for routes in (videos, files, images):
        api.include_router(routes.router)
    correct_description(api)
    return api
