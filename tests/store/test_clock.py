"""The clock of a store without a server."""

import time

import pytest

from shared.store.clock import LocalClock


def test_a_clock_that_is_set_back_does_not_set_back_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, wall = LocalClock(), time.time_ns
    before = clock()
    assert abs(before - wall() // 1_000_000) < 1000
    monkeypatch.setattr(time, "time_ns", lambda: wall() - 3600 * 10**9)
    assert before <= clock() < before + 1000
    monkeypatch.setattr(time, "time_ns", lambda: wall() + 3600 * 10**9)
    assert clock() >= before + 3_600_000
