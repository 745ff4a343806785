"""The joints between beats: the frames that a transition takes from both sides. Pure.

A segment that ends its beat goes on for a *tail*, which the transition lays over the *head* of what
follows. So every beat still starts on the plan's grid, with its voice and captions, and the video
is as long as planned.
"""

from shared.story.beats import Chunk, count_frames
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned
from shared.story.formats import FPS, measure_frames
from shared.story.looks import choose_transition


def measure_head(plan: BeatsPlanned, chunk: Chunk) -> int:
    """Return how many frames at a segment's start the transition into it may take."""
    # as planned: beats that are skipped later change nothing, so no segment is made again
    starts_beat = chunk.index > 0 and plan.chunks[chunk.index - 1].beat != chunk.beat
    return _plan_overlap(plan.brief, count_frames(chunk)) if starts_beat else 0


def measure_tail(plan: BeatsPlanned, chunk: Chunk) -> int:
    """Return for how many frames a segment goes on, under what the plan has next."""
    if chunk.index + 1 == len(plan.chunks):
        return measure_card_head(plan) if plan.brief.end_card else 0
    following = plan.chunks[chunk.index + 1]
    if following.beat == chunk.beat:
        return 0  # within a beat the picture goes on from one clip to the next by itself
    return _plan_overlap(plan.brief, count_frames(following))


def measure_card_head(plan: BeatsPlanned) -> int:
    """Return how many frames of the end card the transition into it takes."""
    return _plan_overlap(plan.brief, measure_card(plan))


def measure_card(plan: BeatsPlanned) -> int:
    """Return how many frames there are from the end of the story to the end of the video."""
    # on the video's own grid: rounded alone, story and card could miss a frame together
    last = plan.beats[-1]
    return measure_frames(round(last.start + last.duration, 6), plan.brief.duration)


def fit_overlap(wanted: int, coming: int) -> int:
    """Return the frames of a transition that wants so many, into a segment of so many."""
    # at most half of it: a segment may have another transition at its end
    return min(wanted, coming // 2)


def _plan_overlap(brief: Brief, coming: int) -> int:
    """Return the frames of the brief's transition into a segment of so many."""
    if choose_transition(brief.transition, brief.style) == "cut":
        return 0
    return fit_overlap(round(brief.transition_seconds * FPS), coming)
