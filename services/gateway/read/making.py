"""How a video is made: its timeline and its assets, read from the rows of its jobs."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.gateway.errors.problems import NoSuchPart
from services.gateway.read.assets import Assets, find_files, list_assets
from services.gateway.read.timeline import Timeline, build_timeline
from shared.jobs.job import Job
from shared.jobs.ledger import JOBS
from shared.jobs.rows import from_doc
from shared.jobs.unreadable import read_each
from shared.ports import Doc, Store
from shared.story.events import BeatsPlanned
from shared.story.kinds import KINDS, Kinds
from shared.story.view import View, job_id


@dataclass(frozen=True)
class Making:
    """Reads what the jobs of a video did, and what they made."""

    store: Store
    kinds: Kinds = KINDS

    async def read_timeline(self, view: View, rev: int | None) -> Timeline:
        """Return who ran when for a revision; the latest one where none is named."""
        jobs = await self._list_jobs(view.video_id)
        return build_timeline(view, jobs, self.store.now(), self.kinds, rev)

    async def list_assets(self, view: View) -> Assets:
        """Return each file that was made for a video, and each job that made none."""
        jobs = await self._list_jobs(view.video_id)
        return list_assets(view.video_id, jobs, view.latest(BeatsPlanned), self.kinds)

    async def find_asset(self, video_id: str, kind: str, beat: int, n: int, take: int) -> Job:
        """Return the job that has made an asset; NoSuchPart where there is none."""
        id_ = job_id(video_id, kind, beat, n, take)
        jobs = self._read(list((await self.store.get(JOBS, [id_])).values()))
        if not jobs or not find_files(jobs[0]):
            raise NoSuchPart("The video has no such asset (yet): GET …/assets lists all.")
        return jobs[0]

    async def _list_jobs(self, video_id: str) -> list[Job]:
        jobs = self._read(await self.store.find(JOBS, {"spec.video_id": video_id}))
        return sorted(jobs, key=lambda job: (job.created_at, job.id))

    def _read(self, rows: Sequence[Doc]) -> list[Job]:
        """Return the jobs that this version can read; what a newer one has added is left out."""
        known = {kind.name for kind in self.kinds}
        jobs, _ = read_each(JOBS, rows, from_doc)
        return [job for job in jobs if job.spec.kind in known]
