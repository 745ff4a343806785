"""The film: clips and the end card as segments, and the cut that joins them; and the animatic."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from shared.story.beats import Word
from shared.story.events import BeatsPlanned, Failed, JobEnd
from shared.story.goals import wants_animatic
from shared.story.kinds.kind import Item, Kind, Order, Part, Stage, Success, name_always
from shared.story.plan import active_chunks, card_number, has_card_picture, has_voice


class Spoken(Order):
    """A voice and the time that its beat has: captions and mix fit it in the same way."""

    seconds: float
    words: tuple[Word, ...] = ()
    beat_seconds: float


class CardText(Order):
    """The texts of the end card, and its look."""

    headline: str = ""
    call_to_action: str = ""
    style: str = "auto"
    colour: str | None = None


class ConformOrder(Order):
    """A segment to make: of a clip or a still, or of the end card where `card` is given.

    `head` and `tail` are frames that transitions take at its start and after its end.
    """

    width: int
    height: int
    frames: int
    head: int = 0
    tail: int = 0
    card: CardText | None = None
    style: str = ""
    drop_first: bool = False
    """The first frame repeats the last one of the clip before."""
    goes_on: bool = False
    """Its beat has more than one chunk."""
    title: str = ""
    captions: str = "none"
    voice: Spoken | None = None
    offset: float = 0.0
    """The seconds of its beat that lie before it."""
    filled: str | None = None
    """The reason why there is a still in place of a clip."""


class CutSegment(Order):
    """A segment in the order of the film; `overlap` frames of it lie under the next one."""

    name: str
    frames: int
    overlap: int = 0


class CutWords(Spoken):
    """Words at their place: they start at `at`, and end after `room` more seconds."""

    at: float
    room: float


class CutVoice(CutWords):
    """A voice at its place, by the name of its file."""

    name: str


class CutSound(Order):
    """A clip's own sound at its place."""

    name: str
    at: float
    seconds: float
    own: str = ""
    """Of a clip that the user gave: keep or duck."""


class CutPanel(Order):
    """A beat on the contact sheet."""

    name: str
    label: str
    text: str


class CutOrder(Order):
    """All that the film is joined, mixed and packed from. Names are those of the job's files."""

    width: int
    height: int
    frames: int
    seconds: float
    title: str
    segments: tuple[CutSegment, ...]
    transition: str = "cut"
    voices: tuple[CutVoice, ...] = ()
    unspoken: tuple[CutWords, ...] = ()
    """The words of beats whose voice could not be made: they are only read."""
    sounds: tuple[CutSound, ...] = ()
    panels: tuple[CutPanel, ...] = ()
    captions_burnt: bool = True
    """Captions are in the picture, or not wanted: the film gets no soft ones."""


class AnimaticBeat(Order):
    """A beat of the animatic: its picture, by the name of a file, and what is said in it."""

    name: str
    frames: int
    narration: str = ""
    speaker: str = ""
    place: int = 0
    """Which of the plan's speakers it is; 0 is the narrator."""


class AnimaticOrder(Order):
    """The storyboard as a film of stills: to be looked at before clips are made from it."""

    width: int
    height: int
    style: str = "cinematic"
    title: str = ""
    seed: int = 0
    captions: str = "none"
    say: Mapping[str, str] = Field(default_factory=dict)
    beats: tuple[AnimaticBeat, ...] = ()


class ClipConformed(JobEnd):
    """A segment is in canonical form, captions burnt, ready to be joined by copy."""

    chunk: int
    beat: int
    key: str
    frames: int
    tail: int = 0
    filled: str | None = None
    unburnt: str | None = None
    unwritten: tuple[str, ...] = ()

    @property
    def slot(self) -> str:
        """Return the place of the segment, by its chunk; the end card comes after the last."""
        # events of earlier versions carry no `n`
        return f"{self.beat}/{self.chunk}/{self.take}"


class ConformFailed(Failed):
    """A segment could not be brought into canonical form."""


class VideoCut(JobEnd):
    """The segments are joined and their sound is mixed; `take` is the plan's revision."""

    key: str
    poster_key: str
    seconds: float
    frames: int
    outputs: Mapping[str, str] = Field(default_factory=dict)
    unheard: tuple[str, ...] = ()
    unwritten: tuple[str, ...] = ()


class CutFailed(Failed):
    """The segments could not be joined."""


class AnimaticReady(JobEnd):
    """The storyboard can be watched; `take` is the plan's revision."""

    key: str
    seconds: float


class AnimaticFailed(Failed):
    """The storyboard can't be watched, only looked at."""


def _list_segments(plan: BeatsPlanned) -> list[Item]:
    """Return a segment for every chunk, and the end card's after the last of them."""
    card = [Item(len(plan.beats), card_number(plan))] if plan.brief.end_card else []
    # a clip that is skipped leaves a place, which something else fills
    return [*(Item(chunk.beat, chunk.index) for chunk in active_chunks(plan)), *card]


def _list_sources(plan: BeatsPlanned, item: Item) -> Iterator[Part]:
    """Yield the clip and the voice of a segment, or the background of the end card's."""
    if item.n == card_number(plan):
        if has_card_picture(plan):
            yield "card", Item()
        return
    yield "clip", item
    # captions are burnt into segments, so another voice makes other segments
    if plan.brief.captions != "none" and has_voice(plan, plan.beats[item.beat]):
        yield "voice", Item(item.beat)


def _name_segment(item: Item, plan: BeatsPlanned | None) -> str:
    is_card = plan is not None and item.n == card_number(plan)
    return "the end card" if is_card else f"clip {item.n}"


def _build_segment_event(done: Success[ConformOrder]) -> ClipConformed:
    # the work may find for itself that a clip can't be used, and fill in a still
    filled = done.result.get("filled") or done.order.filled
    more = {"chunk": done.spec.n, "tail": done.order.tail, "filled": filled}
    return ClipConformed.model_validate(done.facts("key", "frames", "unburnt", "unwritten") | more)


def _build_cut_event(done: Success[CutOrder]) -> VideoCut:
    return VideoCut.model_validate(
        done.facts("key", "poster_key", "seconds", "frames", "outputs", "unheard", "unwritten")
    )


CONFORM = Kind(
    name="conform",
    order=ConformOrder,
    ready=ClipConformed,
    failed=ConformFailed,
    build=_build_segment_event,
    stage=Stage.CUT,
    name_item=_name_segment,
    deadline_seconds=600,
    items=_list_segments,
    takes_by="n",
    n_means="chunk",
    lacks="could not be made ready to be joined",
    touched_by=frozenset({"shape", "length", "joint"}),
    starts_from=_list_sources,
)

CUT = Kind(
    name="cut",
    order=CutOrder,
    ready=VideoCut,
    failed=CutFailed,
    build=_build_cut_event,
    stage=Stage.CUT,
    name_item=name_always("the film"),
    deadline_seconds=1_800,
    items=lambda plan: [Item()],
    # every revision of the plan is another film
    takes_by="rev",
)

ANIMATIC = Kind(
    name="animatic",
    order=AnimaticOrder,
    ready=AnimaticReady,
    failed=AnimaticFailed,
    build=lambda done: AnimaticReady.model_validate(done.facts("key", "seconds")),
    # it is watched in place of the pictures, and no film is made of it
    stage=Stage.IMAGES,
    name_item=name_always("the animatic"),
    deadline_seconds=600,
    items=lambda plan: [Item()] if wants_animatic(plan.brief) else [],
    takes_by="rev",
    lacks="could not be made",
    is_counted=False,
)
