"""One prediction: what was asked, what will become of it, and what it came to."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.standins.replicate.clock import iso
from tests.standins.replicate.money import Metrics

ENDS = ("succeeded", "failed", "canceled", "aborted")


@dataclass
class Run:
    """One accepted create. All times are seconds of the stand-in's clock."""

    id: str
    model: str
    version: str
    kind: str
    input: dict[str, Any]
    created_at: float
    starts_at: float
    ends_at: float
    dropped: dict[str, Any] = field(default_factory=dict)
    """Fields that the model does not know: they were dropped in silence."""
    webhook: str = ""
    events: list[str] | None = None
    deadline: float | None = None
    answer: str = ""
    """What became of the answer to its create: the name of a fault, or nothing."""
    fault: str = ""
    """What its fate is, where it is not a good one."""
    fate: str = "succeeded"
    """How it ends if nobody stops it."""
    error: str | None = None
    pays: bool = True
    said: Any = None
    """What it answers by a script."""
    megabytes: int = 0
    status: str = "starting"
    started_at: float | None = None
    completed_at: float | None = None
    metrics: Metrics = field(default_factory=dict)
    billed: int = 0
    """Micro-dollars."""
    files: list[str] = field(default_factory=list)
    """Hashes of the files that it was given, once it has read them."""
    downloads: int = 0

    @property
    def is_over(self) -> bool:
        """Tell whether it has ended, in whichever way."""
        return self.status in ENDS

    @property
    def is_useless(self) -> bool:
        """Tell whether it has ended without anything that its caller could use."""
        spoilt = self.fault in ("no_output", "empty", "truncated", "huge", "wrong_type")
        return self.is_over and (self.status != "succeeded" or spoilt)

    @property
    def is_flagged(self) -> bool:
        """Tell whether its input was refused for what it shows or says, and its caller was told."""
        # the error is its fate from the start: one that was stopped before never said it
        error = (self.error or "") if self.status == "failed" else ""
        return "flagged as sensitive" in error or "risk control" in error

    @property
    def wish(self) -> tuple[str, str, tuple[str, ...]]:
        """Return what was asked for, whichever model it was asked of, and with whichever seed."""
        text = self.input.get("text") or self.input.get("prompt") or ""
        return self.kind, str(text), tuple(sorted(self.files))

    @property
    def input_hash(self) -> str:
        """Return what tells this input from others, the model apart."""
        return hash_of(self.input)

    @property
    def query(self) -> dict[str, str]:
        """Return the query of its webhook's URL, which is the caller's own."""
        return {key: values[-1] for key, values in parse_qs(urlsplit(self.webhook).query).items()}

    @property
    def words(self) -> str:
        """Return all texts of its input, for scripts and for what is flagged."""
        return " ".join(
            value
            for value in self.input.values()
            if isinstance(value, str) and not value.startswith("data:")
        )


def hash_of(value: Any) -> str:
    """Return a short hash of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def to_line(run: Run) -> dict[str, Any]:
    """Return a run as the books keep it."""
    return asdict(run)


def from_line(line: dict[str, Any]) -> Run:
    """Return the run of a line in the books."""
    return Run(**{f.name: line[f.name] for f in fields(Run) if f.name in line})


def show(run: Run, output: Any, base: str, now: float, keep: float) -> dict[str, Any]:
    """Return a run as the API shows it: after an hour, little is left."""
    forgotten = now > run.created_at + keep
    shown: dict[str, Any] = {
        "id": run.id,
        "model": run.model,
        "version": run.version or "hidden",
        "input": None if forgotten else run.input,
        "output": None if forgotten else output,
        "logs": "" if forgotten else _logs(run),
        "data_removed": forgotten,
        "error": run.error if run.status == "failed" else None,
        "status": run.status,
        "source": "api",
        "created_at": iso(run.created_at),
        "started_at": iso(run.started_at),
        "completed_at": iso(run.completed_at),
        "metrics": run.metrics,
        "urls": {
            "get": f"{base}/v1/predictions/{run.id}",
            "cancel": f"{base}/v1/predictions/{run.id}/cancel",
            "web": f"{base}/p/{run.id}",
        },
    }
    if run.deadline is not None:
        shown["deadline"] = iso(run.deadline)
    if run.webhook:
        shown["webhook"] = run.webhook
    return shown


def _logs(run: Run) -> str:
    """Return what the model has written so far."""
    if run.started_at is None:
        return ""
    lines = [f"Using seed: {run.input.get('seed', 0)}", " 50%|█████     | 2/4 [00:01<00:01]"]
    if run.is_over:
        lines.append(run.error or "100%|██████████| 4/4 [00:02<00:00]")
    return "\n".join(lines)
