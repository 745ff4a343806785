"""A plan that a user has written: it becomes the video's plan as it is, and no model is asked."""

from shared.story.beats import check_plan, plan_chunks
from shared.story.brief import Brief, EndCard
from shared.story.drafts import fit_card
from shared.story.events import BeatsPlanned


def plan_by_hand(video_id: str, brief: Brief) -> BeatsPlanned:
    """Return the first plan of a video whose brief has one."""
    assert brief.plan is not None, "only a brief with a plan is planned so"
    beats = brief.plan.beats
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
        history=("written by hand",),
    )


def fit_card_after(card: EndCard | None, story: float) -> EndCard | None:
    """Return the card behind a story of so many seconds: shorter where that is short."""
    # what is a quarter of all is a third of the rest
    return fit_card(card, round(story * 4 / 3, 3)) if card else None
