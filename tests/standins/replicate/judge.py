"""What the provider's books say about its caller: what was paid, and what was paid twice. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from tests.standins.replicate.runs import Run, hash_of

Key = Callable[[Run], Hashable]


@dataclass(frozen=True)
class Verdict:
    """What came out of it. Amounts are micro-dollars."""

    runs: int
    groups: int
    billed: int
    by_status: dict[str, int]
    by_group: dict[str, int]
    paid_twice: tuple[tuple[str, str], ...]
    """Two runs of one group, of which the later was asked for while the earlier could still
    deliver, or had delivered."""
    paid_twice_micros: int
    """What the later ones have cost."""
    flagged_again: tuple[tuple[str, str], ...]
    """A run that was flagged, and the one that sent the same text and files again, to any model."""
    most_at_once: int
    busiest_second: int
    """Creates that were accepted in one second of its clock."""
    never_fetched: tuple[str, ...]
    """Runs that made something of use, of files, which nobody has fetched."""
    dropped: dict[str, list[str]]
    """Fields that models did not know, by model."""


def judge(runs: Iterable[Run], key: Key | None = None) -> Verdict:
    """Return the verdict on these runs, grouped by what the key gives; by job if there is none."""
    listed = sorted(runs, key=lambda run: run.created_at)
    groups: dict[Hashable, list[Run]] = defaultdict(list)
    for run in listed:
        groups[(key or job_or_input)(run)].append(run)
    twice = [pair for group in groups.values() for pair in _find_twice(group)]
    again = {later.id: later for _, later in twice}
    return Verdict(
        runs=len(listed),
        groups=len(groups),
        billed=sum(run.billed for run in listed),
        by_status=dict(Counter(run.status for run in listed)),
        by_group={str(name): sum(run.billed for run in g) for name, g in groups.items()},
        paid_twice=tuple((earlier.id, later.id) for earlier, later in twice),
        paid_twice_micros=sum(run.billed for run in again.values()),
        flagged_again=_find_flagged(listed),
        most_at_once=_count_at_once(listed),
        busiest_second=max(Counter(int(run.created_at) for run in listed).values(), default=0),
        never_fetched=tuple(run.id for run in listed if _is_left(run)),
        dropped=_find_dropped(listed),
    )


def job_or_input(run: Run) -> Hashable:
    """Return the job that a run's webhook names, or else what was asked of whom.

    Without webhooks, two jobs with one input are taken for one: give each a seed, or a key.
    """
    job = run.query.get("job")
    return ("job", job) if job else ("input", run.model, run.input_hash)


def key_of(spec: str) -> Key:
    """Return the key that a text describes: `webhook.job`, `model`, `input`, `input.seed`, `kind`;
    several with commas between them."""
    parts = [part.strip() for part in spec.split(",") if part.strip()]
    for part in parts:
        _look_up(_NOBODY, part)
    return lambda run: tuple(_look_up(run, part) for part in parts)


_NOBODY = Run("", "", "", "", {}, 0, 0, 0)


def _look_up(run: Run, part: str) -> Hashable:
    """Return one part of a key; ValueError for a part that does not exist."""
    if part in ("model", "kind", "webhook"):
        value: str = getattr(run, part)
        return value
    name, _, rest = part.partition(".")
    if name == "webhook":
        return run.query.get(rest, "")
    if name == "input":
        return hash_of(run.input.get(rest)) if rest else run.input_hash
    raise ValueError(f"{part!r} is no part of a key: take model, kind, input, webhook.<name>")


def _find_twice(group: list[Run]) -> list[tuple[Run, Run]]:
    """Return each run that was asked for too early, with the latest one that forbade it."""
    found = []
    for index, later in enumerate(group):
        alive = [run for run in group[:index] if not _was_lost_by(run, later.created_at)]
        if alive:
            found.append((alive[-1], later))
    return found


def _was_lost_by(run: Run, when: float) -> bool:
    """Tell whether a run had ended by then without anything of use."""
    return run.is_useless and run.completed_at is not None and run.completed_at <= when


def _find_flagged(runs: list[Run]) -> tuple[tuple[str, str], ...]:
    """Return each wish that was sent again after it had been flagged."""
    flagged: dict[Hashable, Run] = {}
    found = []
    for run in runs:
        first = flagged.get(run.wish)
        if first and first.completed_at and first.completed_at <= run.created_at:
            found.append((first.id, run.id))
        if run.is_flagged:
            flagged.setdefault(run.wish, run)
    return tuple(found)


def _count_at_once(runs: list[Run]) -> int:
    """Return how many runs were under way at the busiest moment."""
    starts = [(run.created_at, 1) for run in runs]
    ends = [(run.completed_at, -1) for run in runs if run.completed_at is not None]
    return max(accumulate(change for _, change in sorted(starts + ends)), default=0)


def _is_left(run: Run) -> bool:
    makes_files = run.kind in ("clip", "image", "voice", "music")
    return run.status == "succeeded" and makes_files and not run.is_useless and not run.downloads


def _find_dropped(runs: list[Run]) -> dict[str, list[str]]:
    dropped: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        if run.dropped:
            dropped[run.model] |= set(run.dropped)
    return {model: sorted(names) for model, names in dropped.items()}


def entry_of(run: Run) -> dict[str, Any]:
    """Return a run as /_standin/ledger lists it."""
    return {
        "id": run.id,
        "model": run.model,
        "kind": run.kind,
        "input": run.input,
        "input_hash": run.input_hash,
        "dropped": run.dropped,
        "webhook": run.webhook,
        "webhook_query": run.query,
        "created_at": run.created_at,
        "completed_at": run.completed_at,
        "status": run.status,
        "error": run.error,
        "answer": run.answer,
        "fault": run.fault,
        "metrics": run.metrics,
        "billed_micros": run.billed,
        "downloads": run.downloads,
    }
