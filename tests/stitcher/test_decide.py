"""The stitcher: histories of events, what is conformed, when it is cut, how the video ends."""

import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import load
from services.stitcher import SERVICE
from shared.story.beats import Word
from shared.story.brief import EndCard
from shared.story.events import BeatsPlanned, Event, VideoCompleted, VideoFailed, VideoOverdue
from shared.story.images import image_key
from shared.story.kinds import CONFORM, CUT, WORDS, PlanFailed, WordsReady
from shared.story.view import Decision, JobSpec, View
from tests.histories import VIDEO, Story, broken, done, image, plan, requested, retold

SHAPES = [(beats, chunks) for beats in (1, 2, 3, 4, 5, 7) for chunks in (1, 2, 3)]
FULL: dict[str, Any] = {
    "music": True,
    "end_card": EndCard(headline="H", call_to_action="Go", seconds=2.5),
}
OTHERS = [load(name) for name in ("storyboard", "soundtrack", "chunker")]


def made(of: BeatsPlanned, lost: Iterable[str] = ()) -> list[Event]:
    """All that the other services make of a plan; the jobs named (without the video) fail."""
    failing = {f"{VIDEO}/{name}" for name in lost}
    facts: list[Event] = [requested(), of]
    for service in OTHERS:
        told = Story(service, *facts)
        told.play(fails=lambda job: job.id in failing)
        known = {fact.id for fact in facts}
        facts += {f.id: f for f in told.facts if f.id not in known}.values()
        facts += told.events.values()
    return facts


def stitched(of: BeatsPlanned, lost: Iterable[str] = ()) -> Story:
    """The whole life of a video."""
    told = Story(SERVICE, *made(of, lost))
    failing = {f"{VIDEO}/{name}" for name in lost}
    told.play(fails=lambda job: job.id in failing)
    return told


def no_start(chunk: int) -> str:
    """What is said of a chunk whose image failed, and which could not be made without one."""
    tired = "the model is tired"
    return f"chunk {chunk} has no storyboard image: {tired}; without one, {tired}"


def completion(told: Story) -> VideoCompleted:
    (end,) = told.of(VideoCompleted)
    assert isinstance(end, VideoCompleted)
    assert told.done
    return end


def failure(told: Story) -> VideoFailed:
    (end,) = told.of(VideoFailed)
    assert isinstance(end, VideoFailed)
    assert told.done
    return end


def conforms(told: Story) -> dict[int, JobSpec]:
    return {job.n: job for job in told.jobs.values() if job.kind == CONFORM.name}


def the_cut(told: Story) -> JobSpec:
    (job,) = [job for job in told.jobs.values() if job.kind == CUT.name]
    return job


# ── the good way ────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_known_nothing_is_done() -> None:
    assert SERVICE.decide_on(View(VIDEO)) == Decision()


@pytest.mark.parametrize(("beats", "chunks"), SHAPES)
def test_every_shape_is_carried_to_its_end(beats: int, chunks: int) -> None:
    told = stitched(plan(beats, chunks, **FULL))
    end = completion(told)
    count = beats * chunks
    assert (end.total, end.succeeded, end.failed, end.notes) == (count, count, (), ())
    assert len(end.chunk_keys) == count
    assert the_cut(told).input["frames"] == count * 150 + 75
    assert sorted(conforms(told)) == list(range(count + 1))
    jobs = 2 * beats + count + 2 + (count + 1) + 1  # images, voices, clips, card, music, ours
    assert end.cost == 7 + 10 * jobs
    assert end.generation_ms == 1_000


def test_a_chunk_is_conformed_the_moment_its_clip_and_its_voice_are_there() -> None:
    of = plan(2, 2)
    facts = {event.id: event for event in made(of)}
    clip, voice = facts[f"{VIDEO}/ChunkReady/1/2/0"], facts[f"{VIDEO}/VoiceReady/1/0/0"]
    told = Story(SERVICE, of)
    assert told.hear(clip) == []
    (job,) = told.hear(voice)
    assert (job.beat, job.n, job.files) == (1, 2, {"clip": "ChunkReady/1-2-0"})


