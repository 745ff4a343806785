"""The parts of the gateway that routes and command line call, over the services of a process.

No web framework is imported here: most commands need none, and start sooner without it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.answers import Answers
from services.gateway.budgets import Budgets
from services.gateway.deliveries import History
from services.gateway.download import Downloads
from services.gateway.from_video import Storyboards
from services.gateway.given import Given
from services.gateway.hooks import Hooks
from services.gateway.images import Images
from services.gateway.intake import OUTPUTS, REQUESTS, Emit, Intake
from services.gateway.keys.apikeys import ApiKeys
from services.gateway.keys.audit import Audit
from services.gateway.keys.door import Door
from services.gateway.keys.ids import VideoIds
from services.gateway.keys.limits import Usage
from services.gateway.keys.links import LINK_SECONDS, Links
from services.gateway.keys.secret import Secrets
from services.gateway.keys.streams import MOST as MOST_STREAMS
from services.gateway.keys.streams import Streams
from services.gateway.read.making import Making
from services.gateway.read.videos import StageWeights, Videos
from services.gateway.read.watch import Watch
from services.gateway.renditions import Renditions
from services.gateway.retention import Retention
from services.gateway.revisions import Revisions
from services.gateway.scripts import Scripts
from services.gateway.skips import Skips
from services.gateway.thumbnails import Thumbnails
from services.gateway.trial import Trial
from services.gateway.uploads import Uploads
from services.gateway.webhooks.kept import Webhooks
from services.gateway.webhooks.post import Poster
from services.gateway.wishes import Wishes
from shared.ports import Blobs
from shared.runtime.app import App
from shared.story.events import Event, RevisionRequested

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
    given: Given
    watch: Watch
    blobs: Blobs
    hooks: Hooks
    webhooks: Webhooks
    history: History
    poster: Poster
    making: Making
    thumbnails: Thumbnails
    renditions: Renditions
    streams: Streams
    keys: ApiKeys
    audit: Audit
    door: Door
    answers: Answers
    trial: Trial
    storyboards: Storyboards
    skips: Skips

    def close(self) -> None:
        """End the streams of watchers, and the processes that read what users give."""
        self.watch.close()
        self.images.pool.close()
        self.uploads.pool.close()
        self.scripts.pool.close()


def build_gateway(
    app: App,
    hook_secret: str = "",
    link_seconds: int = LINK_SECONDS,
    *,
    loopback: bool = False,
    streams_a_key: int = MOST_STREAMS,
) -> Gateway:
    """Return the gateway of a process; from here on its watchers hear what the process hears.

    With a secret it also hears what a provider's webhooks tell. `loopback`: URLs that users give
    may lead to this machine. `streams_a_key`: so many may be open at once; 0 is no limit.
    """
    shell, gate = app.shell("gateway"), app.gate
    store, blobs = app.ports.store, app.ports.blobs
    secrets = Secrets(store)
    links = Links(secrets, link_seconds)
    videos = Videos(store, shell.service.views, shell.fold, links.sign_all)
    watch = Watch(videos)
    shell.listen(watch.wake)
    # a store's clock, as for all times: replicas must agree on which day it is
    images = Images(blobs, store.now, folder=app.folder)
    scripts = Scripts(blobs, store.now)
    uploads = Uploads(images, scripts, app.folder, Downloads(loopback))
    app.repeat("uploads", images.sweep, SWEEP_SECONDS)
    answers = Answers(store)
    app.repeat("answers", answers.sweep, SWEEP_SECONDS)
    audit, usage = Audit(store, app.keeping.audit_ms), Usage(store, videos.find_ended)

    emit = note_deeds(shell.emit, audit, usage)
    webhooks, poster = Webhooks(store), Poster(loopback)
    storyboards = Storyboards(videos, images, blobs)
    intake = Intake(
        store=store,
        gate=gate,
        images=images,
        scripts=scripts,
        note=audit.note,
        emit=shell.emit,
        weights=StageWeights(videos),
        allowances=app.allowances,
        ids=VideoIds(store, secrets, (REQUESTS, OUTPUTS)),
        usage=usage,
        terms=app.terms,
        webhooks=webhooks,
        poster=poster,
        check_living=videos.check_living,
        take_over=storyboards.take_over,
    )
    steer = touch_videos(emit, videos)
    revisions = Revisions(videos, steer, shell.list_waiting_jobs, gate, app.terms)
    wishes = Wishes(videos, steer, gate, store, shell.list_jobs)
    budgets = Budgets(
        store, videos, steer, app.terms, gate, wishes, usage, app.allowances, shell.wake
    )
    given = Given(store, blobs, app.folder)
    retention = Retention(store, videos, wishes, given, app.keeping)
    app.repeat("retention", retention.sweep, SWEEP_SECONDS)
    keys = ApiKeys(store)
    return Gateway(
        intake=intake,
        revisions=revisions,
        wishes=wishes,
        budgets=budgets,
        videos=videos,
        images=images,
        scripts=scripts,
        uploads=uploads,
        given=given,
        watch=watch,
        blobs=blobs,
        hooks=Hooks(store, hook_secret),
        webhooks=webhooks,
        history=History(store, webhooks, app.replicas["gateway"].worker.take_on),
        poster=poster,
        making=Making(store),
        thumbnails=Thumbnails(blobs, images.pool),
        renditions=Renditions(blobs, uploads.pool, app.folder),
        streams=Streams(streams_a_key),
        keys=keys,
        audit=audit,
        door=Door(keys, links, usage, gate),
        answers=answers,
        trial=Trial(intake, budgets, storyboards),
        storyboards=storyboards,
        skips=Skips(revisions, shell.list_open_jobs),
    )


def touch_videos(emit: Emit, videos: Videos) -> Emit:
    """Return what emits a user's wishes, and has whoever follows all videos look at these."""

    async def emit_touched(events: Sequence[Event]) -> None:
        await emit(events)
        await videos.touch({event.video_id for event in events})

    return emit_touched


def note_deeds(emit: Emit, audit: Audit, usage: Usage) -> Emit:
    """Return what emits events that callers bring about: who it was is written before."""

    async def emit_noted(events: Sequence[Event]) -> None:
        # a video that has ended is under way again with each revision
        for event in events:
            if isinstance(event, RevisionRequested):
                await usage.take_place(event.video_id, event.rev)
        await audit.note(events)
        await emit(events)

    return emit_noted
