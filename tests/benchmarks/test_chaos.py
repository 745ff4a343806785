"""What the judge of `make chaos` finds, of each sort that it looks for."""

from typing import Any

import pytest

from benchmarks.chaos.outcome import Outcome
from benchmarks.chaos.roles import Role, cast
from benchmarks.chaos.truth import Rows, compare, find_wrong_ends
from tests.standins.replicate import Run, judge

CLIP = "v/clip/0/0/0"


def run(number: int, at: float, **known: Any) -> Run:
    """A run of the one job, which was paid and fetched."""
    usual = {"status": "succeeded", "completed_at": at + 5, "billed": 10, "downloads": 1}
    webhook = f"http://127.0.0.1/hooks?job={CLIP}&attempt={number}"
    given = {**usual, "webhook": webhook, **known}
    return Run(f"r{number}", "m", "", "clip", {"prompt": "sea"}, at, at, at + 5, **given)


def job(**known: Any) -> dict[str, Any]:
    return {"_id": CLIP, "state": "done", "attempt": 1, "posted_attempt": 1, **known}


def money(settled: int | None = 10, cap: int = 100) -> dict[str, Any]:
    """The money of a video with one hold."""
    hold = {"reserved": 20} | ({} if settled is None else {"settled": settled})
    committed = 20 if settled is None else settled
    return {"_id": "v", "cap": cap, "available": cap - committed, "holds": {f"{CLIP}:1": hold}}


def found(
    *runs: Run, row: dict[str, Any] | None = None, of_money: dict[str, Any] | None = None
) -> dict[str, list[str]]:
    outcome = Outcome("chaos")
    rows = Rows([row or job()], [], [of_money or money()])
    compare(outcome, rows, runs, judge(runs))
    return outcome.faults


def test_a_run_that_was_paid_and_fetched_once_is_as_it_must_be() -> None:
    assert found(run(1, 0.0)) == {}


@pytest.mark.parametrize(
    ("fault", "runs", "row", "of_money"),
    [
        ("paid twice", [run(1, 0.0), run(2, 2.0)], job(), money(20)),
        ("over budget", [run(1, 0.0, billed=101)], job(), money(101)),
        ("lost", [run(1, 0.0, downloads=0)], job(), money()),
        ("lost", [run(1, 0.0)], job(state="running"), money()),
        ("lost", [run(1, 0.0)], job(publish_at=5), money()),
        ("wrong books", [run(1, 0.0)], job(), money(None)),
        ("wrong books", [run(1, 0.0, billed=9)], job(), money()),
        (
            "unresolved, though its run could be found",
            [run(1, 0.0)],
            job(state="failed", unresolved=True),
            money(None),
        ),
    ],
)
def test_what_must_not_be_is_found(
    fault: str, runs: list[Run], row: dict[str, Any], of_money: dict[str, Any]
) -> None:
    assert fault in found(*runs, row=row, of_money=of_money)


def test_what_nobody_can_find_may_stay_open() -> None:
    row = job(state="failed", unresolved=True)
    assert found(row=row, of_money=money(None)) == {}


def test_a_video_must_end_as_its_user_wants() -> None:
    roles: dict[str, Role] = {role.name: role for role in cast(20, 1)}
    ends: dict[str, dict[str, Any]] = {
        "plain": {"status": "completed"},
        "cancels": {"status": "completed", "error": None},
        "flagged": {"status": "failed"},
    }
    wrong = find_wrong_ends({name: roles[name] for name in (*ends, "rests")}, ends)
    assert [line.split()[0] for line in wrong] == ["cancels", "rests"]


@pytest.mark.parametrize(("actions", "is_done"), [([], True), (["retry"], False)])
def test_a_prompt_that_is_refused_by_bad_luck_is_an_end(actions: list[str], is_done: bool) -> None:
    plain = next(role for role in cast(20, 1) if role.name == "plain")
    seen = {"status": "failed", "error_code": "flagged", "actions": actions}
    assert plain.is_done(seen) is is_done
