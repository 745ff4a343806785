"""The plan job: the rule-based planner writes beats, and they are made to fit the video."""

import time
from collections.abc import Mapping, Sequence

from services.planner.beats import Draft, time_beats
from shared.engines.local.plan import LocalPlan
from shared.engines.local.plan import plan as plan_locally
from shared.jobs.engine import Work, Workspace
from shared.jobs.outcomes import Made
from shared.story.beats import Beat, Truncation, check_plan, plan_chunks
from shared.story.brief import EndCard
from shared.story.kinds import PLAN, AnyKind, PlanOrder
from shared.story.shape import fit_card


def make_plan(order: PlanOrder, space: Workspace) -> Made:
    """Return all that BeatsPlanned carries, from the user's brief."""
    brief = order.brief
    card = fit_card(brief.end_card, brief.duration)
    seconds = round(brief.duration - (card.seconds if card else 0.0), 3)
    story = plan_locally(brief.prompt, brief.style, seconds, brief.seed)
    drafts = [
        Draft(beat.prompt, beat.narration, beat.seconds, setting=beat.setting)
        for beat in story.beats
    ]
    beats = time_beats(drafts, seconds)
    chunks = plan_chunks(beats, brief.chunk_seconds)
    check_plan(beats, chunks)  # a plan that can't be carried out fails here, before it is a fact
    truncation = _note_truncation(order.video_id, drafts, beats)
    settled = brief.model_copy(update={"end_card": card and _complete_card(card, story)})
    return Made(
        data={
            "brief": settled.model_dump(mode="json"),
            "title": story.title,
            "beats": [beat.model_dump(mode="json") for beat in beats],
            "chunks": [chunk.model_dump(mode="json") for chunk in chunks],
            "truncation": truncation and truncation.model_dump(mode="json"),
        }
    )


def _complete_card(card: EndCard, story: LocalPlan) -> EndCard:
    """Return the card with the story's texts in place of those that the user left empty."""
    return card.model_copy(
        update={
            "headline": card.headline or story.headline,
            "call_to_action": card.call_to_action or story.cta,
        }
    )


def _note_truncation(
    video_id: str, drafts: Sequence[Draft], beats: Sequence[Beat]
) -> Truncation | None:
    """Return how many beats were left out; None where all are in the plan."""
    if len(beats) == len(drafts):
        return None
    return Truncation(
        at=time.time_ns() // 1_000_000, video_id=video_id, before=len(drafts), after=len(beats)
    )


WORK: Mapping[AnyKind, Work] = {PLAN: make_plan}
