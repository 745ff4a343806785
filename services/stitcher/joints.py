"""What happens where one beat gives way to the next: which transition, and how much of both. Pure.

A segment that ends its beat goes on for a tail, which the transition lays over the head of what
follows. So every beat still starts on the plan's grid, with its voice and captions, and the video
is as long as planned.
"""

from shared.story.beats import Chunk, frames
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned
from shared.story.formats import FPS, frames_between
from shared.story.looks import choose_transition


def transition(brief: Brief) -> str:
    """Return the one that this video has, never auto."""
    return choose_transition(brief.transition, brief.style)


def head(plan: BeatsPlanned, chunk: Chunk) -> int:
    """Return how many frames at its start a transition into it may take."""
    # as planned: beats that are skipped later change nothing, so no segment is made again
    starts = chunk.index > 0 and plan.chunks[chunk.index - 1].beat != chunk.beat
    return _overlap(plan.brief, frames(chunk)) if starts else 0


def tail(plan: BeatsPlanned, chunk: Chunk) -> int:
    """Return for how many frames it goes on, for the transition to what the plan has next."""
    if chunk.index + 1 == len(plan.chunks):
        return card_head(plan) if plan.brief.end_card else 0
    following = plan.chunks[chunk.index + 1]
    return _overlap(plan.brief, frames(following)) if following.beat != chunk.beat else 0


def card_head(plan: BeatsPlanned) -> int:
    """Return how many frames of the end card the transition into it takes."""
    return _overlap(plan.brief, card_frames(plan))


def card_frames(plan: BeatsPlanned) -> int:
    """Return the frames from the end of the story to the end of the video."""
    # on the video's own grid: rounded alone, story and card could miss a frame together
    last = plan.beats[-1]
    return frames_between(round(last.start + last.duration, 6), plan.brief.duration)


def fitting(wanted: int, coming: int) -> int:
    """Return the frames of a transition that wants so many, into a segment of so many."""
    # at most half of it: a segment may have another transition at its end
    return min(wanted, coming // 2)


def _overlap(brief: Brief, coming: int) -> int:
    if transition(brief) == "cut":
        return 0
    return fitting(round(brief.transition_seconds * FPS), coming)
