"""A view as it is stored, and what a batch of events adds to it.

`parts.<event>.<slot>` are the facts, `released` the jobs asked for, `decided` the events brought
about; `version` rises with every write, and every write is guarded on it.

What this version can't read, because a newer one wrote it, stays in the document as it is: each
write names only what is new.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from shared.base.copies import change
from shared.jobs.unreadable import PUT_OFF, count_looks, distance_ms
from shared.ports import Doc, Heard, Update
from shared.story.events import BeatsPlanned, Event, VideoDeleted, VideoRequested
from shared.story.kinds import Kinds
from shared.story.running import NOT_YET, Running
from shared.story.view import Decision, JobSpec, View

T = TypeVar("T")

Facts = Mapping[str, Event]
"""By place: the event's name and slot, as in `ImageReady/2/0/0`."""

TOMBSTONE = f"{VideoDeleted.__name__}/0"
_OF_THE_LIVING = ("released", "decided", "check_at", "running", "replays", "heard_at", PUT_OFF)
"""What a tombstone does not keep."""
_BEGINNINGS = {VideoRequested.__name__, BeatsPlanned.__name__}


@dataclass(frozen=True)
class Known:
    """All that a service has stored about a video. Version 0 is nothing yet."""

    video_id: str
    version: int = 0
    facts: Facts = field(default_factory=dict)
    released: Mapping[str, JobSpec] = field(default_factory=dict)
    decided: Facts = field(default_factory=dict)
    check_at: int | None = None
    """When to look again if nothing is heard of it; None where nothing is waited for."""
    running: Running = NOT_YET
    unread: Mapping[str, Any] = field(default_factory=dict)
    """What this version can't read, as it came, by its place or by the id of its job."""
    put_off: int | None = None
    """How often the document was looked at in vain, for the sake of what could not be read."""

    @cached_property
    def view(self) -> View:
        """Return what is known, with what was decided: a decision must see its former ones.

        Otherwise the same revision could be decided twice, and differently: its events come back
        over the bus only later.
        """
        facts = {**self.decided, **self.facts}
        return View(self.video_id, facts.values(), self.released)

    def hear(self, heard: Iterable[Heard]) -> "Known":
        """Return what is known with these facts too; what is known already stays as it is."""
        new, unread = dict[str, Event](), dict[str, Any]()
        for each in heard:
            at = place(each)
            if at in self.facts or at in self.unread or at in new or at in unread:
                continue
            if isinstance(each, Event):
                new[at] = each
            else:
                unread[at] = each.body
        if TOMBSTONE in self.facts or TOMBSTONE in new:
            stone = self.facts.get(TOMBSTONE) or new[TOMBSTONE]
            return self._bury(stone, {at: e for at, e in self.decided.items() if at == TOMBSTONE})
        if not new and not unread:
            return self
        more = change(self, facts={**self.facts, **new}, unread={**self.unread, **unread})
        return _show(more, self.view.extend(new.values()))

    def delete(self, stone: VideoDeleted) -> "Known":
        """Return what is known after the decision that it is deleted."""
        return self._bury(stone, {TOMBSTONE: stone})

    def _bury(self, stone: Event, decided: Facts) -> "Known":
        """Return a tombstone. Of one that stood before, the time of the next look stays."""
        check_at = self.check_at if self.is_deleted else None
        return Known(
            self.video_id, self.version, {TOMBSTONE: stone}, decided=decided, check_at=check_at
        )

    def decide(self, jobs: Mapping[str, JobSpec], events: Facts) -> "Known":
        """Return what is known with these jobs and events, none of which was known."""
        if not jobs and not events:
            return self
        released, decided = {**self.released, **jobs}, {**self.decided, **events}
        more = change(self, released=released, decided=decided)
        # what was heard counts, and not what was decided beside it
        shown = [event for at, event in events.items() if at not in self.facts]
        return _show(more, self.view.extend(shown, jobs))

    def run(self, running: Running) -> "Known":
        """Return what is known with this running time."""
        return change(self, running=running)

    @property
    def waits(self) -> bool:
        """Tell whether something is expected of us, or for us."""
        return self.check_at is not None

    @property
    def times(self) -> Mapping[str, int | None]:
        """Return when to look again, and the looks so far, under the names of their fields."""
        return {"check_at": self.check_at, PUT_OFF: self.put_off}

    @property
    def is_asked_for(self) -> bool:
        """Tell whether somebody asked for it: a stray fact about no known video is not awaited."""
        return any(_name(at) in _BEGINNINGS for at in (*self.facts, *self.unread))

    @property
    def is_deleted(self) -> bool:
        """Tell whether only the tombstone is left: no old event may start the video again."""
        return TOMBSTONE in self.facts


