"""The clips: one for each chunk of the plan."""

from collections.abc import Iterable, Iterator

from shared.story.beats import Chunk, ChunkKind, count_frames
from shared.story.bible import describe_beat
from shared.story.brief import ClipCheck
from shared.story.events import BeatsPlanned, Failed, JobEnd
from shared.story.formats import FPS, canvas
from shared.story.kinds.kind import Item, Kind, Order, Part, Stage, Success
from shared.story.plan import active_chunks, is_skipped

ASKED_SECONDS = "asked_seconds"
"""Where an engine whose model has only certain lengths says, in `Made.data`, which it asked for."""

MADE_WITHOUT = "made_without"
"""Where an engine says, in `Made.data`, which picture it had to do without, and why."""


class ClipOrder(Order):
    """A clip to generate: from its beat's image, or on from the last frame of the one before."""

    PLACE = frozenset({"chunk"})

    chunk: int
    kind: ChunkKind
    prompt: str
    style: str
    seed: int
    seconds: float
    width: int
    height: int
    wants_last_frame: bool = False
    check: ClipCheck = "warn"
    sound: bool = False
    """It is to have a sound of its own, where its engine can make one."""
    looks: tuple[str, ...] = ()
    """The descriptions of all that is seen, as the bible has them."""
    image_error: str = ""
    """Why there is no storyboard image to start from: its engine may do without."""


class ChunkReady(JobEnd):
    """A clip is generated and stored; its last frame too where a chunk follows."""

    chunk: int
    beat: int
    kind: ChunkKind
    key: str
    last_frame_key: str | None = None
    seconds: float
    doubts: tuple[str, ...] = ()
    """What looks wrong with it, in words that follow its name: "is frozen", "flickers"."""

    @property
    def slot(self) -> str:
        """Return the place of the clip, by its chunk."""
        # events of earlier versions carry no `n`
        return f"{self.beat}/{self.chunk}/{self.take}"


class ChunkFailed(Failed):
    """A clip could not be generated; its `n` is the chunk."""


def _build_ready(done: Success[ClipOrder]) -> ChunkReady:
    place = {"chunk": done.spec.n, "kind": done.order.kind}
    found = done.facts("key", "last_frame_key", "seconds", "doubts")
    doubts = [*_list_lacks(done), *found.get("doubts", ())]
    return ChunkReady.model_validate(found | place | {"doubts": doubts})


def _list_lacks(done: Success[ClipOrder]) -> Iterator[str]:
    if done.order.image_error:
        yield f"was made without its storyboard image: {done.order.image_error}"
    elif lack := done.result.get(MADE_WITHOUT):
        yield f"was made without {lack}"


def clip_order(plan: BeatsPlanned, chunk: Chunk, image_error: str = "") -> ClipOrder:
    """Return what is to be generated for a chunk; the error says why it lacks its image."""
    brief = plan.brief
    size = canvas(brief.aspect, brief.quality)
    # its first frame is the last one of the chunk before: the film drops it, so one more is made
    repeated = chunk.kind == "continuous"
    beat = next(beat for beat in plan.beats if beat.index == chunk.beat)
    return ClipOrder(
        chunk=chunk.index,
        kind=chunk.kind,
        prompt=beat.prompt,
        looks=describe_beat(plan.bible, beat),
        style=brief.style,
        seed=brief.seed,
        seconds=round((count_frames(chunk) + repeated) / FPS, 6),
        width=size.width,
        height=size.height,
        wants_last_frame=_is_gone_on_from(plan, chunk),
        # what the user gave is meant to look as it does
        check="off" if CLIP.is_given(plan, Item(chunk.beat, chunk.index)) else brief.clip_check,
        sound=brief.clip_sound,
        image_error=image_error,
    )


def _is_gone_on_from(plan: BeatsPlanned, chunk: Chunk) -> bool:
    """Tell whether another chunk starts from the last frame of this one."""
    following = next((each for each in plan.chunks if each.index == chunk.index + 1), None)
    # a chain ends with its beat: it never goes on over the gap that a skipped beat leaves
    return following is not None and (following.beat, following.kind) == (chunk.beat, "continuous")


def _find_chunk(plan: BeatsPlanned, item: Item) -> Chunk:
    return next(chunk for chunk in active_chunks(plan) if chunk.index == item.n)


def _list_wanted(plan: BeatsPlanned) -> list[Chunk]:
    return [chunk for chunk in active_chunks(plan) if not is_skipped(plan, "clip", chunk.index)]


def _name_source(plan: BeatsPlanned, item: Item) -> Iterable[str]:
    return ["image" if _find_chunk(plan, item).kind == "reference" else "last_frame"]


def _list_sources(plan: BeatsPlanned, item: Item) -> Iterable[Part]:
    """Return the image that a chunk starts from, or the clip that it goes on from."""
    chunk = _find_chunk(plan, item)
    before = Item(chunk.beat, chunk.index - 1)
    return [("image", Item(chunk.beat)) if chunk.kind == "reference" else ("clip", before)]


def clip_job(plan: BeatsPlanned, chunk: Chunk) -> str:
    """Return the id of the job that makes a chunk's clip."""
    return CLIP.job(plan, beat=chunk.beat, n=chunk.index)


CLIP = Kind(
    name="clip",
    order=ClipOrder,
    ready=ChunkReady,
    failed=ChunkFailed,
    build=_build_ready,
    stage=Stage.CLIPS,
    name_item=lambda item, plan: f"clip {item.n}",
    deadline_seconds=1_800,
    items=lambda plan: [Item(chunk.beat, chunk.index) for chunk in _list_wanted(plan)],
    order_of=lambda plan, item: clip_order(plan, _find_chunk(plan, item)),
    needs=_name_source,
    # not by beat: one clip can be made again while the others of its beat stay
    takes_by="n",
    n_means="chunk",
    lacks="could not be generated",
    touched_by=frozenset({"picture", "choice", "length"}),
    starts_from=_list_sources,
)
