"""The one table of why something failed."""

from typing import get_args

from shared.jobs import outcomes
from shared.story.codes import CODES, choose_code, read_code


def test_the_ledger_knows_no_code_that_the_table_lacks() -> None:
    assert set(get_args(outcomes.Code)) == set(CODES)


def test_a_code_that_says_nothing_gives_way_to_one_that_does() -> None:
    assert read_code("flagged", "encode") == "flagged"
    assert read_code("internal", "encode") == read_code("", "encode") == "encode"
    assert read_code("of a later version") == "internal"


def test_of_many_the_most_frequent_code_is_told() -> None:
    assert choose_code(["quota", "timeout", "timeout"]) == "timeout"
    assert choose_code(["quota", "timeout"]) == "quota"
    assert choose_code(["", ""]) == "internal"
