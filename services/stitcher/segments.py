"""The segments of the video, and the conform job of each as soon as it can be asked for.

A segment needs its clip, or a still in place of a lost one, and its beat's voice, because captions
are burnt in. It does not wait for any other segment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from services.stitcher.joints import measure_card, measure_card_head, measure_head, measure_tail
from services.stitcher.timeline import find_words, is_spoken, write_unspoken
from shared.story.beats import Beat, Chunk, ChunkError, count_frames
from shared.story.brief import EndCard
from shared.story.events import BeatsPlanned, WavesCompleted
from shared.story.formats import canvas
from shared.story.images import image_key
from shared.story.kinds import (
    CARD,
    CLIP,
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
    chosen_image,
    clip_job,
)
from shared.story.plan import active_chunks, card_number, has_card_picture, has_voice, is_skipped
from shared.story.view import JobSpec, View


@dataclass(frozen=True)
class SegmentState:
    """A segment of the film: it can be made, or it waits for something, or it is left out."""

    item: Item
    job: str
    ask: Callable[[], JobSpec] | None = None
    """Returns its conform job. A function, because most decisions find the job released already."""
    left_out: str | None = None


def find_waves(view: View, plan: BeatsPlanned) -> WavesCompleted | None:
    """Return how the waves of this very revision went, once they are over."""
    return next((waves for waves in view.all(WavesCompleted) if waves.rev == plan.rev), None)


def list_segments(
    view: View, plan: BeatsPlanned, waves: WavesCompleted | None
) -> list[SegmentState]:
    """Return a segment for every chunk that counts, in order, then the end card's."""
    lost = {error.chunk: error for error in waves.failed} if waves else {}
    beats = {beat.index: beat for beat in plan.beats}
    states = [_find_segment(view, plan, c, beats[c.beat], lost) for c in active_chunks(plan)]
    card = plan.brief.end_card
    return [*states, *([_find_card_segment(view, plan, card)] if card else [])]


def _find_segment(
    view: View, plan: BeatsPlanned, chunk: Chunk, beat: Beat, lost: Mapping[int, ChunkError]
) -> SegmentState:
    item, job = Item(beat.index, chunk.index), CONFORM.job(plan, beat=beat.index, n=chunk.index)
    skipped = is_skipped(plan, CLIP.name, chunk.index)
    clip = None if skipped else view.ready(ChunkReady, clip_job(plan, chunk))
    if clip is not None and job in view.released:  # as most are, in most decisions
        return SegmentState(item, job)
    error = lost.get(chunk.index)
    if clip is None and error is not None and plan.brief.gaps == "leave":
        return SegmentState(item, job, left_out=error.error)
    if not is_spoken(view, plan, beat):
        return SegmentState(item, job)
    ask = partial(_ask_for_segment, view, plan, chunk, beat)
    # a clip that came is used even if the waves counted it as lost: it is better than a still
    if clip is not None:
        return SegmentState(item, job, partial(ask, {"clip": clip.key}))
    still = _find_still(view, plan, chunk, lost) if error is not None else None
    if error is None or still is None:
        return SegmentState(item, job)
    return SegmentState(item, job, partial(ask, still, error.error))


def _find_still(
    view: View, plan: BeatsPlanned, chunk: Chunk, lost: Mapping[int, ChunkError]
) -> dict[str, str] | None:
    """Return what a lost chunk shows: the last frame before it in its beat, else the beat's image.

    None while that is still on its way here: the choice must not depend on what came first. Empty
    where there is neither, or where the title is wanted: then the segment shows that.
    """
    if plan.brief.gaps == "title":
        return {}
    before = [c for c in plan.chunks if c.beat == chunk.beat and c.index < chunk.index]
    kept = [c for c in before if c.index not in lost]
    if kept:
        clip = view.ready(ChunkReady, clip_job(plan, kept[-1]))
        if clip is None:
            return None
        if clip.last_frame_key:
            return {"still": clip.last_frame_key}
    image = view.end(IMAGE.job(plan, beat=chunk.beat))
    if image is None:
        return None
    return {"still": chosen_image(plan, image)} if isinstance(image, ImageReady) else {}


def _ask_for_segment(
    view: View,
    plan: BeatsPlanned,
    chunk: Chunk,
    beat: Beat,
    files: Mapping[str, str],
    filled: str | None = None,
) -> JobSpec:
    size = canvas(plan.brief.aspect, plan.brief.quality)
    tail = measure_tail(plan, chunk)
    order = ConformOrder(
        width=size.width,
        height=size.height,
        frames=count_frames(chunk) + tail,
        head=measure_head(plan, chunk),
        tail=tail,
        drop_first=chunk.kind == "continuous",
        goes_on=[c.beat for c in plan.chunks].count(beat.index) > 1,
        title=plan.title,
        captions=plan.brief.captions,
        voice=_find_spoken(view, plan, beat),
        # words are timed in their beat, and a segment may start in the middle of it
        offset=round(chunk.start - beat.start, 6),
        filled=filled,
    )
    return CONFORM.ask(
        plan, order, beat=beat.index, n=chunk.index, files=files, seconds=chunk.seconds / 5
    )


def _find_spoken(view: View, plan: BeatsPlanned, beat: Beat) -> Spoken | None:
    """Return what the captions of a beat say and when; without a voice they are read instead."""
    if plan.brief.captions == "none" or not has_voice(plan, beat):
        return None
    end = view.end(VOICE.job(plan, beat=beat.index))
    if isinstance(end, VoiceReady):
        return Spoken(
            seconds=end.seconds, words=find_words(view, plan, end), beat_seconds=beat.duration
        )
    return write_unspoken(beat)


def _find_card_segment(view: View, plan: BeatsPlanned, card: EndCard) -> SegmentState:
    item = Item(len(plan.beats), card_number(plan))
    job = CONFORM.job(plan, beat=item.beat, n=item.n)
    background = view.end(CARD.job(plan)) if has_card_picture(plan) else None
    if background is None and has_card_picture(plan):
        return SegmentState(item, job)
    # without its background the card is drawn on a plain colour: it never fails for that
    files = {"background": background.key} if isinstance(background, CardReady) else {}
    if product := _find_product(plan, card):
        files["product"] = product
    return SegmentState(item, job, partial(_ask_for_card_segment, plan, card, item, files))


def _find_product(plan: BeatsPlanned, card: EndCard) -> str | None:
    """Return the key of the picture on the card: of an ad's product, what was cut out of it."""
    product = plan.bible.product
    if card.product_image is None:
        return product.cutout if product and product.cutout else None
    return image_key(plan.brief.owner, card.product_image)


def _ask_for_card_segment(
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
        frames=measure_card(plan),
        head=measure_card_head(plan),
        card=text,
        style=plan.brief.style,
    )
    return CONFORM.ask(plan, order, beat=item.beat, n=item.n, files=files, seconds=card.seconds / 5)
