"""The two ends of a video: what it is, what it lacks, what it came to. Pure."""

from services.stitcher.segments import Segment, segments
from shared.story.chunks import active_beats, active_chunks
from shared.story.events import (
    BeatsPlanned,
    ClipConformed,
    Failed,
    Kind,
    Micros,
    VideoCompleted,
    VideoCut,
    VideoFailed,
    VideoRequested,
    WavesCompleted,
)
from shared.story.view import View
from shared.story.wanted import is_spoken, references, wanted, wanted_clip


def completed(
    view: View, plan: BeatsPlanned, waves: WavesCompleted, cut: VideoCut
) -> VideoCompleted | None:
    """The good end; None while a bill is still on its way here."""
    request = view.one(VideoRequested)
    if request is None or not _all_billed(view, plan):
        return None
    return VideoCompleted(
        video_id=plan.video_id,
        rev=plan.rev,
        key=cut.key,
        poster_key=cut.poster_key,
        outputs=cut.outputs,
        seconds=cut.seconds,
        total=waves.total,
        succeeded=waves.succeeded,
        failed=waves.failed,
        notes=tuple(_notes(view, plan, waves, cut)),
        cost=_cost(view, plan, waves),
        chunk_keys=waves.keys,
        # a revision was not being made while its video was finished
        generation_ms=cut.at - (request.at if plan.job else plan.at),
    )


def failed(
    view: View,
    rev: int,
    phase: str,
    error: str,
    item: str = "",
    waves: WavesCompleted | None = None,
) -> VideoFailed:
    """The bad end."""
    return VideoFailed(
        video_id=view.video_id,
        rev=rev,
        phase=phase,
        item=item,
        error=error,
        total=waves.total if waves else 0,
        succeeded=waves.succeeded if waves else 0,
        failed=waves.failed if waves else (),
        cost=sum(end.cost for end in view.ends.values()),
    )


# ── what it came to ─────────────────────────────────────────────────────────────────────────────


def _all_billed(view: View, plan: BeatsPlanned) -> bool:
    """What the cut does not wait for may still be on its way here: images, and references."""
    beats = active_beats(plan)
    images = [wanted(plan, Kind.IMAGE, beat=beat.index) for beat in beats]
    return all(view.end(job) for job in [*images, *references(plan, beats)])


def _cost(view: View, plan: BeatsPlanned, waves: WavesCompleted) -> Micros:
    """Every settled job once: the clips of this plan as the waves summed them up, then the rest."""
    clips = {wanted_clip(plan, chunk) for chunk in active_chunks(plan)}
    return waves.cost + sum(end.cost for job, end in view.ends.items() if job not in clips)


# ── what it lacks ───────────────────────────────────────────────────────────────────────────────


def _notes(view: View, plan: BeatsPlanned, waves: WavesCompleted, cut: VideoCut) -> list[str]:
    parts = segments(view, plan, waves)
    pictures = [note for part in parts for note in _picture_notes(view, part)]
    return [
        *pictures,
        *_sound_notes(view, plan),
        *cut.unheard,
        *cut.unwritten,
        *_card_note(view, plan),
    ]


def _picture_notes(view: View, part: Segment) -> list[str]:
    if part.left_out is not None:
        return [f"{part.name} is left out: {part.left_out}"]
    conformed = view.ready(ClipConformed, part.job)
    if conformed is None:
        return []
    filled, unburnt = conformed.filled, conformed.unburnt
    notes = [f"{part.name} is filled with a still: {filled}"] if filled else []
    notes += conformed.unwritten
    return notes + ([f"{part.name} has no captions: {unburnt}"] if unburnt else [])


def _sound_notes(view: View, plan: BeatsPlanned) -> list[str]:
    spoken = [beat.index for beat in plan.beats if is_spoken(plan, beat)]
    voices = [(beat, view.failure(wanted(plan, Kind.VOICE, beat=beat))) for beat in spoken]
    notes = [f"beat {beat} has no voice: {lack.error}" for beat, lack in voices if lack]
    return [*notes, *_lack(view, plan, Kind.MUSIC, "there is no music")]


def _card_note(view: View, plan: BeatsPlanned) -> list[str]:
    return _lack(view, plan, Kind.CARD, "the end card is drawn on a plain colour")


def _lack(view: View, plan: BeatsPlanned, kind: Kind, what: str) -> list[str]:
    failure: Failed | None = view.failure(wanted(plan, kind))
    return [f"{what}: {failure.error}"] if failure else []
