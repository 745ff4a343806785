"""Which segments the video has, and the conform job of each as soon as it can be named. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from services.stitcher.joints import card_frames, card_head, head, tail
from shared.story.chunks import active_chunks, frames
from shared.story.events import (
    Beat,
    BeatsPlanned,
    CardReady,
    Chunk,
    ChunkError,
    ChunkReady,
    EndCard,
    ImageReady,
    Kind,
    VoiceReady,
    WavesCompleted,
)
from shared.story.formats import canvas
from shared.story.images import image_key
from shared.story.view import JobSpec, View
from shared.story.wanted import ask, has_card_picture, is_spoken, wanted, wanted_clip


@dataclass(frozen=True)
class Segment:
    """A piece of the video: it can be conformed, or it waits for something, or it is left out."""

    name: str
    job: str
    ask: Callable[[], JobSpec] | None = None
    """Its conform job; asked for once only, because most decisions find it released already."""
    left_out: str | None = None

    @property
    def waits(self) -> bool:
        return self.ask is None and self.left_out is None


def waves_of(view: View, plan: BeatsPlanned) -> WavesCompleted | None:
    """How the waves of this very revision went, once they are over."""
    return next((waves for waves in view.all(WavesCompleted) if waves.rev == plan.rev), None)


def segments(view: View, plan: BeatsPlanned, waves: WavesCompleted | None) -> list[Segment]:
    """Every chunk that counts, in order, then the end card."""
    lost = {error.chunk: error for error in waves.failed} if waves else {}
    beats = {beat.index: beat for beat in plan.beats}
    parts = [_segment(view, plan, c, beats[c.beat], lost) for c in active_chunks(plan)]
    return [*parts, *_card(view, plan)]


def card_number(plan: BeatsPlanned) -> int:
    """The end card's place among the segments: after the last chunk."""
    return len(plan.chunks)


def _segment(
    view: View, plan: BeatsPlanned, chunk: Chunk, beat: Beat, lost: Mapping[int, ChunkError]
) -> Segment:
    part = Segment(
        f"chunk {chunk.index}", wanted(plan, Kind.CONFORM, beat=beat.index, n=chunk.index)
    )
    clip = view.ready(ChunkReady, wanted_clip(plan, chunk))
    gone = lost.get(chunk.index)
    if clip is None and gone is not None and plan.brief.gaps == "leave":
        return replace(part, left_out=gone.error)
    if not _voice_settled(view, plan, beat):
        return part
    make = partial(_conform, view, plan, chunk, beat)
    if clip is not None:
        return replace(part, ask=partial(make, {"clip": clip.key}))
    still = _stand_in(view, plan, chunk, lost) if gone is not None else None
    if gone is None or still is None:
        return part
    return replace(part, ask=partial(make, still, gone.error))


def _stand_in(
    view: View, plan: BeatsPlanned, chunk: Chunk, lost: Mapping[int, ChunkError]
) -> dict[str, str] | None:
    """What a lost chunk shows: the last picture before it in its beat, else the beat's image.

    None while that is still on its way here: the choice must not depend on what came first.
    """
    before = [c for c in plan.chunks if c.beat == chunk.beat and c.index < chunk.index]
    kept = [c for c in before if c.index not in lost]
    if kept:
        clip = view.ready(ChunkReady, wanted_clip(plan, kept[-1]))
        if clip is None:
            return None
        if clip.last_frame_key:
            return {"still": clip.last_frame_key}
    image = view.end(wanted(plan, Kind.IMAGE, beat=chunk.beat))
    if image is None:
        return None
    return {"still": image.key} if isinstance(image, ImageReady) else {}


def _voice_settled(view: View, plan: BeatsPlanned, beat: Beat) -> bool:
    job = wanted(plan, Kind.VOICE, beat=beat.index)
    return not is_spoken(plan, beat) or view.end(job) is not None


def _conform(
    view: View,
    plan: BeatsPlanned,
    chunk: Chunk,
    beat: Beat,
    files: Mapping[str, str],
    filled: str | None = None,
) -> JobSpec:
    voice = view.ready(VoiceReady, wanted(plan, Kind.VOICE, beat=beat.index))
    spoken = voice_input(voice, beat) if voice and plan.brief.captions != "none" else None
    return ask(
        plan,
        Kind.CONFORM,
        beat=beat.index,
        n=chunk.index,
        given={
            **_size(plan),
            "frames": frames(chunk) + tail(plan, chunk),
            "head": head(plan, chunk),
            "tail": tail(plan, chunk),
            "drop_first": chunk.kind == "continuous",
            "goes_on": [c.beat for c in plan.chunks].count(beat.index) > 1,
            "title": plan.title,
            "captions": plan.brief.captions,
            "voice": spoken,
            "offset": round(chunk.start - beat.start, 6),
            "filled": filled,
        },
        files=files,
        seconds=chunk.seconds / 5,
    )


def voice_input(voice: VoiceReady, beat: Beat) -> dict[str, Any]:
    """All that fitting a voice into its beat needs: captions and mix must fit it alike."""
    return {
        "seconds": voice.seconds,
        "words": [word.model_dump() for word in voice.words],
        "beat_seconds": beat.duration,
    }


def _card(view: View, plan: BeatsPlanned) -> list[Segment]:
    if plan.brief.end_card is None:
        return []
    place = {"beat": len(plan.beats), "n": card_number(plan)}
    part = Segment("end card", wanted(plan, Kind.CONFORM, **place))
    background = view.end(wanted(plan, Kind.CARD))
    if background is None and has_card_picture(plan):
        return [part]
    files = {"background": background.key} if isinstance(background, CardReady) else {}
    product = plan.brief.end_card.product_image
    if product is not None:
        files["product"] = image_key(plan.brief.owner, product)
    return [replace(part, ask=partial(_conform_card, plan, plan.brief.end_card, place, files))]


def _conform_card(
    plan: BeatsPlanned, card: EndCard, place: Mapping[str, int], files: Mapping[str, str]
) -> JobSpec:
    return ask(
        plan,
        Kind.CONFORM,
        **place,
        given={
            **_size(plan),
            "frames": card_frames(plan),
            "head": card_head(plan),
            "card": card.model_dump(mode="json", exclude={"seconds", "product_image"}),
            "style": plan.brief.style,
        },
        files=files,
        seconds=card.seconds / 5,
    )


def _size(plan: BeatsPlanned) -> dict[str, int]:
    size = canvas(plan.brief.aspect, plan.brief.quality)
    return {"width": size.width, "height": size.height}
