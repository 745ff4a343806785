"""The figure of videos in flight: what is beyond its bound is named, and fails."""

from dataclasses import replace

import pytest

from benchmarks.flight.__main__ import report
from benchmarks.flight.run import NEWCOMER, Part, Seen

FEW = Part(100, 100, 1_500, 30.0, cpu_ms=8.0, all_ms=16.0, piece_ms=2.0, mib=120.0)
MANY = Part(10_000, 9_950, 2_250, 45.0, cpu_ms=9.0, all_ms=36.0, piece_ms=4.0, mib=180.0)


def seen(**known: object) -> Seen:
    figures: dict[str, object] = {
        "parts": [FEW, MANY],
        "events_per_s": 500.0,
        "cold_mib": 110.0,
        "waits": {"owner-0": [20.0, 30.0], "owner-1": [24.0, 30.0], NEWCOMER: [0.2]},
        "ended": 14_000,
        **known,
    }
    return Seen(**figures)  # type: ignore[arg-type]


def test_figures_within_their_bounds_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report(seen()) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last == (
        "FIGURE flight videos=10000 kib_per_video=7.2 events_per_s=500 fairness=1.08 "
        "cost_growth=1.12"
    )


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"cold_mib": 10.0}, "takes more than 16 KiB"),
        ({"waits": {"a": [1.0], "b": [2.0], NEWCOMER: [0.1]}}, "an owner waits"),
        ({"waits": {"a": [20.0], "b": [20.0], NEWCOMER: [19.0]}}, "a newcomer waits"),
        ({"parts": [FEW, replace(MANY, all_ms=42.0)]}, "costs more"),
    ],
)
def test_what_is_beyond_its_bound_is_named_and_fails(
    capsys: pytest.CaptureFixture[str], known: dict[str, object], said: str
) -> None:
    assert report(seen(**known)) == 1
    assert said in capsys.readouterr().err
