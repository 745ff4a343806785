"""What a change makes stale: that and no more, whatever was changed before."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.story.beats import check_plan, count_frames
from shared.story.events import BeatsPlanned, RevisionRequested
from shared.story.formats import frame_at
from shared.story.kinds import CLIP, CONFORM, IMAGE, KINDS, VOICE
from shared.story.revise import number_take, revise
from shared.story.stale import Origins, list_parts, list_stale, list_windows
from tests.histories import VIDEO, full_plan, plan

WORDS = st.sampled_from(["the sea", "a hill", "rain at night"])
BEATS = st.integers(0, 2)

CHANGES = st.one_of(
    st.builds(dict, action=st.just("edit"), beat=BEATS, prompt=WORDS),
    st.builds(dict, action=st.just("edit"), beat=BEATS, narration=WORDS | st.just("")),
    st.builds(dict, action=st.just("edit"), beat=BEATS, duration=st.sampled_from([7.2, 9, 10, 11])),
    st.builds(
        dict,
        action=st.just("regenerate"),
        beat=BEATS,
        what=st.sampled_from(["", "image", "clip", "voice", "all"]),
    ),
    st.builds(dict, action=st.just("skip"), beat=BEATS),
    st.builds(
        dict,
        action=st.just("choose"),
        beat=BEATS,
        kind=st.sampled_from(["image", "clip", "voice"]),
        take=st.integers(0, 3),
    ),
    st.builds(dict, action=st.just("reframe"), aspect=st.sampled_from(["1:1", "16:9"])),
)
STORIES = st.lists(CHANGES, max_size=12)


def first() -> BeatsPlanned:
    return full_plan(3, 2, characters=[["Ada"], ["Ada"], []])


def live(changes: Sequence[dict[str, Any]]) -> list[BeatsPlanned]:
    """All plans of a video that was changed so, the first one first."""
    history = [first()]
    for rev, change in enumerate(changes, 2):
        asked = RevisionRequested.model_validate({"video_id": VIDEO, "rev": rev, **change})
        history.append(revise(history, asked, KINDS))
    return history


def change(history: list[BeatsPlanned], **asked: Any) -> list[BeatsPlanned]:
    rev = history[-1].rev + 1
    asked = {"video_id": VIDEO, "rev": rev, **asked}
    return [*history, revise(history, RevisionRequested.model_validate(asked), KINDS)]


def stale(history: Sequence[BeatsPlanned]) -> set[str]:
    """What the last change makes again, where all that was wanted before is made."""
    made = {
        kind.job(old, beat=item.beat, n=item.n)
        for old in history[:-1]
        for kind, item in list_parts(old, KINDS)
    }
    found = list_stale(history[-2], history[-1], KINDS, made.__contains__)
    return {kind.take_name(item) for kind, item in found}


@settings(deadline=None, max_examples=150)
@given(STORIES)
def test_every_plan_can_be_carried_out_and_has_its_frames(changes: list[dict[str, Any]]) -> None:
    for each in live(changes):
        check_plan(each.beats, each.chunks)
        story = each.beats[-1].start + each.beats[-1].duration
        assert sum(count_frames(chunk) for chunk in each.chunks) == frame_at(story)
        card = each.brief.end_card
        assert card is not None
        assert frame_at(each.brief.duration) - frame_at(story) == frame_at(card.seconds)


@settings(deadline=None, max_examples=150)
@given(STORIES)
def test_a_take_never_stands_for_two_different_things(changes: list[dict[str, Any]]) -> None:
    """Whoever finds a job's result under a take gets what the plan says now."""
    history, known = live(changes), dict[str, object]()
    for old in history:
        origins = Origins([old], KINDS)
        for kind, item in list_parts(old, KINDS):
            # a clip that was chosen for a longer beat may be longer than it is wanted
            if any(step["action"] == "choose" for step in changes) and kind in (CLIP, CONFORM):
                continue
            job = kind.job(old, beat=item.beat, n=item.n)
            made_from = origins.trace(old, old.takes, kind, item)
            assert known.setdefault(job, made_from) == made_from, job


@settings(deadline=None, max_examples=150)
@given(STORIES, BEATS, WORDS)
def test_what_is_changed_back_is_made_of_what_there_is(
    changes: list[dict[str, Any]], beat: int, words: str
) -> None:
    history = change(live(changes), action="edit", beat=beat)  # if it was skipped, it is back
    was = history[-1].beats[beat]
    for name in ("prompt", "narration"):
        edited = change(history, action="edit", beat=beat, **{name: f"{words}, changed"})
        back = change(edited, action="edit", beat=beat, **{name: getattr(was, name)})
        if name == "prompt" and was.image:
            continue
        assert stale(back) == set()
        assert list_windows(history[-1], back[-1]) == []


@settings(deadline=None, max_examples=150)
@given(STORIES, CHANGES, CHANGES)
def test_a_change_of_one_beat_makes_nothing_of_another_again(
    changes: list[dict[str, Any]], before: dict[str, Any], last: dict[str, Any]
) -> None:
    history = live([*changes, before])
    if last["action"] == "reframe":
        return
    after = change(history, **last)
    items = list_stale(after[-2], after[-1], KINDS, lambda job: False)
    for kind, item in items:
        if kind is CONFORM:  # a transition may take more or less of its neighbour
            continue
        assert item.beat == last["beat"], (kind.name, item)


