"""The storyboard of a video: beat by beat, what is said and seen, and what there is of it. Pure."""

from typing import Literal

from pydantic import Field

from services.gateway.read.assets import make_url
from shared.story.beats import Beat, Chunk
from shared.story.codes import Code, read_code
from shared.story.events import BeatsPlanned, Failed, JobEnd
from shared.story.fact import Fact
from shared.story.formats import Aspect
from shared.story.kinds import (
    CARD,
    CLIP,
    IMAGE,
    MUSIC,
    REFERENCE,
    VOICE,
    AnyKind,
    ChunkReady,
    ImageReady,
    Item,
)
from shared.story.plan import active_chunks
from shared.story.view import JobSpec, View
from shared.story.wishes import FIRST_REV, find_rev


class Part(Fact):
    """One thing that is made for a beat, at the take that is wanted now."""

    state: Literal["waiting", "ready", "failed", "skipped"]
    take: int
    url: str | None = None
    error: str = ""
    error_code: Code | None = Field(None, description="Why it failed, in a word for programs.")
    reused: bool = Field(False, description="A copy of what was paid for before.")


class PicturePart(Part):
    """The picture of a beat, of a character, or behind the end card."""

    number: int = Field(0, description="Which of `pictures` is used.")
    pictures: tuple[str, ...] = Field((), description="All that were made at once, by number.")


class ClipPart(Part):
    """The clip of one chunk."""

    chunk: int
    kind: Literal["reference", "continuous"]
    start: float
    seconds: float
    doubts: tuple[str, ...] = ()


class BeatBoard(Fact):
    """One beat of the storyboard."""

    beat: int
    start: float
    seconds: float
    prompt: str
    narration: str = ""
    speaker: str = ""
    setting: str = ""
    camera: str = ""
    why: str = ""
    characters: tuple[str, ...] = ()
    skipped: bool = False
    image: PicturePart | None = None
    voice: Part | None = None
    clips: tuple[ClipPart, ...] = ()


class ReferenceBoard(Fact):
    """Somebody or something that is drawn alone, so that all images show the same."""

    name: str
    image: PicturePart


class Storyboard(Fact):
    """A video as it is planned, and what is made of it so far. Without a plan it has no beats."""

    video_id: str
    rev: int
    title: str = ""
    aspect: Aspect | None = None
    seconds: float | None = Field(None, description="All of it, end card included.")
    beats: tuple[BeatBoard, ...] = ()
    references: tuple[ReferenceBoard, ...] = ()
    card: PicturePart | None = Field(None, description="What is behind the end card.")
    music: Part | None = None


def build_storyboard(view: View) -> Storyboard:
    """Return the storyboard of the latest plan."""
    plan = view.latest(BeatsPlanned)
    rev = max(find_rev(view), FIRST_REV)
    if plan is None:
        return Storyboard(video_id=view.video_id, rev=rev)
    whole = plan.model_copy(update={"skipped": ()})  # what is skipped has its place all the same
    return Storyboard(
        video_id=view.video_id,
        rev=rev,
        title=plan.title,
        aspect=plan.brief.aspect,
        seconds=plan.brief.duration,
        beats=tuple(_describe_beat(view, plan, beat) for beat in plan.beats),
        references=tuple(
            ReferenceBoard(
                name=REFERENCE.name_item(item, plan),
                image=_describe_picture(view, plan, REFERENCE, item),
            )
            for item in REFERENCE.items(whole)
        ),
        card=_describe_picture(view, plan, CARD, Item()) if CARD.items(whole) else None,
        music=_describe_part(view, plan, MUSIC, Item()) if MUSIC.items(whole) else None,
    )


def _describe_beat(view: View, plan: BeatsPlanned, beat: Beat) -> BeatBoard:
    item = Item(beat=beat.index)
    has_voice = item in VOICE.items(plan) or VOICE.take_name(item) in plan.skipped
    board = BeatBoard(
        beat=beat.index,
        start=beat.start,
        seconds=beat.duration,
        prompt=beat.prompt,
        narration=beat.narration,
        speaker=beat.speaker,
        setting=beat.setting,
        camera=beat.camera,
        why=beat.why,
        characters=beat.characters,
        skipped=beat.skipped,
    )
    if beat.skipped:
        return board
    chunks = [chunk for chunk in active_chunks(plan) if chunk.beat == beat.index]
    made = {
        "image": _describe_picture(view, plan, IMAGE, item, beat.image),
        "voice": _describe_part(view, plan, VOICE, item) if has_voice else None,
        "clips": tuple(_describe_clip(view, plan, chunk) for chunk in chunks),
    }
    return board.model_copy(update=made)


def _describe_part(view: View, plan: BeatsPlanned, kind: AnyKind, item: Item) -> Part:
    end = view.end(kind.job(plan, beat=item.beat, n=item.n))
    take = kind.take(plan, item)
    if kind.take_name(item) in plan.skipped:
        return Part(state="skipped", take=take)
    if isinstance(end, Failed):
        return Part(state="failed", take=take, error=end.error, error_code=read_code(end.code))
    if not isinstance(end, JobEnd):
        return Part(state="waiting", take=take)
    return Part(state="ready", take=take, url=_make_url(kind, end), reused=end.reused)


def _describe_picture(
    view: View, plan: BeatsPlanned, kind: AnyKind, item: Item, number: int = 0
) -> PicturePart:
    part = _describe_part(view, plan, kind, item)
    end = view.end(kind.job(plan, beat=item.beat, n=item.n))
    others = end.others if isinstance(end, ImageReady) else ()
    # the files of further pictures are named by their number among those that are there
    names = ["key", *(f"key-{n}" for n in range(1, len(others) + 1))]
    urls = [_make_url(kind, end, name) for name in names] if isinstance(end, JobEnd) else []
    if part.state != "ready":
        return PicturePart(**part.model_dump())
    chosen = _find_chosen(end, number) if isinstance(end, ImageReady) else 0
    return PicturePart(
        **{**part.model_dump(), "url": urls[chosen]}, number=chosen, pictures=tuple(urls)
    )


def _find_chosen(image: ImageReady, number: int) -> int:
    """Return which of the pictures that there are is the chosen one."""
    return [image.key, *image.others].index(image.pick(number))


def _describe_clip(view: View, plan: BeatsPlanned, chunk: Chunk) -> ClipPart:
    part = _describe_part(view, plan, CLIP, Item(chunk.beat, chunk.index))
    end = view.end(CLIP.job(plan, beat=chunk.beat, n=chunk.index))
    return ClipPart(
        **part.model_dump(),
        chunk=chunk.index,
        kind=chunk.kind,
        start=chunk.start,
        seconds=chunk.seconds,
        doubts=end.doubts if isinstance(end, ChunkReady) else (),
    )


def _make_url(kind: AnyKind, end: JobEnd, name: str = "key") -> str:
    at = JobSpec(
        kind=kind.name, video_id=end.video_id, beat=end.beat, n=_find_n(end), take=end.take
    )
    return make_url(at, name)


def _find_n(end: JobEnd) -> int:
    # clips of earlier versions carry their number as `chunk` only
    return end.chunk if isinstance(end, ChunkReady) else end.n
