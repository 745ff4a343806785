"""The one shell around every service: know, hear, decide, write, ensure; sweep and replay.

A view document holds the facts, the jobs released and the events decided. What a batch adds to all
three is one write, guarded on the version that the decision was made from. A crash between any two
steps is repaired by the next handling, because what was released and decided is ensured every time.

Trouble is private: what breaks for one video is logged, counted and looked at again later, and the
other videos of the batch go on.
"""

import asyncio
import logging
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import replace
from itertools import islice
from typing import Any, Literal

from shared.base import telemetry
from shared.base.batching import Batcher, run_each
from shared.base.chance import spread
from shared.base.together import await_all
from shared.jobs.job import State
from shared.jobs.ledger import Ledger
from shared.jobs.letters import write_letters
from shared.jobs.relay import Relay
from shared.jobs.unreadable import (
    PUT_OFF,
    count_looks,
    distance_ms,
    is_put_off,
    put_off,
    read_each,
    tell,
)
from shared.ports import Bus, Doc, Heard, Is, Store, Update
from shared.runtime import journal
from shared.runtime.budgets import Budgets
from shared.runtime.known import Change, Known, Reader
from shared.runtime.memory import Memo, Recent
from shared.runtime.purge import Purge
from shared.runtime.service import NO_PRICES, Service
from shared.runtime.steering import Steering
from shared.story.errors import InfrastructureError, cause
from shared.story.events import Event, VideoDeleted, VideoRequested
from shared.story.kinds import Kinds
from shared.story.running import count, find_overdue
from shared.story.view import NOTHING, Decision, JobSpec, View
from shared.story.wishes import is_deleting

log = logging.getLogger("storywave.service")

Action = Literal["read", "decide", "write", "ensure", "sweep", "stop", "go on", "purge"]
"""What may break for one video."""

CHECK_MS = 5 * 60_000
SILENT_MS = 10 * 60_000
SWEEP_LIMIT = 200
VIDEOS_AT_ONCE = 200
"""So many videos are decided on before others of this process have their turn."""
PURGES_AT_ONCE = 16
VIDEO_MS = 2 * 60 * 60_000
"""How long a video may run before it is given up."""


