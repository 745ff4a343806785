"""The bench of plans finds what it is there to find."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.plans import FURTHER, Entry, Result, load, measure, report
from shared.story.brief import Brief


def entry(prompt: str) -> Entry:
    return Entry(Brief(prompt=prompt, voice=False), prompt)


def test_all_inputs_have_labels_in_six_languages() -> None:
    entries = load()
    assert len(entries) == 60
    assert Counter(each.kind for each in entries) == {"prompt": 38, "product": 10, "script": 12}
    assert all(each.says or each.characters for each in entries)


def test_a_second_set_has_inputs_of_all_three_kinds() -> None:
    kinds = Counter(each.kind for each in load(FURTHER))
    assert kinds == {"prompt": 8, "product": 6, "script": 6}


def test_what_is_missing_and_what_should_not_be_there_is_named(tmp_path: Path) -> None:
    given = entry("Announce our shoe AirFlex")
    asked = replace(given, says=("AirFlex", "20% off"), never=("shoe",))
    assert measure(asked, tmp_path).wrong == ("never says '20% off'", "says 'shoe'")


def test_what_is_the_users_own_is_no_stock(tmp_path: Path) -> None:
    assert not measure(entry("Announce our shoe AirFlex with 20% off"), tmp_path).stock


@pytest.mark.parametrize(
    ("result", "broken"),
    [
        (Result(entry("a"), ("no plan: …",)), "not as it must be"),
        (Result(entry("a"), (), over=(0.0, 0.2)), "over their beat"),
        (Result(replace(entry("a"), characters=("Mia",)), ()), "not found"),
        (Result(entry("a"), (), found=frozenset(("Rome",))), "that are none"),
    ],
)
def test_a_broken_bound_fails(
    result: Result, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report([result]) == 1
    assert broken in capsys.readouterr().err


def test_a_sentence_of_ours_in_three_plans_is_one_too_many() -> None:
    one = Result(entry("a"), (), stock=frozenset(("picture this _",)))
    assert (report([one] * 2), report([one] * 3)) == (0, 1)
