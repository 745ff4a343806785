"""What a server answers, typed. What it says beyond that is kept, and is in `model_extra`.

Only what programs commonly look at has a field of its own; `docs/openapi.json` describes all.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field

ENDED = frozenset({"completed", "failed", "cancelled"})
"""The statuses with which a revision of a video is over."""
WAITS_FOR_YOU = frozenset({"awaiting_approval", "budget_exceeded", "paused"})
"""The statuses in which nothing goes on by itself."""


class Answer(BaseModel):
    """Part of an answer. Unknown fields do no harm: an old client reads a new server."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Stage(Answer):
    """One stage of a video."""

    name: str
    status: str
    percent: int = 0
    done: int = 0
    failed: int = 0
    total: int | None = None
    error: str | None = None
    error_code: str | None = None


class FailedAt(Answer):
    """The place where a video failed."""

    phase: str
    item: str = ""


class Warned(Answer):
    """Something that a video lacks."""

    message: str


class Exceeded(Answer):
    """Why a video waits for money."""

    message: str = ""


class Asked(Answer):
    """What a video was asked for, as far as lists show it."""

    prompt: str = ""
    style: str = ""
    duration: float = 0
    quality: str = ""


class Video(Answer):
    """A video, as the server shows it."""

    id: str
    status: str
    rev: int = 0
    stage: str = ""
    percent: int = 0
    title: str = ""
    aspect: str = ""
    request: Asked = Asked()
    metadata: Mapping[str, str] = Field(default_factory=dict)
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None
    stages: tuple[Stage, ...] = ()
    warnings: tuple[Warned, ...] = ()
    cost: str = "0.00"
    """Dollars, as all amounts."""
    budget: str | None = None
    exceeded: Exceeded | None = None
    error: str | None = None
    error_code: str | None = None
    failed_at: FailedAt | None = None
    seconds: float | None = None
    links: Mapping[str, str] = Field(default_factory=dict)
    actions: tuple[str, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Tell whether this revision is over."""
        return self.status in ENDED


class Page(Answer):
    """Videos, newest first, and the cursor of the page after this one."""

    videos: tuple[Video, ...] = ()
    next: str | None = None


class News(Answer):
    """One line of a video's live story."""

    video_id: str
    rev: int = 0
    stage: str = ""
    item: str = ""
    percent: int = 0
    message: str = ""
    error_code: str | None = None
    time: datetime | None = None
    cost: str = "0.00"


class Message(Answer):
    """A message of a stream: `event` is snapshot, progress, or how the video has ended."""

    event: str
    id: str = ""
    data: News

    @property
    def is_last(self) -> bool:
        """Tell whether nothing comes after it."""
        return self.event in ENDED


class Item(Answer):
    """A line of an estimate."""

    name: str = ""
    kind: str = ""
    model: str = ""


class Offer(Answer):
    """What something would cost at most, in dollars."""

    total: str
    budget: str | None = None
    is_within_budget: bool = True
    notes: tuple[str, ...] = ()


class Row(Answer):
    """A row of a receipt: one attempt that money was held for."""

    job: str
    kind: str = ""
    item: str = ""
    take: int = 0
    attempt: int = 0
    model: str = ""
    run: str = ""
    reserved: str = "0"
    paid: str | None = None
    state: str = ""
    why: str = ""


class Receipt(Answer):
    """All that a video has cost, in dollars."""

    video_id: str
    rows: tuple[Row, ...] = ()
    paid: str = "0.00"
    held: str = "0.00"
    cap: str | None = None
    recorded: str = "0.00"


class Bar(Answer):
    """One job on a timeline."""

    job: str
    kind: str
    item: str = ""
    take: int = 0
    state: str
    wave: int | None = None
    is_critical: bool = False
    queued_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    waiting_ms: int = 0
    running_ms: int = 0
    storing_ms: int = 0
    model: str = ""
    error: str = ""


class Timeline(Answer):
    """Who ran when for one revision of a video."""

    video_id: str
    rev: int = 0
    began_at: datetime
    ended_at: datetime | None = None
    now: datetime
    waves: int = 0
    bars: tuple[Bar, ...] = ()


class Upload(Answer):
    """A file that the server keeps; requests name it by its id."""

    id: str


class KeyLimits(Answer):
    """The most that a key may use; None is no limit."""

    requests_a_minute: int | None = None
    active_videos: int | None = None
    spend_a_day: str | None = None


class ApiKey(Answer):
    """An API key; `token` is there in the answer that made it, and never again."""

    id: str
    owner: str
    role: str
    name: str = ""
    limits: KeyLimits = KeyLimits()
    created_at: int = 0
    revoked_at: int | None = None
    token: str = ""


class VideoFields(TypedDict, total=False):
    """What a video may be asked for by, as `POST /v1/videos` takes it."""

    prompt: str
    script: str
    from_video: str
    product: Mapping[str, Any]
    plan: Mapping[str, Any] | str
    duration: float
    aspect: str
    quality: str
    style: str
    voice: bool
    music: bool
    say: Mapping[str, str]
    captions: str
    transition: str
    transition_seconds: float
    clip_sound: bool
    clip_check: str
    end_card: Mapping[str, Any] | None
    beats: list[Mapping[str, Any]]
    missing: str
    min_clips: int
    clips_at_once: int
    image_takes: int
    reuse: bool
    seed: int
    priority: int
    budget: str
    on_cap: str
    webhook: Mapping[str, Any]
    metadata: Mapping[str, str]
    tier: str
    models: Mapping[str, str]
