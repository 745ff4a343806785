"""What is deleted because it is old: videos, what webhooks were told, files that nobody uses."""

import logging
from dataclasses import dataclass

from services.gateway.deliveries import WEBHOOK
from services.gateway.errors.problems import NotNow
from services.gateway.given import Given
from services.gateway.intake import REQUESTS
from services.gateway.keys.caller import CALLER, Caller, Role
from services.gateway.read.actions import FINAL
from services.gateway.read.pages import Start, find_newest
from services.gateway.read.stages import make_moment
from services.gateway.read.status import read_status
from services.gateway.read.videos import Videos
from services.gateway.wishes import Wishes
from shared.jobs.ledger import JOBS
from shared.ports import Is, Store
from shared.runtime.keeping import Keeping

log = logging.getLogger("storywave.gateway")

PAGE = 200
BY = "retention"
"""Stands in the audit in place of a key."""


@dataclass(frozen=True)
class Retention:
    """Deletes what is older than the settings say."""

    store: Store
    videos: Videos
    wishes: Wishes
    given: Given
    keeping: Keeping

    async def sweep(self) -> None:
        """Delete what is too old now."""
        if self.keeping.videos_ms:
            await self._sweep_videos(self.store.now() - self.keeping.videos_ms)
        await self._sweep_deliveries(self.store.now() - self.keeping.deliveries_ms)
        await self.given.sweep(self.keeping.uploads_ms)

    async def _sweep_videos(self, before: int) -> None:
        """Have the videos deleted that ended before this time, and were left alone since."""
        start: Start = (before, "~")
        while start:
            rows = await find_newest(self.store, REQUESTS, {}, start, PAGE + 1)
            await self._delete_ended([row["_id"] for row in rows[:PAGE]], before)
            start = (rows[PAGE]["created_at"], rows[PAGE]["_id"]) if len(rows) > PAGE else None

    async def _delete_ended(self, ids: list[str], before: int) -> None:
        for view in await self.videos.read_views(ids):
            now = read_status(view)
            if now and now.status in FINAL and now.updated_at <= make_moment(before):
                await self._delete(now.id, now.request.owner)

    async def _delete(self, video_id: str, owner: str) -> None:
        asked = CALLER.set(Caller(owner, Role.ADMIN, BY))
        try:
            await self.wishes.delete(video_id, owner)
        except NotNow as refusal:
            about = {"video_id": video_id, "action": "retention"}
            log.warning("not deleted: %s", refusal, extra=about)
        finally:
            CALLER.reset(asked)

    async def _sweep_deliveries(self, before: int) -> None:
        """Delete the rows of deliveries that ended; what is still on its way stays."""
        old = {WEBHOOK: Is("present"), "created_at": Is("<=", before)}
        deleted = 1
        while deleted:
            rows = await self.store.find(JOBS, old, order=["created_at"], limit=5 * PAGE)
            ended = [row["_id"] for row in rows if row.get("finished_at")]
            deleted = await self.store.delete(JOBS, ended) if ended else 0
