"""From durable rows to the bus: every event is a row first, and is published until it is marked.

A row that waits to be published carries `publish_at`. Whoever wrote it publishes it at once; any
replica may do so when that time has passed. Replay sets the time to now: it is the one repair.
The end of a job that was in hand carries none: it is on a list of its process instead (untold.py),
and is marked only where that process did not publish it.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from shared.base import telemetry
from shared.jobs import unreadable, untold
from shared.jobs.job import IN_HAND, TERMINAL, Job, Rules
from shared.jobs.ledger import JOBS
from shared.jobs.letters import write_letters
from shared.jobs.rows import end_event, from_doc
from shared.jobs.unreadable import PUT_OFF, put_off, read_each
from shared.jobs.untold import KEEP_MS, UNTOLD, End, Untold, read_ends
from shared.ports import EXPIRES_AT, EXPIRY, Bus, Doc, Index, Is, Store, Update
from shared.story.errors import InfrastructureError, Unpublishable
from shared.story.events import DeadLettered, Event
from shared.story.kinds import AnyKind, Kinds, Order

log = logging.getLogger("storywave.relay")

OUTBOX = "outbox"
LIMIT = 500
"""Rows in one publication."""
INDEXES = {
    OUTBOX: (
        Index(("service", "publish_at"), present="publish_at"),
        Index(("video_id",)),
        unreadable.INDEX,
        EXPIRY,
    ),
    **untold.INDEXES,
}


@dataclass(frozen=True, slots=True)
class Unpublished:
    """A row that is a fact already, and its event."""

    collection: str
    id: str
    publish_at: int | None
    """None: it is the end of a job, and on the list of this process."""
    event: Event
    attempt: int = 0
    """The one that has ended a job."""


class Relay:
    """Publishes the rows of one service: its finished jobs and its decided events."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        service: str,
        *,
        runs: Sequence[AnyKind],
        kinds: Kinds,
        rules: Rules,
    ) -> None:
        self.untold = Untold(store, service, rules)
        """The ends that this process publishes: whoever writes them lists them here before."""
        self._store = store
        self._bus = bus
        self._service = service
        self._runs = [kind.name for kind in runs]
        self._kinds = kinds
        self._rules = rules
        self._offered: list[Unpublished] = []
        self._publishing: asyncio.Task[None] | None = None

    async def insert(self, events: Sequence[Event]) -> list[Unpublished]:
        """Make these events facts, once; return those that were new.

        `publish_at` lies a little ahead: this process publishes them now, and only if it dies does
        another one find them due.
        """
        if not events:
            return []
        publish_at = self._rules.find_publish_at(self._store.now())
        # of two events with one id in one batch the first is the fact, as it is in the store
        first = {event.id: event for event in reversed(events)}
        rows = [_row(event, self._service, publish_at) for event in first.values()]
        new = await self._store.insert(OUTBOX, rows)
        return [
            Unpublished(OUTBOX, id_, publish_at, event)
            for id_, event in first.items()
            if id_ in new
        ]

    async def read(self, events: Sequence[Event]) -> list[Event]:
        """Return these events as they stand in their rows."""
        rows = await self._store.get(OUTBOX, [event.id for event in events])
        return [self._kinds.parse(row["name"], row["body"]) for row in rows.values()]

    def offer(self, rows: Sequence[Unpublished]) -> None:
        """Publish rows soon, and do not wait for it.

        They are facts already. What fails here, the scan publishes later.
        """
        self._offered += rows
        if self._offered and (self._publishing is None or self._publishing.done()):
            self._publishing = asyncio.create_task(self._publish_offers())

    def offer_end(self, job: Job, order: Order | None = None) -> None:
        """Publish soon how a job ended, and do not wait for it; its order is read unless given."""
        end = end_event(job, self._kinds, order)
        self.offer([Unpublished(JOBS, job.id, job.publish_at, end, job.attempt)])

    async def drain(self, seconds: float) -> None:
        """Wait for what is being published, at most so long; leave nothing to be told again."""
        if self._publishing is not None:
            await asyncio.wait({self._publishing}, timeout=seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # what fails here only makes others look
                await asyncio.gather(self.untold.clear(), return_exceptions=True)

    async def scan(self, limit: int = LIMIT) -> int:
        """Publish what another process left unpublished."""
        await self.untold.clear()
        await mark_untold(self._store, self._service, self._rules)
        due = {"publish_at": Is("<=", self._store.now())}
        kinds = {"spec.kind": Is("in", self._runs)}
        jobs = await self._store.find(JOBS, {**kinds, **due}, limit=limit) if self._runs else []
        rows = await self._store.find(OUTBOX, {"service": self._service, **due}, limit=limit)
        found = await self._read(JOBS, jobs, self._of_job)
        found += await self._read(OUTBOX, rows, self._of_outbox)
        if found:
            await self._publish_all(await self._claim(found))
        return len(found)

    async def _read(
        self, collection: str, rows: Sequence[Doc], read: Callable[[Doc], Unpublished]
    ) -> list[Unpublished]:
        found, unreadable = read_each(collection, rows, read)
        await put_off(self._store, collection, unreadable, "publish_at")
        return found

    def _of_job(self, row: Doc) -> Unpublished:
        end = end_event(from_doc(row), self._kinds)
        return Unpublished(JOBS, row["_id"], row["publish_at"], end)

    def _of_outbox(self, row: Doc) -> Unpublished:
        event = self._kinds.parse(row["name"], row["body"])
        return Unpublished(OUTBOX, row["_id"], row["publish_at"], event)

    async def replay(self, video_id: str) -> int:
        """Set every fact of a video to unpublished: all services hear all of it again."""
        return await replay(self._store, video_id)

    async def _publish_offers(self) -> None:
        """Publish all that was offered.

        The mark comes after the publication: a crash in between publishes twice, never not at all.
        """
        while self._offered:
            await asyncio.sleep(0)  # what is offered in this turn joins the batch
            rows, self._offered = self._offered[:LIMIT], self._offered[LIMIT:]
            try:
                await self._publish_all(rows)
            except InfrastructureError as error:
                about = {"action": "publish"}
                log.warning("%d facts are published later: %s", len(rows), error, extra=about)

    async def _claim(self, rows: Sequence[Unpublished]) -> list[Unpublished]:
        """Return the rows that are ours to publish: of two replicas that scan at once, one wins."""
        lease = self._rules.find_publish_at(self._store.now())
        claimed: list[Unpublished] = []
        for collection in (JOBS, OUTBOX):
            ours = [row for row in rows if row.collection == collection]
            won = await self._mark(ours, lease)
            claimed += [
                Unpublished(collection, row.id, lease, row.event) for row in ours if row.id in won
            ]
        return claimed

    async def _publish_all(self, rows: Sequence[Unpublished]) -> None:
        refused = await self._publish([row.event for row in rows])
        for collection in (JOBS, OUTBOX):
            here = [row for row in rows if row.collection == collection]
            await self._mark([row for row in here if row.event.id not in refused], None)
            late = [row.id for row in here if row.event.id in refused]
            docs = await self._store.get(collection, late) if late else {}
            await put_off(self._store, collection, list(docs.values()), "publish_at")
        for row in rows:
            self.untold.strike(row.id, row.attempt)

    async def _publish(self, events: Sequence[Event]) -> Collection[str]:
        """Return the ids of those that the bus can never carry: they must not count as told.

        A letter tells of each, since without it the video would wait for what never comes.
        """
        try:
            await self._bus.publish(events)
        except Unpublishable as error:
            log.error("put off: %s", error, extra={"action": "unpublishable"})
            late = [event for event in events if event.id in error.refused]
            letters = [letter for event in late for letter in self._letters(event, error.refused)]
            await self._bus.publish(letters)
            return error.refused
        return ()

    def _letters(self, event: Event, refused: Mapping[str, str]) -> list[DeadLettered]:
        name = type(event).__name__
        telemetry.UNPUBLISHABLE.labels(self._service).inc()
        said = f"{name} could not be told to the other services: {refused[event.id]}"
        return write_letters([event], self._service, self._store.now(), said)

    async def _mark(self, rows: Sequence[Unpublished], publish_at: int | None) -> set[str]:
        """Move `publish_at`, or remove it: guarded, so that a replay in between is not undone."""
        rows = [row for row in rows if row.publish_at is not None]
        if not rows:
            return set()
        change: dict[str, int] = {} if publish_at is None else {"publish_at": publish_at}
        gone = ("publish_at", PUT_OFF) if publish_at is None else ()
        updates = {
            row.id: Update(row.id, where={"publish_at": row.publish_at}, set=change, unset=gone)
            for row in rows
        }
        return await self._store.update(rows[0].collection, list(updates.values()))


async def replay(store: Store, video_id: str) -> int:
    """Set every fact of a video to unpublished; the relays of all services do the rest."""
    now = store.now()
    ended = await store.find(JOBS, {"spec.video_id": video_id, "finished_at": Is("present")})
    decided = await store.find(OUTBOX, {"video_id": video_id})
    for collection, rows in ((JOBS, ended), (OUTBOX, decided)):
        if rows:
            again = [Update(row["_id"], set={"publish_at": now}) for row in rows]
            await store.update(collection, again)
    return len(ended) + len(decided)


async def mark_untold(store: Store, service: str, rules: Rules) -> int:
    """Mark the ends that processes of a service have left untold; return how many these were."""
    due = {"service": service, "publish_at": Is("<=", store.now())}
    rows = await store.find(UNTOLD, due, limit=LIMIT)
    lists, unreadable = read_each(UNTOLD, rows, lambda row: (row, read_ends(row)))
    await put_off(store, UNTOLD, unreadable, "publish_at")
    return sum([await _take_over(store, row, ends, rules) for row, ends in lists])


async def _take_over(store: Store, row: Doc, ends: Sequence[End], rules: Rules) -> int:
    """Mark what has ended; look again later at what the attempts of this list may still end."""
    now = store.now()
    jobs = await store.get(JOBS, [job for job, _ in ends])
    held = [(jobs[job], attempt) for job, attempt in ends if job in jobs]
    ours = [job for job, attempt in held if job.get("attempt") == attempt]
    marks = [
        # not where it has a time: then somebody sees to it already
        Update(job["_id"], where={"publish_at": None}, set={"publish_at": now})
        for job in ours
        if job.get("state") in TERMINAL
    ]
    marked = await store.update(JOBS, marks) if marks else ()
    may_end = any(job.get("state") in IN_HAND for job in ours)
    later: dict[str, Any] = {"publish_at": now + rules.relay_ms}
    if not may_end:  # what is told is off the list: of a video that is deleted nothing stays
        later = {"ends": [], EXPIRES_AT: now + KEEP_MS}
    gone = () if may_end else ("publish_at",)
    # whose list it is may have put something on it meanwhile
    seen = {"number": row.get("number"), "publish_at": row["publish_at"]}
    await store.update(UNTOLD, [Update(row["_id"], where=seen, set=later, unset=gone)])
    return len(marked)


def _row(event: Event, service: str, publish_at: int) -> Doc:
    return {
        "_id": event.id,
        "video_id": event.video_id,
        "service": service,
        "name": type(event).__name__,
        "body": event.model_dump(mode="json"),
        "publish_at": publish_at,
    }
