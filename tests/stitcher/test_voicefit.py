"""A voice always ends inside its beat, in order, at a rate an ear accepts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stitcher.voicefit import (
    FASTEST,
    HURRIED,
    LEAD,
    VoiceFit,
    Word,
    fit_voice,
    shift_words,
    spread_words,
)


def speech(count: int, length: float = 0.3, pause: float = 0.05, gap_every: int = 4) -> list[Word]:
    words, at = [], 0.1
    for index in range(count):
        words.append(Word(f"w{index}", at, at + length))
        at += length + (0.6 if index % gap_every == gap_every - 1 else pause)
    return words


def heard_end(fit: VoiceFit) -> float:
    last = fit.passages[-1]
    return last.at + (last.end - last.start) / fit.rate


def test_a_voice_that_fits_is_left_as_it_is() -> None:
    words = speech(5)
    fit = fit_voice(3.0, words, 5.0)
    assert fit.rate == 1.0 and not fit.dropped and len(fit.passages) == 1
    assert fit.offset == pytest.approx(LEAD)
    gaps = [b.start - a.start for a, b in pairwise(fit.words)]
    assert gaps == pytest.approx([b.start - a.start for a, b in pairwise(words)])


def test_a_little_too_long_is_spoken_faster_and_keeps_every_word() -> None:
    words = speech(12)
    fit = fit_voice(words[-1].end + 0.2, words, 5.6)
    assert 1.0 < fit.rate < FASTEST <= 1.08
    assert len(fit.words) == 12 and heard_end(fit) <= 5.6


def test_then_pauses_are_shortened() -> None:
    words = speech(12)
    fit = fit_voice(words[-1].end, words, 4.9)
    assert fit.rate == FASTEST and len(fit.passages) > 1
    assert not fit.dropped and heard_end(fit) <= 4.9


def test_sooner_than_a_word_is_lost_the_voice_hurries() -> None:
    words = speech(12, pause=0.02)
    fit = fit_voice(words[-1].end, words, 3.9)
    assert FASTEST < fit.rate <= HURRIED
    assert not fit.dropped and heard_end(fit) <= 3.9 + 1e-6


def test_then_the_tail_is_cut_at_a_word_and_named() -> None:
    words = speech(12)
    fit = fit_voice(words[-1].end, words, 2.0)
    assert fit.dropped and fit.dropped[-1] == "w11"
    assert [w.text for w in fit.words] + list(fit.dropped) == [w.text for w in words]
    assert heard_end(fit) <= 2.0


def test_without_word_times_the_whole_voice_is_fitted() -> None:
    fit = fit_voice(9.0, [], 5.0)
    assert fit.rate == HURRIED and heard_end(fit) == pytest.approx(5.0)


def test_nothing_to_say_has_no_passage() -> None:
    assert fit_voice(0.0, [], 5.0).passages == ()


def test_shifting_moves_all_times() -> None:
    assert shift_words([Word("a", 1.0, 2.0)], -0.5) == (Word("a", 0.5, 1.5),)


@given(
    lengths=st.lists(st.floats(0.02, 1.5), min_size=1, max_size=40),
    pauses=st.lists(st.floats(0.0, 2.0), min_size=40, max_size=40),
    beat=st.floats(0.5, 20.0),
)
def test_any_voice_stays_in_its_beat(
    lengths: list[float], pauses: list[float], beat: float
) -> None:
    words, at = [], 0.0
    for index, (length, pause) in enumerate(zip(lengths, pauses, strict=False)):
        words.append(Word(str(index), at + pause, at + pause + length))
        at += pause + length
    fit = fit_voice(at + 0.3, words, beat)
    assert 1.0 <= fit.rate <= HURRIED
    assert len(fit.words) + len(fit.dropped) == len(words)
    assert all(0 <= w.start <= w.end <= beat + 1e-5 for w in fit.words)
    starts = [w.start for w in fit.words]
    assert starts == sorted(starts)
    if fit.passages:
        assert fit.passages[0].at >= 0 and heard_end(fit) <= beat + 1e-6
    for before, after in pairwise(fit.passages):
        assert before.at + (before.end - before.start) / fit.rate <= after.at + 1e-6


@pytest.mark.parametrize("seconds", [0.2, 2.5, 5.0, 12.0])
def test_words_that_nobody_speaks_are_all_read_within_their_beat(seconds: float) -> None:
    words = spread_words("A keeper paints the sea.", seconds)
    fit = fit_voice(seconds, words, seconds)
    assert [word.text for word in fit.words] == ["A", "keeper", "paints", "the", "sea."]
    assert fit.rate == 1.0 or seconds < 1
    assert spread_words("  ", seconds) == ()