def test_the_words_of_a_voice_that_failed_are_read_instead_of_heard() -> None:
    of = plan(2, 1, **FULL)
    said = [beat.model_copy(update={"narration": "海辺の 灯台です。"}) for beat in of.beats]
    told = stitched(of.model_copy(update={"beats": tuple(said)}), lost=["voice/1/0/0"])
    cut = the_cut(told).input
    assert [voice["name"] for voice in cut["voices"]] == ["voice/0"]
    (read,) = cut["unspoken"]
    assert [word["text"] for word in read["words"]] == ["海辺の", "灯台です。"]
    first, last = conforms(told)[1].input["voice"]["words"]
    assert 0 <= first["start"] < first["end"] == last["start"] < last["end"] < read["beat_seconds"]
    assert read["at"] == said[1].start
    quiet = plan(2, 1, captions="none")
    assert conforms(stitched(quiet, lost=["voice/1/0/0"]))[1].input["voice"] is None


def test_captions_wait_for_who_listens_and_have_the_times_that_were_heard() -> None:
    of = plan(1, models={"words": "draft"})
    heard = WordsReady(
        video_id=VIDEO, job=WORDS.job(of), beat=0, words=(Word(text="Words", start=1.5, end=2.0),)
    )
    told = stitched(of, lost=["words/0/0/0"])  # they keep the times of the voice
    assert conforms(told)[0].input["voice"]["words"] == []
    told = Story(SERVICE)
    told.hear(*(fact for fact in made(of) if type(fact).__name__ != "WordsReady"))
    assert not conforms(told)
    told.hear(heard)
    told.play()
    assert conforms(told)[0].input["voice"]["words"][0]["start"] == 1.5
    assert the_cut(told).input["voices"][0]["words"][0]["start"] == 1.5


def test_a_silent_beat_waits_for_no_voice() -> None:
    of = plan(1, voice=False)
    facts = {event.id: event for event in made(of)}
    told = Story(SERVICE, of)
    assert len(told.hear(facts[f"{VIDEO}/ChunkReady/0/0/0"])) == 1


def test_a_segment_knows_its_place_in_its_beat_and_the_words_spoken_there() -> None:
    of = plan(1, 2)
    voice = next(e for e in made(of) if type(e).__name__ == "VoiceReady")
    words = (Word(text="Words", start=0.1, end=0.5),)
    facts = [e for e in made(of) if e is not voice and e.id != voice.id]
    told = Story(SERVICE, *facts, voice.model_copy(update={"words": words}))
    told.decide()
    second = conforms(told)[1].input
    assert (second["offset"], second["drop_first"], second["frames"]) == (5.0, True, 150)
    assert second["goes_on"]
    assert second["voice"]["beat_seconds"] == 10.0
    assert [word["text"] for word in second["voice"]["words"]] == ["Words"]


def test_no_words_are_burnt_when_no_captions_are_wanted() -> None:
    told = stitched(plan(1, captions="none"))
    assert conforms(told)[0].input["voice"] is None
    assert the_cut(told).input["voices"][0]["at"] == 0


def test_the_cut_has_everything_in_order() -> None:
    told = stitched(plan(2, 2, **FULL))
    cut = the_cut(told)
    assert cut.take == 1
    assert [s["name"] for s in cut.input["segments"]] == [f"segment/{n}" for n in range(5)]
    assert [(v["name"], v["at"], v["room"]) for v in cut.input["voices"]] == [
        ("voice/0", 0, 10), ("voice/1", 10, 10),
    ]  # fmt: skip
    names = [*(f"segment/{n}" for n in range(5)), "voice/0", "voice/1", "music"]
    names += ["image/0", "image/1"]
    assert sorted(cut.files) == sorted(names)


def test_the_card_comes_last_on_its_own_background() -> None:
    card = conforms(stitched(plan(1, **FULL)))[1]
    assert (card.beat, card.files) == (1, {"background": "CardReady/0-0-0"})
    assert card.input["card"] == {
        "headline": "H", "call_to_action": "Go", "style": "auto", "colour": None,
    }  # fmt: skip
    assert card.input["frames"] == 75


def test_the_card_is_given_the_product_of_its_owner() -> None:
    card = EndCard(colour="#10c0fe", product_image="abc")
    told = stitched(plan(1, end_card=card, owner="ann"))
    assert conforms(told)[1].files == {"product": image_key("ann", "abc")}
    both = stitched(plan(1, end_card=EndCard(product_image="abc")))
    assert conforms(both)[1].files.keys() == {"background", "product"}


