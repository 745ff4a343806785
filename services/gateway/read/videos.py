"""Reading: videos by id and page by page, from the gateway's own views."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NoReturn

from pydantic import BaseModel

from services.gateway.errors.problems import NoSuchVideo, Unreadable
from services.gateway.intake import REQUESTS
from services.gateway.read.stages import measure_weights
from services.gateway.read.views import Status, VideoStatus, status
from shared.jobs.unreadable import read_each, tell
from shared.ports import Doc, Is, Store
from shared.story.errors import BadInput
from shared.story.view import View

WEIGHED = 20
"""Stage weights are measured over so many of the latest videos."""


class Page(BaseModel):
    """Videos, newest first; `next` is the cursor of the page after this one."""

    videos: list[VideoStatus]
    next: str | None = None


@dataclass(frozen=True)
class Videos:
    """The read model over the store."""

    store: Store
    views: str
    fold: Callable[[Doc], View]

    async def docs(self, ids: Collection[str]) -> dict[str, Doc]:
        return await self.store.get(self.views, list(ids))

    async def view(self, video_id: str, owner: str) -> View:
        """Return what is known of a video; no owner sees another's."""
        doc = (await self.docs([video_id])).get(video_id)
        if doc is None:
            raise NoSuchVideo(video_id)
        try:
            view = self.fold(doc)
            now = status(view)
        except Exception as error:
            await self._refuse_unreadable(video_id, owner, error)
        if now is None or now.request.owner != owner:
            raise NoSuchVideo(video_id)
        return view

    async def _refuse_unreadable(self, video_id: str, owner: str, error: Exception) -> NoReturn:
        tell(self.views, video_id, error)
        asked = (await self.store.get(REQUESTS, [video_id])).get(video_id)
        if asked is None or asked.get("owner") != owner:
            raise NoSuchVideo(video_id)
        raise Unreadable(video_id) from error

    async def status(self, video_id: str, owner: str) -> VideoStatus:
        now = status(await self.view(video_id, owner))
        assert now is not None, "a view that was just found has a status"
        return now

    async def page(self, owner: str, cursor: str | None, limit: int) -> Page:
        """The newest videos at or after the cursor."""
        rows = await self._rows(owner, _decoded(cursor), limit + 1)
        shown = await self._statuses([row["_id"] for row in rows[:limit]])
        return Page(videos=shown, next=_encoded(rows[limit]) if len(rows) > limit else None)

    async def weights(self) -> dict[str, float]:
        """How the time of the latest completed videos was spread over their stages."""
        latest = await self.store.find(REQUESTS, {}, order=["-created_at"], limit=WEIGHED)
        done = [
            video
            for video in await self._statuses([row["_id"] for row in latest])
            if video.status is Status.COMPLETED and video.rev == 1  # what a revision keeps is quick
        ]
        return measure_weights(video.stages for video in done) if len(done) >= 3 else {}

    async def _statuses(self, ids: list[str]) -> list[VideoStatus]:
        """Return these videos, without those that can't be read: they are told and counted."""
        docs = await self.docs(ids)
        here = [docs[id_] for id_ in ids if id_ in docs]
        found, _ = read_each(self.views, here, lambda doc: status(self.fold(doc)))
        return [video for video in found if video]

    async def _rows(self, owner: str, start: tuple[int, str] | None, limit: int) -> list[Doc]:
        """Requests in order of time, newest first; those of one millisecond in order of id."""
        # a time that is no number can't be in order
        where: dict[str, object] = {"owner": owner, "created_at": Is(">=", 0)}
        if start is None:
            return await self.store.find(
                REQUESTS, where, order=["-created_at", "-_id"], limit=limit
            )
        at, id_ = start
        same = await self.store.find(
            REQUESTS, {**where, "created_at": at, "_id": Is("<=", id_)}, order=["-_id"], limit=limit
        )
        older = await self.store.find(
            REQUESTS,
            {**where, "created_at": Is("<", at)},
            order=["-created_at", "-_id"],
            limit=limit,
        )
        return [*same, *older][:limit]


def _encoded(row: Doc) -> str:
    return urlsafe_b64encode(f"{row['created_at']} {row['_id']}".encode()).decode().rstrip("=")


def _decoded(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _, id_ = text.partition(" ")
        if len(at) > 15:  # no time that we write is so long, and no store takes every number
            raise ValueError("a time beyond all time")
        return int(at), id_
    except (binascii.Error, ValueError) as error:
        raise BadInput("use the `next` of the page before, unchanged", "cursor") from error


class StageWeights:
    """The measured weights, remembered for a while: they change slowly and cost some reading."""

    def __init__(self, videos: Videos, keep_ms: int = 60_000) -> None:
        self._videos = videos
        self._keep_ms = keep_ms
        self._known: dict[str, float] = {}
        self._until = 0

    async def __call__(self) -> dict[str, float]:
        now = self._videos.store.now()
        if now >= self._until:
            self._known, self._until = await self._videos.weights(), now + self._keep_ms
        return self._known
