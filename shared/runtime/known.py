"""A view as it is stored, and what a batch of events adds to it. Pure.

`parts.<event>.<slot>` are the facts, `released` the work asked for, `decided` the events brought
about; `version` rises with every write, and every write is guarded on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from shared.ports import Doc, Update
from shared.story.events import BeatsPlanned, Event, VideoDeleted, VideoRequested, parse
from shared.story.view import Decision, JobSpec, View

Facts = Mapping[str, Event]
"""By place: the event's name and slot, as in `ImageReady/2/0/0`."""

TOMBSTONE = f"{VideoDeleted.__name__}/0"
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

    @classmethod
    def of(cls, doc: Doc) -> "Known":
        return cls(
            doc["_id"],
            doc["version"],
            {place(fact): fact for fact in facts_of(doc)},
            {id_: JobSpec.model_validate(spec) for id_, spec in doc.get("released", {}).items()},
            {at: parse(_name(at), body) for at, body in doc.get("decided", {}).items()},
            doc.get("check_at"),
        )

    @cached_property
    def view(self) -> View:
        return View(self.video_id, self.facts.values(), self.released)

    def hears(self, events: Iterable[Event]) -> "Known":
        """With these facts too; what is known already stays as it is."""
        new = {at: event for event in events if (at := place(event)) not in self.facts}
        if TOMBSTONE in self.facts or TOMBSTONE in new:
            stone = self.facts.get(TOMBSTONE) or new[TOMBSTONE]
            return Known(self.video_id, self.version, {TOMBSTONE: stone})
        return replace(self, facts={**self.facts, **new}) if new else self

    @property
    def waits(self) -> bool:
        """Something is expected of us, or for us."""
        return self.check_at is not None

    @property
    def begun(self) -> bool:
        """Somebody asked for it: a stray fact about a video that nobody knows is not waited for."""
        return any(_name(at) in _BEGINNINGS for at in self.facts)

    @property
    def deleted(self) -> bool:
        """All that is left of it outlives every old event that could start it again."""
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
        if heard.deleted:
            return cls(before, heard, {})
        jobs = {spec.id: spec for spec in decision.jobs if spec.id not in heard.released}
        events = {
            at: event.model_copy(update={"at": event.at or now})
            for event in decision.events
            if (at := place(event)) not in heard.decided
        }
        waits = heard.begun and not decision.done
        after = replace(
            heard,
            released={**heard.released, **jobs} if jobs else heard.released,
            decided={**heard.decided, **events} if events else heard.decided,
            check_at=_next_check(heard, now, patience) if waits else None,
        )
        return cls(before, after, decision.summary if decision.done else {})

    @property
    def adds(self) -> bool:
        before, after = self.before, self.after
        kept = (before.facts, before.released, before.decided, before.waits)
        return kept != (after.facts, after.released, after.decided, after.waits)

    def insert(self, now: int) -> Doc:
        """The document of a video that was not known."""
        parts: dict[str, dict[str, Any]] = {}
        for at, fact in self.after.facts.items():
            parts.setdefault(_name(at), {})[fact.slot] = fact.model_dump(mode="json")
        doc = {"_id": self.after.video_id, "version": 1, "parts": parts, "heard_at": now}
        doc["released"] = _dumped(self.after.released)
        doc["decided"] = _dumped(self.after.decided)
        return {**doc, "check_at": self.after.check_at} if self.after.waits else doc

    def update(self, now: int) -> Update:
        """The guarded write of what is new."""
        where, rise = {"version": self.before.version}, {"version": 1}
        if self.after.deleted:
            stone = self.after.facts[TOMBSTONE].model_dump(mode="json")
            gone = ("released", "decided", "check_at")
            only = {"parts": {VideoDeleted.__name__: {"0": stone}}}
            return Update(self.after.video_id, where=where, set=only, inc=rise, unset=gone)
        new: dict[str, Any] = {"heard_at": now}
        for at, fact in _new(self.before.facts, self.after.facts).items():
            new[f"parts.{_name(at)}.{fact.slot}"] = fact.model_dump(mode="json")
        for id_, spec in _new(self.before.released, self.after.released).items():
            new[f"released.{id_}"] = spec.model_dump(mode="json")
        for at, event in _new(self.before.decided, self.after.decided).items():
            new[f"decided.{at}"] = event.model_dump(mode="json")
        if self.after.waits and self.after.check_at != self.before.check_at:
            new["check_at"] = self.after.check_at
        unset = () if self.after.waits else ("check_at",)
        return Update(self.after.video_id, where=where, set=new, inc=rise, unset=unset)

    @property
    def written(self) -> Known:
        """What is known once the write has won."""
        return replace(self.after, version=self.before.version + 1)

    def specs(self, ensured: "Memo") -> list[JobSpec]:
        """Released and not settled, but for what this process has seen inserted."""
        open_ = [spec for id_, spec in self.after.released.items() if id_ not in ensured]
        return [spec for spec in open_ if spec.id not in self.after.view.ends]

    def events(self, ensured: "Memo") -> list[Event]:
        """Everything decided, but for what this process has seen inserted."""
        return [event for event in self.after.decided.values() if event.id not in ensured]


class Memo:
    """Ids that this process has seen written: it saves writing, and is never needed to be right."""

    def __init__(self, size: int = 200_000) -> None:
        self._size = size
        self._ids: dict[str, None] = {}

    def __contains__(self, id_: str) -> bool:
        return id_ in self._ids

    def add(self, ids: Iterable[str]) -> None:
        self._ids.update(dict.fromkeys(ids))
        for old in list(self._ids)[: max(0, len(self._ids) - self._size)]:
            del self._ids[old]


class Recent:
    """What this process last wrote or read of each video: where it is out of date, the guard on
    the version says so. It saves reading, and is never needed to be right.
    """

    def __init__(self, size: int = 1_000) -> None:
        self._size = size
        self._known: dict[str, Known] = {}

    def get(self, video_id: str) -> Known | None:
        return self._known.get(video_id)

    def put(self, known: Known) -> None:
        self._known.pop(known.video_id, None)  # the latest stand last
        self._known[known.video_id] = known
        if len(self._known) > self._size:
            del self._known[next(iter(self._known))]

    def forget(self, videos: Iterable[str]) -> None:
        for video in videos:
            self._known.pop(video, None)


def facts_of(doc: Doc) -> list[Event]:
    """The facts of a view document."""
    parts: Mapping[str, Mapping[str, Any]] = doc.get("parts", {})
    return [parse(name, body) for name, slots in parts.items() for body in slots.values()]


def place(event: Event) -> str:
    return f"{type(event).__name__}/{event.slot}"


def _next_check(heard: Known, now: int, patience: int) -> int:
    """Moved only when half of the patience is used up: an index is changed with every move."""
    planned = heard.check_at
    return planned if planned is not None and planned > now + patience // 2 else now + patience


def _name(at: str) -> str:
    return at.partition("/")[0]


def _new(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in after.items() if key not in before}


def _dumped(values: Mapping[str, Event] | Mapping[str, JobSpec]) -> dict[str, Any]:
    return {key: value.model_dump(mode="json") for key, value in values.items()}
