"""A view as it is stored: what a decision adds to it, and what of it must be ensured. Pure.

`parts.<event>.<slot>` are the facts, `released` the work asked for, `decided` the events brought
about; `version` rises with every write, and every decision is guarded on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.events import Event, parse
from shared.ports import Doc, Update
from shared.view import Decision, JobSpec, View


@dataclass(frozen=True)
class Change:
    """What a decision adds to a view document."""

    doc: Doc
    view: View
    released: Mapping[str, JobSpec]
    decided: Mapping[str, Event]
    done: bool
    summary: Mapping[str, int]

    @classmethod
    def of(cls, doc: Doc, view: View, decision: Decision, now: int) -> "Change":
        known = doc.get("decided", {})
        return cls(
            doc,
            view,
            {spec.id: spec for spec in decision.jobs if spec.id not in view.released},
            {
                place: event.model_copy(update={"at": event.at or now})
                for event in decision.events
                if (place := _place(event)) not in known
            },
            decision.done,
            decision.summary,
        )

    def update(self) -> Update | None:
        """The guarded write, or None when the decision adds nothing."""
        wakes = not self.done or "check_at" not in self.doc
        if not self.released and not self.decided and wakes:
            return None
        new: dict[str, Any] = {
            f"released.{id_}": spec.model_dump(mode="json") for id_, spec in self.released.items()
        }
        for place, event in self.decided.items():
            new[f"decided.{place}"] = event.model_dump(mode="json")
        return Update(
            self.doc["_id"],
            where={"version": self.doc["version"]},
            set=new,
            inc={"version": 1},
            unset=("check_at",) if self.done else (),
        )

    def specs(self, ensured: "Memo") -> list[JobSpec]:
        """Released and not settled, but for what this process has seen inserted."""
        old = self.doc.get("released", {})
        missing = [id_ for id_ in old if id_ in self.view.in_flight and id_ not in ensured]
        return [*(JobSpec.model_validate(old[id_]) for id_ in missing), *self.released.values()]

    def events(self, ensured: "Memo") -> list[Event]:
        """Everything decided, but for what this process has seen inserted."""
        old = {
            place: body
            for place, body in self.doc.get("decided", {}).items()
            if f"{self.doc['_id']}/{place}" not in ensured
        }
        return [*(_event(place, body) for place, body in old.items()), *self.decided.values()]


class FactCache:
    """Parsed events by id: facts never change, so that parsing each once is enough."""

    def __init__(self, size: int = 50_000) -> None:
        self._size = size
        self._known: dict[str, Event] = {}

    def put(self, event: Event) -> None:
        if len(self._known) >= self._size:
            for old in list(self._known)[: self._size // 4]:
                del self._known[old]
        self._known[event.id] = event

    def of(self, doc: Doc) -> list[Event]:
        """The facts of a view document."""
        return [
            self._known.get(f"{doc['_id']}/{name}/{slot}") or self._parse(name, body)
            for name, slots in doc.get("parts", {}).items()
            for slot, body in slots.items()
        ]

    def _parse(self, name: str, body: Mapping[str, Any]) -> Event:
        event = parse(name, body)
        self.put(event)
        return event


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


def _place(event: Event) -> str:
    return f"{type(event).__name__}/{event.slot}"


def _event(place: str, body: Mapping[str, Any]) -> Event:
    return parse(place.partition("/")[0], body)
