"""Reuse: what was paid for once is copied where the same is asked for again.

A row is found by a hash of the owner, the order and the engine's fingerprint of it: the model, its
input, and what the input files contain. It names what the job made and the blobs that hold it. A
copy gets blobs of its own, so that no video hangs on another one's files.

What is not there costs a payment, and no more: a row whose blobs are gone is dropped.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from shared.jobs import outputs
from shared.jobs.engine import Engine, Task
from shared.jobs.job import Job, State
from shared.jobs.unreadable import tell
from shared.ports import Blobs, Doc, Index, Store
from shared.story.errors import BlobMissing, InfrastructureError
from shared.story.kinds import AnyKind, Order

log = logging.getLogger("storywave.worker")

REUSE = "reuse"
INDEXES: Mapping[str, Sequence[Index]] = {REUSE: (Index(("video_id",)),)}

_BLEMISHES = ("doubts", "lost")
"""A result with one of these is no bargain: whoever asks again wants a better one."""


class Reuse:
    """Finds, copies and records what was paid for."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs

    async def identify(self, job: Job, task: Task, engine: Engine, kind: AnyKind) -> str | None:
        """Return what the output of an attempt is found by; None where it must be made anew."""
        if not job.spec.reuse or kind.is_again(job.spec):
            return None
        engines = await engine.fingerprint(task)
        return None if engines is None else hash_wish(job, task.order, engine.name, engines)

    async def copy(self, fingerprint: str, job: Job, folder: Path) -> Mapping[str, Any] | None:
        """Return the result of a job as a copy of what is there; None where there is nothing."""
        row = (await self._store.get(REUSE, [fingerprint])).get(fingerprint)
        # a video does not repeat itself: two beats with the same words get two pictures
        if row is None or row.get("video_id") == job.spec.video_id:
            return None
        try:
            result = await self._copy(row, job, folder)
        except InfrastructureError:
            raise
        except Exception as error:  # another version may have written it; it is made anew
            tell(REUSE, fingerprint, error)
            return None
        if result is None:  # its video is deleted: the next one that is paid for takes its place
            await self._store.delete(REUSE, [fingerprint])
            return None
        about = {"action": "reuse", "video_id": job.spec.video_id, "stage": job.spec.kind}
        log.info("%s is a copy of what %s made", job.id, row["job"], extra=about)
        return result

    async def _copy(self, row: Doc, job: Job, folder: Path) -> dict[str, Any] | None:
        """Return the result with blobs of its own; None where a blob is gone, or another one."""
        files = {}
        try:
            for n, (name, blob) in enumerate(row["files"]):
                files[name] = folder / f"copy-{n}{Path(blob['key']).suffix}"
                await self._blobs.fetch(blob["key"], files[name])
        except BlobMissing:
            return None
        kept = await outputs.keep(self._blobs, job, files)
        stored = kept.get("stored", {})
        if any(stored[name]["sha256"] != blob["sha256"] for name, blob in row["files"]):
            return None
        return {**row["facts"], **kept}

    async def record(self, job: Job) -> None:
        """Keep what a job made, once, for whoever asks for the same: its result is final."""
        if job.then is not State.DONE or not job.fingerprint:
            return
        if any(job.result.get(blemish) for blemish in _BLEMISHES):
            return
        stored = job.result.get("stored", {})
        named = outputs.name_fields(stored)
        facts = {name: value for name, value in job.result.items() if name not in named}
        about = {"job": job.id, "video_id": job.spec.video_id, "at": self._store.now()}
        # pairs: a name may hold what no store takes in the name of a field
        row = {"_id": job.fingerprint, **about, "facts": facts, "files": list(stored.items())}
        await self._store.insert(REUSE, [row])


def hash_wish(job: Job, order: Order, engine: str, fingerprint: str) -> str:
    """Return the hash of what is wanted, by whom, from whom. Never the same for two owners.

    The order is part of it, since the last step of a kind makes more of an output than the model
    does; where in its video the output belongs is not.
    """
    wish = order.model_dump(mode="json", exclude=set(order.PLACE))
    said = [job.spec.owner, job.spec.kind, wish, engine, fingerprint]
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
