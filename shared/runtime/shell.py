"""The one shell around every service: know, hear, decide, write, ensure; sweep and replay.

A view document holds the facts, the work released and the events decided. What a batch adds to all
three is one write, guarded on the version that the decision was made from. A crash between any two
steps is repaired by the next handling, because what was released and decided is ensured every time.
"""

import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from shared.base import telemetry
from shared.base.batching import Batcher
from shared.jobs.engine import Finish, Work
from shared.jobs.ledger import Ledger
from shared.jobs.relay import Relay
from shared.ports import Bus, Doc, Index, Is, Store, Unread, Update
from shared.runtime.known import Change, Known, Memo, Recent, facts_of
from shared.story.errors import TOLD, cause
from shared.story.events import (
    ENDS,
    TWIN,
    DeadLettered,
    Event,
    Kind,
    VideoDeleted,
    VideoFailed,
    VideoSteered,
)
from shared.story.view import NOTHING, Decision, JobSpec, View

log = logging.getLogger("storywave.service")

CHECK_MS = 5 * 60_000
SILENT_MS = 10 * 60_000
SWEEP_LIMIT = 200


@dataclass(frozen=True)
class Service:
    """A service: the events it reads, one pure decision, and the job kinds it runs."""

    name: str
    reads: tuple[type[Event], ...]
    decide: Callable[[View], Decision]
    kinds: tuple[Kind, ...] = ()
    decides: tuple[type[Event], ...] = ()
    """Events that it emits by decision, besides the ends of its jobs."""
    work: Mapping[Kind, Work] = field(default_factory=dict)
    """Kinds whose work is its own: no model makes a cut."""
    finish: Mapping[Kind, Finish] = field(default_factory=dict)
    report: Mapping[Kind, Callable[[Event], None]] = field(default_factory=dict)
    """What to log and count, once, when a job of a kind has ended."""
    keeps: Mapping[str, Sequence[Index]] = field(default_factory=dict)
    """Further collections of its own, with their indexes."""

    @property
    def consumes(self) -> tuple[type[Event], ...]:
        """What it reads and how that can fail, what its own jobs end in, and what all must hear."""
        ends = [end for kind in self.kinds for end in ENDS[kind]]
        twins = [TWIN[cls] for cls in self.reads if cls in TWIN]
        return tuple(dict.fromkeys([*self.reads, *twins, *ends, VideoSteered, VideoDeleted]))

    @property
    def emits(self) -> tuple[type[Event], ...]:
        """Every event that this service alone brings into the world."""
        return (*(end for kind in self.kinds for end in ENDS[kind]), *self.decides)

    @property
    def views(self) -> str:
        """The collection of its views: nobody else writes there."""
        return f"views.{self.name}"

    @property
    def indexes(self) -> Mapping[str, Sequence[Index]]:
        return {self.views: (Index(("check_at",), present="check_at"),), **self.keeps}


