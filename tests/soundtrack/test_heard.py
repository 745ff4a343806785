"""Words at the times at which somebody heard them."""

from hypothesis import given
from hypothesis import strategies as st

from services.soundtrack.heard import match_words
from shared.story.beats import Word


def words(text: str, step: float = 0.5, first: float = 0.0) -> list[Word]:
    """Return words that follow each other at an even pace."""
    return [
        Word(text=word, start=round(first + i * step, 3), end=round(first + (i + 0.8) * step, 3))
        for i, word in enumerate(text.split())
    ]


def test_words_keep_their_spelling_and_take_over_the_times() -> None:
    found = match_words(words("Hello, World again."), words("hello world again", 0.3, 0.2))
    assert [word.text for word in found] == ["Hello,", "World", "again."]
    assert [word.start for word in found] == [0.2, 0.5, 0.8]


def test_a_word_that_was_not_heard_keeps_its_place_between_those_that_were() -> None:
    heard = words("it costs", 0.5, 1.0) + words("today only", 0.5, 2.5)
    found = match_words(words("It costs $12 today only."), heard)
    assert [word.start for word in found] == [1.0, 1.5, 2.0, 2.5, 3.0]


def test_words_before_and_after_all_that_was_heard_move_along() -> None:
    found = match_words(words("So we go home now"), words("we go home", 0.5, 1.5))
    assert [word.start for word in found] == [1.0, 1.5, 2.0, 2.5, 3.0]


def test_where_something_else_was_heard_the_estimates_stay() -> None:
    written = words("A lighthouse keeper paints the sea")
    assert match_words(written, words("thanks for watching the video")) == written
    assert match_words([], words("anything")) == []


_heard = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12)


@given(_heard, _heard, st.floats(0.05, 2), st.floats(0, 5))
def test_whatever_was_heard_words_follow_each_other(
    written: list[str], heard: list[str], step: float, first: float
) -> None:
    found = match_words(words(" ".join(written)), words(" ".join(heard), step, first))
    assert [word.text for word in found] == written
    starts = [word.start for word in found]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end for word in found)
