"""The model of capacity: what it says of what is known already."""

import json
from dataclasses import replace

import pytest

from benchmarks.capacity.__main__ import INPUTS, report
from benchmarks.capacity.model import Inputs, Station, World, find_limit, list_stations

KNOWN = Inputs(
    cores=2,
    pace=8.0,
    paced_cpu_ms={},
    cpu_ms={"gateway": 10.0, "planner": 2.0, "stitcher": 8.0, "kafka": 10.0, "mongodb": 20.0},
    peak=40.0,
    half_peak=20.0,
    jobs=41.0,
    rows={"jobs": 41.0},
    bytes={"jobs": 50_000},
    events=90.0,
    kafka_bytes=60_000,
    row_writes=1_000.0,
)


def test_a_single_place_makes_wait_as_the_theory_of_queues_says() -> None:
    half_busy = Station("one", 1.0)
    assert half_busy.find_wait(0.5, 1) == pytest.approx(1.0)  # M/M/1: load / (1 - load)


def test_two_places_make_wait_as_the_theory_of_queues_says() -> None:
    busy = Station("two", 1.0)
    assert busy.find_wait(1.0, 2) == pytest.approx(1 / 3)


def test_what_gets_more_than_it_can_do_never_catches_up() -> None:
    assert Station("one", 1.0).find_wait(1.0, 1) == float("inf")


def test_a_station_is_given_places_for_what_comes_in() -> None:
    assert [Station("one", 0.7).count_places(rate) for rate in (0.1, 1.0, 2.5)] == [1, 1, 3]


def test_the_provider_is_full_long_before_we_are() -> None:
    assert find_limit(list_stations(KNOWN, World())).name == "the provider's rate"


def test_with_more_accounts_at_the_provider_something_of_ours_is_full_first() -> None:
    many = World(accounts=1_000)
    assert find_limit(list_stations(KNOWN, many)).name == "the row of the turns"


def test_a_model_that_does_not_meet_what_was_measured_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report(KNOWN, World()) == 0
    assert report(replace(KNOWN, half_peak=5.0), World()) == 1
    assert "the model is off by 4.00 times" in capsys.readouterr().err


def test_the_inputs_that_were_measured_are_complete_and_meet_the_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = Inputs(**json.loads(INPUTS.read_text()))
    assert report(known, World()) == 0
    assert "FIGURE capacity measured_per_s=" in capsys.readouterr().out
