"""Words take time, and what does not fit is left out at the end of a sentence or a clause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.story.speech.fitting import Reader, fit_words, missing_seconds, need_seconds
from shared.story.speech.rates import RATES
from shared.story.speech.seconds import choose_voice, speaking_seconds

ENGLISH = Reader("en-us")
TEXT = (
    "Through the quiet streets, past the market and the church, a boy runs home. "
    "He was tired. But he walked on until the morning came."
)


def test_nothing_takes_no_time_and_more_takes_more() -> None:
    assert speaking_seconds("…", "en-us", "joe") == 0
    one = speaking_seconds("A fox runs.", "en-us", "joe")
    two = speaking_seconds("A fox runs. A fox runs.", "en-us", "joe")
    assert 0.8 < one < 2 and two > 1.6 * one


def test_what_is_said_counts_and_not_what_is_written() -> None:
    written, long = (speaking_seconds(t, "en-us", "joe") for t in ("$19.99", "Sold out"))
    assert written > 2 * long


def test_a_faster_style_takes_less() -> None:
    slow, fast = (
        speaking_seconds(TEXT, "en-us", "joe", words_a_minute=pace) for pace in (135, 170)
    )
    assert fast == pytest.approx(slow * 135 / 170)


def test_a_voice_or_language_that_nobody_measured_is_taken_as_usual() -> None:
    assert speaking_seconds(TEXT, "en-us", "somebody") == speaking_seconds(TEXT, "en-us", "espeak")
    assert 5 < speaking_seconds(TEXT, "eo", "espeak") < 15


def test_every_language_has_the_voice_that_speaks_it() -> None:
    assert choose_voice("en-us") == "joe"
    assert {choose_voice(name) for _, name in RATES if name not in ("en-us", "*")} == {"espeak"}
    assert all(min(rates) >= 0 < rates[0] for rates in RATES.values())


def test_what_fits_stays_as_it_is() -> None:
    assert fit_words(TEXT, need_seconds(TEXT, ENGLISH), ENGLISH) == TEXT
    assert missing_seconds(TEXT, need_seconds(TEXT, ENGLISH), ENGLISH) == 0


@pytest.mark.parametrize(
    ("seconds", "left"),
    [
        (7.0, "Through the quiet streets, past the market and the church, a boy runs home. "
              "He was tired."),
        (5.5, "Through the quiet streets, past the market and the church, a boy runs home."),
        (4.3, "Through the quiet streets, past the market and the church."),
        (2.2, "Through the quiet streets."),
        (1.0, ""),
    ],
)  # fmt: skip
def test_sentences_go_first_and_then_clauses(seconds: float, left: str) -> None:
    assert fit_words(TEXT, seconds, ENGLISH) == left


def test_a_script_without_spaces_is_shortened_too() -> None:
    text = "每天早上，暴风雨来临之前，守塔人都在画大海。"
    kept = fit_words(text, 5.0, Reader("cmn"))
    assert kept == "每天早上，暴风雨来临之前。" or kept == "每天早上。"


def test_words_by_hand_lack_seconds_only_where_even_a_faster_voice_needs_them() -> None:
    time = ENGLISH.time(TEXT)
    assert missing_seconds(TEXT, time, ENGLISH) == 0
    missing = missing_seconds(TEXT, time - 2.0, ENGLISH)
    assert 0 < missing < 2.0
    assert missing_seconds(TEXT, time - 2.0 + missing, ENGLISH) == 0


@given(
    words=st.lists(
        st.sampled_from(["a", "fox,", "runs;", "far.", "and", "home?", "—", "then"]), min_size=1
    ),
    seconds=st.floats(0.5, 20),
)
def test_whatever_is_left_fits_and_holds_whole_words_in_order(
    words: list[str], seconds: float
) -> None:
    text = " ".join(words)
    kept = fit_words(text, seconds, ENGLISH)
    assert not kept or ENGLISH.time(kept) <= seconds
    whole = [word.strip(".,;?—") for word in words]
    assert [word.strip(".,;?—") for word in kept.split()] == whole[: len(kept.split())]