class Shell:
    """Runs one service's decision over every batch of events."""

    def __init__(
        self,
        service: Service,
        kinds: Kinds,
        *,
        store: Store,
        bus: Bus,
        ledger: Ledger,
        relay: Relay,
        purge: Purge,
        take_on: Callable[[Sequence[JobSpec]], Awaitable[None]],
        video_ms: int = VIDEO_MS,
        budgets: Budgets = NO_PRICES,
    ) -> None:
        self.service = service
        self._budgets = budgets
        self._video_ms = video_ms
        self._kinds = kinds
        self._reader = Reader(kinds, self._tell_unread)
        self._store = store
        self._bus = bus
        self._ledger = ledger
        self._relay = relay
        self._purge = purge
        self._purging = asyncio.Semaphore(PURGES_AT_ONCE)
        self._take_on = take_on
        self._listeners: list[Callable[[Iterable[str]], None]] = []
        self._recent = Recent()
        self._ensured = Memo()
        self._told = Memo(10_000)
        self.steering: Steering | None = None
        """Makes wishes count, in the one service that does this."""
        self._emissions: Batcher[Sequence[Event], None] = Batcher(self._emit)

    async def handle(self, batch: Sequence[Heard]) -> None:
        """Take a batch from the bus: when this returns, everything that follows is durable."""
        telemetry.BATCH.labels(self.service.name).observe(len(batch))
        telemetry.HANDLED.labels(self.service.name).inc(len(batch))
        by_video = _group_by_video(batch)
        with telemetry.HANDLE_SECONDS.labels(self.service.name).time():
            await self._settle_in_parts(by_video)
        journal.count_hops(self.service.name, batch, self._store.now())
        for listener in self._listeners:
            listener(by_video)

    def listen(self, listener: Callable[[Iterable[str]], None]) -> None:
        """Call this, from now on, with the videos that were just heard of."""
        self._listeners.append(listener)

    async def emit(self, events: Sequence[Event]) -> None:
        """Make events of our own facts: durable, known to our own view, and on their way."""
        await self._emissions(events)

    async def _emit(self, groups: Sequence[Sequence[Event]]) -> list[None]:
        now = self._store.now()
        events = [event for group in groups for event in group]
        stamped = [event.model_copy(update={"at": event.at or now}) for event in events]
        rows = await self._relay.insert(stamped)
        if len(rows) < len(stamped):  # what was a fact already stays as it was told first
            stamped = await self._relay.read(stamped)
        # of a video that is new there is nothing to read; if there is, the guard on writes says so
        new = [row.event.video_id for row in rows if isinstance(row.event, VideoRequested)]
        for video in new:
            self._recent.put(self._recent.get(video) or Known(video))
        await self.handle(stamped)
        self._relay.offer(rows)
        return [None] * len(groups)

    async def view(self, video_id: str) -> View | None:
        """Return what this service knows about a video."""
        docs = await self._store.get(self.service.views, [video_id])
        return self.fold(docs[video_id]) if video_id in docs else None

    def fold(self, doc: Doc) -> View:
        """Return the view of a stored document; one that is still known here is not read again."""
        known = self._recent.get(doc["_id"])
        if known is not None and known.version == doc.get("version"):
            return known.view
        return self._reader.read(doc).view

    async def look(self, videos: Collection[str]) -> Mapping[str, View]:
        """Return what is stored of these videos now, as far as it can be read."""
        docs = await self._store.get(self.service.views, sorted(videos))
        known, _ = read_each(self.service.views, list(docs.values()), self._reader.read)
        return {each.video_id: each.view for each in known}

    async def list_open_jobs(self, video_id: str) -> set[str]:
        """Return the ids of the jobs of a video that have not ended."""
        return {job.id for job in await self._ledger.open_jobs(video_id)}

    async def list_waiting_jobs(self, video_id: str) -> set[str]:
        """Return the ids of the jobs of a video that nobody has asked a provider for.

        They have cost nothing, and nothing is posted of what is cancelled before.
        """
        jobs = await self._ledger.open_jobs(video_id)
        states = (State.NEW, State.SUBMITTING)
        return {job.id for job in jobs if job.state in states and not job.posted_attempt}

    async def wake(self, video_id: str) -> int:
        """Let the jobs of a video that wait for money ask again; return how many these are."""
        return await self._ledger.wake(video_id, "money")

    async def list_jobs(self, video_id: str) -> set[str]:
        """Return the ids of all jobs that a video has, or has had."""
        return await self._ledger.list_ids(video_id)

    async def sweep(self) -> int:
        """Handle again what has not been heard of for a while; replay what has fallen silent."""
        now = self._store.now()
        due = await self._store.find(
            self.service.views, {"check_at": Is("<=", now)}, order=["check_at"], limit=SWEEP_LIMIT
        )
        for doc in due:
            try:
                await self._check(doc, now)
            except InfrastructureError:
                raise
            except Exception as error:
                self._tell_broken(doc["_id"], "sweep", error)
        return len(due)

    async def _check(self, doc: Doc, now: int) -> None:
        video, seen = doc["_id"], {"check_at": doc["check_at"]}
        is_deleted = VideoDeleted.__name__ in doc.get("parts", {})
        put_off_again = {"check_at": now + distance_ms(doc), PUT_OFF: count_looks(doc) + 1}
        times = put_off_again if PUT_OFF in doc else {"check_at": now + _patience()}
        later = Update(video, where=seen, set={**times, **await self._count_running(doc, now)})
        if not await self._store.update(self.service.views, [later]):
            return  # another replica sees to it
        self._recent.forget([video])
        if self.steering:
            await self.steering.look_again(video)
        await self._settle({video: []})
        if is_deleted:
            if self.steering:  # for whoever was away for so long that it never heard of it
                await self._relay.replay(video)
            return
        replays = doc.get("replays", 0)  # what stays silent is asked less and less often
        # a time far ahead is of a clock that has been set right since
        silent = abs(now - doc["heard_at"]) >= SILENT_MS * 2 ** min(replays, 6)
        if silent and self._rests(doc):
            return
        if silent and not await self._ledger.is_busy(video):
            telemetry.REPLAYED.inc()
            again = Update(video, set={"heard_at": now}, inc={"replays": 1})
            await self._store.update(self.service.views, [again])
            facts = await self._relay.replay(video)
            log.warning(
                "silent: %d facts sent again", facts, extra={"video_id": video, "action": "replay"}
            )

    def _rests(self, doc: Doc) -> bool:
        """Tell whether a video waits for a person: that it is silent means nothing then."""
        try:
            return self.service.rests(self._reader.read(doc).view)
        except Exception:  # the look at the video tells what is wrong with it
            return False

    async def _count_running(self, doc: Doc, now: int) -> Mapping[str, Any]:
        """Return the running time up to now, as it is stored; nothing where nobody counts it."""
        if not self.service.ends_videos:
            return {}
        try:
            known = self._reader.read(doc)
        except Exception:  # the look at the video tells what is wrong with it
            return {}
        is_at_work = await self._ledger.is_at_work(known.video_id)
        running = count(known.running, known.view, now, is_at_work=is_at_work)
        return {"running": running._asdict()}

    # ── know, hear, decide, write, ensure ───────────────────────────────────────────────────────

    async def _settle_in_parts(self, by_video: Mapping[str, Sequence[Heard]]) -> None:
        """Settle a few videos at a time; while one part waits for the store, another is decided."""
        parts = _slice(by_video)

        async def settle_next() -> None:
            try:
                for some in parts:
                    await self._settle(some)
            except BaseException:
                parts.close()  # the batch comes again as a whole
                raise

        await await_all(settle_next(), settle_next())

    async def _settle(self, by_video: Mapping[str, Sequence[Heard]]) -> None:
        """Decide until every decision held, then make sure that what was decided exists."""
        waiting = dict(by_video)
        while waiting:
            known = await self._known(waiting)
            changes = [await self._change(known[v], waiting[v]) for v in waiting if v in known]
            if self.steering:
                changes = await self._stop_each(self.steering, changes)
            lost, broken = await self._write([change for change in changes if change.adds])
            kept = [c for c in changes if c.after.video_id not in lost | broken.keys()]
            for video, error in broken.items():
                await self._set_aside(waiting[video], error)
            await self._ensure_each(kept)
            await self._purge_each([c.after for c in kept if c.after.is_deleted], waiting)
            await self._go_on(kept)
            for change in kept:
                journal.tell_change(self.service.name, change)
            self._forget([change.after for change in kept if not change.after.waits])
            waiting = {video: waiting[video] for video in lost}
            telemetry.RETRIED.labels(self.service.name).inc(len(waiting))

    def _forget(self, over: Sequence[Known]) -> None:
        """Keep nothing in memory of videos that are over: of them hardly anything is heard."""
        self._recent.forget([known.video_id for known in over])
        for known in over:
            self._ensured.forget(known.released)
            self._ensured.forget(event.id for event in known.decided.values())

    async def _known(self, videos: Iterable[str]) -> dict[str, Known]:
        """Return what we know of these videos: from memory where we can, else from the store.

        A document that can't be read at all is left out, and looked at again by the sweep: all of
        its facts are rows elsewhere, and are told again.
        """
        known = {video: recent for video in videos if (recent := self._recent.get(video))}
        missing = [video for video in videos if video not in known]
        docs = await self._store.get(self.service.views, missing) if missing else {}
        for video in missing:
            try:
                known[video] = self._reader.read(docs[video]) if video in docs else Known(video)
            except Exception as error:
                self._tell_broken(video, "read", error)
                if not is_put_off(docs[video], "check_at", self._store.now()):
                    await put_off(self._store, self.service.views, [docs[video]], "check_at")
        return known

    async def _change(self, before: Known, events: Sequence[Heard]) -> Change:
        """Return the change of one video. A decision that breaks is told, and breaks alone."""
        heard = before.hear(events)
        journal.count_known(self.service.name, before, heard, events)
        try:
            heard, decision = self._decide(heard)
            return Change.of(before, heard, decision, self._store.now(), _patience())
        except Exception as error:
            self._tell_broken(heard.video_id, "decide", error)
            await self._set_aside(events, error)
            # the facts are kept even where nothing could be made of them
            return Change.of(before, heard, NOTHING, self._store.now(), _patience())

    def _decide(self, heard: Known) -> tuple[Known, Decision]:
        """Return the decision, and what it was made from.

        Decisions have no clock. That a video has run for too long is therefore an event, which
        comes of the look at the clock here: at the latest with the next sweep.
        """
        if heard.is_deleted:
            return heard, NOTHING
        decision = self.service.decide_on(heard.view, self._budgets)
        if not self.service.ends_videos or decision.done:
            return heard, decision
        now = self._store.now()
        heard = heard.run(count(heard.running, heard.view, now))
        overdue = find_overdue(heard.view, heard.running, now, self._video_ms)
        if overdue is None:
            return heard, decision
        heard = heard.hear([overdue])
        decision = self.service.decide_on(heard.view, self._budgets)
        return heard, replace(decision, events=(overdue, *decision.events))

    async def _write(self, changes: Sequence[Change]) -> tuple[set[str], dict[str, Exception]]:
        """Write what is new where nobody wrote since we read.

        Return the videos that another writer was faster with, and those that can't be written.
        """
        answers = await run_each(self._write_all, list(changes))
        by_video = {c.after.video_id: won for c, won in zip(changes, answers, strict=True)}
        lost = {video for video, won in by_video.items() if won is False}
        broken = {video: won for video, won in by_video.items() if isinstance(won, Exception)}
        self._recent.forget(lost | broken.keys())
        for change in changes:
            if by_video[change.after.video_id] is True:
                self._recent.put(change.result)
        for video, error in broken.items():
            self._raise_or_tell(video, "write", error)
        return lost, broken

    async def _write_all(self, changes: list[Change]) -> list[bool]:
        now, views = self._store.now(), self.service.views
        inserts = [c.insert(now) for c in changes if not c.before.version]
        updates = [c.update(now) for c in changes if c.before.version]
        won = await self._store.insert(views, inserts) if inserts else set[str]()
        won |= await self._store.update(views, updates) if updates else set()
        return [change.after.video_id in won for change in changes]

    async def _ensure_each(self, changes: Sequence[Change]) -> None:
        for change, answer in zip(
            changes, await run_each(self._ensure, list(changes)), strict=True
        ):
            if isinstance(answer, Exception):
                self._raise_or_tell(change.after.video_id, "ensure", answer)

    async def _stop_each(self, steering: Steering, changes: Sequence[Change]) -> list[Change]:
        """Stop what nobody wants any more, and return what becomes of the changes by that."""
        stops = [change for change in changes if self._has_to_stop(steering, change.after)]
        stopped = await await_all(*(self._stop(steering, change) for change in stops))
        by_video = {change.after.video_id: change for change in (*changes, *stopped)}
        return list(by_video.values())

    def _has_to_stop(self, steering: Steering, known: Known) -> bool:
        try:
            return not known.is_deleted and steering.has_to_stop(known.view)
        except Exception as error:
            self._tell_broken(known.video_id, "stop", error)
            return False

    async def _stop(self, steering: Steering, change: Change) -> Change:
        """Stop what must not go on; a video is looked at until its jobs have ended."""
        try:
            if await steering.stop(change.after.view):
                return change.keep_waiting(self._store.now(), _patience())
            return await self._delete(steering, change)
        except Exception as error:
            self._raise_or_tell(change.after.video_id, "stop", error)
        return change

    async def _delete(self, steering: Steering, change: Change) -> Change:
        """Return the change of a video that is to be deleted, as soon as it can be."""
        if not is_deleting(change.after.view):
            return change
        stone = await steering.delete(change.after.view)
        if stone is None:
            return change.keep_waiting(self._store.now(), _patience())
        return change.delete(stone, self._store.now(), _patience())

    async def _purge_each(
        self, stones: Sequence[Known], heard: Mapping[str, Sequence[Heard]]
    ) -> None:
        """Delete what deleted videos own. Where that fails, the sweep does it again."""
        due = [stone for stone in stones if self._purge.is_due(stone, heard[stone.video_id])]
        self._recent.forget([stone.video_id for stone in due])
        # one after the other, a batch of deletions would take longer than a consumer may be silent
        await await_all(*map(self._purge_one, due))

    async def _purge_one(self, stone: Known) -> None:
        try:
            async with self._purging:
                await self._purge.delete(stone)
        except InfrastructureError as error:
            about = {"video_id": stone.video_id, "action": "purge"}
            log.warning("deleted later: %s", error, extra=about)
        except Exception as error:
            self._tell_broken(stone.video_id, "purge", error)

    async def _go_on(self, changes: Sequence[Change]) -> None:
        """Let go on what its user wants, where this service sees to that."""
        if self.steering is None:
            return
        views = [change.after.view for change in changes]
        for view, answer in zip(views, await run_each(self.steering.go_on, views), strict=True):
            if isinstance(answer, Exception):
                self._raise_or_tell(view.video_id, "go on", answer)

    def _raise_or_tell(self, video: str, action: Action, error: Exception) -> None:
        """Let a server that is away stop the whole batch; tell of what concerns one video."""
        if isinstance(error, InfrastructureError):
            raise error
        self._tell_broken(video, action, error)

    def _tell_broken(self, video: str, action: Action, error: Exception) -> None:
        about = {"video_id": video, "stage": self.service.name, "action": action}
        log.error("cannot %s: %s", action, error, exc_info=error, extra=about)
        telemetry.BROKEN.labels(self.service.name, action).inc()

    def _tell_unread(self, video: str, at: str, error: Exception) -> None:
        if (place := f"{video}/{at}") not in self._told:  # once: a document is read many times
            self._told.add([place])
            tell(self.service.views, place, error)

    async def _set_aside(self, events: Sequence[Heard], error: Exception) -> None:
        telemetry.DEAD_LETTERS.labels(self.service.name).inc(len(events))
        said = f"{type(error).__name__}: {cause(error)}"
        read = [event for event in events if isinstance(event, Event)]
        letters = write_letters(read, self.service.name, self._store.now(), said)
        if letters:
            await self._bus.publish(letters)

    async def _ensure(self, changes: list[Change]) -> list[None]:
        """Make sure that every job that has not ended, and every decided event, exists.

        Also what was known already: a crash may have come between the write and this.
        """
        specs = [spec for change in changes for spec in change.specs(self._ensured)]
        events = [event for change in changes for event in change.events(self._ensured)]
        if specs:
            await self._take_on(specs)
        rows = await self._relay.insert(events)
        self._ensured.add([spec.id for spec in specs] + [event.id for event in events])
        self._relay.offer(rows)
        known = {change.after.video_id: change.after for change in changes}
        for row in rows:
            journal.tell_decision(row.event, known[row.event.video_id].view, self._kinds)
        return [None] * len(changes)


def _group_by_video(heard: Sequence[Heard]) -> dict[str, list[Heard]]:
    """Return what was heard of each video, in the order in which each was first heard of.

    In any other order, the jobs of one owner's videos could all be asked for before another's.
    """
    by_video: dict[str, list[Heard]] = {}
    for each in heard:
        by_video.setdefault(each.video_id, []).append(each)
    by_video.pop("", None)
    return by_video


def _slice(
    by_video: Mapping[str, Sequence[Heard]],
) -> Generator[dict[str, Sequence[Heard]], None, None]:
    """Yield the videos of a large batch in parts."""
    videos = iter(by_video.items())
    while some := dict(islice(videos, VIDEOS_AT_ONCE)):
        yield some


def _patience() -> int:
    """Five minutes, spread out, so that what came together is not checked together."""
    return round(spread(CHECK_MS, 0.1))
