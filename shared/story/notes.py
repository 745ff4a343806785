"""Notes: all that a video lacks, in the words of a person. None of it has ended the video."""

from collections.abc import Iterator, Set
from operator import itemgetter

from shared.story.events import BeatsPlanned, Failed, WavesCompleted
from shared.story.fact import Fact
from shared.story.kinds import (
    CLIP,
    CONFORM,
    CUT,
    TOOK_OVER,
    ChunkFailed,
    ChunkReady,
    ClipConformed,
    Item,
    Kinds,
    Stage,
    VideoCut,
    list_skipped,
)
from shared.story.view import View


class Note(Fact):
    """Something a finished video lacks, or that went wrong on the way without ending it."""

    stage: str
    item: str = ""
    message: str


def list_notes(view: View, plan: BeatsPlanned | None, kinds: Kinds) -> Iterator[Note]:
    """Yield what the video of this plan lacks."""
    if plan is None:
        return
    # a segment of an earlier take is history: a revision has replaced it
    segments = [
        segment
        for segment in view.all(ClipConformed)
        if segment.job == CONFORM.job(plan, beat=segment.beat, n=segment.chunk)
    ]
    if TOOK_OVER in plan.history:
        yield Note(stage=Stage.PLAN, message=f"{TOOK_OVER}: {plan.history[0]}")
    gaps = _list_gaps(view, plan)
    # a note on a clip's place in the film says why already: its failure is not told once more
    told = gaps.keys() | {segment.chunk for segment in segments if segment.filled}
    # by id, so that the notes have the same order whatever came first
    for _, end in sorted(view.ends.items(), key=itemgetter(0)):
        if isinstance(end, Failed) and not (isinstance(end, ChunkFailed) and end.n in told):
            yield from _note_failure(end, plan, kinds)
    for chunk, error in gaps.items():
        name = CLIP.name_item(Item(n=chunk), plan)
        yield Note(stage=Stage.CLIPS, item=name, message=f"{name} is left out: {error}")
    yield from _note_skipped(plan, kinds, told)
    yield from _note_doubts(view, plan, told)
    for segment in segments:
        yield from _note_flaws(segment, plan)
    cut = view.ready(VideoCut, CUT.job(plan))
    for message in (*cut.unheard, *cut.unwritten) if cut else ():
        yield Note(stage=Stage.CUT, message=message)


def _list_gaps(view: View, plan: BeatsPlanned) -> dict[int, str]:
    """Return chunk → error, for the chunks that the film goes without."""
    waves = view.latest(WavesCompleted)
    # waves of an earlier revision say nothing of this one
    if plan.brief.gaps != "leave" or waves is None or waves.rev != plan.rev:
        return {}
    return {error.chunk: error.error for error in waves.failed}


def _note_failure(end: Failed, plan: BeatsPlanned, kinds: Kinds) -> Iterator[Note]:
    """Yield what a failure means for the video; nothing if a revision has replaced the job."""
    kind, item = kinds.of(end), Item(end.beat, end.n)
    # a kind that lacks nothing, as the cut, ends the video when it fails; and of what the plan no
    # longer has, as a beat that is skipped now, nothing is lacking
    if (
        kind.lacks
        and item in kind.items(plan)
        and end.job == kind.job(plan, beat=end.beat, n=end.n)
    ):
        name = kind.name_item(item, plan)
        yield Note(stage=kind.stage, item=name, message=f"{name} {kind.lacks}: {end.error}")


def _note_skipped(plan: BeatsPlanned, kinds: Kinds, told: Set[int]) -> Iterator[Note]:
    """Yield what the user wanted to do without."""
    for kind, item in list_skipped(plan, kinds):
        if kind is not CLIP or item.n not in told:
            name = kind.name_item(item, plan)
            yield Note(stage=kind.stage, item=name, message=f"{name} {kind.lacks}: it was skipped")


def _note_doubts(view: View, plan: BeatsPlanned, told: Set[int]) -> Iterator[Note]:
    """Yield what looks wrong with clips that are in the film all the same."""
    for item in CLIP.items(plan):
        clip = view.ready(ChunkReady, CLIP.job(plan, beat=item.beat, n=item.n))
        name = CLIP.name_item(item, plan)
        for doubt in clip.doubts if clip and item.n not in told else ():
            yield Note(stage=Stage.CLIPS, item=name, message=f"{name} {doubt}")


def _note_flaws(segment: ClipConformed, plan: BeatsPlanned) -> Iterator[Note]:
    """Yield what is in a segment, but not as it was meant to be."""
    name = CONFORM.name_item(Item(segment.beat, segment.chunk), plan)
    if segment.filled:
        message = f"{name} is filled with a still: {segment.filled}"
        yield Note(stage=Stage.CUT, item=name, message=message)
    if segment.unburnt:
        message = f"{name} has no captions: {segment.unburnt}"
        yield Note(stage=Stage.CUT, item=name, message=message)
    for message in segment.unwritten:
        yield Note(stage=Stage.CUT, message=message)
