"""Every event, and the one table that gives each job kind its two ends.

Events are facts in the past tense: frozen, versioned, with deterministic ids. They only ever gain
optional fields, so that samples stored years ago still parse. A view keeps an event under its
`slot`; two events of one type and slot are the same fact.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from shared.story.formats import Aspect, Quality

Micros = int
"""Micro-dollars: money is always an exact integer."""


class Kind(StrEnum):
    """The kinds of work there are."""

    PLAN = "plan"
    REFERENCE = "reference"
    IMAGE = "image"
    CARD = "card"
    VOICE = "voice"
    MUSIC = "music"
    CLIP = "clip"
    CONFORM = "conform"
    CUT = "cut"


class Fact(BaseModel):
    """Frozen, and deaf to fields it does not know: old readers live with new writers."""

    model_config = ConfigDict(frozen=True, extra="ignore")


# ── values that events carry ────────────────────────────────────────────────────────────────────


class EndCard(Fact):
    """The last seconds of a video. `colour` is a brand's, as #rrggbb.

    `product_image` is the id of a picture that the video's owner has given.
    """

    headline: str = ""
    call_to_action: str = ""
    seconds: float = 2.5
    style: str = "auto"
    colour: str | None = None
    product_image: str | None = None


class Brief(Fact):
    """What the user asked for, normalised: the same words in every service."""

    # The names of looks are those of looks.py, or of a later version's: so they are any text.

    prompt: str
    duration: float = 30.0
    aspect: Aspect = "9:16"
    quality: Quality = "draft"
    style: str = "cinematic"
    voice: bool = True
    music: bool = True
    captions: str = "karaoke"
    end_card: EndCard | None = EndCard()
    min_clips: int = 3
    clips_at_once: int = 6
    chunk_seconds: float = 5.0
    gaps: Literal["fill", "leave"] = "fill"
    transition: str = "auto"
    transition_seconds: float = 0.5
    clip_sound: bool = False
    seed: int = 0
    owner: str = "local"
    priority: int = 1


class Beat(Fact):
    """One thought of the story: one image, one voice line, one or more chunks."""

    index: int
    start: float
    duration: float
    prompt: str
    narration: str = ""
    characters: tuple[str, ...] = ()
    setting: str = ""
    skipped: bool = False


ChunkKind = Literal["reference", "continuous"]


class Chunk(Fact):
    """One clip to generate: from its beat's image, or on from the chunk before it."""

    index: int
    beat: int
    kind: ChunkKind
    start: float
    seconds: float


class Truncation(Fact):
    """That a plan had more beats than its duration carries, and what was done."""

    at: int = 0
    video_id: str
    before: int
    after: int


class Word(Fact):
    """A spoken word and its time in its own recording."""

    text: str
    start: float
    end: float


class ChunkError(Fact):
    """Which chunk is missing, and why."""

    chunk: int
    beat: int
    error: str


# ── the events ──────────────────────────────────────────────────────────────────────────────────


class Event(Fact):
    """A fact about one video. `at` is the store's clock when it became one."""

    version: Literal[1] = 1
    video_id: str
    at: int = 0

    @property
    def slot(self) -> str:
        """Which of this type's facts it is, within its video; never contains a dot."""
        return "0"

    @property
    def id(self) -> str:
        return f"{self.video_id}/{type(self).__name__}/{self.slot}"


class Snapshot(Event):
    """A whole statement: of several, the highest `rev` alone counts."""

    rev: int

    @property
    def slot(self) -> str:
        return str(self.rev)


class JobEnd(Event):
    """How a job ended. `job` is its id: video/kind/beat/n/take."""

    job: str
    take: int = 0
    cost: Micros = 0

    @property
    def slot(self) -> str:
        return self.job.split("/", 2)[2]


class Failed(JobEnd):
    """The work could not be done; `error` says why, in words for a person."""

    beat: int = 0
    n: int = 0
    error: str
    tries: int = 0


class VideoRequested(Event):
    """A user wants a video."""

    brief: Brief
    stage_weights: Mapping[str, float] = Field(default_factory=dict)


class VideoSteered(Snapshot):
    """What the user wants of a video now: whole, so that order never matters."""

    desired: Literal["running", "paused", "cancelled"] = "running"
    approved_plan: int | None = None
    approved_storyboard: int | None = None
    cap: Micros | None = None
    priority: int = 1
    workflow: Literal["full", "plan_only", "storyboard_only", "video_only"] = "full"


class RevisionRequested(Snapshot):
    """A user wants the plan changed; `rev` is the plan revision that will answer."""

    action: Literal["regenerate", "skip", "edit", "retry", "reframe"]
    beat: int = 0
    prompt: str | None = None
    narration: str | None = None
    aspect: Aspect | None = None

    # every one of them counts, in the order of `rev`: not only the highest


class VideoDeleted(Event):
    """All of a video is gone; what remains in each view is a tombstone."""


class DeadLettered(Event):
    """A message that no one could use was set aside. `video_id` is empty where it had none."""

    service: str
    topic: str
    position: str
    error: str
    body: str = ""
    stuck: bool = False
    """Its service can decide nothing more about this video."""

    @property
    def slot(self) -> str:
        return re.sub(r"[^A-Za-z0-9_-]", "_", f"{self.service}-{self.topic}-{self.position}")


