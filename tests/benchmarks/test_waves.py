"""What follows from the times of the models: checked by hand, and against each other."""

from statistics import median

import pytest

from benchmarks.waves import BEATS, CHUNKS, CLIP_SECONDS, IMAGE_SECONDS, Latencies, Result

KNOWN = Latencies(images=(1, 2, 3), clips=((10, 50), (40, 10), (5, 5)))


def test_the_designs_by_hand() -> None:
    assert KNOWN.critical_path == 1 + 10 + 50
    assert KNOWN.barrier == 3 + 40 + 50
    assert KNOWN.sequential == 3 + 120


def test_ratios_are_theirs_divided_by_ours() -> None:
    result = Result(makespan=62, latencies=KNOWN)
    assert result.to_critical_path == pytest.approx(62 / 61)
    assert result.vs_barrier == pytest.approx(93 / 62)
    assert result.vs_sequential == pytest.approx(123 / 62)


def test_draws_are_the_same_for_a_seed_and_have_the_medians_asked_for() -> None:
    assert Latencies.draw(7) == Latencies.draw(7) != Latencies.draw(8)
    many = [Latencies.draw(n) for n in range(300)]
    assert {len(x.images) for x in many} == {len(x.clips) for x in many} == {BEATS}
    assert {len(own) for x in many for own in x.clips} == {CHUNKS}
    assert median(i for x in many for i in x.images) == pytest.approx(IMAGE_SECONDS, rel=0.1)
    clips = [clip for x in many for own in x.clips for clip in own]
    assert median(clips) == pytest.approx(CLIP_SECONDS, rel=0.1)


def test_no_design_ends_before_the_critical_path() -> None:
    assert all(
        x.critical_path <= x.barrier <= x.sequential for x in map(Latencies.draw, range(200))
    )
