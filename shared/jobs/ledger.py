"""The job ledger: insert once, claim in fair order, advance behind the fence, renew leases."""

import random
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from shared.base.batching import Batcher, run_each
from shared.base.copies import change as change_fields
from shared.jobs import unreadable
from shared.jobs.job import IN_HAND, TERMINAL, Job, Rules, State
from shared.jobs.machine import advance
from shared.jobs.rows import change, from_doc, to_doc
from shared.jobs.signals import CancelAsked, Claimed, Signal, Woken
from shared.jobs.unreadable import PUT_OFF, put_off, read_each, tell
from shared.jobs.untold import Untold
from shared.ports import Doc, Index, Is, Store, Update, Where
from shared.story.errors import InfrastructureError
from shared.story.kinds import Kinds
from shared.story.view import JobSpec

JOBS = "jobs"
RUNS = "runs"
"""Which attempt holds a run at a provider: one row a run, inserted once."""
INDEXES = {
    RUNS: (Index(("job",)),),
    JOBS: (
        Index(("spec.kind", "tag"), present="tag"),
        Index(("spec.kind", "spec.owner", "tag"), present="tag"),
        Index(("spec.kind", "due_at"), present="due_at"),
        Index(("spec.kind", "publish_at"), present="publish_at"),
        Index(("external_id",), present="external_id", unique=True),
        Index(("unresolved",), present="unresolved"),
        Index(("spec.video_id",)),
        unreadable.INDEX,
    ),
}

_NEW: Where = {"state": State.NEW.value}
_OPEN = [state.value for state in State if state not in TERMINAL]
_BEGUN: Where = {"state": Is("in", [state.value for state in IN_HAND])}

WINDOW = 4
"""Claim from a window this many times as large: racers that scan the same top collide."""
VIDEOS_A_LOOK = 50  # of which all open jobs are read at once


