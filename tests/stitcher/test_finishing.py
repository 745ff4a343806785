"""What makes a video look finished, as decided: transitions, end card, sheet, clips' own sounds."""

from typing import Any

import pytest

from services.stitcher import SERVICE
from shared.story.brief import EndCard
from shared.story.kinds import ChunkReady
from tests.histories import Story, done, plan
from tests.stitcher.test_decide import FULL, completion, conforms, made, stitched, the_cut

# ── from one beat to the next ───────────────────────────────────────────────────────────────────


def room(told: Story) -> dict[int, tuple[int, int, int]]:
    """How much of each segment is its head and its tail for transitions."""
    given = {n: job.input for n, job in conforms(told).items()}
    return {n: (i["frames"], i["head"], i.get("tail", 0)) for n, i in sorted(given.items())}


def overlaps(told: Story) -> list[tuple[int, int]]:
    return [(s["frames"], s["overlap"]) for s in the_cut(told).input["segments"]]


def test_transitions_lie_between_beats_and_to_the_card_and_nothing_moves() -> None:
    told = stitched(plan(2, 2, **FULL, transition="wipe"))
    assert room(told) == {
        0: (150, 0, 0), 1: (165, 0, 15), 2: (150, 15, 0), 3: (165, 0, 15), 4: (75, 15, 0),
    }  # fmt: skip
    assert overlaps(told) == [(150, 0), (165, 15), (150, 0), (165, 15), (75, 0)]
    cut = the_cut(told).input
    assert (cut["transition"], cut["frames"], cut["seconds"]) == ("wipe", 675, 22.5)
    assert [(v["at"], v["room"]) for v in cut["voices"]] == [(0, 10), (10, 10)]


@pytest.mark.parametrize(
    ("style", "kind"),
    [("cinematic", "fade"), ("noir", "black"), ("bold", "slide"), ("playful", "wipe")],
)
def test_the_style_chooses_a_transition(style: str, kind: str) -> None:
    assert the_cut(stitched(plan(2, style=style))).input["transition"] == kind


@pytest.mark.parametrize("brief", [{"transition": "cut"}, {"style": "minimal"}])
def test_hard_cuts_need_no_room(brief: dict[str, Any]) -> None:
    told = stitched(plan(2, **brief))
    assert room(told) == {0: (150, 0, 0), 1: (150, 0, 0)}
    assert overlaps(told) == [(150, 0), (150, 0)]


def test_a_transition_takes_no_more_than_half_of_what_it_leads_to() -> None:
    card = EndCard(seconds=1.0)
    told = stitched(plan(1, end_card=card, transition="fade", transition_seconds=2.0))
    assert room(told) == {0: (165, 0, 15), 1: (30, 15, 0)}
    assert the_cut(told).input["frames"] == 180


def test_what_is_left_out_or_skipped_takes_its_transition_along() -> None:
    lost = ["clip/0/1/0", "image/2/0/0", "clip/2/4/0"]
    told = stitched(plan(3, 2, transition="fade", gaps="leave"), lost=lost)
    # chunk 1 had the tail of its beat; chunk 3 fades to a beat that is not there
    assert overlaps(told) == [(150, 0), (150, 0), (150, 0)]
    assert the_cut(told).input["frames"] == 450
    skipped = stitched(plan(3, transition="fade", skipped=[1]))
    assert overlaps(skipped) == [(165, 15), (150, 0)]


def test_segments_of_before_there_were_transitions_are_cut_hard() -> None:
    told = Story(SERVICE, *made(plan(2)))
    for job in told.decide():
        fact = done(job).model_copy(update={"tail": 0, "frames": 150})
        told.hear(fact)
    assert overlaps(told) == [(150, 0), (150, 0)]


# ── what stands beside the video ────────────────────────────────────────────────────────────────


def test_the_sheet_has_a_panel_for_every_beat_of_the_video() -> None:
    told = stitched(plan(3, 2, skipped=[1], min_clips=1), lost=["image/2/0/0"])
    cut = the_cut(told)
    assert [(p["name"], p["label"]) for p in cut.input["panels"]] == [
        ("image/0", "1 · 0:00"), ("image/2", "3 · 0:20"),
    ]  # fmt: skip
    assert cut.input["panels"][0]["text"] == "Words are spoken here."
    assert cut.files["image/0"] == "ImageReady/0-0-0"
    assert "image/2" not in cut.files


def test_clips_are_heard_when_wanted_where_they_are_seen() -> None:
    told = stitched(plan(3, clip_sound=True), lost=["clip/1/1/0"])
    cut = the_cut(told)
    assert [(s["name"], s["at"], s["seconds"]) for s in cut.input["sounds"]] == [
        ("clip/0", 0, 5), ("clip/2", 10, 5),
    ]  # fmt: skip
    assert cut.files["clip/2"] == "ChunkReady/2-2-0"
    assert the_cut(stitched(plan(3))).input["sounds"] == []


def test_what_could_be_neither_burnt_nor_heard_is_noted() -> None:
    told = Story(SERVICE, *made(plan(2)))
    for job in told.decide():
        told.hear(done(job).model_copy(update={"unburnt": "no font"} if job.n else {}))
    (cut,) = told.open
    assert cut.input["captions_burnt"] is False
    told.hear(done(cut).model_copy(update={"unheard": ("clip/0 holds no sound",)}))
    assert completion(told).notes == ("clip 1 has no captions: no font", "clip/0 holds no sound")


def test_what_looks_wrong_with_a_clip_is_noted() -> None:
    doubt = {"doubts": ("is frozen: nothing moves for 3.1 s",)}
    facts = [
        fact.model_copy(update=doubt) if isinstance(fact, ChunkReady) and fact.n else fact
        for fact in made(plan(2))
    ]
    told = Story(SERVICE, *facts)
    told.play()
    assert completion(told).notes == ("clip 1 is frozen: nothing moves for 3.1 s",)


def test_words_that_no_font_can_write_are_noted() -> None:
    told = Story(SERVICE, *made(plan(1, **FULL)))
    for job in told.decide():
        lacks = ("the end card has no headline: no font",) if job.n else ()
        told.hear(done(job).model_copy(update={"unwritten": lacks}))
    (cut,) = told.open
    assert cut.input["captions_burnt"] is True
    told.hear(done(cut).model_copy(update={"unwritten": ("the contact sheet lacks a text",)}))
    assert completion(told).notes == (
        "the end card has no headline: no font", "the contact sheet lacks a text",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("captions", "unburnt", "shown"),
    [
        ("none", None, False),
        ("none", "no font", False),
        ("bold", None, False),
        ("bold", "no font", True),
    ],
)
def test_soft_captions_are_shown_only_where_wanted_ones_could_not_be_burnt(
    captions: str, unburnt: str | None, shown: bool
) -> None:
    told = Story(SERVICE, *made(plan(1, captions=captions)))
    for job in told.decide():
        told.hear(done(job).model_copy(update={"unburnt": unburnt}))
    assert the_cut(told).input["captions_burnt"] is not shown


def test_a_brands_colour_needs_no_picture_behind_it() -> None:
    told = stitched(plan(1, end_card=EndCard(colour="#10c0fe")))
    assert conforms(told)[1].files == {}
    assert completion(told).notes == ()
    assert not any("/CardReady/" in fact.id for fact in told.facts)
