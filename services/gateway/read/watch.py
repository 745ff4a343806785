"""Watchers: one poller reads all watched videos together, and each change is told once.

Nothing here can fail or delay a job: it only reads.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from services.gateway.read.live import (
    Live,
    list_news,
    make_ending,
    make_snapshot,
    make_unreadable,
)
from services.gateway.read.status import read_status
from services.gateway.read.videos import Videos
from shared.jobs.unreadable import tell
from shared.ports import Doc
from shared.story.errors import InfrastructureError
from shared.story.view import View

log = logging.getLogger("storywave.gateway")

Queue = asyncio.Queue[tuple[str, Live] | None]
"""Each message comes with its sort, as in ("progress", …); None is the end."""


@dataclass
class Feed:
    """One watched video, with the view that its watchers have been told of."""

    view: View
    version: int
    queues: list[Queue] = field(default_factory=list)

    def tell(self, sort: str, message: Live) -> None:
        """Give a message to all watchers."""
        for queue in self.queues:
            queue.put_nowait((sort, message))

    def end(self) -> None:
        """Tell all watchers that nothing more comes."""
        for queue in self.queues:
            queue.put_nowait(None)


class Watch:
    """Serves any number of watchers from one read of all watched videos, several times a second."""

    def __init__(self, videos: Videos, rest: float = 0.1, wait: float = 0.3) -> None:
        self._videos = videos
        self._rest = rest
        self._wait = wait
        self._feeds: dict[str, Feed] = {}
        self._woken = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._closed = False

    def wake(self, ids: Iterable[str]) -> None:
        """Look at once, if one of these is watched: this very process has heard something of it."""
        if not self._feeds.keys().isdisjoint(ids):
            self._woken.set()

    def close(self) -> None:
        """End every stream, so that the process can end."""
        self._closed = True
        if self._poller:
            self._poller.cancel()
        for feed in self._feeds.values():
            feed.end()

    async def follow(self, video_id: str, owner: str) -> AsyncIterator[tuple[str, Live]]:
        """Yield a snapshot, then all news, then how the video ended."""
        view = await self._videos.find(video_id, owner)
        queue: Queue = asyncio.Queue()
        # Of a video that is watched already, the view that all its watchers know counts: from a
        # newer one the newcomer would miss nothing, but hear some news twice.
        feed = self._feeds.setdefault(video_id, Feed(view, version=-1))
        feed.queues.append(queue)
        self._begin(feed, queue)
        try:
            while (item := await queue.get()) is not None:
                yield item
        finally:
            feed.queues.remove(queue)
            # the feed may have ended meanwhile, and another one have begun for the same video
            if not feed.queues and self._feeds.get(video_id) is feed:
                del self._feeds[video_id]

    def _begin(self, feed: Feed, queue: Queue) -> None:
        """Put the snapshot into a new queue; also the end, where the video has ended."""
        now = read_status(feed.view)
        if now is None or self._closed:
            queue.put_nowait(None)
            return
        queue.put_nowait(("snapshot", make_snapshot(now)))
        last = make_ending(now)
        if last:
            queue.put_nowait((now.status, last))
            queue.put_nowait(None)
        elif self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())

    async def _poll(self) -> None:
        """Look at all watched videos again and again, until none is watched any more."""
        while self._feeds:
            try:
                await self._look_at_all()
            except InfrastructureError as error:
                log.warning("watchers wait: %s", error, extra={"action": "watch"})
            except Exception:
                # what can't be told of one video must not end the streams of all others
                log.exception("watchers were not told", extra={"action": "error"})
            # always some rest: a process that hears much must not read all the time
            await asyncio.sleep(self._rest)
            # without a wake-up by this process: another replica may have heard something
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._wait)
            self._woken.clear()

    async def _look_at_all(self) -> None:
        docs = await self._videos.read_docs(list(self._feeds))
        for video_id, doc in docs.items():
            feed = self._feeds.get(video_id)  # its last watcher may have left during the read
            if feed is None:
                continue
            try:
                if doc["version"] != feed.version:
                    self._tell_news(feed, doc)
            except Exception as error:
                self._give_up(feed, error)

    def _tell_news(self, feed: Feed, doc: Doc) -> None:
        view = self._videos.fold(doc)
        messages, now = list_news(feed.view, view), read_status(view)
        feed.view, feed.version = view, doc["version"]
        for message in messages:
            feed.tell("progress", message)
        last = make_ending(now) if now else None
        if now and last:
            feed.tell(now.status, last)
        if now is None or last:  # a video that was deleted has no status
            self._end(feed)

    def _give_up(self, feed: Feed, error: Exception) -> None:
        """End the streams of one video that can't be read any more; the others go on."""
        tell(self._videos.views, feed.view.video_id, error)
        now = read_status(feed.view)
        if now:
            feed.tell("progress", make_unreadable(now))
        self._end(feed)

    def _end(self, feed: Feed) -> None:
        feed.end()
        self._feeds.pop(feed.view.video_id)