def test_the_end_waits_for_the_bill_of_every_image() -> None:
    of = plan(2)
    late = image(of, 1)
    told = Story(SERVICE, *(e for e in made(of) if e.id != late.id))
    told.play()
    assert told.of(VideoCompleted) == []
    assert not told.done
    told.hear(late)
    told.play()
    assert completion(told).cost == 7 + 10 * 9


# ── what is missing ─────────────────────────────────────────────────────────────────────────────


def test_a_lost_chunk_is_filled_from_the_last_picture_before_it() -> None:
    told = stitched(plan(2, 3), lost=["clip/0/1/0"])
    filled = conforms(told)[1]
    assert filled.files == {"still": "ChunkReady/0-0-0/last"}
    assert filled.input["filled"] == "the model is tired"
    end = completion(told)
    assert [error.chunk for error in end.failed] == [1, 2]
    assert end.notes == (
        "clip 1 is filled with a still: the model is tired",
        "clip 2 is filled with a still: chunk 1 before it was not made: the model is tired",
    )
    assert the_cut(told).input["frames"] == 900


def test_a_lost_chunk_with_none_before_it_is_filled_from_the_image() -> None:
    told = stitched(plan(2), lost=["clip/0/0/0"])
    assert conforms(told)[0].files == {"still": "ImageReady/0-0-0"}


@pytest.mark.parametrize(
    ("lost", "late", "still"),
    [("clip/0/1/0", "ChunkReady/0/0/0", "ChunkReady/0-0-0/last"),
     ("clip/0/0/0", "ImageReady/0/0/0", "ImageReady/0-0-0")],
)  # fmt: skip
def test_a_filling_waits_for_its_picture_though_the_waves_are_over(
    lost: str, late: str, still: str
) -> None:
    facts = {fact.id: fact for fact in made(plan(1, 2, min_clips=0), [lost])}
    picture = facts.pop(f"{VIDEO}/{late}")
    told = Story(SERVICE, *facts.values())
    assert told.decide() == []
    told.hear(picture)
    assert {"still": still} in [job.files for job in told.open]


def test_a_beat_without_an_image_is_filled_with_a_title() -> None:
    told = stitched(plan(2), lost=["image/0/0/0", "clip/0/0/0"])
    assert conforms(told)[0].files == {}
    assert conforms(told)[0].input["title"] == "A title"
    assert completion(told).notes == (
        "beat 0 has no storyboard image: the model is tired",
        f"clip 0 is filled with a still: {no_start(0)}",
    )


def test_a_clip_that_was_made_without_its_image_is_in_the_film_and_says_so() -> None:
    told = stitched(plan(2, 2), lost=["image/0/0/0"])
    assert [job.files["clip"] for job in conforms(told).values() if job.beat == 0] == [
        "ChunkReady/0-0-0",
        "ChunkReady/0-1-0",
    ]
    assert completion(told).notes == (
        "beat 0 has no storyboard image: the model is tired",
        "clip 0 was made without its storyboard image: the model is tired",
    )


def test_gaps_may_be_left_and_what_follows_moves_up() -> None:
    told = stitched(plan(3, 2, gaps="leave"), lost=["clip/0/1/0", "image/1/0/0", "clip/1/2/0"])
    cut = the_cut(told)
    assert [s["name"] for s in cut.input["segments"]] == ["segment/0", "segment/4", "segment/5"]
    assert [(v["name"], v["at"], v["room"]) for v in cut.input["voices"]] == [
        ("voice/0", 0, 5), ("voice/2", 5, 10),
    ]  # fmt: skip
    assert completion(told).notes == (
        "beat 1 has no storyboard image: the model is tired",
        "clip 1 is left out: the model is tired",
        f"clip 2 is left out: {no_start(2)}",
        f"clip 3 is left out: chunk 2 before it was not made: {no_start(2)}",
    )
    assert completion(told).seconds == 15


def test_a_gap_may_show_the_title_whatever_pictures_there_are() -> None:
    told = stitched(plan(2, 2, gaps="title", min_clips=1), lost=["clip/0/1/0", "clip/1/2/0"])
    assert [conforms(told)[chunk].files for chunk in (1, 2)] == [{}, {}]
    assert conforms(told)[0].files == {"clip": "ChunkReady/0-0-0"}
    assert completion(told).succeeded == 1


