"""Everything that affects the state of a job lives in this file. Pure: no I/O, no clock.

`advance(job, signal, now, rules)` gives the job after a signal, or raises IllegalSignal and changes
nothing. TRANSITIONS says which states may follow; docs/states.md is generated from it.

A waiting job is found in one of two ways, never both: by its `tag` while it queues for a first
attempt, or by `due_at` once something is timed: a retry, a poll, or the end of a lease.
`attempt` is the fence: it rises on every claim, and every write is guarded on it. `tries` counts
what the provider explicitly failed at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from shared.jobs.retries import GiveUp, RetryRules, after_failure
from shared.story.errors import StorywaveError
from shared.story.events import Micros
from shared.story.view import JobSpec


class State(StrEnum):
    """Where a job stands."""

    NEW = "new"
    SUBMITTING = "submitting"
    RUNNING = "running"
    STORING = "storing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


IN_HAND = frozenset({State.SUBMITTING, State.RUNNING, State.STORING})
TERMINAL = frozenset({State.DONE, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Rules:
    """Every duration and count that decides anything, in milliseconds."""

    lease_ms: int = 30_000
    grace_ms: int = 60_000
    """How long a lost submit may take to show up in the provider's list."""
    unresolved_ms: int = 55 * 60_000
    run_ms: int = 60 * 60_000
    """How long a provider may run an attempt before it is asked to stop."""
    outputs_ms: int = 55 * 60_000
    """How long a provider keeps the outputs of an attempt, from its submit."""
    relay_ms: int = 3_000
    """How long the process that finished a job has to publish it, before any other may."""
    retries: RetryRules = field(default_factory=RetryRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work and all that is known of it."""

    spec: JobSpec
    state: State = State.NEW
    attempt: int = 0
    tries: int = 0
    tag: float | None = None
    due_at: int | None = None
    created_at: int = 0
    submitted_at: int | None = None
    paid_attempt: int = 0
    """The attempt under which the money is held."""
    external_id: str | None = None
    urls: Mapping[str, str] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    owed: Micros = 0
    """The price of what lies at the provider and is being stored."""
    cost: Micros = 0
    """What all ended attempts came to."""
    error: str | None = None
    cancel: bool = False
    finished_at: int | None = None
    publish_at: int | None = None

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def hold(self) -> str:
        """The name of its reservation in the video's money document."""
        return f"{self.id}:{self.paid_attempt}"

    @property
    def unsure(self) -> bool:
        """An earlier attempt may have been accepted by the provider without our knowing."""
        return self.state is State.SUBMITTING and self.paid_attempt != self.attempt

    @property
    def ended(self) -> bool:
        return self.state in TERMINAL


# ── what can happen to a job ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Claimed:
    """A worker takes it in hand."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider runs it under its own id."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing went wrong, nothing counts: take it up again after a while."""

    ms: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether the provider accepted it: look again, never submit blindly."""

    ms: int


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """The provider's list, long enough after, does not show it: it may be submitted again."""


@dataclass(frozen=True, slots=True)
class Produced:
    """The provider has finished; its outputs still lie with it."""

    urls: Mapping[str, str]
    result: Mapping[str, Any] = field(default_factory=dict)
    cost: Micros = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """Every output is stored with us."""

    result: Mapping[str, Any]
    cost: Micros = 0


@dataclass(frozen=True, slots=True)
class Broke:
    """The work failed. `retired`: this model will never do it again, another might."""

    error: str
    permanent: bool = False
    retired: bool = False
    retry_after_ms: int = 0
    cost: Micros = 0


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """The user does not want it any more."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """It ended without a result because it was cancelled."""

    cost: Micros = 0


Signal = (
    Claimed
    | Accepted
    | Later
    | Unknown
    | NotAccepted
    | Produced
    | Finished
    | Broke
    | CancelAsked
    | Stopped
)

_S = State
TRANSITIONS: dict[tuple[State, type[Signal]], tuple[State, ...]] = {
    (_S.NEW, Claimed): (_S.SUBMITTING,),
    (_S.NEW, CancelAsked): (_S.CANCELLED,),
    (_S.SUBMITTING, Claimed): (_S.SUBMITTING,),
    (_S.SUBMITTING, Accepted): (_S.RUNNING,),
    (_S.SUBMITTING, Later): (_S.NEW, _S.SUBMITTING),
    (_S.SUBMITTING, Unknown): (_S.SUBMITTING, _S.FAILED),
    (_S.SUBMITTING, NotAccepted): (_S.NEW,),
    (_S.SUBMITTING, Produced): (_S.STORING,),
    (_S.SUBMITTING, Finished): (_S.DONE,),
    (_S.SUBMITTING, Broke): (_S.NEW, _S.FAILED),
    (_S.SUBMITTING, CancelAsked): (_S.SUBMITTING,),
    (_S.SUBMITTING, Stopped): (_S.CANCELLED,),
    (_S.RUNNING, Claimed): (_S.RUNNING,),
    (_S.RUNNING, Later): (_S.RUNNING,),
    (_S.RUNNING, Produced): (_S.STORING,),
    (_S.RUNNING, Finished): (_S.DONE,),
    (_S.RUNNING, Broke): (_S.NEW, _S.FAILED),
    (_S.RUNNING, CancelAsked): (_S.RUNNING,),
    (_S.RUNNING, Stopped): (_S.CANCELLED,),
    (_S.STORING, Claimed): (_S.STORING,),
    (_S.STORING, Later): (_S.STORING,),
    (_S.STORING, Finished): (_S.DONE,),
    (_S.STORING, Broke): (_S.NEW, _S.FAILED),
    (_S.STORING, CancelAsked): (_S.STORING,),
}
"""(state, signal) → the states that may follow. What is not here is illegal."""


class IllegalSignal(StorywaveError):
    """A signal that this state does not allow: a bug, or a writer that lost its claim."""

    def __init__(self, job: Job, signal: Signal) -> None:
        super().__init__(f"job {job.id} is {job.state}: {type(signal).__name__} is not allowed")
        self.job = job
        self.signal = signal


def advance(job: Job, signal: Signal, now: int, rules: Rules) -> Job:
    """The job after this signal."""
    allowed = TRANSITIONS.get((job.state, type(signal)))
    if allowed is None:
        raise IllegalSignal(job, signal)
    after = _APPLY[type(signal)](job, signal, now, rules)
    assert after.state in allowed, f"{job.state} → {after.state} by {signal} is not in the table"
    return after


def _claimed(job: Job, signal: Claimed, now: int, rules: Rules) -> Job:
    taken = replace(job, attempt=job.attempt + 1, tag=None, due_at=now + rules.lease_ms)
    if job.state is not State.NEW:
        return taken
    return replace(
        taken, state=State.SUBMITTING, paid_attempt=taken.attempt, submitted_at=now, urls={}
    )


def _accepted(job: Job, signal: Accepted, now: int, rules: Rules) -> Job:
    # due at once: when to look first is the engine's to say
    return replace(job, state=State.RUNNING, external_id=signal.external_id, due_at=now)


def _later(job: Job, signal: Later, now: int, rules: Rules) -> Job:
    back = job.state is State.SUBMITTING and not job.unsure
    return replace(job, state=State.NEW if back else job.state, due_at=now + signal.ms)


def _unknown(job: Job, signal: Unknown, now: int, rules: Rules) -> Job:
    if now - (job.submitted_at or now) < rules.unresolved_ms:
        return replace(job, due_at=now + signal.ms)
    lost = replace(job, error="unresolved: the provider never said whether it accepted the work")
    return _end(lost, State.FAILED, now, rules)


def _not_accepted(job: Job, signal: NotAccepted, now: int, rules: Rules) -> Job:
    return replace(job, state=State.NEW, due_at=now)


def _produced(job: Job, signal: Produced, now: int, rules: Rules) -> Job:
    return replace(
        job, state=State.STORING, urls=signal.urls, result=signal.result, owed=signal.cost
    )


def _finished(job: Job, signal: Finished, now: int, rules: Rules) -> Job:
    made = replace(job, result=signal.result, owed=0, cost=job.cost + signal.cost)
    return _end(made, State.DONE, now, rules)


def _broke(job: Job, signal: Broke, now: int, rules: Rules) -> Job:
    decision = after_failure(
        job.spec,
        job.tries,
        rules.retries,
        permanent=signal.permanent,
        retired=signal.retired,
        retry_after_ms=signal.retry_after_ms,
    )
    tried = replace(
        job,
        error=signal.error,
        tries=decision.tries,
        cost=job.cost + signal.cost,
        owed=0,
        external_id=None,
    )
    if isinstance(decision, GiveUp):
        return _end(tried, State.FAILED, now, rules)
    return replace(tried, state=State.NEW, due_at=now + decision.wait_ms, urls={})


def _cancel_asked(job: Job, signal: CancelAsked, now: int, rules: Rules) -> Job:
    asked = replace(job, cancel=True)
    if job.state is not State.NEW:
        return asked  # it ends when its provider says so
    return _end(replace(asked, error="cancelled"), State.CANCELLED, now, rules)


def _stopped(job: Job, signal: Stopped, now: int, rules: Rules) -> Job:
    stopped = replace(job, cost=job.cost + signal.cost, error="cancelled")
    return _end(stopped, State.CANCELLED, now, rules)


_APPLY: dict[type[Signal], Callable[[Job, Any, int, Rules], Job]] = {
    Claimed: _claimed,
    Accepted: _accepted,
    Later: _later,
    Unknown: _unknown,
    NotAccepted: _not_accepted,
    Produced: _produced,
    Finished: _finished,
    Broke: _broke,
    CancelAsked: _cancel_asked,
    Stopped: _stopped,
}


def _end(job: Job, state: State, now: int, rules: Rules) -> Job:
    return replace(
        job,
        state=state,
        tag=None,
        due_at=None,
        finished_at=now,
        publish_at=now + rules.relay_ms,
    )
