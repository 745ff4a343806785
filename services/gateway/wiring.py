"""The gateway's parts over a running composition."""

import asyncio

from fastapi import FastAPI

from services.gateway.http import Gateway, create_app
from services.gateway.images import Images
from services.gateway.intake import Intake
from services.gateway.read.videos import StageWeights, Videos
from services.gateway.read.watch import Watch
from services.gateway.revisions import Revisions
from shared.runtime.app import App
from shared.runtime.serve import probes

SWEEP_SECONDS = 60 * 60.0


def gateway(app: App) -> Gateway:
    """Everything that the routes and the command line call."""
    shell = app.shell("gateway")
    videos = Videos(app.ports.store, shell.service.views, shell.fold)
    watch = Watch(videos)
    shell.listen(watch.heard)
    images = Images(app.ports.blobs, app.ports.store.now)
    app.repeat("uploads", images.sweep, SWEEP_SECONDS)
    intake = Intake(app.ports.store, app.gate, images, shell.emit, StageWeights(videos))
    revisions = Revisions(videos, shell.emit)
    return Gateway(intake, revisions, videos, images, watch, app.ports.blobs)


def front(app: App) -> FastAPI:
    """The API of a running process; its streams end when the task that runs the services does."""
    parts = gateway(app)
    api = create_app(parts)
    api.router.routes.extend(probes(lambda: app))
    running = asyncio.current_task()
    assert running is not None, "called from within the running composition"
    running.add_done_callback(lambda _: parts.close())
    return api
