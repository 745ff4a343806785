"""The API as one application: the routes, the guards before them, and the answers to errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from fastapi import Depends, FastAPI

from services.gateway.description import ALWAYS, correct_description, refusals
from services.gateway.edge.access import Access
from services.gateway.edge.bodies import BodyLimit
from services.gateway.edge.guard import Guard
from services.gateway.edge.hosts import HostGuard, Hosts
from services.gateway.edge.repeats import Repeats
from services.gateway.errors.handlers import handle_errors
from services.gateway.keys.apikeys import make_first_key
from services.gateway.keys.links import LINK_SECONDS
from services.gateway.keys.streams import MOST as MOST_STREAMS
from services.gateway.openai import routes as openai
from services.gateway.parts import Gateway, build_gateway
from services.gateway.queries import refuse_unread_query
from services.gateway.routes import (
    beats,
    docs,
    files,
    hooks,
    images,
    keys,
    live,
    making,
    money,
    page,
    reference,
    uploads,
    videos,
    webhooks,
    wishes,
)
from shared.runtime.allowances import STANDARD, Allowances
from shared.runtime.app import App
from shared.runtime.probes import probes

LOOPBACK = Hosts()


def create_app(gateway: Gateway, hosts: Hosts = LOOPBACK, *, needs_key: bool = False) -> FastAPI:
    """Return the API over a running gateway, for these hosts, and callers with a key."""
    api = _build_api(gateway.intake.allowances)
    api.state.gateway = gateway
    # The last to be added is the first to see a request.
    api.add_middleware(Repeats, answers=gateway.answers, has_file=gateway.uploads.has)
    api.add_middleware(BodyLimit)
    api.add_middleware(Guard, door=replace(gateway.door, needs_key=needs_key))
    api.add_middleware(HostGuard, hosts=hosts)
    api.add_middleware(Access)
    return api


def openapi() -> dict[str, Any]:
    """Return the API's own description: docs/openapi.json is this."""
    return _build_api().openapi()


@contextmanager
def open_front(
    app: App,
    hosts: Hosts = LOOPBACK,
    hook_secret: str = "",
    *,
    loopback: bool = False,
    needs_key: bool = False,
    link_seconds: int = LINK_SECONDS,
    streams_a_key: int = MOST_STREAMS,
    tell_first: Callable[[str], None] | None = None,
) -> Iterator[FastAPI]:
    """Give the API of a running process, with its probes.

    Where no key was ever made, the first one is, and its token is told.
    """
    gateway = build_gateway(
        app, hook_secret, link_seconds, loopback=loopback, streams_a_key=streams_a_key
    )
    if needs_key and tell_first:
        app.repeat("first key", partial(make_first_key, gateway.keys, tell_first), 60)
    api = create_app(gateway, hosts, needs_key=needs_key)
    api.router.routes.extend(probes(lambda: app))
    # Now, and not at the first request for it: it takes so long that a probe would wait for it.
    api.openapi()
    try:
        yield api
    finally:
        gateway.close()  # streams would go on for ever, and the process with them


def _build_api(allowances: Allowances = STANDARD) -> FastAPI:
    """Return the API without anything behind it, which is all that its description needs.

    `allowances`: what holds on this server for what a request leaves open.
    """
    api = FastAPI(
        title="Storywave",
        version="1",
        summary="A prompt becomes a finished short video.",
        docs_url=None,  # the framework's pages load their scripts from other hosts
        redoc_url=None,
        # An operation has the name of its function, wherever it is mounted.
        generate_unique_id_function=lambda route: route.name,
        redirect_slashes=False,  # a redirect would name whatever host the request names
    )
    handle_errors(api)
    for routes in (
        videos,
        beats,
        live,
        wishes,
        making,
        money,
        files,
        images,
        uploads,
        webhooks,
        keys,
    ):
        api.include_router(
            routes.router,
            responses=refusals(*ALWAYS, 422),
            dependencies=[Depends(refuse_unread_query)],
        )
    for pages in (reference, docs, page):  # a link to a page may carry whatever it likes
        api.include_router(pages.router)
    api.include_router(openai.router)
    api.include_router(hooks.router, include_in_schema=False)  # no user calls it
    correct_description(api, allowances)
    return api
