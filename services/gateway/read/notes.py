"""What a video lacks, in the words of a person: each failure that did not end it. Pure."""

from collections.abc import Iterable, Mapping
from operator import itemgetter

from services.gateway.read.stages import Stage
from shared.story.events import (
    BeatsPlanned,
    ClipConformed,
    DeadLettered,
    Fact,
    Failed,
    Kind,
    VideoCut,
)
from shared.story.view import View
from shared.story.wanted import wanted


class Note(Fact):
    """Something a finished video lacks, or that went wrong on the way without ending it."""

    stage: str
    item: str = ""
    message: str


_LACKS: Mapping[Kind, tuple[str, str]] = {
    Kind.REFERENCE: (Stage.IMAGES, "has no reference picture"),
    Kind.IMAGE: (Stage.IMAGES, "has no storyboard image"),
    Kind.CARD: (Stage.IMAGES, "is drawn on the brand colour"),
    Kind.VOICE: (Stage.SOUNDTRACK, "stays silent"),
    Kind.MUSIC: (Stage.SOUNDTRACK, "is missing"),
    Kind.CLIP: (Stage.CLIPS, "could not be generated"),
    Kind.CONFORM: (Stage.CUT, "could not be brought into form"),
}


def notes(view: View, plan: BeatsPlanned | None) -> Iterable[Note]:
    for job, end in sorted(view.ends.items(), key=itemgetter(0)):
        if isinstance(end, Failed) and _wanted(job, end, plan):
            yield _lack(job, end)
    if plan is not None:
        yield from _short_of(view, plan)
    for letter in view.all(DeadLettered):
        yield Note(
            stage=letter.service, item=letter.topic, message=f"a message was lost: {letter.error}"
        )


def _short_of(view: View, plan: BeatsPlanned) -> Iterable[Note]:
    """What was made, but not as it was meant to be."""
    for segment in view.all(ClipConformed):
        if _is_wanted(segment, plan):
            for message in filter(None, (segment.filled, segment.unburnt)):
                yield Note(stage=Stage.CUT, item=f"chunk {segment.chunk}", message=message)
            for message in segment.unwritten:
                yield Note(stage=Stage.CUT, message=message)
    cut = view.ready(VideoCut, wanted(plan, Kind.CUT))
    for message in (*cut.unheard, *cut.unwritten) if cut else ():
        yield Note(stage=Stage.CUT, message=message)


def _is_wanted(segment: ClipConformed, plan: BeatsPlanned) -> bool:
    """What a revision has replaced is history."""
    return segment.job == wanted(plan, Kind.CONFORM, beat=segment.beat, n=segment.chunk)


def _wanted(job: str, end: Failed, plan: BeatsPlanned | None) -> bool:
    """Failures of takes that a revision has replaced are history."""
    kind = Kind(job.split("/")[1])
    return plan is not None and kind in _LACKS and job == wanted(plan, kind, beat=end.beat, n=end.n)


def _lack(job: str, end: Failed) -> Note:
    kind = Kind(job.split("/")[1])
    stage, lacks = _LACKS[kind]
    item = name_of(kind, end)
    return Note(stage=stage, item=item, message=f"{item} {lacks}: {end.error}")


def item_of(kind: Kind, end: Failed) -> int:
    """What a take is counted by: the chunk for clips and conforms, else the beat."""
    return end.n if kind in {Kind.CLIP, Kind.CONFORM, Kind.REFERENCE} else end.beat


def name_of(kind: Kind, end: Failed) -> str:
    """How a person would call the piece."""
    if kind is Kind.CARD:
        return "the end card"
    if kind is Kind.MUSIC:
        return "the music"
    word = "chunk" if kind in {Kind.CLIP, Kind.CONFORM} else "beat"
    return f"{word} {item_of(kind, end)}"
