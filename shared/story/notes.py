"""What a video lacks, in the words of a person: each failure that did not end it."""

from collections.abc import Iterator
from operator import itemgetter

from shared.story.events import BeatsPlanned, Failed, WavesCompleted
from shared.story.fact import Fact
from shared.story.kinds import (
    CLIP,
    CONFORM,
    CUT,
    ChunkFailed,
    ClipConformed,
    Item,
    Kinds,
    Stage,
    VideoCut,
)
from shared.story.view import View


class Note(Fact):
    """Something a finished video lacks, or that went wrong on the way without ending it."""

    stage: str
    item: str = ""
    message: str


def notes(view: View, plan: BeatsPlanned | None, kinds: Kinds) -> Iterator[Note]:
    """Return what this plan lacks. What a revision has replaced is history, and is left out."""
    if plan is None:
        return
    segments = [s for s in view.all(ClipConformed) if _is_current(s, plan)]
    left_out = _left_out(view, plan)
    # of a clip it is enough to say once what became of its place in the film
    told = left_out.keys() | {segment.chunk for segment in segments if segment.filled}
    for _, end in sorted(view.ends.items(), key=itemgetter(0)):
        if isinstance(end, Failed) and not (isinstance(end, ChunkFailed) and end.n in told):
            yield from _failure_notes(end, plan, kinds)
    for chunk, error in left_out.items():
        name = CLIP.called(Item(n=chunk), plan)
        yield Note(stage=Stage.CLIPS, item=name, message=f"{name} is left out: {error}")
    for segment in segments:
        yield from _segment_notes(segment, CONFORM.called(Item(segment.beat, segment.chunk), plan))
    cut = view.ready(VideoCut, CUT.wanted(plan))
    for message in (*cut.unheard, *cut.unwritten) if cut else ():
        yield Note(stage=Stage.CUT, message=message)


def _is_current(segment: ClipConformed, plan: BeatsPlanned) -> bool:
    return segment.job == CONFORM.wanted(plan, beat=segment.beat, n=segment.chunk)


def _left_out(view: View, plan: BeatsPlanned) -> dict[int, str]:
    """Return the chunks that the film goes without, with the errors."""
    waves = view.latest(WavesCompleted)
    if plan.brief.gaps != "leave" or waves is None or waves.rev != plan.rev:
        return {}
    return {error.chunk: error.error for error in waves.failed}


def _failure_notes(end: Failed, plan: BeatsPlanned, kinds: Kinds) -> Iterator[Note]:
    kind, item = kinds.of(end), Item(end.beat, end.n)
    if kind.lacks and end.job == kind.wanted(plan, beat=end.beat, n=end.n):
        name = kind.called(item, plan)
        yield Note(stage=kind.stage, item=name, message=f"{name} {kind.lacks}: {end.error}")


def _segment_notes(segment: ClipConformed, name: str) -> Iterator[Note]:
    """Return what was made, but not as it was meant to be."""
    if segment.filled:
        message = f"{name} is filled with a still: {segment.filled}"
        yield Note(stage=Stage.CUT, item=name, message=message)
    if segment.unburnt:
        message = f"{name} has no captions: {segment.unburnt}"
        yield Note(stage=Stage.CUT, item=name, message=message)
    for message in segment.unwritten:
        yield Note(stage=Stage.CUT, message=message)
