"""The read model: videos by id and page by page, from the gateway's own views."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from pydantic import BaseModel, Field

from services.gateway.errors.problems import NoSuchVideo, Unreadable, VideoGone
from services.gateway.intake import REQUESTS
from services.gateway.keys.caller import LOCAL
from services.gateway.read.actions import FINAL, Status
from services.gateway.read.pages import decode_cursor, encode_cursor, find_newest, find_oldest
from services.gateway.read.stages import measure_weights
from services.gateway.read.status import VideoStatus, read_status
from shared.base.batching import Batcher
from shared.jobs.unreadable import read_each, tell
from shared.ports import Doc, Is, Store, Update
from shared.story.events import VideoDeleted
from shared.story.view import View

Sign = Callable[[Mapping[str, str]], Awaitable[dict[str, str]]]

WEIGHED = 20
"""Stage weights are measured over so many of the latest requests."""
LATEST = 200
"""Videos that one look for the videos of an owner finds."""
LATE_MS = 5_000
LOOK, LOOKS = 100, 3
"""Of all videos, so many are read in one look for those in some status, in so many looks: what a
status is follows from all that is known of a video, and no store can be asked for it."""


class Page(BaseModel):
    """Videos, newest first; `next` is the cursor of the page after this one."""

    videos: list[VideoStatus]
    next: str | None = Field(
        None,
        description="`cursor` of the next page; null at the end. A page of some `status` may have "
        "fewer than `limit`, or none, and still lead on.",
    )


@dataclass(frozen=True)
class Videos:
    """Reads videos from the store."""

    store: Store
    views: str
    """The collection of the gateway's views."""
    fold: Callable[[Doc], View]
    sign: Sign | None = None
    """Signs links where whoever asks needs that."""

    async def read_docs(self, ids: Collection[str]) -> dict[str, Doc]:
        """Return the stored views of these videos, by id; unknown ones are left out."""
        return await self.store.get(self.views, list(ids))

    async def find(self, video_id: str, owner: str) -> View:
        """Return what is known of a video; no owner sees another's."""
        return (await self._find(video_id, owner))[0]

    async def _find(self, video_id: str, owner: str) -> tuple[View, VideoStatus]:
        doc = await self._read_doc(video_id)
        if doc is None:
            raise NoSuchVideo(video_id)
        try:
            view = self.fold(doc)
            now = read_status(view)
        except Exception as error:  # of any sort: who knows what another version has written
            await self._refuse_unreadable(video_id, owner, error)
        _refuse_deleted(view, owner)
        # the same answer for another's video as for none: ids can't be tried out
        if now is None or now.request.owner != owner:
            raise NoSuchVideo(video_id)
        return view, now

    @cached_property
    def _read_doc(self) -> Batcher[str, Doc | None]:
        """Read the stored view of a video, if there is one; who asks together is one read."""
        return Batcher(self._read_each)

    async def _read_each(self, ids: list[str]) -> list[Doc | None]:
        docs = await self.read_docs({*ids})
        return [docs.get(id_) for id_ in ids]

    async def check_living(self, video_id: str, owner: str) -> None:
        """Refuse a video that this owner has deleted."""
        doc = (await self.read_docs([video_id])).get(video_id, {})
        if VideoDeleted.__name__ in doc.get("parts", {}):
            _refuse_deleted(self.fold(doc), owner)

    async def find_owner(self, video_id: str) -> str:
        """Return whose a video is, to who has the store itself; "local" where nobody knows."""
        asked = (await self.store.get(REQUESTS, [video_id])).get(video_id, {})
        return str(asked.get("owner", LOCAL.owner))

    async def _refuse_unreadable(self, video_id: str, owner: str, error: Exception) -> NoReturn:
        """Raise Unreadable to the owner of a video that can't be read, NoSuchVideo to others."""
        tell(self.views, video_id, error)
        # its view can't say whose it is, but its request can
        asked = (await self.store.get(REQUESTS, [video_id])).get(video_id)
        if asked is None or asked.get("owner") != owner:
            raise NoSuchVideo(video_id)
        raise Unreadable(video_id) from error

    async def read_status(self, video_id: str, owner: str) -> VideoStatus:
        """Return the status of a video; no owner sees another's."""
        _, now = await self._find(video_id, owner)
        return await self._sign(now)

    async def list_page(
        self, owner: str, cursor: str | None, limit: int, only: Collection[Status] = ()
    ) -> Page:
        """Return a page of videos, newest first, from the one that the cursor names.

        `only`: those in one of these statuses; so many looks are for them, and the cursor leads on.
        """
        size, looks = (LOOK, LOOKS) if only else (limit, 1)
        found, start = list[VideoStatus](), decode_cursor(cursor)
        for _ in range(looks):
            # one more is read than is looked at: it is the cursor of the next page
            rows = await find_newest(self.store, REQUESTS, {"owner": owner}, start, size + 1)
            read = await self._read_statuses([row["_id"] for row in rows[:size]])
            fitting = [video for video in read if not only or video.status in only]
            room = limit - len(found)
            found += [await self._sign(video) for video in fitting[:room]]
            if len(fitting) > room:
                return Page(videos=found, next=_find_cursor(rows, fitting[room].id))
            if len(rows) <= size:
                return Page(videos=found)
            start = (rows[size]["created_at"], rows[size]["_id"])
        return Page(videos=found, next=encode_cursor(rows[size]))

    async def list_after(
        self, owner: str, after: str | None, limit: int, *, oldest_first: bool
    ) -> tuple[list[VideoStatus], bool]:
        """Return the videos after one of them, and whether there are more."""
        start = None
        if after is not None:
            row = (await self.store.get(REQUESTS, [after])).get(after)
            if row is None or row["owner"] != owner:
                raise NoSuchVideo(after)
            start = (row["created_at"], after)
        find = find_oldest if oldest_first else find_newest
        rows = await find(self.store, REQUESTS, {"owner": owner}, start, limit + 2)
        rows = rows[1:] if start else rows  # the one that is named was on the page before
        read = await self._read_statuses([row["_id"] for row in rows[:limit]])
        return read, len(rows) > limit

    async def find_latest(self, owner: str) -> list[View]:
        """Return the latest videos of an owner, the oldest of them first."""
        rows = await find_newest(self.store, REQUESTS, {"owner": owner}, None, LATEST)
        return await self.read_views([row["_id"] for row in reversed(rows)])

    async def find_touched(self, owner: str, since: int) -> dict[str, int]:
        """Return video → time, of those that were asked for or steered since a time.

        A little more is looked at: what a replica notes is seen a moment later. All are returned:
        of a part, the next look would find the same part again, and nothing new ever after.
        """
        where = {"owner": owner, "touched_at": Is(">=", since - LATE_MS)}
        rows = await self.store.find(REQUESTS, where, order=["touched_at"])
        return {row["_id"]: row["touched_at"] for row in rows}

    async def touch(self, ids: Collection[str]) -> None:
        """Note that these videos were just steered: so whoever follows all of an owner's learns."""
        now = self.store.now()
        await self.store.update(REQUESTS, [Update(id_, set={"touched_at": now}) for id_ in ids])

    async def read_views(self, ids: list[str]) -> list[View]:
        """Return what is known of these videos, without those that can't be read."""
        docs = await self.read_docs(ids) if ids else {}
        here = [docs[id_] for id_ in ids if id_ in docs]
        views, _ = read_each(self.views, here, self.fold)
        return views

    async def find_ended(self, ids: Collection[str]) -> dict[str, int | None]:
        """Return the revision with which each of these videos has ended; None for one that is under
        way, or can't be read. Those that nobody knows are left out.
        """
        docs = await self.read_docs(ids)
        found, unreadable = self._read_all([*docs.values()])
        ended = {video.id: video.rev if video.status in FINAL else None for video in found}
        return {**dict.fromkeys(doc["_id"] for doc in unreadable), **ended}

    async def _sign(self, now: VideoStatus) -> VideoStatus:
        """Return a status whose links lead to its files without a key, for a while."""
        if self.sign is None:
            return now
        links = await self.sign({n: link for n, link in now.links.items() if n != "self"})
        update: dict[str, object] = {"links": {**now.links, **links}}
        if now.chunks:
            urls = await self.sign_urls(now.chunks.urls)
            update["chunks"] = now.chunks.model_copy(update={"urls": urls})
        return now.model_copy(update=update)

    async def sign_urls(self, urls: Sequence[str]) -> tuple[str, ...]:
        """Return these links as they lead to their files without a key, for a while."""
        if self.sign is None:
            return tuple(urls)
        return tuple((await self.sign({url: url for url in urls})).values())

    async def measure_weights(self) -> dict[str, float]:
        """Return the percent of each stage, as the latest completed videos took their time."""
        latest = await self.store.find(REQUESTS, {}, order=["-created_at"], limit=WEIGHED)
        done = [
            video
            for video in await self._read_statuses([row["_id"] for row in latest])
            # a revision takes over most of what it needs: its times say nothing of a new video
            if video.status is Status.COMPLETED and video.rev == 1 and video.seconds
            # and whoever approved one on the way took a time of their own
            if not video.request.review
        ]
        # of one or two videos a single slow job would shift all the rest
        return measure_weights(video.stages for video in done) if len(done) >= 3 else {}

    async def _read_statuses(self, ids: list[str]) -> list[VideoStatus]:
        """Return these videos, without those that can't be read: they are logged and counted."""
        docs = await self.read_docs(ids)
        return self._read_all([docs[id_] for id_ in ids if id_ in docs])[0]

    def _read_all(self, docs: Sequence[Doc]) -> tuple[list[VideoStatus], list[Doc]]:
        found, unreadable = read_each(self.views, docs, lambda doc: read_status(self.fold(doc)))
        return [video for video in found if video], unreadable


def _find_cursor(rows: Sequence[Doc], video_id: str) -> str:
    """Return the cursor of the page that begins with this video."""
    return next(encode_cursor(row) for row in rows if row["_id"] == video_id)


def _refuse_deleted(view: View, owner: str) -> None:
    stone = view.one(VideoDeleted)
    if stone is not None and stone.owner == owner:
        raise VideoGone(view.video_id, stone.cost)


class StageWeights:
    """Measures the weights once a minute: they change slowly, and each video that begins asks."""

    def __init__(self, videos: Videos, keep_ms: int = 60_000) -> None:
        self._videos = videos
        self._keep_ms = keep_ms
        self._known: dict[str, float] = {}
        self._until = 0

    async def __call__(self) -> dict[str, float]:
        now = self._videos.store.now()
        if now >= self._until:
            self._until = now + self._keep_ms  # first, so that one alone measures
            self._known = await self._videos.measure_weights()
        return self._known
