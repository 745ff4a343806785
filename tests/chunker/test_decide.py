"""The aggregator: histories of events, and which clips follow from them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chunker import SERVICE
from shared.story.beats import Chunk, ChunkError
from shared.story.events import BeatsPlanned, Event, VideoSteered, WavesCompleted
from shared.story.kinds import CLIP, ChunkReady, PlanFailed
from shared.story.view import Decision, JobSpec, View
from tests.histories import VIDEO, Story, broken, done, image, no_image, plan, retold, spec

SHAPES = [(beats, chunks) for beats in (1, 2, 3, 4, 5, 7) for chunks in (1, 2, 3)]


def story(of: BeatsPlanned) -> Story:
    """The plan and all its images."""
    told = Story(SERVICE, of)
    told.hear(*(image(of, beat.index) for beat in of.beats if not beat.skipped))
    return told


def numbers(jobs: list[JobSpec]) -> list[int]:
    return [job.n for job in jobs]


def outcome(told: Story) -> WavesCompleted:
    (waves,) = told.of(WavesCompleted)
    assert isinstance(waves, WavesCompleted)
    return waves


# ── waves ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("beats", "chunks"), SHAPES)
def test_every_shape_is_carried_to_its_end(beats: int, chunks: int) -> None:
    told = story(plan(beats, chunks))
    told.play()
    waves = outcome(told)
    assert (waves.total, waves.succeeded, waves.failed) == (beats * chunks, beats * chunks, ())
    assert waves.cost == 10 * beats * chunks
    assert waves.keys == tuple(f"ChunkReady/{n // chunks}-{n}-0" for n in range(beats * chunks))
    assert told.done


def test_nothing_starts_without_a_plan_or_an_image() -> None:
    assert SERVICE.decide_on(View(VIDEO)) == Decision()
    told = Story(SERVICE, plan(2))
    assert told.decide() == []
    assert not told.done


def test_a_beat_starts_the_moment_its_own_image_exists() -> None:
    of = plan(3, 2)
    told = Story(SERVICE, of)
    assert numbers(told.hear(image(of, 1))) == [2]
    assert told.open[0].files == {"image": "ImageReady/1-0-0"}


@pytest.mark.parametrize(
    ("chosen", "lost", "key"), [(0, (), "a"), (2, (), "c"), (2, (1,), "b"), (1, (1,), "a")]
)
def test_a_beat_starts_from_the_picture_that_is_chosen(
    chosen: int, lost: tuple[int, ...], key: str
) -> None:
    of = plan(1)
    beats = tuple(beat.model_copy(update={"image": chosen}) for beat in of.beats)
    kept = ("b", "c")[: 2 - len(lost)]
    made = image(of, 0).model_copy(update={"key": "a", "others": kept, "lost": lost})
    told = Story(SERVICE, of.model_copy(update={"beats": beats}))
    told.hear(made)
    assert told.open[0].files == {"image": key}


def test_a_continuous_chunk_follows_at_once_from_the_last_frame_before_it() -> None:
    told = story(plan(2, 3))
    first = told.jobs[f"{VIDEO}/clip/0/0/0"]
    (second,) = told.hear(done(first))
    assert (second.n, second.files) == (1, {"last_frame": "ChunkReady/0-0-0/last"})
    assert second.input["kind"] == "continuous"


def test_a_last_frame_is_wanted_only_where_a_chunk_follows() -> None:
    told = story(plan(2, 3))
    told.play()
    wanting = [job.n for job in told.jobs.values() if job.input["wants_last_frame"]]
    assert sorted(wanting) == [0, 1, 3, 4]


def test_the_request_says_what_follows_when_a_clip_looks_spoiled() -> None:
    told = story(plan(2, clip_check="retry"))
    assert {job.input["check"] for job in told.jobs.values()} == {"retry"}


def test_images_may_come_before_the_plan() -> None:
    of = plan(2)
    told = Story(SERVICE, image(of, 0), image(of, 1))
    assert told.decide() == []
    assert numbers(told.hear(of)) == [0, 1]


def test_a_continuous_clip_is_one_frame_longer_for_the_one_it_repeats() -> None:
    told = story(plan(1, 2))
    told.play()
    lengths = [round(job.input["seconds"] * 30) for job in told.jobs.values()]
    assert lengths == [150, 151]


# ── limits ──────────────────────────────────────────────────────────────────────────────────────


def test_never_more_clips_at_once_than_the_limit() -> None:
    told = story(plan(5, 2, clips_at_once=3))
    most = len(told.open)
    while told.open:
        told.hear(done(told.open[0]))
        most = max(most, len(told.open))
    assert most == 3
    assert outcome(told).succeeded == 10


def test_a_limit_of_none_starts_all_that_can_start() -> None:
    told = story(plan(9, 2, clips_at_once=0))
    assert len(told.open) == 9


def test_nothing_starts_for_a_cancelled_revision_and_the_next_one_goes_on_from_its_clips() -> None:
    told = story(plan(3, 2, clips_at_once=2))
    cancelled = VideoSteered(video_id=VIDEO, rev=1, desired="cancelled")
    first, second = told.open
    assert told.hear(cancelled, done(first), broken(second, "cancelled")) == []
    assert told.of(WavesCompleted) == []
    newer = plan(3, 2, rev=2, takes={f"clip/{second.n}": 1}, clips_at_once=9)
    # the next of the first chain, the lost one at its next take, and the last chain
    assert sorted((job.n, job.take) for job in told.hear(newer)) == [(1, 0), (2, 1), (4, 0)]


def test_the_longest_remaining_chain_goes_first() -> None:
    beats = plan(3, 1).beats
    lengths = {0: 1, 1: 3, 2: 2}
    kinds = [(beat, part) for beat, count in lengths.items() for part in range(count)]
    chunks = tuple(
        Chunk(index=i, beat=beat, kind="continuous" if part else "reference", start=0, seconds=5)
        for i, (beat, part) in enumerate(kinds)
    )
    of = plan(3, clips_at_once=2).model_copy(update={"beats": beats, "chunks": chunks})
    told = Story(SERVICE, *(image(of, n) for n in range(3)))
    assert numbers(told.hear(of)) == [1, 4]
    assert numbers(told.hear(done(told.open[0]))) == [2]  # two remain there, one elsewhere


def test_work_of_an_older_plan_counts_against_the_limit() -> None:
    told = story(plan(2, clips_at_once=2))
    newer = plan(2, rev=2, takes={"clip/0": 1}, clips_at_once=2)
    assert told.hear(newer) == []
    assert numbers(told.hear(done(told.open[0]))) == [0]


# ── failures ────────────────────────────────────────────────────────────────────────────────────


def test_a_failed_chunk_fails_its_own_chain_only() -> None:
    told = story(plan(3, 3))
    told.play(fails=lambda job: job.n == 4)
    waves = outcome(told)
    assert [(e.chunk, e.beat) for e in waves.failed] == [(4, 1), (5, 1)]
    assert waves.failed[0].error == "the model is tired"
    assert waves.failed[1].error == "chunk 4 before it was not made: the model is tired"
    assert (waves.succeeded, waves.cost) == (7, 7 * 10 + 3)
    assert f"{VIDEO}/clip/1/5/0" not in told.jobs


def flagged(of: BeatsPlanned, beat: int) -> Event:
    return no_image(of, beat, "not allowed").model_copy(update={"code": "flagged"})


def test_without_its_image_a_clip_is_asked_for_from_words_alone_and_its_chain_goes_on() -> None:
    of = plan(2, 2)
    told = Story(SERVICE, of)
    [job] = told.hear(no_image(of, 0, "no model would"))
    assert (job.n, job.files, job.input["image_error"]) == (0, {}, "no model would")
    made = done(job)
    assert isinstance(made, ChunkReady)
    assert made.doubts == ("was made without its storyboard image: no model would",)
    assert [job.files for job in told.hear(made)] == [{"last_frame": "ChunkReady/0-0-0/last"}]
    told.hear(image(of, 1))
    told.play()
    assert outcome(told).succeeded == 4


def test_where_no_engine_starts_from_words_a_failed_image_fails_its_own_chain_only() -> None:
    of = plan(2, 2)
    told = Story(SERVICE, of)
    told.hear(no_image(of, 0, "no model would"), image(of, 1))
    told.play(fails=lambda job: not job.files)
    waves = outcome(told)
    no_start = "chunk 0 has no storyboard image: no model would; without one, the model is tired"
    assert [(each.chunk, each.error) for each in waves.failed] == [
        (0, no_start),
        (1, f"chunk 0 before it was not made: {no_start}"),
    ]
    assert waves.succeeded == 2


def test_an_image_that_was_refused_for_what_it_shows_is_not_asked_for_as_a_clip() -> None:
    of = plan(2, 2)
    told = Story(SERVICE, of)
    assert told.hear(flagged(of, 0)) == []
    told.hear(image(of, 1))
    told.play()
    waves = outcome(told)
    assert [each.chunk for each in waves.failed] == [0, 1]
    assert waves.failed[0].error == "chunk 0 has no storyboard image: not allowed"
    assert [each.code for each in waves.failed] == ["flagged", "flagged"]
    assert waves.succeeded == 2


def test_an_image_that_was_stopped_for_a_change_is_waited_for_until_the_plan_that_answers() -> None:
    of = plan(2, 2)
    told = Story(SERVICE, of)
    assert told.hear(no_image(of, 0, "cancelled")) == []
    again = {"image/0": 1, "clip/0": 1, "clip/1": 1}
    after = of.model_copy(update={"rev": 2, "at": of.at + 1, "takes": again})
    told.hear(after, image(after, 0), image(after, 1))
    told.play()
    assert outcome(told).succeeded == 4


def test_what_an_earlier_version_gave_up_without_its_image_is_not_begun_again() -> None:
    of = plan(2)
    lost = (ChunkError(chunk=0, beat=0, error="chunk 0 has no storyboard image"),)
    told_before = WavesCompleted(video_id=VIDEO, rev=1, total=2, succeeded=1, failed=lost)
    told = Story(SERVICE, of, no_image(of, 0), image(of, 1), told_before)
    told.jobs[f"{VIDEO}/clip/1/1/0"] = told_clip = spec(of, CLIP, beat=1, n=1)
    assert told.hear(done(told_clip)) == []
    assert told.of(WavesCompleted) == [told_before]
    assert told.done


def test_all_failed_is_an_outcome_too() -> None:
    of = plan(2, 2)
    told = Story(SERVICE, of)
    told.hear(flagged(of, 0), flagged(of, 1))
    assert (outcome(told).succeeded, len(outcome(told).failed), outcome(told).cost) == (0, 4, 0)
    assert told.done


def test_a_missing_last_frame_is_an_error_and_not_a_hang() -> None:
    told = story(plan(1, 2))
    told.hear(done(told.open[0]).model_copy(update={"last_frame_key": None}))
    assert outcome(told).failed[0].error == "chunk 0 before it left no last frame"


def test_an_orphan_is_an_error_that_names_it_and_fails_its_chain_only() -> None:
    of = plan(3, 2)
    chunks = [c.model_copy(update={"kind": "continuous"}) if c.index == 4 else c for c in of.chunks]
    told = story(of.model_copy(update={"chunks": tuple(chunks)}))
    told.play()
    waves = outcome(told)
    orphaned = "chunk 4 is orphaned: no storyboard image and not part of a pair"
    assert [e.chunk for e in waves.failed] == [4, 5]
    assert waves.failed[0].error == orphaned
    assert waves.failed[1].error == f"chunk 4 before it was not made: {orphaned}"
    assert waves.succeeded == 4


def test_a_gap_in_the_numbers_is_refused_and_not_a_hang() -> None:
    of = plan(3)
    told = story(of.model_copy(update={"chunks": (of.chunks[0], of.chunks[2])}))
    waves = outcome(told)
    assert (waves.total, waves.succeeded) == (2, 0)
    assert {e.error for e in waves.failed} == {
        "chunk numbers must run from 0 on in order: 1 is missing"
    }
    assert told.done
    assert told.jobs == {}


def test_without_a_plan_nothing_more_is_expected() -> None:
    assert SERVICE.decide_on(
        View(VIDEO, [PlanFailed(video_id=VIDEO, job="v1/plan/0/0/1", error="x")])
    ).done


# ── takes and revisions ─────────────────────────────────────────────────────────────────────────


def test_only_the_wanted_take_of_an_image_counts() -> None:
    old, new = plan(1), plan(1, rev=2, takes={"image/0": 1, "clip/0": 1})
    told = Story(SERVICE, old, new)
    assert told.hear(image(old, 0)) == []
    (job,) = told.hear(image(new, 0))
    assert (job.take, job.files) == (1, {"image": "ImageReady/0-0-1"})


def test_it_is_not_done_while_work_of_an_older_plan_is_in_hand() -> None:
    told = story(plan(2))
    first, second = told.open
    told.hear(done(first), plan(2, rev=2, skipped=[1]))
    assert outcome_of(told, 2).total == 1
    assert not told.done
    told.hear(done(second))
    assert told.done


def test_a_revision_makes_again_only_what_has_a_new_take() -> None:
    told = story(plan(3, 2))
    told.play()
    new = plan(3, 2, rev=2, takes={"image/1": 1, "clip/2": 1, "clip/3": 1})
    told.hear(new, image(new, 1))
    assert [job.id for job in told.open] == [f"{VIDEO}/clip/1/2/1"]
    told.play()
    _first, second = told.of(WavesCompleted)
    assert isinstance(second, WavesCompleted)
    assert second.rev == 2
    assert second.keys[2:4] == ("ChunkReady/1-2-1", "ChunkReady/1-3-1")
    assert second.cost == 60


def test_a_failure_of_an_old_take_does_not_matter() -> None:
    told = story(plan(1))
    told.hear(broken(told.open[0]))
    new = plan(1, rev=2, takes={"clip/0": 1})
    told.hear(new)
    told.play()
    assert outcome_of(told, 2).failed == ()


def test_a_skipped_beat_is_neither_made_nor_counted() -> None:
    told = story(plan(3, 2, skipped=[1]))
    told.play()
    assert outcome(told).total == 4
    assert not any(job.beat == 1 for job in told.jobs.values())


def outcome_of(told: Story, rev: int) -> WavesCompleted:
    (waves,) = [
        w for w in told.of(WavesCompleted) if isinstance(w, WavesCompleted) and w.rev == rev
    ]
    return waves


# ── any order ───────────────────────────────────────────────────────────────────────────────────


@st.composite
def half_told(draw: st.DrawFn) -> tuple[list[Event], list[Event], list[str]]:
    """Any part of any life: its facts, the same facts retold, and what was released."""
    shape = draw(st.sampled_from(SHAPES[:12]))
    of = plan(*shape, clips_at_once=draw(st.integers(1, 6)))
    told = Story(SERVICE, of)
    bad = draw(st.integers(0, shape[0] - 1))
    told.hear(*(no_image(of, b) if b == bad else image(of, b) for b in range(shape[0])))
    unlucky = draw(st.sets(st.integers(0, 8)))
    for _ in range(draw(st.integers(0, 20))):
        if told.open:
            job = draw(st.sampled_from(told.open))
            told.hear(broken(job) if job.n in unlucky else done(job))
    facts = list({fact.id: fact for fact in told.facts}.values())
    return facts, draw(retold(facts)), list(told.jobs)


@settings(deadline=None)
@given(half_told())
def test_any_order_and_any_duplicates_give_the_same_decision(
    case: tuple[list[Event], list[Event], list[str]],
) -> None:
    facts, again, released = case
    assert SERVICE.decide_on(View(VIDEO, facts, released)) == SERVICE.decide_on(
        View(VIDEO, again, released)
    )


@settings(deadline=None)
@given(
    st.sampled_from(SHAPES),
    st.sets(st.integers(0, 20)),
    st.integers(1, 12),
    st.integers(0, 2**32),
)
def test_whatever_finishes_first_the_outcome_is_the_same(
    shape: tuple[int, int], unlucky: set[int], limit: int, seed: int
) -> None:
    of = plan(*shape, clips_at_once=limit)
    in_order, at_random = story(of), story(of)
    in_order.play(fails=lambda job: job.n in unlucky)
    at_random.play(fails=lambda job: job.n in unlucky, seed=seed)
    assert outcome(in_order) == outcome(at_random)
    assert set(in_order.jobs) == set(at_random.jobs)


def test_work_that_was_released_is_not_named_again() -> None:
    told = story(plan(3))
    assert numbers(told.open) == [0, 1, 2]
    assert SERVICE.decide_on(told.view).jobs == ()
