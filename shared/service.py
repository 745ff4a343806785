"""The one shell around every service: record, read, decide, guard, ensure, commit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.engines.base import Finish, Work
from shared.events import ENDS, TWIN, Event, Kind, VideoDeleted, VideoSteered
from shared.view import Decision, View


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