@settings(deadline=None, max_examples=100)
@given(STORIES, BEATS, st.sampled_from(["image", "clip", "voice"]))
def test_a_take_that_is_chosen_again_costs_nothing_and_the_beat_has_it(
    changes: list[dict[str, Any]], beat: int, kind: str
) -> None:
    history = live(changes)
    was = number_take(history[0], KINDS[kind], beat)
    assert was == 0
    again = change(history, action="choose", beat=beat, kind=kind, take=was)
    assert number_take(again[-1], KINDS[kind], beat) == was
    bought = {name for name in stale(again) if not name.startswith("conform/")}
    # a clip that starts from the image chosen, for a beat that is longer now, was never made
    lengths = {round(old.beats[beat].duration, 3) for old in history}
    assert bought == set() or (kind == "image" and len(lengths) > 1)


@settings(deadline=None, max_examples=60)
@given(STORIES)
def test_all_that_has_changed_is_made_again(changes: list[dict[str, Any]]) -> None:
    """Of two plans, what differs in its words or in what it starts from differs in its take."""
    for one, other in pairwise(live(changes)):
        for kind, item in list_parts(other, KINDS):
            if item not in list(kind.items(one)) or kind not in (IMAGE, VOICE):
                continue
            beats = [each.beats[item.beat] for each in (one, other)]
            texts = {b.prompt if kind is IMAGE else b.narration for b in beats}
            jobs = {kind.job(each, beat=item.beat) for each in (one, other)}
            assert len(jobs) >= len(texts)


def test_other_words_make_the_voice_and_its_segments_again_and_no_picture() -> None:
    history = change([first()], action="edit", beat=1, narration="Quite other words.")
    assert stale(history) == {"voice/1", "conform/2", "conform/3"}
    windows = list_windows(history[0], history[1])
    assert [(left.n, right.n) for left, right in windows] == [(1, 2), (3, 4)]


def test_without_captions_other_words_leave_all_segments_as_they_are() -> None:
    history = change([plan(3, 2, captions="none")], action="edit", beat=1, narration="Others.")
    assert stale(history) == {"voice/1"}


def test_a_longer_beat_makes_its_clips_again_and_moves_the_others() -> None:
    history = change([first()], action="edit", beat=0, duration=12)
    before, after = history
    assert stale(history) == {"clip/0", "clip/1", "conform/0", "conform/1"}
    assert (after.beats[0].duration, after.beats[1].start) == (12, 12)
    assert after.brief.duration == before.brief.duration + 2
    assert [c.seconds for c in after.chunks] == [6, 6, 5, 5, 5, 5]


def test_a_length_that_cannot_be_changes_nothing() -> None:
    for seconds in (4.9, 20.1, 1000, -3):
        history = change([first()], action="edit", beat=0, duration=seconds)
        assert history[1].beats == history[0].beats and stale(history) == set()


def test_new_clips_for_the_same_image_leave_the_image() -> None:
    history = change([first()], action="regenerate", beat=2, what="clip")
    assert stale(history) == {"clip/4", "clip/5", "conform/4", "conform/5"}


def test_the_clips_of_an_image_come_back_with_it() -> None:
    history = change([first()], action="regenerate", beat=0, what="image")
    history = change(history, action="choose", beat=0, kind="image", take=0)
    assert stale(history) == set()
    assert [history[-1].takes[f"clip/{n}"] for n in (0, 1)] == [0, 0]


def test_an_image_comes_back_with_its_prompt_and_a_voice_with_its_words() -> None:
    history = change([first()], action="edit", beat=0, prompt="a hill", narration="Up we go.")
    history = change(history, action="choose", beat=0, kind="image", take=0)
    assert (history[-1].beats[0].prompt, history[-1].beats[0].narration) == ("scene 0", "Up we go.")
    history = change(history, action="choose", beat=0, kind="voice", take=0)
    assert history[-1].beats[0] == first().beats[0]
    assert stale(history) == set()


def test_a_take_after_one_that_was_chosen_back_is_a_new_one() -> None:
    history = change([first()], action="regenerate", beat=0, what="image")
    history = change(history, action="choose", beat=0, kind="image", take=0)
    history = change(history, action="retry", again=("image/0",))
    assert history[-1].takes["image/0"] == 2


def test_a_take_that_there_never_was_changes_nothing() -> None:
    history = change([first()], action="choose", beat=0, kind="image", take=7)
    assert history[1].takes == history[0].takes and history[1].beats == history[0].beats


def test_a_longer_clip_chosen_for_a_shorter_beat_is_not_bought_again_for_the_longer_one() -> None:
    history = change([first()], action="edit", beat=0, duration=12)
    history = change(history, action="edit", beat=0, duration=10)
    history = change(history, action="choose", beat=0, kind="clip", take=1)
    history = change(history, action="edit", beat=0, duration=12)
    assert not {name for name in stale(history) if name.startswith("clip/")}
    assert [history[-1].takes[f"clip/{n}"] for n in (0, 1)] == [1, 1]


def test_what_a_user_gave_stays_whatever_is_said_of_its_beat() -> None:
    given = first().model_copy(update={"given": {"image/1": "own.png", "voice/1": "own.wav"}})
    history = change([given], action="edit", beat=1, prompt="a hill")
    assert stale(history) == {"clip/2", "clip/3", "conform/2", "conform/3"}
    assert stale(change(history, action="edit", beat=1, narration="Others.")) == set()
