"""The life of a job: everything that changes its state stands in this file, without I/O or clock.

Theory of operation
-------------------
A job goes from NEW over SUBMITTING, RUNNING and STORING to one of three ends: DONE, FAILED or
CANCELLED. Work that runs here goes from SUBMITTING to its end at once; a provider's work is
accepted (RUNNING), polled until it has produced something, and fetched (STORING).

`advance(job, signal, now, rules)` is the only way from one state to the next. A signal says what
happened; TRANSITIONS lists, for each state and signal, the states that may follow; docs/states.md
is drawn from that table. A signal that the table does not list raises IllegalSignal and changes
nothing. Ends are final: another try by a user is another take, and so another job.

Three numbers must not be mixed up:

- `attempt` is the fence. Each claim raises it, and each later write is made only where state and
  attempt are still the same. A worker that was away for too long finds a higher attempt, and
  knows that the job is no longer its own.
- `tries` counts what the provider explicitly failed at. A worker's death or a server that is away
  raises `attempt` and leaves `tries` alone, so that nobody else's trouble uses up a job's retries.
- `paid_attempt` is the attempt for which money is held. It stays behind when a job in hand is
  claimed again: the hold belongs to the submit that may have happened, not to the new claim.

A job that waits is found in one of two ways, and never in both: by its `tag` while it queues for
its first attempt (the tag is its place in the fair order between owners), or by `due_at` once a
time is known: a retry, a poll, or the end of a lease. The end of a lease is therefore nothing
special: a job whose worker died is simply due.

Warts
-----
- SUBMITTING means two things: "about to submit" and "submitted, and nobody knows how it went".
  `is_unsure` tells them apart by `paid_attempt != attempt`. An own state would be clearer, but rows
  of before would have to be read as either.
- Later, sent while SUBMITTING, goes back to NEW where surely nothing was submitted, and stays where
  that is not sure. So one signal has two results; the table shows both.
- CancelAsked only sets a flag once work is in hand: the job ends when its provider says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from shared.jobs.retries import GiveUp, after_failure
from shared.story.errors import StorywaveError
from shared.story.fact import Micros
from shared.story.kinds import RetryRules
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


LONGEST_WAIT_MS = 30 * 60_000
"""No job waits longer, whatever a provider asks for: a time further away is a clock's mistake."""


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
    deaths: int = 0
    """How often in a row its worker went away in the middle of a step."""
    tag: float | None = None
    due_at: int | None = None
    put_off: int | None = None
    """How often it was set aside since nobody could read it; None once somebody has."""
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
        """Return the name of its reservation in the video's money document."""
        return f"{self.id}:{self.paid_attempt}"

    @property
    def is_unsure(self) -> bool:
        """Tell whether a provider may have accepted an earlier attempt without our knowing."""
        return self.state is State.SUBMITTING and self.paid_attempt != self.attempt

    @property
    def has_ended(self) -> bool:
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
    """Return the job as it is after this signal."""
    allowed = TRANSITIONS.get((job.state, type(signal)))
    if allowed is None:
        raise IllegalSignal(job, signal)
    after = _APPLY[type(signal)](job, signal, now, rules)
    assert after.state in allowed, f"{job.state} → {after.state} by {signal} is not in the table"
    return after


def _claim(job: Job, signal: Claimed, now: int, rules: Rules) -> Job:
    due = now + rules.lease_ms
    taken = replace(job, attempt=job.attempt + 1, tag=None, due_at=due, put_off=None)
    if job.state is State.RUNNING:
        return taken
    if job.state is not State.NEW:
        return replace(taken, deaths=job.deaths + 1)
    return replace(
        taken, state=State.SUBMITTING, paid_attempt=taken.attempt, submitted_at=now, urls={}
    )


def _accept(job: Job, signal: Accepted, now: int, rules: Rules) -> Job:
    # due at once: when to look first is the engine's to say
    return replace(job, state=State.RUNNING, external_id=signal.external_id, due_at=now)


def _wait(job: Job, signal: Later, now: int, rules: Rules) -> Job:
    back = job.state is State.SUBMITTING and not job.is_unsure
    return replace(
        job, state=State.NEW if back else job.state, due_at=_due(now, signal.ms), deaths=0
    )


def _keep_looking(job: Job, signal: Unknown, now: int, rules: Rules) -> Job:
    if now - (job.submitted_at or now) < rules.unresolved_ms:
        return replace(job, due_at=_due(now, signal.ms), deaths=0)
    lost = replace(job, error="unresolved: the provider never said whether it accepted the work")
    return _end(lost, State.FAILED, now, rules)


def _start_over(job: Job, signal: NotAccepted, now: int, rules: Rules) -> Job:
    return replace(job, state=State.NEW, due_at=now)


def _begin_storing(job: Job, signal: Produced, now: int, rules: Rules) -> Job:
    return replace(
        job, state=State.STORING, urls=signal.urls, result=signal.result, owed=signal.cost
    )


def _finish(job: Job, signal: Finished, now: int, rules: Rules) -> Job:
    made = replace(job, result=signal.result, owed=0, cost=job.cost + signal.cost)
    return _end(made, State.DONE, now, rules)


def _count_failure(job: Job, signal: Broke, now: int, rules: Rules) -> Job:
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
        deaths=0,
        owed=0,
        external_id=None,
    )
    if isinstance(decision, GiveUp):
        return _end(tried, State.FAILED, now, rules)
    due_at = _due(now, decision.wait_ms)
    return replace(tried, state=State.NEW, due_at=due_at, urls={})


def _ask_to_cancel(job: Job, signal: CancelAsked, now: int, rules: Rules) -> Job:
    asked = replace(job, cancel=True)
    if job.state is not State.NEW:
        return asked  # it ends when its provider says so
    return _end(replace(asked, error="cancelled"), State.CANCELLED, now, rules)


def _stop(job: Job, signal: Stopped, now: int, rules: Rules) -> Job:
    stopped = replace(job, cost=job.cost + signal.cost, error="cancelled")
    return _end(stopped, State.CANCELLED, now, rules)


_APPLY: dict[type[Signal], Callable[[Job, Any, int, Rules], Job]] = {
    Claimed: _claim,
    Accepted: _accept,
    Later: _wait,
    Unknown: _keep_looking,
    NotAccepted: _start_over,
    Produced: _begin_storing,
    Finished: _finish,
    Broke: _count_failure,
    CancelAsked: _ask_to_cancel,
    Stopped: _stop,
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


def _due(now: int, wait_ms: int) -> int:
    return now + min(wait_ms, LONGEST_WAIT_MS)
