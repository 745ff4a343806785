"""What all tests of a run on the real servers count together, and the line that says it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any


class Figures(Counter[str]):
    """Counts over all storms, and how long videos stood still after each kill."""

    def __init__(self) -> None:
        super().__init__()
        self.recoveries: list[float] = []
        self.others: list[str] = []
        """Lines that other runs on the same servers have to say."""

    def line(self) -> str:
        ordered = sorted(self.recoveries)
        p95 = ordered[int(0.95 * (len(ordered) - 1))] if ordered else 0.0
        names = ("videos", "kills", "server_restarts", "stops", "lost", "rerun", "duplicate_events")
        counts = " ".join(f"{name}={self[name]}" for name in names)
        return f"FIGURE cluster {counts} recovery_p95_s={p95:.1f}"

    def dump(self) -> dict[str, Any]:
        """Return all of it in plain values, for another process."""
        return {"counts": dict(self), "recoveries": self.recoveries, "others": self.others}

    def load(self, counted: Mapping[str, Any] | None) -> None:
        """Add what another process has counted."""
        if counted is not None:
            self.update(counted["counts"])
            self.recoveries += counted["recoveries"]
            self.others += counted["others"]


FIGURES = Figures()
