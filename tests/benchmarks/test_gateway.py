"""The figure of the gateway: what is beyond its bound is named, and fails."""

import pytest

from benchmarks.gateway import Seen, report


def seen(**known: object) -> Seen:
    figures: dict[str, object] = {
        "posts_ms": [20.0] * 80,
        "burst_ms": [300.0] * 200,
        "lags_ms": [150.0] * 500,
        "videos": ["v"] * 280,
        "drift_mib": 3.0,
        **known,
    }
    return Seen(**figures)  # type: ignore[arg-type]


def test_figures_within_their_bounds_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report(seen(), 10) == 0
    *_, last = capsys.readouterr().out.splitlines()
    assert last == (
        "FIGURE gateway posts_per_s=8.0 post_p95_ms=20 event_lag_p95_ms=150 drift_mib=3"
    )


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"posts_ms": [20.0] * 80 + [101.0] * 20}, "a request took"),
        ({"burst_ms": [1_001.0] * 200}, "of the burst"),
        ({"lags_ms": [1_001.0] * 500}, "a message came"),
        ({"refused": 1}, "1 requests were refused"),
        ({"broken_off": 2}, "2 streams broke off"),
        ({"drift_mib": 101.0}, "memory grew"),
    ],
)
def test_what_is_beyond_its_bound_is_named_and_fails(
    capsys: pytest.CaptureFixture[str], known: dict[str, object], said: str
) -> None:
    assert report(seen(**known), 10) == 1
    assert said in capsys.readouterr().err
