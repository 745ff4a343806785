"""What a service knows about a video, and what it decides from it.

A view is a fold of a *set* of events: any order and any duplicates give the same view, and so the
same decision.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from pydantic import Field

from shared.story.events import BeatsPlanned, Event, Failed, JobEnd, Numbered
from shared.story.fact import Fact

E = TypeVar("E", bound=Event)
N = TypeVar("N", bound=Numbered)

End = JobEnd | BeatsPlanned
"""The events that settle a job. (A plan made by a revision has no job, and settles none.)"""


class JobSpec(Fact):
    """A job that should exist. Its kind makes it: see shared/story/kinds."""

    kind: str
    video_id: str
    owner: str = "local"
    beat: int = 0
    n: int = 0
    take: int = 0
    input: Mapping[str, Any] = Field(default_factory=dict)
    """The order, as plain values: only its kind can read it."""
    files: Mapping[str, str] = Field(default_factory=dict)
    """The blobs that the work needs: a name → the blob's key."""
    models: tuple[str, ...] = ()
    """Models in order of preference; the next one is used when the tries at one are used up."""
    seconds: float = 1.0
    """How long it is expected to take: what fairness between owners counts."""
    priority: int = 1

    @property
    def id(self) -> str:
        """Return the one id of this job: whoever asks for it twice means the same job."""
        return job_id(self.video_id, self.kind, self.beat, self.n, self.take)


def job_id(video_id: str, kind: str, beat: int, n: int, take: int) -> str:
    """Return the id of a job. It is made here only, and nowhere taken apart."""
    return f"{video_id}/{kind}/{beat}/{n}/{take}"


@dataclass(frozen=True)
class Decision:
    """What should exist. Naming what exists already does no harm."""

    jobs: tuple[JobSpec, ...] = ()
    events: tuple[Event, ...] = ()
    done: bool = False
    """Nothing more is expected of this service for this video."""
    summary: Mapping[str, int] = field(default_factory=dict)
    """What the log says when it is done: counts that should agree, for instance."""


NOTHING = Decision()


class View:
    """The facts known to one service about one video, and the jobs that it has released."""

    def __init__(
        self, video_id: str, facts: Iterable[Event] = (), released: Iterable[str] = ()
    ) -> None:
        self.video_id = video_id
        self.released = frozenset(released)
        self._facts: dict[type[Event], dict[str, Event]] = {}
        for fact in facts:
            self._facts.setdefault(type(fact), {})[fact.slot] = fact

    def all(self, cls: type[E]) -> list[E]:
        """Return every fact of this type, in a fixed order."""
        known = self._facts.get(cls, {})
        return [known[slot] for slot in sorted(known)]  # type: ignore[misc]

    @property
    def facts(self) -> list[Event]:
        """Return every fact."""
        return [fact for known in self._facts.values() for fact in known.values()]

    def one(self, cls: type[E]) -> E | None:
        """Return the only fact of a type that a video has once."""
        return next(iter(self.all(cls)), None)

    def latest(self, cls: type[N]) -> N | None:
        """Return the fact with the highest revision: of snapshots, the one that counts."""
        return max(self.all(cls), key=lambda fact: fact.rev, default=None)

    def end(self, job: str) -> End | None:
        """Return how this job ended, if it did."""
        return self.ends.get(job)

    def ready(self, cls: type[E], job: str) -> E | None:
        """Return the job's result, if it ended well."""
        end = self.ends.get(job)
        return end if isinstance(end, cls) else None

    def failure(self, job: str) -> Failed | None:
        """Return the job's failure, if it ended badly."""
        end = self.ends.get(job)
        return end if isinstance(end, Failed) else None

    @cached_property
    def ends(self) -> Mapping[str, End]:
        """Map each job that has ended to how it ended."""
        return {fact.job: fact for fact in self.facts if isinstance(fact, End) and fact.job}

    @cached_property
    def in_flight(self) -> frozenset[str]:
        """Return the jobs that are released and have not ended."""
        return self.released - self.ends.keys()
