"""A service's view of a video, and the decision that it draws from it.

A view is made from a *set* of facts: any order and any duplicates give the same view, and so the
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


GIVEN = "given"
"""The name of the file that a user gave for an item, among the files of its job."""


class JobSpec(Fact):
    """A job that should exist. `Kind.ask` makes it, in shared/story/kinds."""

    kind: str
    video_id: str
    owner: str = "local"
    beat: int = 0
    n: int = 0
    take: int = 0
    input: Mapping[str, Any] = Field(default_factory=dict)
    """The order, as plain values: only its kind can read it."""
    files: Mapping[str, str] = Field(default_factory=dict)
    """Name → key of the blobs that the work needs."""
    models: tuple[str, ...] = ()
    """Models in order of preference; the next one is used when the tries at one are used up."""
    seconds: float = 1.0
    """The time that it is expected to take: fairness between owners counts it."""
    priority: int = 1
    reuse: bool = True
    """What was paid for before may be copied in place of paying again."""

    @property
    def is_given(self) -> bool:
        """Tell whether its result is there already: nobody is asked to make it, nor paid."""
        return GIVEN in self.files

    @property
    def id(self) -> str:
        """Return the id of this job: two who ask for the same job ask for one job."""
        return job_id(self.video_id, self.kind, self.beat, self.n, self.take)


def job_id(video_id: str, kind: str, beat: int, n: int, take: int) -> str:
    """Return the id of a job. It is made only here, and never taken apart."""
    return f"{video_id}/{kind}/{beat}/{n}/{take}"


@dataclass(frozen=True)
class Decision:
    """The jobs and events that should exist. To name one that exists already does no harm."""

    jobs: tuple[JobSpec, ...] = ()
    events: tuple[Event, ...] = ()
    done: bool = False
    """Nothing more is expected of this service for this video."""
    summary: Mapping[str, int] = field(default_factory=dict)
    """Said in the log when the service is done: counts that should agree, for instance."""


NOTHING = Decision()


class View:
    """The facts known to one service about one video, and the jobs that it has released."""

    def __init__(
        self, video_id: str, facts: Iterable[Event] = (), released: Iterable[str] = ()
    ) -> None:
        self.video_id = video_id
        self.released = frozenset(released)
        self._facts: dict[type[Event], list[Event]] = {}
        # nothing is asked of most facts in most views: they are sorted when something is
        for fact in facts:
            self._facts.setdefault(type(fact), []).append(fact)

    def extend(self, facts: Iterable[Event], released: Iterable[str] = ()) -> "View":
        """Return the view with these too; of two tellings of one fact, the later one counts."""
        more = View(self.video_id, facts, released)
        longer = View(self.video_id)
        longer.released = self.released | more.released
        longer._facts = self._facts | {
            cls: [*self._facts.get(cls, ()), *told] for cls, told in more._facts.items()
        }
        if "ends" in self.__dict__:  # to gather all of them anew would take longer than a decision
            longer.__dict__["ends"] = {**self.ends, **more.ends}
        return longer

    def all(self, cls: type[E]) -> list[E]:
        """Return every fact of this type, in a fixed order."""
        told = self._facts.get(cls, ())
        if len(told) < 2:  # as most are
            return [*told]
        # by slot: a fact that is told again takes its own place and adds nothing
        known = {fact.slot: fact for fact in told}
        # sorted, because facts come in any order and a decision must not depend on it
        return [known[slot] for slot in sorted(known)]  # type: ignore[misc]

    @property
    def facts(self) -> list[Event]:
        """Return every fact."""
        return [fact for cls in self._facts for fact in self.all(cls)]

    def one(self, cls: type[E]) -> E | None:
        """Return the only fact of a type that a video has once."""
        told = self.all(cls) if cls in self._facts else ()
        return told[0] if told else None

    def latest(self, cls: type[N]) -> N | None:
        """Return the fact with the highest revision: of snapshots, the one that counts."""
        told = self.all(cls) if cls in self._facts else ()
        if len(told) < 2:  # it is asked for dozens of times in a decision
            return told[0] if told else None
        return max(told, key=lambda fact: fact.rev)

    def end(self, job: str) -> End | None:
        """Return the event that this job ended in; None while it has not ended."""
        return self.ends.get(job)

    def ready(self, cls: type[E], job: str) -> E | None:
        """Return the job's result; None while it has not ended, or if it failed."""
        end = self.ends.get(job)
        return end if isinstance(end, cls) else None

    def failure(self, job: str) -> Failed | None:
        """Return the job's failure; None unless it failed."""
        end = self.ends.get(job)
        return end if isinstance(end, Failed) else None

    @cached_property
    def ends(self) -> Mapping[str, End]:
        """Return job → event, for every job that has ended."""
        ends = (told for cls, told in self._facts.items() if issubclass(cls, End))
        return {end.job: end for told in ends for end in told if end.job}  # type: ignore

    @cached_property
    def in_flight(self) -> frozenset[str]:
        """Return the jobs that are released and have not ended."""
        return self.released - self.ends.keys()