class BeatsPlanned(Snapshot):
    """All that the video should consist of."""

    brief: Brief
    title: str = ""
    beats: tuple[Beat, ...]
    chunks: tuple[Chunk, ...]
    truncation: Truncation | None = None
    takes: Mapping[str, int] = Field(default_factory=dict)
    job: str | None = None
    cost: Micros = 0

    def take(self, kind: Kind, item: int = 0) -> int:
        """The wanted take of an asset: `item` is its beat, or its chunk for clips and conforms."""
        return self.takes.get(f"{kind}/{item}", 0)


class PlanFailed(Failed):
    """No plan could be made."""


class ReferenceReady(JobEnd):
    """A character or product has a picture that images can follow."""

    n: int
    name: str = ""
    key: str


class ReferenceFailed(Failed):
    """A reference picture could not be made."""


class ImageReady(JobEnd):
    """A beat has its storyboard image."""

    beat: int
    key: str


class ImageFailed(Failed):
    """A beat has no storyboard image."""


class CardReady(JobEnd):
    """The end card has its background."""

    key: str


class CardFailed(Failed):
    """The end card has no background: it is drawn on the brand colour."""


class VoiceReady(JobEnd):
    """A beat's narration is spoken."""

    beat: int
    key: str
    seconds: float
    words: tuple[Word, ...] = ()


class VoiceFailed(Failed):
    """A beat stays silent."""


class MusicReady(JobEnd):
    """There is a music bed."""

    key: str
    seconds: float


class MusicFailed(Failed):
    """There is no music bed."""


class ChunkReady(JobEnd):
    """A clip is generated and stored; its last frame too where a chunk follows."""

    chunk: int
    beat: int
    kind: ChunkKind
    key: str
    last_frame_key: str | None = None
    seconds: float


class ChunkFailed(Failed):
    """A clip could not be generated; its `n` is the chunk."""


class ClipConformed(JobEnd):
    """A chunk is in canonical form, captions burnt, ready to be joined by copy."""

    chunk: int
    beat: int
    key: str
    frames: int
    tail: int = 0
    filled: str | None = None
    unburnt: str | None = None
    unwritten: tuple[str, ...] = ()


class ConformFailed(Failed):
    """A chunk could not be brought into canonical form."""


class WavesCompleted(Snapshot):
    """Every chain of the plan is settled."""

    total: int
    succeeded: int
    failed: tuple[ChunkError, ...] = ()
    cost: Micros = 0
    keys: tuple[str, ...] = ()


class VideoCut(JobEnd):
    """The pieces are joined, mixed and muxed; `take` is the plan's rev."""

    key: str
    poster_key: str
    seconds: float
    frames: int
    outputs: Mapping[str, str] = Field(default_factory=dict)
    unheard: tuple[str, ...] = ()
    unwritten: tuple[str, ...] = ()


class CutFailed(Failed):
    """The pieces could not be joined."""


class VideoCompleted(Snapshot):
    """A video is finished: what it is, what it lacks, what it cost."""

    key: str
    poster_key: str
    outputs: Mapping[str, str] = Field(default_factory=dict)
    seconds: float
    total: int
    succeeded: int
    failed: tuple[ChunkError, ...] = ()
    notes: tuple[str, ...] = ()
    cost: Micros = 0
    chunk_keys: tuple[str, ...] = ()
    generation_ms: int = 0


class VideoFailed(Snapshot):
    """A video cannot be finished: where it failed, and why."""

    phase: str
    item: str = ""
    error: str
    total: int = 0
    succeeded: int = 0
    failed: tuple[ChunkError, ...] = ()
    cost: Micros = 0


# ── the tables ──────────────────────────────────────────────────────────────────────────────────


class Ends(NamedTuple):
    """The two events that a job kind can end in."""

    ready: type[Event]
    failed: type[Failed]


ENDS: dict[Kind, Ends] = {
    Kind.PLAN: Ends(BeatsPlanned, PlanFailed),
    Kind.REFERENCE: Ends(ReferenceReady, ReferenceFailed),
    Kind.IMAGE: Ends(ImageReady, ImageFailed),
    Kind.CARD: Ends(CardReady, CardFailed),
    Kind.VOICE: Ends(VoiceReady, VoiceFailed),
    Kind.MUSIC: Ends(MusicReady, MusicFailed),
    Kind.CLIP: Ends(ChunkReady, ChunkFailed),
    Kind.CONFORM: Ends(ClipConformed, ConformFailed),
    Kind.CUT: Ends(VideoCut, CutFailed),
}

_DECIDED: tuple[type[Event], ...] = (
    VideoRequested,
    VideoSteered,
    RevisionRequested,
    WavesCompleted,
    VideoCompleted,
    VideoFailed,
    VideoDeleted,
    DeadLettered,
)

EVENTS: dict[str, type[Event]] = {
    cls.__name__: cls for cls in (*_DECIDED, *(end for ends in ENDS.values() for end in ends))
}

TWIN: dict[type[Event], type[Failed]] = {ends.ready: ends.failed for ends in ENDS.values()}


def topic(cls: type[Event]) -> str:
    """One topic an event type: `ImageReady` travels on `image-ready`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()


def parse(name: str, body: Mapping[str, Any]) -> Event:
    """The event of this name; raises KeyError or pydantic's ValidationError."""
    return EVENTS[name].model_validate(body)
