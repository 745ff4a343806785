"""What goes when a video is deleted: in each service, all that this service has written about it.

Everything is found by the video, and to delete what is gone already does no harm. So whoever dies
in the middle, or comes late with something more, is answered by doing all of it once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.jobs import outputs
from shared.jobs.gate import MONEY
from shared.jobs.ledger import JOBS, RUNS
from shared.jobs.relay import OUTBOX
from shared.jobs.reuse import REUSE
from shared.jobs.turns import TURNS
from shared.ports import EXPIRES_AT, Blobs, Heard, Is, Store, Update
from shared.runtime.keeping import DAY_MS, Keeping
from shared.runtime.known import TOMBSTONE, Known, place
from shared.runtime.service import Service
from shared.story.events import VideoDeleted

AGAIN_MS = DAY_MS
"""So long after a deletion it is done once more: no worker is as late as that."""


@dataclass(frozen=True)
class Purge:
    """Deletes what one service owns of deleted videos."""

    store: Store
    blobs: Blobs
    service: Service
    keep_ms: int = Keeping().tombstones_ms

    def is_due(self, stone: Known, heard: Sequence[Heard]) -> bool:
        """Tell whether a video has anything left: at first, a day later, and after late news.

        What is heard of a deleted video comes from a row that somebody has written too late.
        """
        is_late = any(place(each) != TOMBSTONE for each in heard)
        soon = self.store.now() + AGAIN_MS // 2
        return is_late or (stone.check_at is not None and stone.check_at < soon)

    async def delete(self, stone: Known) -> None:
        """Delete all of a video, and note on its tombstone when to do so again."""
        await self.delete_all(stone.video_id)
        deleted_at = stone.facts[TOMBSTONE].at
        again = find_next_look(deleted_at, self.store.now())
        until = {EXPIRES_AT: deleted_at + self.keep_ms}
        change = {**until, **({"check_at": again} if again else {})}
        gone = () if again else ("check_at",)
        seen = {"check_at": stone.check_at}
        update = Update(stone.video_id, where=seen, set=change, unset=gone)
        await self.store.update(self.service.views, [update])
        if self.service.steers_videos:
            told = VideoDeleted(video_id=stone.video_id).id
            await self.store.update(OUTBOX, [Update(told, set=until)])

    async def delete_all(self, video_id: str) -> None:
        """Delete all of a video: bytes first, and last the rows by which the rest is found."""
        jobs = await self._find_jobs(video_id)
        await self._delete_blobs(video_id)
        await self._forget_runs(jobs)
        await self._delete_copies(video_id, jobs)
        for collection, ids in self.service.rows_of(video_id).items():
            await self.store.delete(collection, ids)
        if self.service.steers_videos:
            await self.store.delete(MONEY, [video_id])
            await self.store.delete(TURNS, [video_id])
        await self.store.delete(JOBS, jobs)
        await self._delete_outbox(video_id)

    async def _find_jobs(self, video_id: str) -> list[str]:
        kinds = {kind.name for kind in self.service.kinds}
        rows = await self.store.find(JOBS, {"spec.video_id": video_id})
        return [row["_id"] for row in rows if row.get("spec", {}).get("kind") in kinds]

    async def _delete_blobs(self, video_id: str) -> None:
        # by their keys, not by rows: also what an attempt stored that lost its claim
        own = tuple(outputs.name_folder(video_id, kind.name) for kind in self.service.kinds)
        keys = await self.blobs.keys(f"{video_id}/")
        await self.blobs.delete([key for key in keys if key.startswith(own)])

    async def _forget_runs(self, jobs: list[str]) -> None:
        """Forget whose the runs at a provider were, and keep that they are somebody's.

        The provider lists them for an hour more: another job with the same input must not take
        one of them for its own.
        """
        rows = await self.store.find(RUNS, {"job": Is("in", jobs)}) if jobs else []
        forgotten = [Update(row["_id"], unset=["job", "attempt"]) for row in rows]
        if forgotten:
            await self.store.update(RUNS, forgotten)

    async def _delete_copies(self, video_id: str, jobs: list[str]) -> None:
        rows = await self.store.find(REUSE, {"video_id": video_id})
        await self.store.delete(REUSE, [row["_id"] for row in rows if row["job"] in jobs])

    async def _delete_outbox(self, video_id: str) -> None:
        """Delete the rows of its events, but for the one that says that it is deleted."""
        rows = await self.store.find(OUTBOX, {"video_id": video_id, "service": self.service.name})
        await self.store.delete(
            OUTBOX, [row["_id"] for row in rows if row["name"] != VideoDeleted.__name__]
        )


def find_next_look(deleted_at: int, now: int) -> int | None:
    """Return when to delete once more what a video owned; None where that has been done."""
    return now + AGAIN_MS if now < deleted_at + AGAIN_MS // 2 else None
