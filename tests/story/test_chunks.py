"""How beats become chunks: numbers, parts, chains, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.story.beats import (
    BadPlan,
    Beat,
    Chunk,
    GapInChunks,
    OrphanChunk,
    WrongImageCount,
    beat_to_chunk_map,
    check_images,
    check_numbers,
    check_plan,
    count_frames,
    link_chains,
    plan_chunks,
)
from shared.story.formats import frame_at
from shared.story.plan import active_chunks
from tests.histories import plan


def beats(*durations: float) -> list[Beat]:
    starts = [round(sum(durations[:i]), 3) for i in range(len(durations))]
    return [
        Beat(index=i, start=starts[i], duration=length, prompt="p")
        for i, length in enumerate(durations)
    ]


def chunk(index: int, beat: int, kind: str) -> Chunk:
    return Chunk.model_validate(
        {"index": index, "beat": beat, "kind": kind, "start": 0, "seconds": 5}
    )


@pytest.mark.parametrize(
    ("durations", "kinds"),
    [
        ((5,), "r"),
        ((10,), "rc"),
        ((5, 10, 15), "r rc rcc"),
        ((5.001,), "rc"),
        ((2.5,), "r"),
    ],
)
def test_each_beat_starts_with_a_reference_chunk(durations: tuple[float, ...], kinds: str) -> None:
    chunks = plan_chunks(beats(*durations), 5.0)
    by_beat = [[c.kind[0] for c in chunks if c.beat == b] for b in range(len(durations))]
    assert " ".join("".join(own) for own in by_beat) == kinds
    assert [c.index for c in chunks] == list(range(len(chunks)))


def test_the_map_names_the_chunks_that_start_a_beat_only() -> None:
    assert beat_to_chunk_map(plan_chunks(beats(10, 5, 15), 5.0)) == {0: 0, 2: 1, 3: 2}


@settings(deadline=None)
@given(
    st.lists(st.integers(2_000, 60_000), min_size=1, max_size=12),
    st.sampled_from([4.0, 5.0, 6.0, 10.0]),
)
def test_the_frames_of_the_chunks_add_up_exactly(lengths: list[int], chunk_seconds: float) -> None:
    chunks = plan_chunks(beats(*(ms / 1000 for ms in lengths)), chunk_seconds)
    assert sum(count_frames(c) for c in chunks) == frame_at(sum(lengths) / 1000)
    assert all(0 < c.seconds <= chunk_seconds + 0.001 for c in chunks)


def test_chains_end_where_a_beat_or_a_new_reference_begins() -> None:
    found = link_chains([chunk(0, 0, "reference"), chunk(1, 0, "continuous"),
                         chunk(2, 1, "reference"),
                         chunk(3, 2, "continuous"), chunk(4, 2, "continuous")])  # fmt: skip
    assert [[c.index for c in chain] for chain in found] == [[0, 1], [2], [3, 4]]


@pytest.mark.parametrize("numbers", [[0, 2], [1], [0, 0, 1], [1, 0]])
def test_gaps_and_doubles_in_chunk_numbers_are_refused(numbers: list[int]) -> None:
    with pytest.raises(GapInChunks, match="chunk numbers must run from 0"):
        check_numbers([chunk(n, 0, "reference") for n in numbers])


def test_a_gap_is_named() -> None:
    with pytest.raises(GapInChunks, match="1 is missing"):
        check_numbers([chunk(0, 0, "reference"), chunk(2, 0, "continuous")])


def test_a_plan_with_an_orphan_is_refused() -> None:
    with pytest.raises(OrphanChunk, match="chunk 1 is orphaned: no storyboard image and not part"):
        check_plan(beats(5, 5), [chunk(0, 0, "reference"), chunk(1, 1, "continuous")])


def test_a_plan_whose_beats_are_numbered_wrongly_is_refused() -> None:
    twice = [beats(5)[0], beats(5)[0]]
    with pytest.raises(BadPlan, match=r"not \[0, 0\]"):
        check_plan(twice, [])


@pytest.mark.parametrize("images", [[0, 1], [0, 1, 2, 2], [0, 1, 3], []])
def test_a_wrong_count_of_images_names_both_numbers(images: list[int]) -> None:
    with pytest.raises(WrongImageCount, match=f"3 beats need 3 images.* {len(images)}$"):
        check_images([0, 1, 2], images)


def test_chunks_of_skipped_beats_keep_their_numbers_but_do_not_count() -> None:
    assert [c.index for c in active_chunks(plan(3, 2, skipped=[1]))] == [0, 1, 4, 5]
