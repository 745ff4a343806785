"""What came of an attack, as figures; and whether they are as they must be."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import quantiles

from benchmarks.attack.gauges import Gauges
from benchmarks.attack.wire import Answer, Input

MOST_HEALTHZ_MS, MOST_GATEWAY_MIB, MOST_TERM_SECONDS = 250.0, 400.0, 25.0
MOST_HEALTHZ_MS_SHORT = 5_000.0
"""The worst of a few probes says how busy the machine is: a short run looks for a standstill."""
SHOWN = 10
"""So many faults are printed in full."""


@dataclass
class Outcome:
    """Everything that was counted and measured."""

    most_healthz_ms: float = MOST_HEALTHZ_MS
    inputs: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    """Inputs that the connection was closed on; odd ones deserve no better."""
    connections: int = 0
    """Of the crowd."""
    server_errors: list[str] = field(default_factory=list)
    videos: int = 0
    failed: list[str] = field(default_factory=list)
    term_seconds: float = 0.0
    gauges: Gauges = field(default_factory=Gauges)

    def note(self, given: Input, answers: Iterable[Answer]) -> None:
        """Count an input, and what was answered."""
        statuses = [answer.status for answer in answers]
        self.inputs[given.sort] += 1
        self.answers.update(statuses)
        self.unanswered[given.sort] += not statuses and not given.leaves
        self.server_errors += [
            f"{answer.status} to {given.sent[:200]!r}: {answer.body[:200]!r}"
            for answer in answers
            if answer.is_error
        ]

    def add(self, other: "Outcome") -> None:
        """Take in what came of another run."""
        for name in ("inputs", "answers", "unanswered", "gauges"):
            getattr(self, name).__iadd__(getattr(other, name))
        self.connections += other.connections
        self.server_errors += other.server_errors
        self.videos += other.videos
        self.failed += other.failed
        self.term_seconds = max(self.term_seconds, other.term_seconds)

    def find_faults(self) -> list[str]:
        """Return all that is not as it must be."""
        gauges = self.gauges
        bounds = [
            ("healthz, ms", max(gauges.healthz_ms), self.most_healthz_ms),
            ("gateway, MiB", gauges.gateway_mib, MOST_GATEWAY_MIB),
            ("from SIGTERM to the end, s", self.term_seconds, MOST_TERM_SECONDS),
            ("probes of health that failed", gauges.probes_failed, 0),
        ]
        return [
            *(f"server error: {error}" for error in self.server_errors[:SHOWN]),
            *(f"video {failed}" for failed in self.failed[:SHOWN]),
            *(f"{name}: {value:.0f} > {most:g}" for name, value, most in bounds if value > most),
        ]

    def report(self) -> None:
        """Print a table, what is at fault, and the figure."""
        gauges = self.gauges
        rows = {
            "inputs": _write_counts(self.inputs),
            "closed without an answer": _write_counts(self.unanswered),
            "answers": _write_counts(self.answers),
            "connections of the crowd": f"{self.connections:,}",
            "healthz, ms": _write_spread(gauges.healthz_ms),
            "late wake-ups, ms": _write_spread(gauges.machine_ms),
            "the event loop": f"ran for {gauges.ran_seconds:.0f} s, and waited for a processor "
            f"for {gauges.waited_seconds:.0f} s",
            "descriptors": str(gauges.descriptors),
            "one encoder, MiB": f"{gauges.encoder_mib:.0f}",
        }
        print()
        for name, value in rows.items():
            print(f"{name:<30}{value}")
        for fault in self.find_faults():
            print(f"attack: {fault}")
        print(
            f"FIGURE attack inputs={self.inputs.total()} server_errors={len(self.server_errors)} "
            f"videos={self.videos} failed={len(self.failed)} "
            f"worst_healthz_ms={max(gauges.healthz_ms):.0f} gateway_mib={gauges.gateway_mib:.0f} "
            f"picture_worker_mib={gauges.picture_worker_mib:.0f} term_s={self.term_seconds:.1f}"
        )


def _write_counts(counts: Counter[str] | Counter[int]) -> str:
    return ", ".join(f"{name}: {count:,}" for name, count in sorted(counts.items()) if count)


def _write_spread(values: list[float]) -> str:
    percents = quantiles(values, n=1000)
    shown = {"p50": percents[499], "p99": percents[989], "p99.9": percents[998]}
    spread = ", ".join(f"{name} {value:.1f}" for name, value in shown.items())
    return f"{spread}, worst {max(values):.1f}, of {len(values):,}"
