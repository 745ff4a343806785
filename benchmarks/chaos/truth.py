"""The truth about a run, read from the provider's books, and from our own rows. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.chaos.outcome import Outcome
from benchmarks.chaos.roles import Role
from shared.jobs.gate import sum_committed
from shared.jobs.job import TERMINAL
from tests.standins.replicate import Run, Verdict

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rows:
    """What our own store holds in the end."""

    jobs: Sequence[Row]
    facts: Sequence[Row]
    money: Sequence[Row]


def find_wrong_ends(roles: Mapping[str, Role], ended: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the videos that have not ended as their role says."""
    found = []
    for video, role in roles.items():
        seen = ended.get(video)
        if seen is None:
            found.append(f"{role.name} video {video} is unfinished")
        elif not role.is_done(seen):
            found.append(f"{role.name} video {video} is {seen['status']}: {seen.get('error')}")
    return found


def compare(outcome: Outcome, rows: Rows, runs: Sequence[Run], verdict: Verdict) -> None:
    """Note everything that is not as it must be once all is over."""
    jobs = {row["_id"]: row for row in rows.jobs}
    unresolved = {job for job, row in jobs.items() if row.get("unresolved")}
    outcome.unresolved = len(unresolved)
    outcome.lost += _find_unended(rows)
    outcome.lost += _find_unfetched(verdict, runs, unresolved)
    by_id = {run.id: run for run in runs}
    for earlier, later in verdict.paid_twice:
        outcome.paid_twice.append(f"{_tell(by_id[earlier])}; and again {_tell(by_id[later])}")
    for earlier, later in verdict.flagged_again:
        outcome.paid_twice.append(
            f"flagged {_tell(by_id[earlier])}; sent again {_tell(by_id[later])}"
        )
    for job in sorted(unresolved):
        posted = str(jobs[job].get("posted_attempt"))
        outcome.findable += [
            _tell(run) for run in runs if run.query == {"job": job, "attempt": posted}
        ]
    _compare_money(outcome, rows.money, runs, unresolved)


def _tell(run: Run) -> str:
    job, attempt = run.query.get("job"), run.query.get("attempt")
    what = f"{run.status} {run.fault} {run.answer}".rstrip()
    return f"run {run.id} of {job}:{attempt} at {run.created_at:.1f} ({what})"


def _find_unended(rows: Rows) -> list[str]:
    found = [
        f"job {row['_id']} is still {row['state']}"
        for row in rows.jobs
        if row["state"] not in TERMINAL
    ]
    untold = [row["_id"] for row in (*rows.jobs, *rows.facts) if "publish_at" in row]
    return found + [f"{row} was never published" for row in untold]


def _find_unfetched(verdict: Verdict, runs: Iterable[Run], unresolved: set[str]) -> list[str]:
    """Return the runs that made something of use which nobody has fetched."""
    left = set(verdict.never_fetched)
    return [
        f"never fetched: {_tell(run)}"
        for run in runs
        if run.id in left and run.query.get("job") not in unresolved
    ]


def _compare_money(
    outcome: Outcome, money: Iterable[Row], runs: Iterable[Run], unresolved: set[str]
) -> None:
    billed = Counter[str]()
    for run in runs:
        billed[run.query.get("job", "?").partition("/")[0]] += run.billed
    doubtful = {job.partition("/")[0] for job in unresolved}
    for doc in money:
        video, holds = doc["_id"], doc["holds"]
        cap, committed = doc.get("cap") or 0, sum_committed(doc)
        if max(billed[video], committed) > cap:
            said = f"{video}: billed {billed[video]}, committed {committed}, cap {cap}"
            outcome.over_budget.append(said)
        open_ = [name for name, hold in holds.items() if "settled" not in hold]
        outcome.wrong_books += [
            f"hold {name} is open" for name in open_ if name.rpartition(":")[0] not in unresolved
        ]
        if doc["available"] != cap - committed:
            said = f"{video}: available {doc['available']}, cap {cap}, committed {committed}"
            outcome.wrong_books.append(said)
        if video not in doubtful and billed[video] != committed:
            outcome.wrong_books.append(_explain_difference(video, holds, runs))


def _explain_difference(video: str, holds: Row, runs: Iterable[Run]) -> str:
    """Say which attempts have another price in our books than in the provider's."""
    theirs: defaultdict[str, int] = defaultdict(int)
    for run in runs:
        job, attempt = run.query.get("job", "?"), run.query.get("attempt")
        if job.startswith(f"{video}/"):
            theirs[f"{job}:{attempt}"] += run.billed
    ours = {name: hold.get("settled", 0) for name, hold in holds.items()}
    names = [n for n in {*theirs, *ours} if theirs.get(n, 0) != ours.get(n, 0)]
    return "; ".join(f"{n}: theirs {theirs.get(n, 0)}, ours {ours.get(n)}" for n in sorted(names))
