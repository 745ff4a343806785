"""A plan that a user has written: it becomes the video's plan as it is, and no model is asked."""

from shared.story.beats import Beat, check_plan, plan_chunks
from shared.story.bible import write_bible
from shared.story.brief import Brief, EndCard, OwnBeat
from shared.story.drafts import fit_card
from shared.story.errors import BadInput
from shared.story.events import BeatsPlanned
from shared.story.own import draft_beat, find_given


def plan_by_hand(video_id: str, brief: Brief) -> BeatsPlanned:
    """Return the first plan of a video whose brief has one."""
    assert brief.plan is not None, "only a brief with a plan is planned so"
    own = {each.index: each for each in brief.own}
    beats = tuple(_give(beat, own.get(beat.index)) for beat in brief.plan.beats)
    chunks = plan_chunks(beats, brief.chunk_seconds)
    check_plan(beats, chunks)
    # it is said once, in the beats: the brief goes with every event
    settled = brief.model_copy(update={"plan": None})
    return BeatsPlanned(
        video_id=video_id,
        rev=1,
        brief=settled,
        title=brief.plan.title,
        beats=beats,
        chunks=chunks,
        bible=write_bible(brief.style, beats, {}),
        given=find_given(settled, chunks),
        history=("written by hand",),
    )


def _give(beat: Beat, own: OwnBeat | None) -> Beat:
    """Return a beat with what the user gives for it; the words of the plan stay, if there are."""
    if own is None:
        return beat
    narration = beat.narration if own.narration is None else own.narration
    sound = draft_beat(own, None, beat.prompt).sound
    given = {"prompt": own.prompt or beat.prompt, "narration": narration, "sound": sound}
    return beat.model_copy(update=given)


def check_own_of_plan(brief: Brief) -> None:
    """Refuse what is given for beats that a plan by hand does not have, or that are too short."""
    beats = brief.plan.beats if brief.plan else ()
    for place, own in enumerate(brief.own if brief.plan else ()):
        if own.index >= len(beats):
            most = len(beats) - 1
            raise BadInput(f"the plan has beats 0 to {most}: give one", f"beats.{place}.index")
        least, seconds = draft_beat(own, None, "x").least, beats[own.index].duration
        if least > seconds:
            raise BadInput(
                f"the recording needs {least:g} s, and its beat lasts {seconds:g} s: "
                "make that longer",
                f"beats.{place}.voice",
            )


def fit_card_after(card: EndCard | None, story: float) -> EndCard | None:
    """Return the card behind a story of so many seconds: shorter where that is short."""
    # what is a quarter of all is a third of the rest
    return fit_card(card, round(story * 4 / 3, 3)) if card else None