class Ledger:
    """All jobs there are. `advance` returns None to a writer that lost its claim."""

    def __init__(
        self,
        store: Store,
        kinds: Kinds,
        rules: Rules,
        seed: int | None = None,
        *,
        untold: Untold | None = None,
    ) -> None:
        self._store = store
        self._untold = untold
        """What this process sees to that it is told; None: any process does, by a mark in its row.
        """
        self._kinds = kinds
        self._common = rules
        self._rules = {
            kind.name: replace(rules, retries=kind.retries or rules.retries) for kind in kinds
        }
        self._unawaited = {kind.name for kind in kinds if not kind.is_awaited}
        self._lease_ms = rules.lease_ms
        self._random = random.Random(seed)
        # two writes of one row go one after the other: a stale one must not take down a valid one
        self._writes: Batcher[tuple[Job, Job], bool] = Batcher(
            self._write_in_hand, key=lambda pair: pair[0].id
        )
        self._looks: Batcher[str, list[Job]] = Batcher(self._list_open, limit=VIDEOS_A_LOOK)

    def now(self) -> int:
        """Return the store's time: the one clock of leases and timers."""
        return self._store.now()

    # ── new jobs ────────────────────────────────────────────────────────────────────────────────

    async def insert(
        self, specs: Sequence[JobSpec], hands: Mapping[str, int] | None = None
    ) -> list[Job]:
        """Insert once, each job behind its owner's earlier ones; return what is new.

        Where nobody waits, as many as there are free hands are claimed as they are born: that
        saves a write and a look, and takes no one's turn.
        """
        now, jobs = self._store.now(), list[Job]()
        for kind, group in _group(specs, lambda spec: spec.kind):
            head = await self._first_tag(kind)
            queued = await self._queue_up(kind, group, head, now)
            free = hands.get(kind, 0) if hands and head is None else 0
            jobs += [self._after(job, Claimed(), now) for job in queued[:free]]
            jobs += queued[free:]
        new = await self._store.insert(JOBS, [to_doc(job) for job in jobs])
        return [job for job in jobs if job.id in new]

    async def _queue_up(
        self, kind: str, specs: Sequence[JobSpec], head: float | None, now: int
    ) -> list[Job]:
        """Return new jobs with their places in the queue, in the order of these places.

        A tag is a place in virtual time: each owner's next job lies one step behind the last one,
        so that an owner with many jobs does not hold up another with few.
        """
        jobs = []
        for owner, own in _group(specs, lambda spec: spec.owner):
            tag = 0.0 if head is None else await self._last_tag(kind, owner, head)
            for spec in own:
                tag += spec.seconds / max(spec.priority, 1)
                jobs.append(Job(spec=spec, place=tag, tag=tag, created_at=now))
        return sorted(jobs, key=lambda job: job.tag or 0)

    async def _first_tag(self, kind: str) -> float | None:
        """Return the tag of the queue's first job, if any waits."""
        queue = {"spec.kind": kind, "tag": Is("present")}
        first = await self._store.find(JOBS, queue, order=["tag"], limit=1)
        return next(_tags(first), None)

    async def _last_tag(self, kind: str, owner: str, head: float) -> float:
        """Return the tag that an owner's next job of this kind queues behind."""
        own = {"spec.kind": kind, "spec.owner": owner, "tag": Is("present")}
        last = await self._store.find(JOBS, own, order=["-tag"], limit=1)
        return max([head, *_tags(last)])

    # ── claims ──────────────────────────────────────────────────────────────────────────────────

    async def claim(
        self, hands: Mapping[str, int], creates: Mapping[str, int] | None = None
    ) -> list[Job]:
        """Take due jobs in hand: of each kind those with a time first, then the lowest tags.

        `creates` bounds how many of a kind may begin anew, where their provider takes only so many.
        What runs there already, or lies there to be fetched, is not bound by it.
        """
        taken: list[Job] = []
        if len(hands) > 1 and not await self._is_any_waiting(list(hands)):
            return taken
        for kind, free in hands.items():
            taken += await self._claim_kind(kind, free, creates.get(kind) if creates else None)
        return taken

    async def _is_any_waiting(self, kinds: list[str]) -> bool:
        """Tell whether there is anything to claim: mostly there is not, and two looks say so."""
        due = {"spec.kind": Is("in", kinds), "due_at": Is("<=", self._store.now())}
        queue = {"spec.kind": Is("in", kinds), "tag": Is("present")}
        found = await self._store.find(JOBS, due, limit=1)
        return bool(found or await self._store.find(JOBS, queue, limit=1))

    async def _claim_kind(self, kind: str, free: int, creates: int | None) -> list[Job]:
        if creates is None:
            due = await self._take(await self._due_rows(kind, free))
        else:
            due = await self._take(await self._due_rows(kind, free, _BEGUN))
            creates = min(creates, free - len(due))
            new = await self._take(await self._due_rows(kind, creates, _NEW)) if creates else []
            free = len(due) + creates
            due += new
        left = free - len(due)
        # where a provider bounds the rate, few are taken at a time: then their order counts, and a
        # random choice would leave some of a newcomer's jobs behind for as long as a queue lasts
        window = WINDOW if creates is None else 1
        rows = await self._queue_rows(kind, left, window) if left > 0 else []
        return due + await self._take(rows)

    async def _due_rows(self, kind: str, limit: int, which: Where | None = None) -> list[Doc]:
        due = {"spec.kind": kind, "due_at": Is("<=", self._store.now()), **(which or {})}
        return await self._store.find(JOBS, due, order=["due_at"], limit=limit)

    async def _queue_rows(self, kind: str, limit: int, window: int) -> list[Doc]:
        # a random sample of the window: workers that all took its head would collide, and most
        # of their writes would be lost
        rows = await self._store.find(
            JOBS, {"spec.kind": kind, "tag": Is("present")}, order=["tag"], limit=limit * window
        )
        if len(rows) <= limit:
            return rows
        return [rows[i] for i in sorted(self._random.sample(range(len(rows)), limit))]

    async def _take(self, rows: Sequence[Doc]) -> list[Job]:
        """Claim what can be claimed; set the rest aside, or it would come first for ever."""
        now = self._store.now()
        pairs, unusable = read_each(JOBS, rows, lambda row: self._claim(from_doc(row), now))
        await self._set_aside(unusable)
        taken = []
        for (before, after), won in zip(pairs, await run_each(self._write, pairs), strict=True):
            if isinstance(won, InfrastructureError):
                raise won
            if isinstance(won, Exception):
                tell(JOBS, before.id, won)  # what can't be written is found again at each look
            elif won:
                taken.append(after)
        return taken

    def _claim(self, job: Job, now: int) -> tuple[Job, Job]:
        self._kinds[job.spec.kind].read(job.spec)  # raises where a newer version wrote the order
        return job, self._after(job, Claimed(), now)

    async def _set_aside(self, rows: Sequence[Doc]) -> None:
        """Put off what can't be claimed. A job that has ended has nothing to wait for at all."""
        over = [row for row in rows if _has_ended(row)]
        await put_off(self._store, JOBS, [row for row in rows if row not in over], "due_at")
        mends = [
            Update(row["_id"], where={"state": row["state"]}, unset=["due_at", "tag", PUT_OFF])
            for row in over
        ]
        if mends:
            await self._store.update(JOBS, mends)

    # ── jobs in hand ────────────────────────────────────────────────────────────────────────────

    async def advance(self, job: Job, signal: Signal) -> Job | None:
        """Return the job after this signal, durable; None when another has claimed it meanwhile."""
        after = self._after(job, signal, self._store.now())
        if self._untold and after.has_ended:
            after = change_fields(after, publish_at=None)
        if await self._writes((job, after)):
            return after
        there = await self._read_written(after)
        if self._untold and there is None:
            self._untold.strike(after.id, after.attempt)
        return there

    async def _read_written(self, after: Job) -> Job | None:
        """Return the job if this change is in its row: the answer to an earlier try may be lost.

        Nobody else can have written it, since an attempt belongs to one worker. The times in the
        row are those of the earlier try.
        """
        row = (await self._store.get(JOBS, [after.id])).get(after.id)
        if row is None or row.get("attempt") != after.attempt:
            return None
        there = from_doc(row)
        same = (there.state, there.posted_attempt) == (after.state, after.posted_attempt)
        return there if same else None

    async def renew(self, jobs: Sequence[Job]) -> list[Job]:
        """Move the leases of jobs in hand; return those that still are ours, with the new lease.

        The guard holds the old lease too: a step that ends at the same moment may have put its job
        off, and the time that it wrote must stay.
        """
        due = self._store.now() + self._lease_ms
        newest = {job.id: job for job in sorted(jobs, key=lambda job: job.attempt)}
        renewals = [
            Update(
                job.id,
                where={"state": job.state.value, "attempt": job.attempt, "due_at": job.due_at},
                set={"due_at": due},
            )
            for job in newest.values()
        ]
        won = await self._store.update(JOBS, renewals) if renewals else set()
        return [change_fields(job, due_at=due) for job in newest.values() if job.id in won]

    async def look_at(self, jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
        """Return those of these claims that are ours, with their leases, and those taken over.

        The lease is read back: the answer to a renewal may have been lost, and a renewal that is
        guarded on an older lease than the row's would fail from then on.
        """
        rows = await self._store.get(JOBS, list({job.id for job in jobs}))
        known = [(job, rows[job.id]) for job in jobs if job.id in rows]
        ours = [
            change_fields(job, due_at=row.get("due_at"))
            for job, row in known
            if (row["state"], row["attempt"]) == (job.state, job.attempt)
        ]
        return ours, [job for job, row in known if row["attempt"] > job.attempt]

    async def is_ours(self, job: Job) -> bool:
        """Tell whether a claim still holds: after a pause another may have done all of it."""
        row = (await self._store.get(JOBS, [job.id])).get(job.id, {})
        return (row.get("state"), row.get("attempt")) == (job.state, job.attempt)

    async def release(self) -> int:
        """End all leases: only where nobody else can hold one, as after a lone start."""
        now = self._store.now()
        states = Is("in", [state.value for state in IN_HAND])
        held = await self._store.find(JOBS, {"state": states, "due_at": Is(">", now)})
        ends = [Update(row["_id"], set={"due_at": now}) for row in held]
        return len(await self._store.update(JOBS, ends)) if ends else 0

    # ── runs at a provider ──────────────────────────────────────────────────────────────────────

    async def hold_run(self, provider: str, external_id: str, job: Job) -> bool:
        """Note that a run is this attempt's; False where another one holds it already.

        So two lost submits of the same input can't both adopt the one run that there is.
        """
        id_ = f"{provider}:{external_id}"
        holder = {"job": job.id, "attempt": job.posted_attempt}
        if await self._store.insert(RUNS, [{"_id": id_, "at": self._store.now(), **holder}]):
            return True
        row = (await self._store.get(RUNS, [id_])).get(id_, {})
        return (row.get("job"), row.get("attempt")) == (job.id, job.posted_attempt)

    async def find_run(self, provider: str, job: Job) -> str | None:
        """Return the run that the posted attempt of a job is known to hold.

        Its answer was heard, and whoever heard it went away before the row said so.
        """
        rows = await self._store.find(RUNS, {"job": job.id, "attempt": job.posted_attempt})
        ids = [row["_id"] for row in rows if row["_id"].startswith(f"{provider}:")]
        return ids[0].removeprefix(f"{provider}:") if ids else None

    async def count_at_work(self, kinds: Sequence[str]) -> int:
        """Return how many jobs of these kinds a provider may be working on."""
        running = Is("in", [State.SUBMITTING.value, State.RUNNING.value])
        due = Is("present")
        wheres = [{"spec.kind": kind, "state": running, "due_at": due} for kind in kinds]
        return sum([await self._store.count(JOBS, where) for where in wheres])

    async def list_posting(self, kinds: Sequence[str]) -> set[tuple[str, int]]:
        """Return the attempts that are being posted now, whose answer is about to be heard."""
        here = {"state": State.SUBMITTING.value, "due_at": Is(">", self._store.now())}
        rows = await self._store.find(JOBS, {"spec.kind": Is("in", list(kinds)), **here})
        jobs, _ = read_each(JOBS, rows, from_doc)
        return {(job.id, job.attempt) for job in jobs if job.posted_attempt == job.attempt}

    # ── all jobs of a video ─────────────────────────────────────────────────────────────────────

    async def cancel(self, video_id: str, only: Container[str] | None = None) -> None:
        """Ask the open jobs of a video to stop; running ones end when their provider says so.

        One that was asked while it was in hand, and is back in the queue, ends here.
        """
        now = self._store.now()
        while asked := [
            job
            for job in await self.open_jobs(video_id)
            if (not job.cancel or job.state is State.NEW) and (only is None or job.id in only)
        ]:
            await self._write([(job, self._after(job, CancelAsked(), now)) for job in asked])

    async def wake(self, video_id: str, waits_for: str | None = None) -> int:
        """Put what waits for leave or for money back into the queue; return how many jobs it was.

        What must wait on is parked again when its turn comes: waking too often does no harm.
        """
        what = Is("present") if waits_for is None else waits_for
        where = {"spec.video_id": video_id, "waits_for": what}
        jobs, _ = read_each(JOBS, await self._store.find(JOBS, where), from_doc)
        now, pairs = self._store.now(), list[tuple[Job, Job]]()
        parked = sorted((job for job in jobs if job.state is State.NEW), key=lambda job: job.place)
        known = {job.id: job for job in parked}
        for kind, group in _group([job.spec for job in parked], lambda spec: spec.kind):
            for new in await self._queue_up(kind, group, await self._first_tag(kind), now):
                job = known[new.id]
                pairs.append((job, self._after(job, Woken(new.place), now)))
        return sum(await self._write(pairs)) if pairs else 0

    async def list_ids(self, video_id: str) -> set[str]:
        """Return the ids of all jobs that a video waits for, or has waited for."""
        return {row["_id"] for row in await self._find_awaited(video_id)}

    async def open_jobs(self, video_id: str) -> list[Job]:
        """Return the jobs that a video waits for: those that have not ended."""
        return await self._looks(video_id)

    async def _list_open(self, videos: Sequence[str]) -> list[list[Job]]:
        """Return the open jobs of each of these videos: many of them end at the same time."""
        rows = await self._find_awaited(Is("in", videos), {"state": Is("in", _OPEN)})
        jobs, _ = read_each(JOBS, rows, from_doc)
        found: dict[str, list[Job]] = {}
        for job in jobs:
            found.setdefault(job.spec.video_id, []).append(job)
        return [[*found.get(video, ())] for video in videos]

    async def list_ended(self, video_id: str) -> dict[str, Job]:
        """Return the jobs of a video that have ended, by id."""
        rows = await self._store.find(JOBS, {"spec.video_id": video_id})
        jobs, _ = read_each(JOBS, rows, from_doc)
        return {job.id: job for job in jobs if job.has_ended}

    async def has_all_ended(self, video_id: str) -> bool:
        """Tell whether every job that a video waits for has ended, also those of other versions."""
        return all(_has_ended(row) for row in await self._find_awaited(video_id))

    async def is_busy(self, video_id: str) -> bool:
        """Tell whether a video waits for any job."""
        return bool(await self.open_jobs(video_id))

    async def _find_awaited(self, video: str | Is, which: Where | None = None) -> list[Doc]:
        """Return the rows of a video's jobs, but for the kinds that no video waits for.

        A kind that this version does not know counts: a newer one runs it.
        """
        rows = await self._store.find(JOBS, {"spec.video_id": video, **(which or {})})
        return [row for row in rows if row.get("spec", {}).get("kind") not in self._unawaited]

    async def is_at_work(self, video_id: str) -> bool:
        """Tell whether anybody works on a video, or nothing of it is left to wait for.

        Where all of its open jobs wait, for a place in the queue or for money, nobody does.
        """
        jobs = await self.open_jobs(video_id)
        return not jobs or any(job.state in IN_HAND for job in jobs)

    # ── writes ──────────────────────────────────────────────────────────────────────────────────

    def _after(self, job: Job, signal: Signal, now: int) -> Job:
        return advance(job, signal, now, self._rules.get(job.spec.kind, self._common))

    async def _write_in_hand(self, pairs: Sequence[tuple[Job, Job]]) -> list[bool]:
        """Write one change for each; what ends is on the list of what is to be told before it."""
        ends = [after for _, after in pairs if after.has_ended]
        if self._untold and ends:
            await self._untold.note(ends)
        return await self._write(pairs)

    async def _write(self, pairs: Sequence[tuple[Job, Job]]) -> list[bool]:
        """Write one change for each of these rows; return which of them held."""
        updates = [change(before, after) for before, after in pairs]
        won = await self._store.update(JOBS, updates) if updates else set()
        return [before.id in won for before, _ in pairs]


def _has_ended(row: Doc) -> bool:
    state = row.get("state")
    return isinstance(state, str) and state in TERMINAL


def _tags(rows: Sequence[Doc]) -> Iterator[float]:
    """Return the tags of these rows that are places in the queue at all."""
    return (float(row["tag"]) for row in rows if isinstance(row["tag"], int | float))


def _group(
    specs: Sequence[JobSpec], by: Callable[[JobSpec], str]
) -> list[tuple[str, list[JobSpec]]]:
    return [(key, list(group)) for key, group in groupby(sorted(specs, key=by), by)]
