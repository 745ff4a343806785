"""Lengths of beats that save clips: never shorter than the words, never more clips than before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.story.drafts import Draft, time_beats
from shared.story.lengths import count_clips, save_clips


@pytest.mark.parametrize(
    ("seconds", "least", "changed"),
    [
        ([5.5] * 5, [5] * 5, [5, 5, 5, 5, 7.5]),
        (
            [5.5] * 5,
            [5, 5.5, 5, 5, 5],
            [5, 7.5, 5, 5, 5],
        ),
        ([5.9] * 5, [5.9] * 5, [5.9] * 5),
        ([10, 5, 2.5], [5, 5, 2.5], [10, 5, 2.5]),
        ([7, 8], [5, 5], [5, 10]),
        ([6.8] * 4 + [7.1], [5] * 5, [5, 5, 5, 9.3, 10]),
    ],
)
def test_what_is_beyond_whole_clips_goes_where_it_costs_least(
    seconds: list[float], least: list[float], changed: list[float]
) -> None:
    assert save_clips(seconds, least, 5) == pytest.approx(changed)


LENGTHS = st.lists(st.tuples(st.floats(5, 30), st.floats(0, 1)), min_size=1, max_size=20)


@given(LENGTHS, st.sampled_from([4.0, 5.0, 6.0, 8.0, 10.0]))
def test_lengths_keep_their_sum_and_their_least_and_need_no_more_clips(
    wanted: list[tuple[float, float]], clip: float
) -> None:
    seconds = [length for length, _ in wanted]
    least = [5 + share * (length - 5) for length, share in wanted]
    changed = save_clips(seconds, least, clip)
    assert sum(changed) == pytest.approx(sum(seconds))
    assert all(now >= floor - 1e-5 for now, floor in zip(changed, least, strict=True))
    before, after = (sum(count_clips(n, clip) for n in each) for each in (seconds, changed))
    assert after <= before


def test_five_beats_of_a_film_of_30_seconds_take_six_clips() -> None:
    beats = time_beats([Draft(f"scene {n}") for n in range(5)], 27.5, 5)
    assert sum(count_clips(beat.duration, 5) for beat in beats) == 6
