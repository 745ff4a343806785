"""A job as it is known: where it stands, what it may cost, and the rules that it lives by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from shared.story.events import Times
from shared.story.fact import Micros
from shared.story.kinds import RetryRules
from shared.story.view import JobSpec


class State(StrEnum):
    """Where a job stands."""

    NEW = "new"
    SUBMITTING = "submitting"
    RUNNING = "running"
    STORING = "storing"
    SETTLING = "settling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


IN_HAND = frozenset({State.SUBMITTING, State.RUNNING, State.STORING, State.SETTLING})
PHASES = {
    State.NEW: "waiting_ms",
    State.SUBMITTING: "running_ms",
    State.RUNNING: "running_ms",
    State.STORING: "storing_ms",
    State.SETTLING: "storing_ms",
}
"""State → the field that counts the time in it."""
TERMINAL = frozenset({State.DONE, State.FAILED, State.CANCELLED})


LONGEST_WAIT_MS = 30 * 60_000
"""No job waits longer, whatever a provider asks for: a time further away is a clock's mistake."""


MOST_PAST, LONGEST_ANSWER = 10, 16_000
"""So many errors of a job are kept, and so many letters of an answer that was of no use."""


MOST_COST: Micros = 10**15
"""A billion dollars: what is said to cost more was misread, and no store would take it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Every duration and count that decides anything, in milliseconds."""

    lease_ms: int = 30_000
    grace_ms: int = 60_000
    """How long a lost submit may take to show up in the provider's list."""
    unresolved_ms: int = 55 * 60_000
    outputs_ms: int = 55 * 60_000
    """How long a provider keeps the outputs of an attempt, from its submit."""
    most_deaths: int = 100
    """So often in a row a worker may go away. That is much, since most workers die of other things:
    of a restart, or of an operator. What kills the process of an encode counts as a try, at once.
    """
    most_resubmits: int = 1
    relay_ms: int = 3_000
    """How long the process that finished a job has to publish it, before any other may."""
    retries: RetryRules = field(default_factory=RetryRules)

    def find_publish_at(self, now: int) -> int:
        """Return the time from which any process may publish what becomes a fact now.

        It is a round one: facts of the same time are marked as published in one write.
        """
        latest = now + self.relay_ms
        return latest - latest % max(1, self.relay_ms // 4)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of work and all that is known of it."""

    spec: JobSpec
    state: State = State.NEW
    attempt: int = 0
    tries: int = 0
    deaths: int = 0
    """How often in a row its worker went away in the middle of a step."""
    place: float = 0.0
    """Its place in the fair order between owners, which it keeps while others are served."""
    tag: float | None = None
    due_at: int | None = None
    waits_for: str | None = None
    """`leave` or `money`: what has to come before it is looked at again."""
    put_off: int | None = None
    """How often it was set aside since nobody could read it; None once somebody has."""
    created_at: int = 0
    since: int = 0
    """When it came into the phase that it is in: waiting, running or storing."""
    waiting_ms: int = 0
    running_ms: int = 0
    storing_ms: int = 0
    posted_attempt: int = 0
    posted_at: int | None = None
    held: Micros = 0
    """The money that is held for the posted attempt."""
    model: str | None = None
    """The model that the posted attempt asks for."""
    engine: str | None = None
    """The engine that it was posted to, which alone can be asked what has become of it."""
    fingerprint: str | None = None
    """What its output may be found by, once there is one: see reuse.py."""
    resubmits: int = 0
    external_id: str | None = None
    urls: Mapping[str, str] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Number of an output → its part of the result, where it is stored before the others are."""
    lost: Mapping[str, str] = field(default_factory=dict)
    """Number of an output → why it can't be had."""
    reused: bool = False
    """Its result is a copy of one that was there."""
    owed: Micros = 0
    """The price of what is being stored or settled."""
    cost: Micros = 0
    """What all ended attempts came to."""
    by_hand: Micros = 0
    """What of that a person has said: an event of its own tells it."""
    then: State | None = None
    """Where a job goes once its money is settled."""
    then_due: int | None = None
    error: str | None = None
    code: str | None = None
    at_fault: str | None = None
    past: tuple[str, ...] = ()
    """The errors of its failed tries, the latest last."""
    answer: str | None = None
    """What its last try was answered, where that was of no use and may be mended."""
    unresolved: bool | None = None
    """Nobody knows whether its last attempt ran: the hold is open until a person decides."""
    cancel: bool = False
    started_at: int | None = None
    """When its latest attempt began: before that it waited."""
    produced_at: int | None = None
    """When that attempt had been made at a provider, and was left to be stored."""
    finished_at: int | None = None
    publish_at: int | None = None

    @cached_property
    def id(self) -> str:
        return self.spec.id

    @property
    def times(self) -> Times:
        """Return what it has spent in each phase."""
        return Times(
            waiting_ms=self.waiting_ms, running_ms=self.running_ms, storing_ms=self.storing_ms
        )

    @property
    def is_posted(self) -> bool:
        """Tell whether an attempt may be at the provider."""
        return self.posted_attempt > 0

    @property
    def hold(self) -> str:
        """Return the name of its reservation in the video's money document."""
        return f"{self.id}:{self.posted_attempt or self.attempt}"

    @property
    def is_unsure(self) -> bool:
        """Tell whether a provider may have accepted an earlier attempt without our knowing."""
        earlier = self.is_posted and self.posted_attempt != self.attempt
        return self.state is State.SUBMITTING and earlier

    @property
    def has_ended(self) -> bool:
        return self.state in TERMINAL
