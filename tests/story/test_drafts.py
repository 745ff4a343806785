"""Beats in time: validated, truncated, rescaled."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.story.beats import BadPlan
from shared.story.brief import EndCard
from shared.story.drafts import Draft, fit_card, max_beats, time_beats


def drafts(*seconds: float) -> list[Draft]:
    return [Draft(f"scene {i}", "words", wish) for i, wish in enumerate(seconds)]


def test_ten_beats_for_15_seconds_become_three_that_fill_them() -> None:
    beats = time_beats(drafts(*[5] * 10), 15)
    assert [(b.index, b.start, b.duration) for b in beats] == [
        (0, 0, 5), (1, 5, 5), (2, 10, 5),
    ]  # fmt: skip
    assert [b.prompt for b in beats] == ["scene 0", "scene 1", "scene 2"]


@pytest.mark.parametrize(
    ("seconds", "most"), [(5, 1), (5.1, 2), (15, 3), (27.5, 6), (30, 6), (180, 36), (2.5, 1)]
)
def test_as_many_beats_as_begun_five_seconds(seconds: float, most: int) -> None:
    assert max_beats(seconds) == most


def test_durations_follow_the_wishes() -> None:
    assert [b.duration for b in time_beats(drafts(1, 2, 3), 60)] == [10, 20, 30]


def test_no_beat_but_the_last_is_shorter_than_five_seconds() -> None:
    assert [b.duration for b in time_beats(drafts(1, 1, 1), 12.5)] == [5, 5, 2.5]
    assert [b.duration for b in time_beats(drafts(1, 8, 1), 20)] == [5, 10, 5]


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=50),
    st.integers(2_000, 180_000).map(lambda ms: ms / 1000),
)
def test_beats_fill_their_time_exactly_whatever_was_wished(
    wishes: list[float], seconds: float
) -> None:
    beats = time_beats(drafts(*wishes), seconds)
    assert len(beats) == min(len(wishes), max_beats(seconds))
    assert [b.index for b in beats] == list(range(len(beats)))
    assert beats[0].start == 0
    for beat, following in itertools.pairwise(beats):
        assert round(beat.start + beat.duration, 3) == following.start
        assert beat.duration >= 5
    assert round(beats[-1].start + beats[-1].duration, 3) == seconds
    assert beats[-1].duration > 0


def test_a_plan_without_beats_is_refused() -> None:
    with pytest.raises(BadPlan, match="describe at least one thing"):
        time_beats([], 30)


def test_a_beat_without_a_prompt_is_named() -> None:
    with pytest.raises(BadPlan, match="beat 1 has an empty prompt"):
        time_beats([Draft("a"), Draft("  ")], 30)


@pytest.mark.parametrize(
    ("wish", "duration", "seconds"),
    [(2.5, 30, 2.5), (2.5, 10, 2.5), (2.5, 5, 1.25), (10, 30, 7.5), (0.4, 30, None)],
)
def test_the_card_leaves_the_story_most_of_a_short_video(
    wish: float, duration: float, seconds: float | None
) -> None:
    card = fit_card(EndCard(seconds=wish), duration)
    assert (card and card.seconds) == seconds


def test_no_card_stays_no_card() -> None:
    assert fit_card(None, 30) is None


@pytest.mark.parametrize(("seconds", "beats"), [(12.5, 3), (12.4, 2), (11, 2)])
def test_a_silent_last_beat_is_never_over_before_it_is_seen(seconds: float, beats: int) -> None:
    drafts = [Draft("a", "x"), Draft("b", "x"), Draft("c")]
    assert len(time_beats(drafts, seconds)) == beats
    # what is said is worth a short beat
    assert len(time_beats([*drafts[:2], Draft("c", "x", least=1)], seconds)) == 3
