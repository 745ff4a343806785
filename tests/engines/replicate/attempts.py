"""Attempts at jobs, as the ledger hands them to an engine."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from shared.jobs.engine import Claim, Task, read_clock
from shared.jobs.job import Job, State
from shared.story.brief import Brief
from shared.story.errors import BlobMissing
from shared.story.kinds import KINDS
from shared.story.view import JobSpec
from tests.engines.replicate.provider import NOW

LOOK = {"style": "noir", "seed": 3, "width": 720, "height": 1280}
ORDERS: Mapping[str, Mapping[str, Any]] = {
    "image": {"prompt": "a lighthouse", "index": 0, "total": 3, **LOOK},
    "clip": {"prompt": "the sea", "chunk": 0, "kind": "reference", "seconds": 5.0, **LOOK},
    "voice": {"text": "A fox runs.", "style": "noir", "seconds": 5.0},
    "music": {"prompt": "a fox", "style": "noir", "seconds": 30.0, "seed": 3},
    "plan": {"video_id": "v1", "brief": Brief(prompt="a fox").model_dump(mode="json")},
}


def make_job(kind: str, model: str, *, n: int = 0, files: Any = (), **known: Any) -> Job:
    """Return a job that was posted for a model, and whose request names that model."""
    spec = JobSpec(
        kind=kind,
        video_id="v1",
        n=n,
        input=ORDERS[kind],
        files={name: f"key/{name}.png" for name in files},
        models=(model,),
    )
    posted: dict[str, Any] = {
        "attempt": 2,
        "posted_attempt": 2,
        "posted_at": NOW,
        "held": 350_000,
        "model": model,
    }
    return Job(spec=spec, state=State.SUBMITTING, **{**posted, **known})


def make_task(
    job: Job,
    folder: Path,
    files: Mapping[str, bytes] | None = None,
    seconds_left: Callable[[], float] | None = None,
) -> Task:
    """Return an attempt at a job with these files; a file that is not given is gone."""
    known = files or {}

    async def bring(key: str, path: Path) -> None:
        name = key.removeprefix("key/").removesuffix(".png")
        if name not in known:
            raise BlobMissing(key)
        await asyncio.to_thread(path.write_bytes, known[name])

    async def look_again() -> None:
        pass

    # a folder of its own: an attempt does not fetch twice what lies in it
    claim = Claim(Path(mkdtemp(dir=folder)), 30, read_clock())
    if seconds_left is not None:
        claim.seconds_left = seconds_left  # type: ignore[method-assign]
    return Task(job, KINDS[job.spec.kind].read(job.spec), claim, bring, look_again)


def accepted(job: Job, run: str = "r1", **known: Any) -> Job:
    """Return a job that the provider works on."""
    return replace(job, state=State.RUNNING, external_id=run, **known)
