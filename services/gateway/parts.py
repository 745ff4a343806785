"""The parts of the gateway that routes and command line call, over the services of a process.

No web framework is imported here: most commands need none, and start sooner without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.budgets import Budgets
from services.gateway.deliveries import History
from services.gateway.download import Downloads
from services.gateway.hooks import Hooks
from services.gateway.images import Images
from services.gateway.intake import Intake
from services.gateway.read.videos import StageWeights, Videos
from services.gateway.read.watch import Watch
from services.gateway.revisions import Revisions
from services.gateway.scripts import Scripts
from services.gateway.uploads import Uploads
from services.gateway.webhooks.kept import Webhooks
from services.gateway.webhooks.post import Poster
from services.gateway.wishes import Wishes
from shared.ports import Blobs
from shared.runtime.app import App
from shared.story.events import Event

SWEEP_SECONDS = 60 * 60.0


@dataclass(frozen=True)
class Gateway:
    """All that the routes call."""

    intake: Intake
    revisions: Revisions
    wishes: Wishes
    budgets: Budgets
    videos: Videos
    images: Images
    scripts: Scripts
    uploads: Uploads
    watch: Watch
    blobs: Blobs
    hooks: Hooks
    webhooks: Webhooks
    history: History
    poster: Poster

    def close(self) -> None:
        """End the streams of watchers, and the processes that read what users give."""
        self.watch.close()
        self.images.pool.close()
        self.uploads.pool.close()
        self.scripts.pool.close()


def build_gateway(app: App, hook_secret: str = "", loopback: bool = False) -> Gateway:
    """Return the gateway of a process; from here on its watchers hear what the process hears.

    With a secret it also hears what a provider's webhooks tell. `loopback`: URLs that users give
    may lead to this machine.
    """
    shell = app.shell("gateway")
    videos = Videos(app.ports.store, shell.service.views, shell.fold)
    watch = Watch(videos)
    shell.listen(watch.wake)
    # a store's clock, as for all times: replicas must agree on which day it is
    images = Images(app.ports.blobs, app.ports.store.now, folder=app.folder)
    scripts = Scripts(app.ports.blobs, app.ports.store.now)
    uploads = Uploads(images, scripts, app.folder, Downloads(loopback))
    app.repeat("uploads", images.sweep, SWEEP_SECONDS)
    store, gate = app.ports.store, app.gate
    weights = StageWeights(videos)
    webhooks, poster = Webhooks(store), Poster(loopback)
    intake = Intake(
        store,
        gate,
        images,
        scripts,
        shell.emit,
        weights,
        app.allowances,
        app.terms,
        webhooks,
        poster,
    )

    async def steer(events: Sequence[Event]) -> None:
        """Make a user's wishes facts, and have whoever follows all videos look at these."""
        await shell.emit(events)
        await videos.touch({event.video_id for event in events})

    revisions = Revisions(videos, steer)
    wishes = Wishes(videos, steer, gate, shell.list_jobs)
    budgets = Budgets(store, videos, steer, app.terms, gate, wishes)
    hooks, blobs = Hooks(store, hook_secret), app.ports.blobs
    history = History(store, webhooks, app.replicas["gateway"].worker.take_on)
    return Gateway(
        intake,
        revisions,
        wishes,
        budgets,
        videos,
        images,
        scripts,
        uploads,
        watch,
        blobs,
        hooks,
        webhooks,
        history,
        poster,
    )
