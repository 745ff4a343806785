"""The base of all events, and the events that are decided or asked for.

Events are facts in the past tense: frozen, versioned, with deterministic ids. They only ever gain
optional fields, so that samples stored years ago still parse. A view keeps an event under its
`slot`; two events of one type and slot are the same fact.

The events in which a job ends stand beside the declaration of its kind, in shared/story/kinds.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import Field

from shared.story.beats import Beat, Chunk, ChunkError, Truncation
from shared.story.bible import Bible
from shared.story.brief import Brief, Workflow
from shared.story.fact import Fact, Micros
from shared.story.formats import Aspect


class Event(Fact):
    """A fact about one video. `at` is the store's clock when it became one."""

    version: Literal[1] = 1
    video_id: str
    at: int = 0

    @property
    def slot(self) -> str:
        """Return what tells this event apart from others of its type and video.

        It never contains a dot: views keep events under it, and stores read a dot as a path.
        """
        return "0"

    @property
    def id(self) -> str:
        """Return the id that the same fact always has, however often it is told."""
        return f"{self.video_id}/{type(self).__name__}/{self.slot}"


class Numbered(Event):
    """An event about one revision of a video's plan; a video has at most one for each `rev`."""

    rev: int

    @property
    def slot(self) -> str:
        """Return the revision."""
        return str(self.rev)


class Snapshot(Numbered):
    """A whole statement: of several, only the one with the highest `rev` counts."""


class Times(Fact):
    """What a job spent waiting for its turn, being worked on, and having its outputs stored."""

    waiting_ms: int = 0
    running_ms: int = 0
    storing_ms: int = 0

    @property
    def work_ms(self) -> int:
        """Return the time without the waiting."""
        return self.running_ms + self.storing_ms

    @property
    def all_ms(self) -> int:
        """Return the time from the creation of the job to its end."""
        return self.waiting_ms + self.work_ms


NO_TIMES = Times()
"""Of events of before, and of plans that no job has made."""


class JobEnd(Event):
    """A job has ended. `job` is the job's id, which nobody takes apart."""

    job: str
    beat: int = 0
    n: int = 0
    take: int = 0
    cost: Micros = 0
    reused: bool = False
    """It is a copy of what was paid for before, and has cost nothing."""
    times: Times = NO_TIMES

    @property
    def slot(self) -> str:
        """Return the place of the job among all of its kind."""
        return f"{self.beat}/{self.n}/{self.take}"


class Failed(JobEnd):
    """The work could not be done; `error` says why, in words for a person."""

    error: str
    tries: int = 0
    code: str = ""
    """Why, for programs, of the table in codes.py. Empty in events of before."""
    at_fault: str = ""
    """The input that was refused, as a user knows it: prompt, image, reference."""

    @property
    def is_stopped(self) -> bool:
        """Tell whether it was stopped before it came to anything, and not tried in vain."""
        return self.error == "cancelled"  # what the ledger writes, and no provider


class VideoRequested(Event):
    """A user wants a video."""

    brief: Brief
    stage_weights: Mapping[str, float] = Field(default_factory=dict)
    metadata: Mapping[str, str] = Field(default_factory=dict)
    """What its client wrote on it, for itself."""
    webhooks: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Id of a webhook → the names of what it is told of."""


class VideoSteered(Snapshot):
    """The user wants this of a video now. Each says all of it, so that order never matters."""

    desired: Literal["running", "paused", "cancelled"] = "running"
    plan_rev: int = 1
    """The revision that is meant. What is cancelled stays so for it: only a later one runs."""
    approved_plan: int | None = None
    """The revision whose plan its user has looked at, and wants; None where there is none yet."""
    approved_storyboard: int | None = None
    """The same of its storyboard."""
    cap: Micros | None = None
    priority: int = 1
    workflow: Workflow = "full"
    """Not read: how much of a video is made stands in the brief of its plan."""
    delete: bool = False
    """It is to be deleted once all of its work has ended. No other wish counts after that."""


class RevisionRequested(Numbered):
    """A user wants the plan changed; `rev` is the revision that will answer.

    Every one of them counts, in the order of `rev`. (So it is no Snapshot.)
    """

    action: Literal[
        "regenerate", "skip", "edit", "retry", "reframe", "choose", "continue", "skip_step"
    ]
    beat: int = 0
    prompt: str | None = None
    narration: str | None = None
    image: int | None = None
    """Of an edit: the number of the picture that the beat is to have, of those that it has."""
    duration: float | None = None
    """Of an edit: the seconds that the beat is to last."""
    what: str = ""
    """Of a regenerate: image, clip, voice or all; empty is the image."""
    kind: str = ""
    take: int = 0
    """Of a choice: the take of this kind that the beat is to have again."""
    aspect: Aspect | None = None
    workflow: Workflow | None = None
    """Of a continuation: how much of the video is to be made from now on."""
    steps: tuple[str, ...] = ()
    """Of a skip_step: what is left out, as `kind/number`; or what comes back, if `back` is set."""
    back: bool = False
    stops: tuple[str, ...] = ()
    """Jobs that are to end: of a skip_step those that are under way for it; of another change those
    that it replaces and that have not begun."""
    kept: tuple[str, ...] = ()
    """Jobs that were to be stopped and were made all the same: what they made is there."""
    request: str = ""
    """The request that asked for it, where that may come again: it then asks for nothing more."""
    again: tuple[str, ...] | None = None
    """For a retry of the whole video: what is made again, as `kind/number`. It may be nothing: then
    the video only goes on. None is a retry of one beat."""


class VideoOverdue(Numbered):
    """A video has run for longer than any may: `rev` is the revision that is given up."""

    running_ms: int
    limit_ms: int


class Fit(Fact):
    """What would fit into a budget, of all that it is too small for."""

    clips: int = 0
    """So many of the plan's clips, with all that is beside them."""
    duration: float | None = None
    """A video of so many seconds; None where not even the shortest would fit."""
    tier: str | None = None
    """The best tier at which all of it would fit."""


