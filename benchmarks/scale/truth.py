"""What became of the videos: all of them, each job once, each event once."""

from collections import Counter
from collections.abc import Collection

from benchmarks.flow import KINDS
from shared.jobs.gate import MONEY
from shared.jobs.ledger import JOBS
from shared.ports import Is, Store
from tests.cluster.report import published_events


async def find_faults(store: Store, videos: Collection[str], full: Collection[str]) -> list[str]:
    """Return what is wrong in the rows; nothing, where all is as it must be."""
    views = await store.find("views.gateway", {"parts.VideoCompleted": Is("present")})
    lost = set(videos) - {view["_id"] for view in views}
    faults = [f"{len(lost)} videos were not completed: {sorted(lost)[:3]}"] if lost else []
    jobs = await store.find(JOBS, {})
    faults += [f"{job['_id']} is {job['state']}" for job in jobs if job["state"] != "done"]
    made = Counter((job["spec"]["video_id"], job["spec"]["kind"]) for job in jobs)
    faults += [
        f"{video} has {made[video, kind]} of {number} {kind} jobs"
        for video in full
        for kind, number in KINDS.items()
        if made[video, kind] != number
    ]
    return faults + await _find_open_holds(store, {job["_id"] for job in jobs})


async def _find_open_holds(store: Store, jobs: Collection[str]) -> list[str]:
    """Return the jobs whose money was not settled exactly once."""
    settled = Counter(
        key.rpartition(":")[0]
        for money in await store.find(MONEY, {})
        for key, hold in money["holds"].items()
        if "settled" in hold
    )
    return [f"{job} was settled {settled[job]} times" for job in jobs if settled[job] < 1]


async def count_repeated(kafka: str, prefix: str) -> int:
    """Return how many events were published again: allowed, and without effect."""
    seen = Counter(event.id for event in await published_events(kafka, prefix))
    return sum(seen.values()) - len(seen)
