"""What a service knows about a video, and what it decides from it. Pure: no I/O, no clock.

A view is a fold of a *set* of events: any order and any duplicates give the same view, and so the
same decision.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from pydantic import Field

from shared.story.events import BeatsPlanned, Event, Fact, Failed, JobEnd, Kind, Snapshot

E = TypeVar("E", bound=Event)
S = TypeVar("S", bound=Snapshot)

End = JobEnd | BeatsPlanned
"""The events that settle a job (a plan made by revision has no job, and settles none)."""


def job_id(video_id: str, kind: Kind, *, beat: int = 0, n: int = 0, take: int = 0) -> str:
    """The one name of a piece of work; whoever asks for it twice means the same piece."""
    return f"{video_id}/{kind}/{beat}/{n}/{take}"


class JobSpec(Fact):
    """A piece of work that should exist."""

    kind: Kind
    video_id: str
    owner: str = "local"
    beat: int = 0
    n: int = 0
    take: int = 0
    input: Mapping[str, Any] = Field(default_factory=dict)
    """What the engine needs, plus what the resulting event should echo."""
    files: Mapping[str, str] = Field(default_factory=dict)
    """Blobs the engine needs: a name → its key."""
    models: tuple[str, ...] = ()
    """Models in order of preference; the next one is used when tries at one are used up."""
    seconds: float = 1.0
    """How long it is expected to take: what fairness counts."""
    priority: int = 1

    @property
    def id(self) -> str:
        return job_id(self.video_id, self.kind, beat=self.beat, n=self.n, take=self.take)


@dataclass(frozen=True)
class Decision:
    """What should exist. Naming what exists already is harmless."""

    jobs: tuple[JobSpec, ...] = ()
    events: tuple[Event, ...] = ()
    done: bool = False
    """Nothing more is expected of this service for this video."""
    summary: Mapping[str, int] = field(default_factory=dict)
    """What the log says when it is done: counts that should agree, for instance."""


NOTHING = Decision()


class View:
    """The facts known to one service about one video, and the work it has released."""

    def __init__(
        self, video_id: str, facts: Iterable[Event] = (), released: Iterable[str] = ()
    ) -> None:
        self.video_id = video_id
        self.released = frozenset(released)
        self._facts: dict[type[Event], dict[str, Event]] = {}
        for fact in facts:
            self._facts.setdefault(type(fact), {})[fact.slot] = fact

    def all(self, cls: type[E]) -> list[E]:
        """Every fact of this type, in a fixed order."""
        known = self._facts.get(cls, {})
        return [known[slot] for slot in sorted(known)]  # type: ignore[misc]

    def one(self, cls: type[E]) -> E | None:
        """The only fact of a type that a video has once."""
        return next(iter(self.all(cls)), None)

    def latest(self, cls: type[S]) -> S | None:
        """The snapshot that counts: the one with the highest rev."""
        return max(self.all(cls), key=lambda snapshot: snapshot.rev, default=None)

    def end(self, job: str) -> End | None:
        """How this job ended, if it did."""
        return self._ends.get(job)

    def ready(self, cls: type[E], job: str) -> E | None:
        """The job's result, if it ended well."""
        end = self._ends.get(job)
        return end if isinstance(end, cls) else None

    def failure(self, job: str) -> Failed | None:
        """The job's failure, if it ended badly."""
        end = self._ends.get(job)
        return end if isinstance(end, Failed) else None

    @property
    def ends(self) -> Mapping[str, End]:
        """How each settled job ended."""
        return self._ends

    @cached_property
    def in_flight(self) -> frozenset[str]:
        """Released and not settled."""
        return self.released - self._ends.keys()

    @cached_property
    def _ends(self) -> dict[str, End]:
        facts = (fact for known in self._facts.values() for fact in known.values())
        return {fact.job: fact for fact in facts if isinstance(fact, End) and fact.job}
