"""Watchers: all watched videos are read together by one poller, and each change is told once.

Nothing here can fail or delay a job: it only reads.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from services.gateway.read.live import Live, ending, news, say_unreadable, snapshot
from services.gateway.read.videos import Videos
from services.gateway.read.views import status
from shared.jobs.unreadable import tell
from shared.ports import Doc
from shared.story.errors import InfrastructureError
from shared.story.view import View

log = logging.getLogger("storywave.gateway")

Queue = asyncio.Queue[tuple[str, Live] | None]
"""(what sort of message, the message); None is the end."""


@dataclass
class Feed:
    """One watched video: what its watchers know already."""

    view: View
    version: int
    queues: list[Queue] = field(default_factory=list)

    def tell(self, sort: str, message: Live) -> None:
        for queue in self.queues:
            queue.put_nowait((sort, message))

    def end(self) -> None:
        for queue in self.queues:
            queue.put_nowait(None)


class Watch:
    """Serves any number of watchers from one read of all watched videos, several times a second."""

    def __init__(self, videos: Videos, pause: float = 0.1, look: float = 0.3) -> None:
        self._videos = videos
        self._pause = pause
        self._look = look
        self._feeds: dict[str, Feed] = {}
        self._heard = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._closed = False

    def heard(self, ids: Iterable[str]) -> None:
        """Something happened in this very process: look at once."""
        if not self._feeds.keys().isdisjoint(ids):
            self._heard.set()

    def close(self) -> None:
        """Every stream ends, so that the process can."""
        self._closed = True
        if self._poller:
            self._poller.cancel()
        for feed in self._feeds.values():
            feed.end()

    async def follow(self, video_id: str, owner: str) -> AsyncIterator[tuple[str, Live]]:
        """A snapshot, then all news, then how it ended."""
        doc_view = await self._videos.view(video_id, owner)
        queue: Queue = asyncio.Queue()
        feed = self._feeds.setdefault(video_id, Feed(doc_view, version=-1))
        feed.queues.append(queue)
        self._begin(feed, queue)
        try:
            while (item := await queue.get()) is not None:
                yield item
        finally:
            self._leave(video_id, feed, queue)

    def _begin(self, feed: Feed, queue: Queue) -> None:
        now = status(feed.view)
        if now is None or self._closed:
            queue.put_nowait(None)
            return
        queue.put_nowait(("snapshot", snapshot(now)))
        last = ending(now)
        if last:
            queue.put_nowait((now.status, last))
            queue.put_nowait(None)
        elif self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())

    def _leave(self, video_id: str, feed: Feed, queue: Queue) -> None:
        feed.queues.remove(queue)
        if not feed.queues and self._feeds.get(video_id) is feed:
            del self._feeds[video_id]

    async def _poll(self) -> None:
        while self._feeds:
            try:
                await self._look_at_all()
            except InfrastructureError as error:
                log.warning("watchers wait: %s", error, extra={"action": "watch"})
            except Exception:
                log.exception("watchers were not told", extra={"action": "error"})
            await asyncio.sleep(self._pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._heard.wait(), self._look)
            self._heard.clear()

    async def _look_at_all(self) -> None:
        docs = await self._videos.docs(list(self._feeds))
        for video_id, doc in docs.items():
            feed = self._feeds.get(video_id)
            if feed is None:
                continue
            try:
                if doc["version"] != feed.version:
                    self._tell(feed, doc)
            except Exception as error:
                self._give_up(feed, error)

    def _tell(self, feed: Feed, doc: Doc) -> None:
        view = self._videos.fold(doc)
        told, now = news(feed.view, view), status(view)
        feed.view, feed.version = view, doc["version"]
        for message in told:
            feed.tell("progress", message)
        last = ending(now) if now else None
        if now and last:
            feed.tell(now.status, last)
        if now is None or last:
            self._end(feed)

    def _give_up(self, feed: Feed, error: Exception) -> None:
        """End the streams of one video that can't be read any more; the others go on."""
        tell(self._videos.views, feed.view.video_id, error)
        now = status(feed.view)
        if now:
            feed.tell("progress", say_unreadable(now))
        self._end(feed)

    def _end(self, feed: Feed) -> None:
        feed.end()
        self._feeds.pop(feed.view.video_id)
