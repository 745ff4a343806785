"""The bench of ads counts what was bought once, and fails beyond its bound."""

from typing import Any

import pytest

from benchmarks import ads
from tests.standins.replicate import Run


def run(created_at: float, completed_at: float | None, ends_at: float = 0.0) -> Run:
    values: dict[str, Any] = {"id": "r", "model": "m", "version": "", "kind": "clip", "input": {}}
    times: dict[str, Any] = {"created_at": created_at, "starts_at": created_at, "ends_at": ends_at}
    return Run(**values, **times, completed_at=completed_at)


def test_seconds_in_which_several_runs_are_under_way_count_once() -> None:
    runs = [run(12.0, 15.0), run(0.0, 4.0), run(2.0, 6.0), run(20.0, None, 21.0)]
    assert ads.measure_work(runs) == 6.0 + 3.0 + 1.0


@pytest.mark.parametrize(("bought", "is_good"), [(100.0, True), (170.0, False)])
def test_an_ad_that_takes_longer_than_three_minutes_fails(
    bought: float,
    is_good: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Good:
        ok = True

    monkeypatch.setattr("shared.media.verify.report", lambda film: Good())
    assert ads.report(30.0, bought, {"draft": 806_281}, 3_199_440) is is_good
    said = capsys.readouterr().out
    assert said.startswith("FIGURE ad ")
    assert "draft=0.806281" in said and "first_design=0.87" in said


@pytest.mark.parametrize("tier", ads.TIERS)
def test_each_tier_has_an_estimate(tier: str) -> None:
    assert ads.estimate(tier, "w0") > 500_000
