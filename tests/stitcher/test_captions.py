"""Captions say each word once, in order, at its time, inside the margins, in any script."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stitcher.captions import (
    drop_symbols,
    format_srt,
    format_vtt,
    gather_phrases,
    gather_subtitles,
    is_right_to_left,
)
from services.stitcher.draw.lettering import draw_phrase, is_unwritable, set_captions
from services.stitcher.voicefit import Word
from shared.media.picture import blank, planes
from shared.story.formats import Canvas
from shared.story.looks import CAPTION_STYLES

PORTRAIT, LANDSCAPE, SQUARE = Canvas(360, 640), Canvas(640, 360), Canvas(360, 360)


def spoken(text: str, step: float = 0.3) -> tuple[Word, ...]:
    return tuple(Word(w, n * step, n * step + 0.25) for n, w in enumerate(text.split()))


def test_phrases_break_at_sentences_pauses_and_length() -> None:
    words = spoken("Stop. Now we go on for a very long while")
    late = (*words, Word("later", 9.0, 9.5))
    texts = [phrase.text for phrase in gather_phrases(late, 20)]
    assert texts == ["Stop.", "Now we go on for", "a very long while", "later"]


@pytest.mark.parametrize(
    ("text", "max_chars", "max_words", "said"),
    [
        ("a cat walks along the rooftop", 24, 99, ["a cat walks along", "the rooftop"]),
        ("we rode a small boat", 40, 4, ["we rode", "a small boat"]),
        ("short enough", 24, 99, ["short enough"]),
    ],
)
def test_no_last_word_stands_alone(
    text: str, max_chars: int, max_words: int, said: list[str]
) -> None:
    assert [p.text for p in gather_phrases(spoken(text), max_chars, max_words)] == said


def test_a_small_word_stands_with_what_it_belongs_to() -> None:
    words = spoken("Una panadera abre su tienda de flores en Sevilla y regala rosas a los vecinos.")
    wide, narrow = ([phrase.text for phrase in gather_phrases(words, 42, most)] for most in (99, 4))
    assert wide == [
        "Una panadera abre su tienda de flores",
        "en Sevilla y regala rosas a los vecinos.",
    ]
    assert narrow[:3] == ["Una panadera abre", "su tienda de flores", "en Sevilla y regala"]


def test_a_phrase_stays_until_the_next_but_not_through_a_pause() -> None:
    first, second, third = gather_phrases((*spoken("One. Two."), Word("Three", 4.0, 4.4)), 20)
    assert first.end == second.start
    assert second.end == pytest.approx(0.55 + 0.35)
    assert third.start == 4.0


def test_the_active_word_is_the_one_heard_last() -> None:
    phrase = gather_phrases(spoken("one two three"), 40)[0]
    assert [phrase.active(t) for t in (-1.0, 0.0, 0.29, 0.31, 5.0)] == [-1, 0, 0, 1, 2]


@given(
    st.lists(
        st.tuples(st.text("abcdé.,!?", min_size=1, max_size=40), st.floats(0.01, 1.0)),
        max_size=40,
    ),
    st.integers(4, 70),
)
def test_no_word_is_lost_and_phrases_never_overlap(
    given_words: list[tuple[str, float]], max_chars: int
) -> None:
    words, at = [], 0.0
    for text, length in given_words:
        words.append(Word(text, at, at + length))
        at += length * 1.5
    found = gather_phrases(words, max_chars)
    said = "".join(word.text for phrase in found for word in phrase.words)
    assert said == "".join(text for text, _ in given_words)
    assert all(len(phrase.text) <= max_chars for phrase in found)
    for before, after in itertools.pairwise(found):
        assert before.end <= after.start + 1e-9


def test_subtitle_files_have_rising_times_inside_the_video() -> None:
    words = spoken("Meet the coffee that wakes up your whole city, one slow cup at a time. " * 4)
    text = format_srt(words, 14.0)
    times = re.findall(r"(\d+):(\d+):(\d+),(\d+)", text)
    seconds = [int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000 for h, m, s, ms in times]
    assert seconds == sorted(seconds) and seconds[-1] <= 14.0
    assert (
        format_vtt(words, 14.0).count("-->")
        == text.count("-->")
        == len(gather_subtitles(words, 14.0))
    )


def test_emoji_are_left_out_and_directions_known() -> None:
    assert drop_symbols("Go 🚀") == "Go"
    assert drop_symbols("✌️") == ""
    assert (
        is_right_to_left("שלום") and is_right_to_left("123 مرحبا") and not is_right_to_left("Hello")
    )


@pytest.mark.parametrize("style", CAPTION_STYLES)
@pytest.mark.parametrize("canvas", [PORTRAIT, LANDSCAPE, SQUARE])
def test_letters_stay_inside_the_safe_margins(style: str, canvas: Canvas) -> None:
    words = spoken("Incomprehensibilities aren't unbelievable, my Donaudampfschifffahrtskapitän!")
    lettering = set_captions(words, style, canvas)
    assert lettering is not None
    for seconds in (0.1, 0.7, 1.0):
        frame = blank(canvas)
        lettering.burn(planes(frame), seconds)
        rows, columns = np.nonzero(planes(frame)[0] > 120)
        assert len(rows) > 50
        assert columns.min() >= canvas.width * 0.07 and columns.max() <= canvas.width * 0.93
        bottom = 0.79 if canvas is PORTRAIT else 0.93
        assert rows.max() <= canvas.height * bottom and rows.min() >= canvas.height * 0.4


@pytest.mark.parametrize("style", CAPTION_STYLES)
def test_the_active_word_looks_different(style: str) -> None:
    phrase = gather_phrases(spoken("one two three"), 40)[0]
    drawn = [
        np.asarray(draw_phrase(PORTRAIT, CAPTION_STYLES[style], phrase, active))
        for active in range(3)
    ]
    assert not np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[1], drawn[2])


def test_right_to_left_words_run_right_to_left() -> None:
    words = tuple(Word(text, n, n + 0.5) for n, text in enumerate(("אחת", "שתיים")))
    if is_unwritable(words, "karaoke"):
        pytest.skip("no font with Hebrew letters is installed")
    phrase = gather_phrases(words, 40)[0]
    drawn = np.asarray(draw_phrase(LANDSCAPE, CAPTION_STYLES["karaoke"], phrase, 0)).astype(int)
    yellow = np.nonzero((drawn[..., 0] > 200) & (drawn[..., 2] < 90) & (drawn[..., 3] > 200))[1]
    white = np.nonzero((drawn[..., 2] > 220) & (drawn[..., 3] > 200))[1]
    assert yellow.mean() > white.mean()


def test_nothing_to_show() -> None:
    assert set_captions(spoken("Hello"), "none", PORTRAIT) is None
    assert set_captions((), "bold", PORTRAIT) is None
    assert set_captions((Word("🚀", 0, 1),), "bold", PORTRAIT) is None
    assert not is_unwritable(spoken("Grüße, Привет, Γειά"), "clean")