class Shell:
    """Runs one service's decision over every batch of events."""

    def __init__(
        self,
        service: Service,
        *,
        store: Store,
        bus: Bus,
        ledger: Ledger,
        relay: Relay,
        take_on: Callable[[Sequence[JobSpec]], Awaitable[None]],
        heard: Callable[[Iterable[str]], None] = lambda videos: None,
    ) -> None:
        self.service = service
        self._store = store
        self._bus = bus
        self._ledger = ledger
        self._relay = relay
        self._take_on = take_on
        self._heard = heard
        self._recent = Recent()
        self._ensured = Memo()
        self._emissions: Batcher[Sequence[Event], None] = Batcher(self._emit)

    async def handle(self, batch: Sequence[Event | Unread]) -> None:
        """Take a batch from the bus: when this returns, everything that follows is durable."""
        telemetry.BATCH.labels(self.service.name).observe(len(batch))
        telemetry.HANDLED.labels(self.service.name).inc(len(batch))
        by_video = _by_video([event for event in batch if isinstance(event, Event)])
        await self._settle(by_video)
        self._heard(by_video)

    async def emit(self, events: Sequence[Event]) -> None:
        """Make events of our own facts: durable, known to our own view, and on their way."""
        await self._emissions(events)

    async def _emit(self, groups: Sequence[Sequence[Event]]) -> list[None]:
        now = self._store.now()
        events = [event for group in groups for event in group]
        stamped = [event.model_copy(update={"at": event.at or now}) for event in events]
        rows = await self._relay.insert(stamped)
        if len(rows) < len(stamped):  # what was a fact already stays as it was told first
            stamped = await self._relay.stored(stamped)
        await self.handle(stamped)
        self._relay.offer(rows)
        return [None] * len(groups)

    async def view(self, video_id: str) -> View | None:
        """What this service knows about a video."""
        docs = await self._store.get(self.service.views, [video_id])
        return self.fold(docs[video_id]) if video_id in docs else None

    def fold(self, doc: Doc) -> View:
        """The view of a stored document."""
        return View(doc["_id"], facts_of(doc), doc.get("released", {}))

    async def sweep(self) -> int:
        """Handle again what has not been heard of for a while; replay what has fallen silent."""
        now = self._store.now()
        due = await self._store.find(
            self.service.views, {"check_at": Is("<=", now)}, order=["check_at"], limit=SWEEP_LIMIT
        )
        for doc in due:
            await self._check(doc, now)
        return len(due)

    async def _check(self, doc: Doc, now: int) -> None:
        video, seen = doc["_id"], {"check_at": doc["check_at"]}
        later = Update(video, where=seen, set={"check_at": now + _patience()})
        if not await self._store.update(self.service.views, [later]):
            return  # another replica sees to it
        self._recent.forget([video])
        await self._settle({video: []})
        replays = doc.get("replays", 0)  # what stays silent is asked less and less often
        silent = now - doc["heard_at"] >= SILENT_MS * 2 ** min(replays, 6)
        if silent and not await self._ledger.open_jobs(video):
            telemetry.REPLAYED.inc()
            again = Update(video, set={"heard_at": now}, inc={"replays": 1})
            await self._store.update(self.service.views, [again])
            facts = await self._relay.replay(video)
            log.warning(
                "silent: %d facts sent again", facts, extra={"video_id": video, "action": "replay"}
            )

    # ── know, hear, decide, write, ensure ───────────────────────────────────────────────────────

    async def _settle(self, by_video: Mapping[str, Sequence[Event]]) -> None:
        """Decide until every decision held, then make sure that what was decided exists."""
        waiting = dict(by_video)
        while waiting:
            known = await self._known(waiting)
            changes = [await self._change(known[v], events) for v, events in waiting.items()]
            lost = await self._write([change for change in changes if change.adds])
            kept = [change for change in changes if change.after.video_id not in lost]
            await self._ensure(kept)
            self._log_done(kept)
            waiting = {video: waiting[video] for video in lost}
            telemetry.RETRIED.labels(self.service.name).inc(len(waiting))

    async def _known(self, videos: Iterable[str]) -> dict[str, Known]:
        """What we know of these videos: from memory where we can, from the store where we must."""
        known = {video: recent for video in videos if (recent := self._recent.get(video))}
        missing = [video for video in videos if video not in known]
        docs = await self._store.get(self.service.views, missing) if missing else {}
        for video in missing:
            known[video] = Known.of(docs[video]) if video in docs else Known(video)
        return known

    async def _change(self, before: Known, events: Sequence[Event]) -> Change:
        """The decision for one video. One that breaks is set aside with its cause, alone."""
        heard = before.hears(events)
        try:
            return Change.of(before, heard, self._decided(heard), self._store.now(), _patience())
        except Exception as error:
            about = {"video_id": heard.video_id, "stage": self.service.name, "action": "decide"}
            log.exception("cannot decide: %s", error, extra=about)
            await self._set_aside(events, error)
            # the facts are kept even where nothing could be made of them
            return Change.of(before, heard, NOTHING, self._store.now(), _patience())

    def _decided(self, heard: Known) -> Decision:
        return NOTHING if heard.deleted else self.service.decide(heard.view)

    async def _write(self, changes: Sequence[Change]) -> set[str]:
        """What is new, where nobody wrote since we read; returns the videos that we lost."""
        now = self._store.now()
        inserts = [c.insert(now) for c in changes if not c.before.version]
        updates = [c.update(now) for c in changes if c.before.version]
        views = self.service.views
        won = await self._store.insert(views, inserts) if inserts else set[str]()
        won |= await self._store.update(views, updates) if updates else set()
        lost = {change.after.video_id for change in changes} - won
        self._recent.forget(lost)
        for change in changes:
            if change.after.video_id in won:
                self._recent.put(change.written)
        return lost

    async def _set_aside(self, events: Sequence[Event], error: Exception) -> None:
        telemetry.DEAD_LETTERS.labels(self.service.name).inc(len(events))
        letters = [
            DeadLettered(
                video_id=event.video_id,
                at=self._store.now(),
                service=self.service.name,
                topic=type(event).__name__,
                position=event.slot,
                error=f"{type(error).__name__}: {cause(error)}"[:TOLD],
                body=event.model_dump_json()[:TOLD],
                stuck=True,
            )
            for event in events
            if not isinstance(event, DeadLettered)
        ]
        if letters:
            await self._bus.publish(letters)

    async def _ensure(self, changes: Sequence[Change]) -> None:
        """All of released − settled and all that was decided, even if it was known already."""
        specs = [spec for change in changes for spec in change.specs(self._ensured)]
        events = [event for change in changes for event in change.events(self._ensured)]
        if specs:
            await self._take_on(specs)
        rows = await self._relay.insert(events)
        for row in rows:
            _log_decided(row.event)
        self._ensured.add([spec.id for spec in specs] + [event.id for event in events])
        self._relay.offer(rows)

    def _log_done(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.summary and change.adds:
                about = {"video_id": change.after.video_id, "stage": self.service.name}
                said = ", ".join(f"{n} {what}" for what, n in change.summary.items())
                log.info(
                    "settled: %s", said, extra={**about, "action": "settled", **change.summary}
                )


def _log_decided(event: Event) -> None:
    name = type(event).__name__
    telemetry.DECIDED.labels(name).inc()
    facts = event.model_dump(mode="json", exclude={"brief", "beats", "chunks", "version"})
    level = logging.WARNING if isinstance(event, VideoFailed) else logging.INFO
    log.log(level, "%s", name, extra={**facts, "stage": name, "action": "decided"})


def _by_video(events: Sequence[Event]) -> dict[str, list[Event]]:
    ordered = sorted(events, key=lambda event: event.video_id)
    return {video: list(group) for video, group in groupby(ordered, lambda e: e.video_id) if video}


def _patience() -> int:
    """Five minutes, spread out, so that what came together is not checked together."""
    return round(CHECK_MS * random.uniform(0.9, 1.1))