@dataclass(frozen=True)
class Change:
    """From what was known, over what was heard, to what was decided."""

    before: Known
    after: Known
    summary: Mapping[str, int]

    @classmethod
    def of(
        cls, before: Known, heard: Known, decision: Decision, now: int, patience: int
    ) -> "Change":
        if heard.is_deleted:
            return cls.bury(before, heard, now + patience)
        known = heard.released.keys() | heard.unread
        jobs = {spec.id: spec for spec in decision.jobs if spec.id not in known}
        events = {
            at: event.model_copy(update={"at": event.at or now})
            for event in decision.events
            if (at := place(event)) not in heard.decided and at not in heard.unread
        }
        after = heard.decide(jobs, events)
        waits = heard.is_asked_for and not decision.done
        after = _wait(before, after, now, patience if waits else None)
        return cls(before, after, decision.summary if decision.done else {})

    @classmethod
    def bury(cls, before: Known, stone: Known, check_at: int) -> "Change":
        """Return the change to a tombstone: by this time, what the video owned must be gone."""
        check_at_first = stone if before.is_deleted else change(stone, check_at=check_at)
        return cls(before, check_at_first, {})

    def delete(self, stone: VideoDeleted, now: int, patience: int) -> "Change":
        """Return the change of a video that is deleted: nothing else of it is decided."""
        return self.bury(self.before, self.after.delete(stone), now + patience)

    def keep_waiting(self, now: int, patience: int) -> "Change":
        """Return the change of a video of which something is still waited for."""
        return change(self, after=_wait(self.before, self.after, now, patience))

    @property
    def adds(self) -> bool:
        """Tell whether anything must be written: times that have gone on alone are not worth it."""
        before, after = self.before, self.after
        sooner = (after.check_at or 0) < (before.check_at or 0)  # also: no longer at all
        is_awaited_now = after.waits and not before.waits
        changed = change(after, check_at=before.check_at, running=before.running) != before
        return sooner or is_awaited_now or changed

    def insert(self, now: int) -> Doc:
        """Return the document of a video that was not known."""
        parts: dict[str, dict[str, Any]] = {}
        for at, fact in self.after.facts.items():
            parts.setdefault(_name(at), {})[fact.slot] = fact.model_dump(mode="json")
        for at, body in self.after.unread.items():
            parts.setdefault(_name(at), {})[_slot(at)] = body
        doc = {"_id": self.after.video_id, "version": 1, "parts": parts, "heard_at": now}
        doc["released"] = _dump(self.after.released)
        doc["decided"] = _dump(self.after.decided)
        return doc | {name: time for name, time in self.after.times.items() if time is not None}

    def update(self, now: int) -> Update:
        """Return the guarded write of what is new."""
        where, rise = {"version": self.before.version}, {"version": 1}
        if self.after.is_deleted:
            stone = self.after.facts[TOMBSTONE].model_dump(mode="json")
            only: dict[str, Any] = {"parts": {VideoDeleted.__name__: {"0": stone}}}
            decided, check_at = _dump(self.after.decided), self.after.check_at
            only |= {"decided": decided} if decided else {}
            only |= {} if check_at is None else {"check_at": check_at}
            gone = [name for name in _OF_THE_LIVING if name not in only]
            return Update(self.after.video_id, where=where, set=only, inc=rise, unset=gone)
        new: dict[str, Any] = {"heard_at": now}
        if self.after.running != self.before.running:
            new["running"] = self.after.running._asdict()
        for at, fact in _new(self.before.facts, self.after.facts).items():
            new[f"parts.{_name(at)}.{fact.slot}"] = fact.model_dump(mode="json")
        for at, body in _new(self.before.unread, self.after.unread).items():
            new[f"parts.{_name(at)}.{_slot(at)}"] = body
        for id_, spec in _new(self.before.released, self.after.released).items():
            new[f"released.{id_}"] = spec.model_dump(mode="json")
        for at, event in _new(self.before.decided, self.after.decided).items():
            new[f"decided.{at}"] = event.model_dump(mode="json")
        times, were = self.after.times, self.before.times
        new |= {name: times[name] for name in times if times[name] not in (None, were[name])}
        unset = [name for name in times if times[name] is None]
        return Update(self.after.video_id, where=where, set=new, inc=rise, unset=unset)

    @property
    def result(self) -> Known:
        """Return what is known once the write has won."""
        return change(self.after, version=self.before.version + 1)

    def specs(self, ensured: Container[str]) -> list[JobSpec]:
        """Return the jobs that should exist, but for what this process has seen inserted."""
        open_ = [spec for id_, spec in self.after.released.items() if id_ not in ensured]
        return [spec for spec in open_ if spec.id not in self.after.view.ends]

    def events(self, ensured: Container[str]) -> list[Event]:
        """Return the events that should exist, but for what this process has seen inserted."""
        return [event for event in self.after.decided.values() if event.id not in ensured]


