"""Watchers: one poller reads all watched videos together, and each change is told once.

Nothing here can fail or delay a job: it only reads.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from services.gateway.read.actions import FINAL
from services.gateway.read.live import (
    list_news,
    make_deleted,
    make_ending,
    make_snapshot,
    make_unreadable,
    tell_news,
)
from services.gateway.read.places import Place, cut_view, make_place
from services.gateway.read.status import VideoStatus, read_status
from services.gateway.read.videos import Videos
from services.gateway.read.watcher import MOST_MISSED, Said, Watcher
from shared.jobs.unreadable import tell
from shared.ports import Doc
from shared.story.errors import InfrastructureError
from shared.story.view import View

log = logging.getLogger("storywave.gateway")

Groups = AsyncGenerator[Sequence[Said], None]

AT_ONCE = 16
"""So many watchers are told something in one turn of the event loop."""


@dataclass
class Feed:
    """One watched video, with the view that its watchers have been told of."""

    view: View
    version: int = -1
    watchers: list[Watcher] = field(default_factory=list)
    is_telling: bool = False
    """Some watchers have heard of our view, and others are about to."""

    def go_on(self, view: View, now: VideoStatus | None) -> list[Said]:
        """Take over a later view; return the messages about what is new in it."""
        place = str(make_place(view))
        news = tell_news(self.view, view, now) if now else ()
        self.view = view
        return [Said("progress", message, place) for message in news]

    def catch_up(self, view: View) -> View:
        """Return the later one of a view and our own: our watchers then know it too."""
        # news of it may not overtake those that some are still to be told
        if len(view.facts) > len(self.view.facts) and not self.is_telling:
            _tell_each(self.watchers, self.go_on(view, read_status(view)), is_end=False)
        return self.view

    async def tell(self, said: Sequence[Said], *, is_end: bool) -> None:
        """Give messages to all watchers, to some at a time.

        Each then writes to its client. If all did so in one turn of the loop, a request that comes
        meanwhile would wait for all of them at each of its steps.
        """
        waiting, self.is_telling = [*self.watchers], True
        try:
            while waiting:
                _tell_each(waiting[:AT_ONCE], said, is_end=is_end)
                del waiting[:AT_ONCE]
                await asyncio.sleep(0)
        finally:  # also where the process ends now
            _tell_each(waiting, said, is_end=is_end)
            self.is_telling = False


def _tell_each(watchers: Sequence[Watcher], said: Sequence[Said], *, is_end: bool) -> None:
    for watcher in watchers:
        watcher.hear(said)
        if is_end:
            watcher.finish()


@dataclass
class Owned:
    """The watchers of all videos of one owner."""

    since: int
    """Videos that were asked for or steered since this time are looked for."""
    watchers: list[Watcher] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    """Video → when it was touched, of those that were found at the last look."""


class Watch:
    """Serves any number of watchers from one read of all watched videos, several times a second."""

    def __init__(self, videos: Videos, rest: float = 0.1, wait: float = 0.3) -> None:
        self._videos = videos
        self._rest = rest
        self._wait = wait
        self._feeds: dict[str, Feed] = {}
        self._owned: dict[str, Owned] = {}
        self._heard: set[str] = set()
        """The watched videos of which this process has heard something since the last look."""
        self._woken = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._closed = False

    def wake(self, ids: Iterable[str]) -> None:
        """Look at once, if one of these is watched: this very process has heard something of it."""
        heard = set(ids)
        if not self._feeds.keys().isdisjoint(heard) or self._owned:
            self._heard |= heard
            self._woken.set()

    def close(self) -> None:
        """End every stream, so that the process can end."""
        self._closed = True
        if self._poller:
            self._poller.cancel()
        of_one = [watcher for feed in self._feeds.values() for watcher in feed.watchers]
        of_all = [watcher for owned in self._owned.values() for watcher in owned.watchers]
        for watcher in (*of_one, *of_all):
            watcher.close()

    async def follow(
        self, video_id: str, owner: str, place: Place | None = None
    ) -> AsyncGenerator[Said, None]:
        """Yield a snapshot, then all news, then how the video ended.

        `place`: how far the watcher had been told before its stream broke off.
        """
        async with aclosing(self.read(video_id, owner, place)) as groups:
            async for group in groups:
                for said in group:
                    yield said

    async def read(
        self, video_id: str, owner: str, place: Place | None = None, patience: float | None = None
    ) -> Groups:
        """Yield what `follow` does, in groups: all that waits to be told is one.

        `patience`: an empty group is yielded after so many seconds of silence.
        """
        view = await self._videos.find(video_id, owner)
        watcher = Watcher()
        self._join(watcher, view, place)
        try:
            async for group in watcher.read(patience):
                yield group
        finally:
            self._leave(watcher)

    async def read_all(
        self, owner: str, place: Place | None = None, patience: float | None = None
    ) -> Groups:
        """Yield what `read` does, of every video of an owner that has not ended and of all that
        follow.

        Without an end: only the process or the watcher ends it.
        """
        now, watcher = self._videos.store.now(), Watcher(of_one=False)
        touched = await self._videos.find_touched(owner, now)
        latest = await self._videos.find_latest(owner)
        seen = _pick(touched, {view.video_id for view in latest})  # told below, unless it has ended
        owned = self._owned.setdefault(owner, Owned(now, seen=seen))
        owned.watchers.append(watcher)
        try:
            for view in latest:
                if watcher.is_missed(read_status(view), place):
                    self._join(watcher, view, place.without_count() if place else None)
                yield [*watcher.take()]  # of many videos it is more than may wait for it
            self._poll_on()
            async for group in watcher.read(patience):
                yield group
        finally:
            owned.watchers.remove(watcher)
            if not owned.watchers and self._owned.get(owner) is owned:
                del self._owned[owner]
            self._leave(watcher)

    def _join(self, watcher: Watcher, view: View, place: Place | None) -> None:
        """Tell a new watcher where a video stands, and, until it has ended, all that follows."""
        if feed := self._feeds.get(view.video_id):
            if watcher in feed.watchers:
                return
            view = feed.catch_up(view)
        now = read_status(view)
        if now is None or self._closed:
            watcher.close() if self._closed else watcher.finish()
            return
        here = make_place(view)
        watcher.tell(Said("snapshot", make_snapshot(now), str(here)))
        news = list_news(cut_view(view, place), view) if place else []
        for missed in news[-MOST_MISSED:]:
            watcher.tell(Said("progress", missed, str(here)))
        last = make_ending(now)
        if last:
            watcher.tell(Said(now.status, last, str(here.at_end())))
            watcher.finish()
            return
        self._feeds.setdefault(view.video_id, Feed(view)).watchers.append(watcher)
        self._poll_on()

    def _leave(self, watcher: Watcher) -> None:
        """Forget a watcher; what nobody watches any more is not read any more."""
        for video_id, feed in list(self._feeds.items()):
            if watcher in feed.watchers:
                feed.watchers.remove(watcher)
                if not feed.watchers:
                    del self._feeds[video_id]

    def _poll_on(self) -> None:
        if not self._closed and (self._poller is None or self._poller.done()):
            self._poller = asyncio.create_task(self._poll())

    async def _poll(self) -> None:
        """Look at all watched videos again and again, until none is watched any more."""
        clock, looked_at = asyncio.get_running_loop().time, 0.0
        while self._feeds or self._owned:
            # between two looks at all, what this process itself has heard of is looked at
            due = clock() - looked_at >= self._wait
            looked_at = clock() if due else looked_at
            heard, self._heard = self._heard, set()
            try:
                await self._find_new()
                await self._look_at([id_ for id_ in self._feeds if due or id_ in heard])
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

    async def _find_new(self) -> None:
        """Let the watchers of owners hear of what was asked for or steered since the last look."""
        for owner, owned in list(self._owned.items()):
            touched = await self._videos.find_touched(owner, owned.since)
            fresh = [id_ for id_, at in touched.items() if owned.seen.get(id_) != at]
            views = await self._videos.read_views(fresh)
            # what could not be read, or is no video yet, is looked for again
            known = {*touched} - {*fresh} | {view.video_id for view in views}
            owned.seen, owned.since = _pick(touched, known), max([owned.since, *touched.values()])
            for view in views:
                followed = (
                    self._feeds[view.video_id].watchers if view.video_id in self._feeds else ()
                )
                for watcher in [each for each in owned.watchers if each not in followed]:
                    self._join(watcher, view, None)
                await asyncio.sleep(0)  # its readers read: of many it is more than may wait

    async def _look_at(self, ids: list[str]) -> None:
        docs = await self._videos.read_docs(ids) if ids else {}
        for video_id, doc in docs.items():
            feed = self._feeds.get(video_id)  # its last watcher may have left during the read
            if feed is None:
                continue
            try:
                if doc["version"] != feed.version:
                    await self._tell_news(feed, doc)
            except Exception as error:
                await self._give_up(feed, error)
            await asyncio.sleep(0)  # as above

    async def _tell_news(self, feed: Feed, doc: Doc) -> None:
        view = self._videos.fold(doc)
        now, before = read_status(view), read_status(feed.view)
        if now and len(view.facts) < len(feed.view.facts):
            return  # a reader that came since this was read has brought more
        gone = make_place(feed.view).at_end()
        said, feed.version = feed.go_on(view, now), doc["version"]
        if now is None and before:  # a video that was deleted has no status
            said.append(Said("deleted", make_deleted(before), str(gone)))
        if now and (last := make_ending(now)):
            said.append(Said(now.status, last, str(make_place(view).at_end())))
        await self._tell(feed, said, is_end=now is None or now.status in FINAL)

    async def _give_up(self, feed: Feed, error: Exception) -> None:
        """End the streams of one video that can't be read any more; the others go on."""
        tell(self._videos.views, feed.view.video_id, error)
        now, here = read_status(feed.view), str(make_place(feed.view))
        said = [Said("progress", make_unreadable(now), here)] if now else []
        await self._tell(feed, said, is_end=True)

    async def _tell(self, feed: Feed, said: Sequence[Said], *, is_end: bool) -> None:
        if is_end:  # first: who comes from now on is told the end at once
            self._feeds.pop(feed.view.video_id, None)
        await feed.tell(said, is_end=is_end)


def _pick(touched: Mapping[str, int], ids: Collection[str]) -> dict[str, int]:
    return {id_: at for id_, at in touched.items() if id_ in ids}


def has_heard_all(view: View, place: Place | None) -> bool:
    """Tell whether a watcher had been told how the video ended, and nothing has come since."""
    now = read_status(view)
    is_over = now is None or now.status in FINAL
    return place is not None and place.is_end and is_over and place == make_place(view).at_end()
