"""Which segments the video has, and the conform job of each as soon as it can be named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from services.stitcher.joints import card_frames, card_head, head, tail
from shared.story.beats import Beat, Chunk, ChunkError, frames
from shared.story.brief import EndCard
from shared.story.events import BeatsPlanned, WavesCompleted
from shared.story.formats import canvas
from shared.story.images import image_key
from shared.story.kinds import (
    CARD,
    CONFORM,
    IMAGE,
    VOICE,
    CardReady,
    CardText,
    ChunkReady,
    ConformOrder,
    ImageReady,
    Item,
    Spoken,
    VoiceReady,
    clip_job,
)
from shared.story.plan import active_chunks, card_number, has_card_picture, is_spoken
from shared.story.view import JobSpec, View


@dataclass(frozen=True)
class Segment:
    """A segment of the film: it can be made, or it waits for something, or it is left out."""

    name: str
    job: str
    ask: Callable[[], JobSpec] | None = None
    """Its conform job; asked for once only, because most decisions find it released already."""
    left_out: str | None = None


def waves_of(view: View, plan: BeatsPlanned) -> WavesCompleted | None:
    """Return how the waves of this very revision went, once they are over."""
    return next((waves for waves in view.all(WavesCompleted) if waves.rev == plan.rev), None)


def segments(view: View, plan: BeatsPlanned, waves: WavesCompleted | None) -> list[Segment]:
    """Return a segment for every chunk that counts, in order, then the end card's."""
    lost = {error.chunk: error for error in waves.failed} if waves else {}
    beats = {beat.index: beat for beat in plan.beats}
    parts = [_segment(view, plan, c, beats[c.beat], lost) for c in active_chunks(plan)]
    return [*parts, *_card(view, plan)]


def _segment(
    view: View, plan: BeatsPlanned, chunk: Chunk, beat: Beat, lost: Mapping[int, ChunkError]
) -> Segment:
    part = _named(plan, Item(beat.index, chunk.index))
    clip = view.ready(ChunkReady, clip_job(plan, chunk))
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


def _named(plan: BeatsPlanned, item: Item) -> Segment:
    name = CONFORM.called(item, plan)
    return Segment(name, CONFORM.wanted(plan, beat=item.beat, n=item.n))


def _stand_in(
    view: View, plan: BeatsPlanned, chunk: Chunk, lost: Mapping[int, ChunkError]
) -> dict[str, str] | None:
    """Return what a lost chunk shows: the last frame before it in its beat, else the beat's image.

    None while that is still on its way here: the choice must not depend on what came first.
    """
    before = [c for c in plan.chunks if c.beat == chunk.beat and c.index < chunk.index]
    kept = [c for c in before if c.index not in lost]
    if kept:
        clip = view.ready(ChunkReady, clip_job(plan, kept[-1]))
        if clip is None:
            return None
        if clip.last_frame_key:
            return {"still": clip.last_frame_key}
    image = view.end(IMAGE.wanted(plan, beat=chunk.beat))
    if image is None:
        return None
    return {"still": image.key} if isinstance(image, ImageReady) else {}


def _voice_settled(view: View, plan: BeatsPlanned, beat: Beat) -> bool:
    return not is_spoken(plan, beat) or view.end(VOICE.wanted(plan, beat=beat.index)) is not None


def _conform(
    view: View,
    plan: BeatsPlanned,
    chunk: Chunk,
    beat: Beat,
    files: Mapping[str, str],
    filled: str | None = None,
) -> JobSpec:
    voice = view.ready(VoiceReady, VOICE.wanted(plan, beat=beat.index))
    size = canvas(plan.brief.aspect, plan.brief.quality)
    order = ConformOrder(
        width=size.width,
        height=size.height,
        frames=frames(chunk) + tail(plan, chunk),
        head=head(plan, chunk),
        tail=tail(plan, chunk),
        drop_first=chunk.kind == "continuous",
        goes_on=[c.beat for c in plan.chunks].count(beat.index) > 1,
        title=plan.title,
        captions=plan.brief.captions,
        voice=_spoken(voice, beat) if voice and plan.brief.captions != "none" else None,
        offset=round(chunk.start - beat.start, 6),
        filled=filled,
    )
    return CONFORM.ask(
        plan, order, beat=beat.index, n=chunk.index, files=files, seconds=chunk.seconds / 5
    )


def _spoken(voice: VoiceReady, beat: Beat) -> Spoken:
    return Spoken(seconds=voice.seconds, words=voice.words, beat_seconds=beat.duration)


def _card(view: View, plan: BeatsPlanned) -> list[Segment]:
    if plan.brief.end_card is None:
        return []
    item = Item(len(plan.beats), card_number(plan))
    part = _named(plan, item)
    background = view.end(CARD.wanted(plan))
    if background is None and has_card_picture(plan):
        return [part]
    files = {"background": background.key} if isinstance(background, CardReady) else {}
    product = plan.brief.end_card.product_image
    if product is not None:
        files["product"] = image_key(plan.brief.owner, product)
    return [replace(part, ask=partial(_conform_card, plan, plan.brief.end_card, item, files))]


def _conform_card(
    plan: BeatsPlanned, card: EndCard, item: Item, files: Mapping[str, str]
) -> JobSpec:
    size = canvas(plan.brief.aspect, plan.brief.quality)
    text = CardText(
        headline=card.headline,
        call_to_action=card.call_to_action,
        style=card.style,
        colour=card.colour,
    )
    order = ConformOrder(
        width=size.width,
        height=size.height,
        frames=card_frames(plan),
        head=card_head(plan),
        card=text,
        style=plan.brief.style,
    )
    return CONFORM.ask(plan, order, beat=item.beat, n=item.n, files=files, seconds=card.seconds / 5)