class Reader:
    """Reads view documents, and passes by what it can't read."""

    def __init__(self, kinds: Kinds, told: Callable[[str, str, Exception], None]) -> None:
        self._kinds = kinds
        self._told = told
        """Called with the video, the place in its document, and what is wrong with it."""

    def read(self, doc: Doc) -> Known:
        """Return what a document says, as far as this version can read it.

        Raises where it can't be read at all: where what every write needs of it is missing.
        """
        video, faults = doc["_id"], dict[str, Exception]()
        version, check_at = doc["version"], doc.get("check_at")
        if not _is_count(version) or version < 1:  # 0 would mean that there is no document yet
            raise ValueError(f"its version is {version!r}, which is none")
        if check_at is not None and not _is_count(check_at):
            raise ValueError(f"it is to be looked at at {check_at!r}, which is no time")
        parts = {
            f"{name}/{slot}": body
            for name, slots in doc.get("parts", {}).items()
            for slot, body in slots.items()
        }
        facts = _read_each(parts, self._event, faults)
        decided = _read_each(doc.get("decided", {}), self._event, faults)
        specs = doc.get("released", {})
        released = _read_each(specs, lambda _, spec: JobSpec.model_validate(spec), faults)
        for at, error in faults.items():
            self._told(video, at, error)
        raw = {**specs, **doc.get("decided", {}), **parts}
        unread = {at: raw[at] for at in faults}
        looks = count_looks(doc) or None
        return Known(
            video,
            version,
            facts,
            released,
            decided,
            check_at,
            running=_read_running(doc.get("running")),
            unread=unread,
            put_off=looks,
        )

    def _event(self, at: str, body: Mapping[str, Any]) -> Event:
        event = self._kinds.parse(_name(at), body)
        if place(event) != at:
            raise ValueError(f"it stands in the wrong place: {place(event)} is its own")
        return event


def _show(more: Known, view: View) -> Known:
    """Return a copy that knows more with its own view, in place of the one that was copied."""
    more.__dict__["view"] = view
    return more


def _read_running(stored: Any) -> Running:
    """Return the running time; what can't be read is counted anew."""
    try:
        return Running(int(stored["rev"]), int(stored["ms"]), int(stored["at"]))
    except (TypeError, KeyError, ValueError):
        return NOT_YET


def _read_each(
    values: Mapping[str, Any], read: Callable[[str, Any], T], faults: dict[str, Exception]
) -> dict[str, T]:
    """Return what can be read; note what is wrong with the rest in `faults`."""
    found = dict[str, T]()
    for at, value in values.items():
        try:
            found[at] = read(at, value)
        except Exception as error:
            faults[at] = error
    return found


def place(heard: Heard) -> str:
    """Return the place of an event in a view document."""
    name = type(heard).__name__ if isinstance(heard, Event) else heard.name
    return f"{name}/{heard.slot}"


def _wait(before: Known, after: Known, now: int, patience: int | None) -> Known:
    """Return what is known, with the time to look again; None is no patience: nothing is expected.

    A fact that this version can't read is looked at again soon, and then, by the sweep, less and
    less often: a process of a newer version may be the one that looks, or may come later.
    """
    if after.is_asked_for and after.unread.keys() - before.unread.keys():
        return change(after, check_at=now + distance_ms({}), put_off=1)
    if after.unread and after.put_off:
        planned = after.check_at or now + distance_ms({})
        if patience and planned > now + 2 * patience:
            planned = now + patience
        return change(after, check_at=planned)
    check_at = _next_check(after, now, patience) if patience else None
    return change(after, check_at=check_at, put_off=None)


def _next_check(heard: Known, now: int, patience: int) -> int:
    """Return when to look again. It moves only when half of the patience is used up, because each
    move changes an index; and where it lies too far ahead, as a clock that was wrong has set it.
    """
    planned = heard.check_at or 0
    is_soon = now + patience // 2 < planned <= now + 2 * patience
    return planned if is_soon else now + patience


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _name(at: str) -> str:
    return at.partition("/")[0]


def _slot(at: str) -> str:
    return at.partition("/")[2]


def _new(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in after.items() if key not in before}


def _dump(values: Mapping[str, Event] | Mapping[str, JobSpec]) -> dict[str, Any]:
    return {key: value.model_dump(mode="json") for key, value in values.items()}