class BudgetExceeded(Event):
    """What is still to be made costs more than the budget leaves: nothing is spent meanwhile.

    It holds for this `cap` alone: a higher one lets the video go on.
    """

    rev: int = 0
    """The plan that is too dear; 0 where it was one more attempt at one job."""
    cap: Micros | None = None
    current: Micros
    """What is spent already, or held for attempts that have not ended."""
    estimate: Micros
    """The most that what is still to be made can cost."""
    fits: Fit | None = None
    item: str = ""
    """The job for which there was no money; empty where the whole plan was looked at."""
    holds: int = 0
    """How many attempts had been paid for by then: so the next time is another event."""

    @property
    def slot(self) -> str:
        """Return which budget was exceeded, and when on the way."""
        return f"{self.rev}/{'none' if self.cap is None else self.cap}/{self.holds}"


class AttemptSettled(Event):
    """A person has said what an attempt cost of which nobody knew whether it ran.

    Its job had ended before, without this cost.
    """

    job: str
    attempt: int
    cost: Micros

    @property
    def slot(self) -> str:
        """Return the attempt."""
        return f"{self.job}:{self.attempt}"


class VideoDeleted(Event):
    """All of a video is gone, or about to go; what remains in each view is this: a tombstone."""

    owner: str = ""
    cost: Micros = 0
    """All that was spent on it: its receipt goes with it."""


class DeadLettered(Event):
    """A message that nobody could use was set aside. `video_id` is empty where it had none."""

    service: str
    topic: str
    position: str
    error: str
    body: str = ""
    stuck: bool = False
    """Its service can decide nothing more about this video."""

    @property
    def slot(self) -> str:
        """Return which message it was, so that the same one is set aside once."""
        # positions come from the bus and may hold dots, which a slot must not
        return re.sub(r"[^A-Za-z0-9_-]", "_", f"{self.service}-{self.topic}-{self.position}")


class BeatsPlanned(Snapshot):
    """A plan: all that the video is to consist of."""

    brief: Brief
    title: str = ""
    beats: tuple[Beat, ...]
    chunks: tuple[Chunk, ...]
    truncation: Truncation | None = None
    takes: Mapping[str, int] = Field(default_factory=dict)
    """`kind/number` → the wanted take, where it is not the first one."""
    history: tuple[str, ...] = ()
    """How it came about, where that needs saying: what went wrong, and what was done about it."""
    bible: Bible = Bible()
    """What comes again in it, and how that looks."""
    given: Mapping[str, str] = Field(default_factory=dict)
    """`kind/number` → the key of a file that the user gave: nothing is made in its place."""
    skipped: tuple[str, ...] = ()
    """What the user wants to do without, as `kind/number`: it is not made, nor waited for."""
    stopped: tuple[str, ...] = ()
    """The jobs that were stopped, as nothing of them is wanted: what they cost is waited for."""
    job: str | None = None
    """The job that made it; a revision is made by a decision, and has none."""
    cost: Micros = 0
    reused: bool = False
    times: Times = NO_TIMES


class WavesCompleted(Snapshot):
    """Every chain of the plan is settled."""

    total: int
    succeeded: int
    failed: tuple[ChunkError, ...] = ()
    cost: Micros = 0
    keys: tuple[str, ...] = ()
    generation_ms: int = 0
    """From the plan to the end of the last clip."""


class VideoCompleted(Snapshot):
    """A video is finished: what it is, what it lacks, what it cost.

    One that was to end with its plan or its storyboard has no film: `key` is empty then.
    """

    workflow: Workflow = "full"
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
    code: str = ""
    """Why, for programs, of the table in codes.py. Empty in events of before."""
    total: int = 0
    succeeded: int = 0
    failed: tuple[ChunkError, ...] = ()
    cost: Micros = 0
    generation_ms: int = 0
    """From the request to the last that was heard of it."""


DECIDED: tuple[type[Event], ...] = (
    VideoRequested,
    VideoSteered,
    RevisionRequested,
    WavesCompleted,
    VideoCompleted,
    VideoFailed,
    VideoOverdue,
    BudgetExceeded,
    AttemptSettled,
    VideoDeleted,
    DeadLettered,
)
"""The events that no job ends in."""


@cache
def topic(cls: type[Event]) -> str:
    """Return the topic of an event type: `ImageReady` travels on `image-ready`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()
