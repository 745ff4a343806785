"""What came of it, as one line of figures; and what is wrong with it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

SHOWN = 20
"""Of each sort of fault."""


@dataclass
class Outcome:
    """All counts, and everything that should not be, one line each."""

    name: str
    videos: int = 0
    kills: int = 0
    stops: int = 0
    restarts: int = 0
    cuts: int = 0
    retries: int = 0
    provider_faults: int = 0
    duplicate_events: int | str = "-"
    """Unknown where events go through queues in memory: nobody can look at them afterwards."""
    unresolved: int = 0
    recoveries: Sequence[float] = ()
    lost: list[str] = field(default_factory=list)
    """Videos and jobs without the end that they should have, and results nobody has fetched."""
    paid_twice: list[str] = field(default_factory=list)
    over_budget: list[str] = field(default_factory=list)
    findable: list[str] = field(default_factory=list)
    """Jobs that are unresolved though the provider's list shows their run."""
    wrong_books: list[str] = field(default_factory=list)
    """Holds that are open, and sums that differ from the provider's."""
    left_behind: list[str] = field(default_factory=list)
    """What still lies in the folders of work."""

    @property
    def line(self) -> str:
        """Return the figures."""
        ordered = sorted(self.recoveries)
        p95 = ordered[int(0.95 * (len(ordered) - 1))] if ordered else 0.0
        counts = {
            "videos": self.videos,
            "kills": self.kills,
            "stops": self.stops,
            "restarts": self.restarts,
            "cuts": self.cuts,
            "provider_faults": self.provider_faults,
            "lost": len(self.lost),
            "paid_twice": len(self.paid_twice),
            "over_budget": len(self.over_budget),
            "unresolved": self.unresolved,
            "duplicate_events": self.duplicate_events,
        }
        told = " ".join(f"{name}={count}" for name, count in counts.items())
        return f"FIGURE {self.name} {told} recovery_p95_s={p95:.1f}"

    @property
    def faults(self) -> dict[str, list[str]]:
        """Return all that is wrong, by its sort."""
        sorts = {
            "lost": self.lost,
            "paid twice": self.paid_twice,
            "over budget": self.over_budget,
            "unresolved, though its run could be found": self.findable,
            "wrong books": self.wrong_books,
            "left behind": self.left_behind,
        }
        return {name: found for name, found in sorts.items() if found}

    def report(self) -> bool:
        """Print what is wrong, then the figures; return whether all is as it must be."""
        for name, found in self.faults.items():
            for each in found[:SHOWN]:
                print(f"{name}: {each}", file=sys.stderr)
            if len(found) > SHOWN:
                print(f"{name}: {len(found) - SHOWN} more", file=sys.stderr)
        print(self.line)
        return not self.faults