def test_missing_sounds_and_card_are_noted() -> None:
    told = stitched(plan(2, **FULL), lost=["voice/1/0/0", "music/0/0/0", "card/0/0/0"])
    assert completion(told).notes == (
        "the end card is drawn on the brand colour: the model is tired",
        "the music is missing: the model is tired",
        "beat 1 stays silent: the model is tired",
    )
    assert conforms(told)[2].files == {}
    assert "music" not in the_cut(told).files


def test_failed_work_is_on_the_bill() -> None:
    told = stitched(plan(2), lost=["clip/1/1/0", "voice/0/0/0"])
    # the plan; 2 images, 1 voice, 1 clip, 2 conforms, 1 cut; two failures
    assert completion(told).cost == 7 + 7 * 10 + 2 * 3


# ── the bad way ─────────────────────────────────────────────────────────────────────────────────


def test_without_a_plan_there_is_no_video() -> None:
    lost = PlanFailed(video_id=VIDEO, job=f"{VIDEO}/plan/0/0/1", take=1, error="no", cost=4)
    lost = lost.model_copy(update={"code": "quota"})
    told = Story(SERVICE, requested(), lost)
    told.decide()
    end = failure(told)
    assert (end.rev, end.phase, end.error, end.cost) == (1, "plan", "no", 4)
    assert end.code == "quota"


def test_too_few_clips_fail_with_counts_and_every_error() -> None:
    lost = ["clip/0/0/0", "image/1/0/0", "clip/1/1/0"]
    told = stitched(plan(3, min_clips=2), lost=lost)
    end = failure(told)
    assert (end.phase, end.total, end.succeeded) == ("clips", 3, 1)
    assert end.item == "chunk 0, chunk 1"
    assert end.code == "internal"
    assert end.error == (
        "1 of 3 clips were made, at least 2 are needed: chunk 0: the model is tired; "
        f"chunk 1: {no_start(1)}"
    )
    assert not any(job.kind == CUT.name for job in told.jobs.values())


@pytest.mark.parametrize(("least", "enough"), [(1, True), (2, True), (3, False), (9, False)])
def test_min_clips_counts_chunks_and_is_never_more_than_there_are(least: int, enough: bool) -> None:
    told = stitched(plan(3, min_clips=least), lost=["clip/1/1/0"])
    assert bool(told.of(VideoCompleted)) is enough
    assert bool(stitched(plan(3, min_clips=least)).of(VideoCompleted))


def test_a_segment_that_can_not_be_made_ends_the_video() -> None:
    end = failure(stitched(plan(2, 2, **FULL), lost=["conform/1/2/0"]))
    assert (end.phase, end.item, end.error) == ("conform", "clip 2", "the model is tired")
    assert (end.total, end.succeeded) == (4, 4)
    assert failure(stitched(plan(1, **FULL), lost=["conform/1/1/0"])).item == "the end card"


def test_a_cut_that_fails_ends_the_video() -> None:
    end = failure(stitched(plan(2), lost=["cut/0/0/1"]))
    assert (end.phase, end.error, end.code) == ("cut", "the model is tired", "encode")


# ── revisions ───────────────────────────────────────────────────────────────────────────────────


def test_a_revision_conforms_and_cuts_again_only_what_it_touches() -> None:
    told = stitched(plan(3, 2))
    new = plan(3, 2, rev=2, takes={"voice/1": 1, "conform/2": 1, "conform/3": 1})
    before = set(told.jobs)
    for fact in made(new):
        told.hear(fact)
    told.play()
    assert set(told.jobs) - before == {
        f"{VIDEO}/conform/1/2/1", f"{VIDEO}/conform/1/3/1", f"{VIDEO}/cut/0/0/2",
    }  # fmt: skip
    last = told.of(VideoCompleted)[-1]
    assert isinstance(last, VideoCompleted)
    assert last.rev == 2


