"""The job ledger: insert once, claim in fair order, advance behind the fence, renew leases."""

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

from shared.base.batching import Batcher
from shared.jobs.machine import (
    IN_HAND,
    TERMINAL,
    CancelAsked,
    Claimed,
    Job,
    Rules,
    Signal,
    advance,
)
from shared.jobs.rows import change, from_doc, to_doc
from shared.jobs.unreadable import PUT_OFF_MS, read_each
from shared.ports import Doc, Index, Is, Store, Update
from shared.story.events import Kind
from shared.story.view import JobSpec

K = TypeVar("K", bound=str)

JOBS = "jobs"
INDEXES = {
    JOBS: (
        Index(("spec.kind", "tag"), present="tag"),
        Index(("spec.kind", "spec.owner", "tag"), present="tag"),
        Index(("spec.kind", "due_at"), present="due_at"),
        Index(("spec.kind", "publish_at"), present="publish_at"),
        Index(("external_id",), present="external_id", unique=True),
        Index(("spec.video_id",)),
    )
}

WINDOW = 4
"""Claim from a window this many times as large: racers that scan the same top collide."""


class Ledger:
    """All work there is. `advance` returns None to a writer that lost its claim."""

    def __init__(self, store: Store, rules: Rules, seed: int | None = None) -> None:
        self._store = store
        self._rules = rules
        self._random = random.Random(seed)
        self._writes: Batcher[tuple[Job, Job], bool] = Batcher(self._write)

    def now(self) -> int:
        return self._store.now()

    async def insert(
        self, specs: Sequence[JobSpec], hands: Mapping[Kind, int] | None = None
    ) -> list[Job]:
        """Insert once, each behind its owner's earlier work; returns what is new, as it stands.

        Where nobody waits, as many as there are free hands are claimed as they are born: that
        saves a write and a look, and takes no one's turn.
        """
        now, jobs = self._store.now(), list[Job]()
        for kind, group in _grouped(specs, lambda spec: spec.kind):
            head = await self._head(kind)
            queued = await self._queue_up(kind, group, head, now)
            free = hands.get(kind, 0) if hands and head is None else 0
            jobs += [advance(job, Claimed(), now, self._rules) for job in queued[:free]]
            jobs += queued[free:]
        new = await self._store.insert(JOBS, [to_doc(job) for job in jobs])
        return [job for job in jobs if job.id in new]

    async def _queue_up(
        self, kind: Kind, specs: Sequence[JobSpec], head: float | None, now: int
    ) -> list[Job]:
        """New jobs with their places in the queue, the first one first."""
        jobs = []
        for owner, own in _grouped(specs, lambda spec: spec.owner):
            tag = 0.0 if head is None else await self._tail(kind, owner, head)
            for spec in own:
                tag += spec.seconds / max(spec.priority, 1)
                jobs.append(Job(spec=spec, tag=tag, created_at=now))
        return sorted(jobs, key=lambda job: job.tag or 0)

    async def claim(self, hands: Mapping[Kind, int]) -> list[Job]:
        """Take due work in hand: of each kind what is timed first, then the lowest tags."""
        taken = []
        for kind, free in hands.items():
            timed = await self._take(await self._timed(kind, free))
            left = free - len(timed)
            taken += timed + (await self._take(await self._queued(kind, left)) if left else [])
        return taken

    async def advance(self, job: Job, signal: Signal) -> Job | None:
        """The job after this signal, durable; None when another has claimed it meanwhile."""
        after = advance(job, signal, self._store.now(), self._rules)
        return after if await self._writes((job, after)) else None

    async def renew(self, jobs: Sequence[Job]) -> None:
        """Move the leases of work in hand, where it still is ours."""
        due = self._store.now() + self._rules.lease_ms
        newest = {job.id: job for job in sorted(jobs, key=lambda job: job.attempt)}
        await self._store.update(
            JOBS,
            [
                Update(
                    job.id,
                    where={"state": job.state.value, "attempt": job.attempt},
                    set={"due_at": due},
                )
                for job in newest.values()
            ],
        )

    async def claimed_since(self, jobs: Sequence[Job]) -> list[Job]:
        """Those of these claims that a newer one has taken over, be it this very worker's."""
        rows = await self._store.get(JOBS, list({job.id for job in jobs}))
        return [job for job in jobs if job.id in rows and rows[job.id]["attempt"] > job.attempt]

    async def release(self) -> int:
        """End all leases: only where nobody else can hold one, as after the start of the only
        process there is.
        """
        now = self._store.now()
        held = await self._store.find(
            JOBS, {"state": Is("in", [s.value for s in IN_HAND]), "due_at": Is(">", now)}
        )
        ends = [Update(row["_id"], set={"due_at": now}) for row in held]
        return len(await self._store.update(JOBS, ends)) if ends else 0

    async def cancel(self, video_id: str) -> None:
        """Ask every open job of a video to stop; running ones end when their provider says so."""
        now = self._store.now()
        while asked := [job for job in await self.open_jobs(video_id) if not job.cancel]:
            await self._write(
                [(job, advance(job, CancelAsked(), now, self._rules)) for job in asked]
            )

    async def open_jobs(self, video_id: str) -> list[Job]:
        rows = await self._store.find(JOBS, {"spec.video_id": video_id})
        return [job for job in await self._read(rows) if job.state not in TERMINAL]

    async def _head(self, kind: Kind) -> float | None:
        """The tag of the queue's first, if anybody waits."""
        queue = {"spec.kind": kind.value, "tag": Is("present")}
        first = await self._store.find(JOBS, queue, order=["tag"], limit=1)
        return float(first[0]["tag"]) if first else None

    async def _tail(self, kind: Kind, owner: str, head: float) -> float:
        """The tag that an owner's next job of this kind queues behind."""
        own = {"spec.kind": kind.value, "spec.owner": owner, "tag": Is("present")}
        last = await self._store.find(JOBS, own, order=["-tag"], limit=1)
        return max([head, *(float(row["tag"]) for row in last)])

    async def _timed(self, kind: Kind, limit: int) -> list[Job]:
        due = {"spec.kind": kind.value, "due_at": Is("<=", self._store.now())}
        return await self._read(await self._store.find(JOBS, due, order=["due_at"], limit=limit))

    async def _queued(self, kind: Kind, limit: int) -> list[Job]:
        rows = await self._store.find(
            JOBS,
            {"spec.kind": kind.value, "tag": Is("present")},
            order=["tag"],
            limit=limit * WINDOW,
        )
        if len(rows) > limit:
            chosen = sorted(self._random.sample(range(len(rows)), limit))
            rows = [rows[i] for i in chosen]
        return await self._read(rows)

    async def _read(self, rows: Sequence[Doc]) -> list[Job]:
        """What can be read; the rest would come first again at each look, and is put off."""
        jobs, unreadable = read_each(JOBS, rows, from_doc)
        later = {"due_at": self._store.now() + PUT_OFF_MS}
        waiting = [row for row in unreadable if "tag" in row or "due_at" in row]
        put_off = [Update(row["_id"], set=later, unset=["tag"]) for row in waiting]
        await self._store.update(JOBS, put_off)
        return jobs

    async def _take(self, jobs: Sequence[Job]) -> list[Job]:
        now = self._store.now()
        pairs = [(job, advance(job, Claimed(), now, self._rules)) for job in jobs]
        won = await self._write(pairs)
        return [after for (_, after), mine in zip(pairs, won, strict=True) if mine]

    async def _write(self, pairs: Sequence[tuple[Job, Job]]) -> list[bool]:
        """Whether each write held. Of two to one row in one batch, only the first is tried."""
        updates = {before.id: change(before, after) for before, after in reversed(pairs)}
        won = await self._store.update(JOBS, list(updates.values())) if updates else set()
        firsts = {before.id: i for i, (before, _) in reversed(list(enumerate(pairs)))}
        return [before.id in won and firsts[before.id] == i for i, (before, _) in enumerate(pairs)]


def _grouped(specs: Sequence[JobSpec], by: Callable[[JobSpec], K]) -> list[tuple[K, list[JobSpec]]]:
    return [(key, list(group)) for key, group in groupby(sorted(specs, key=by), by)]
