"""Dollars as people write them, and exact amounts."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.story.money import AMOUNT, DOLLARS, read_amount, read_dollars, say_dollars


@pytest.mark.parametrize(
    ("text", "micros"),
    [("2.50", 2_500_000), ("2", 2_000_000), ("0.000001", 1), ("0.1", 100_000)],
)  # fmt: skip
def test_dollars_are_read_exactly(text: str, micros: int) -> None:
    assert read_dollars(text) == micros


@pytest.mark.parametrize("text", ["0", "0.00", "-1", "-0.5"])
def test_a_budget_of_nothing_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ValueError, match="give more than 0 dollars"):
        read_dollars(text)


@pytest.mark.parametrize(
    "text", ["", "two", "1e3", "$2", "2,50", "10000000", "0.0000001", " 2", "nan"]
)
def test_what_is_no_amount_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"like 2\.50"):
        read_dollars(text)


def test_nothing_may_be_an_amount_where_it_is_no_budget() -> None:
    assert read_amount("0") == read_amount("0.00") == 0


@given(st.integers(1, 9_999_999_999_999))
def test_what_is_said_is_read_again_as_the_same(micros: int) -> None:
    said = say_dollars(micros)
    assert read_dollars(said) == micros
    assert re.fullmatch(DOLLARS, said) and re.fullmatch(AMOUNT, said)
    assert len(said.partition(".")[2]) >= 2, "cents are always there"


@given(st.from_regex(DOLLARS, fullmatch=True))
def test_all_that_the_pattern_allows_is_accepted(text: str) -> None:
    assert read_dollars(text) > 0


def test_less_than_nothing_can_be_said() -> None:
    assert say_dollars(-1_250_000) == "-1.25"