def test_a_skipped_beat_is_cut_out() -> None:
    told = stitched(plan(3, 2, skipped=[1]))
    names = [s["name"] for s in the_cut(told).input["segments"]]
    assert names == ["segment/0", "segment/1", "segment/4", "segment/5"]
    assert [v["at"] for v in the_cut(told).input["voices"]] == [0, 10]
    assert completion(told).total == 4


# ── any order ───────────────────────────────────────────────────────────────────────────────────

LOST = ["clip/0/1/0", "clip/1/2/0", "image/1/0/0", "voice/0/0/0", "music/0/0/0", "card/0/0/0"]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([(1, 1), (1, 2), (2, 2), (3, 1)]),
    st.sets(st.sampled_from([*LOST, "conform/0/0/0", "cut/0/0/1"])),
    st.sampled_from(["fill", "leave", "title"]),
    st.data(),
)
def test_any_order_and_any_duplicates_give_the_same_decision(
    shape: tuple[int, int], lost: set[str], gaps: str, data: st.DataObject
) -> None:
    told = stitched(plan(*shape, **FULL, gaps=gaps), lost)
    life = list({fact.id: fact for fact in told.facts}.values())
    facts = data.draw(st.lists(st.sampled_from(life), unique_by=lambda f: f.id))
    if facts:
        again = data.draw(retold(facts))
        assert SERVICE.decide_on(View(VIDEO, facts)) == SERVICE.decide_on(View(VIDEO, again))


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([(1, 1), (1, 2), (2, 2), (3, 1)]),
    st.sets(st.sampled_from([*LOST, "cut/0/0/1"])),
    st.sampled_from(["fill", "leave", "title"]),
    st.randoms(use_true_random=False),
)
def test_whatever_comes_first_the_video_ends_alike(
    shape: tuple[int, int], lost: set[str], gaps: str, chance: random.Random
) -> None:
    of = plan(*shape, **FULL, gaps=gaps)
    failing = {f"{VIDEO}/{name}" for name in lost}
    in_order, told, facts = stitched(of, lost), Story(SERVICE), made(of, lost)
    chance.shuffle(facts)
    while facts or told.open:  # what others make and what we make ends in any order
        if told.open and (not facts or chance.random() < 0.5):
            job = chance.choice(told.open)
            told.hear(broken(job) if job.id in failing else done(job))
        else:
            told.hear(facts.pop())
    assert told.of(VideoCompleted) == in_order.of(VideoCompleted)
    assert len(told.of(VideoFailed)) == len(in_order.of(VideoFailed))
    if told.of(VideoCompleted):
        assert told.jobs == in_order.jobs


def test_the_waves_of_an_older_plan_say_nothing_about_a_newer_one() -> None:
    told = stitched(plan(2), lost=["clip/0/0/0"])
    told.hear(plan(2, rev=2, takes={"clip/0": 1, "conform/0": 1}))
    assert f"{VIDEO}/conform/0/0/1" not in told.jobs
    assert not told.done


def test_the_names_of_the_jobs_are_those_the_plan_wants() -> None:
    of = plan(2, rev=3, takes={"conform/1": 4})
    assert CONFORM.job(of, beat=1, n=1) == f"{VIDEO}/conform/1/1/4"
    assert CUT.job(of) == f"{VIDEO}/cut/0/0/3"


def test_a_job_that_ended_is_not_named_as_open() -> None:
    told = Story(SERVICE, *made(plan(1)))
    (job,) = told.decide()
    told.hear(done(job))
    told.hear(broken(told.open[0]))
    assert told.open == []


def test_a_video_that_ran_for_too_long_fails_at_its_deadline_and_is_asked_for_no_more() -> None:
    told = Story(SERVICE, *made(plan(2))[:-3])
    told.decide()
    late = VideoOverdue(video_id=VIDEO, rev=1, running_ms=7_200_001, limit_ms=7_200_000)
    told.hear(late)
    end = failure(told)
    assert (end.phase, end.code, end.error) == (
        "deadline",
        "timeout",
        "it ran for more than 2 h without an end, and was given up: try it again",
    )
    assert told.hear(late) == []


def test_a_video_that_was_completed_does_not_fail_afterwards() -> None:
    told = stitched(plan(1))
    told.hear(VideoOverdue(video_id=VIDEO, rev=1, running_ms=7_200_001, limit_ms=7_200_000))
    assert completion(told) and not told.of(VideoFailed)
