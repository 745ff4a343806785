"""The life of a job: everything that changes its state stands in this file, without I/O or clock.

Theory of operation
-------------------
A job goes from NEW over SUBMITTING, RUNNING and STORING to one of three ends: DONE, FAILED or
CANCELLED. Work that runs here goes from SUBMITTING to its end at once. A provider's work is posted
and accepted (RUNNING), polled until it has produced something, fetched (STORING), and its money is
settled (SETTLING) before its end becomes a fact.

`advance(job, signal, now, rules)` is the only way from one state to the next. A signal says what
happened; TRANSITIONS lists, for each state and signal, the states that may follow; docs/states.md
is drawn from that table. A signal that the table does not list raises IllegalSignal and changes
nothing. Ends are final: another try by a user is another take, and so another job.

Four numbers must not be mixed up:

- `attempt` is the fence. Each claim raises it, and each later write is made only where state and
  attempt are still the same. A worker that was away for too long finds a higher attempt, and
  knows that the job is no longer its own.
- `tries` counts what the provider explicitly failed at. A worker's death or a server that is away
  raises `attempt` and leaves `tries` alone, so that nobody else's trouble uses up a job's retries.
- `posted_attempt` is the attempt that was posted to a provider; 0 where surely none was. It stays
  behind when a job in hand is claimed again, and names the money that is held for it.
- `resubmits` counts how often a posted attempt did not show up at the provider, and the work was
  posted once more. That is a guess, though a good one, so it is made once.

What is written before what, and why
------------------------------------
1. The hold, then the mark (`Posted`), then the POST. Each is durable before the next is begun. A
   crash before the mark leaves an attempt that surely never ran; its hold is given back by the
   next claim. A crash after the mark leaves one that may run: it is looked for, never repeated.
   The mark is guarded like all writes: a worker that has lost its claim learns it here, and does
   not post. It also dates the attempt, so that the time to look for it counts from the POST.
2. The end, then the money, then the news. What an attempt cost is first written into the row,
   behind the fence (SETTLING): a worker that has lost its claim can settle nothing. Then the hold
   is settled, which may be repeated without harm. Only then does the row say DONE or FAILED, and
   is published. So no event ever tells a price that the money document does not know.
3. What the provider has produced is in the row (STORING) before it is fetched. Fetching and
   storing are repeated as often as need be, for as long as the provider keeps it.

Work for which no money is held needs none of this: it has no mark and no SETTLING, and may simply
be done again.

A job that waits is found in one of two ways, and never in both: by its `tag` while it queues for
an attempt (the tag is its place in the fair order between owners), or by `due_at` once a time is
known: a retry, a poll, or the end of a lease. The end of a lease is therefore nothing special: a
job whose worker died is simply due. A job that waits for leave or for money (`waits_for`) is found
in neither way, however many there are; Woken puts it back in its place.

Warts
-----
- SUBMITTING means two things: "about to post" and "posted, and nobody knows how it went".
  `is_unsure` tells them apart. An own state would be clearer, but rows of before would have to be
  read as either.
- CancelAsked only sets a flag once work is in hand: the job ends when its provider says so.
- An unresolved job has FAILED, so that its video goes on, and yet its hold is open: a person
  decides what it came to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from shared.jobs.outcomes import Code
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
    SETTLING = "settling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


IN_HAND = frozenset({State.SUBMITTING, State.RUNNING, State.STORING, State.SETTLING})
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
    most_resubmits: int = 1
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
    place: float = 0.0
    """Its place in the fair order between owners, which it keeps while others are served."""
    tag: float | None = None
    due_at: int | None = None
    waits_for: str | None = None
    """`leave` or `money`: what has to come before it is looked at again."""
    put_off: int | None = None
    """How often it was set aside since nobody could read it; None once somebody has."""
    created_at: int = 0
    posted_attempt: int = 0
    posted_at: int | None = None
    held: Micros = 0
    """The money that is held for the posted attempt."""
    model: str | None = None
    """The model that the posted attempt asks for."""
    resubmits: int = 0
    external_id: str | None = None
    urls: Mapping[str, str] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    owed: Micros = 0
    """The price of what is being stored or settled."""
    cost: Micros = 0
    """What all ended attempts came to."""
    then: State | None = None
    """Where a job goes once its money is settled."""
    then_due: int | None = None
    error: str | None = None
    code: str | None = None
    at_fault: str | None = None
    unresolved: bool | None = None
    """Nobody knows whether its last attempt ran: the hold is open until a person decides."""
    cancel: bool = False
    finished_at: int | None = None
    publish_at: int | None = None

    @property
    def id(self) -> str:
        return self.spec.id

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


# ── what can happen to a job ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Claimed:
    """A worker takes it in hand."""


@dataclass(frozen=True, slots=True)
class Posted:
    """It is about to be sent to a provider, and this much is held for it."""

    held: Micros
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider runs it under its own id."""

    external_id: str


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing went wrong, nothing counts: take it up again after a while."""

    ms: int


@dataclass(frozen=True, slots=True)
class PutBack:
    """It surely does not run, and its provider takes nothing now: back to its place in the queue.

    `is_sent`: the provider itself has said so, to a posted attempt.
    """

    is_sent: bool = False


@dataclass(frozen=True, slots=True)
class Parked:
    """Its video has no leave to run, or no money: it waits outside the queue until that comes."""

    waits_for: str


@dataclass(frozen=True, slots=True)
class Woken:
    """What it waited for may have come: back to its place in the queue."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether the provider accepted it: look again, never submit blindly."""

    ms: int


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """The provider's list, long enough after, does not show it: it may be submitted again, once."""


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
    code: Code = "internal"
    at_fault: str = ""
    models: int = 1
    """How many models may be tried, one after the other."""
    most_tries: int | None = None


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """The user does not want it any more."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """It ended without a result because it was cancelled."""

    cost: Micros = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """The money of its last attempt is accounted for."""


Signal = (
    Claimed
    | Posted
    | Accepted
    | Later
    | PutBack
    | Parked
    | Woken
    | Unknown
    | NotAccepted
    | Produced
    | Finished
    | Broke
    | CancelAsked
    | Stopped
    | Settled
)

_S = State
TRANSITIONS: dict[tuple[State, type[Signal]], tuple[State, ...]] = {
    (_S.NEW, Claimed): (_S.SUBMITTING,),
    (_S.NEW, Woken): (_S.NEW,),
    (_S.NEW, CancelAsked): (_S.CANCELLED,),
    (_S.SUBMITTING, Claimed): (_S.SUBMITTING,),
    (_S.SUBMITTING, Posted): (_S.SUBMITTING,),
    (_S.SUBMITTING, Accepted): (_S.RUNNING,),
    (_S.SUBMITTING, Later): (_S.NEW, _S.SUBMITTING),
    (_S.SUBMITTING, PutBack): (_S.NEW, _S.SETTLING),
    (_S.SUBMITTING, Parked): (_S.NEW,),
    (_S.SUBMITTING, Unknown): (_S.SUBMITTING, _S.FAILED),
    (_S.SUBMITTING, NotAccepted): (_S.NEW, _S.SETTLING, _S.FAILED),
    (_S.SUBMITTING, Produced): (_S.STORING,),
    (_S.SUBMITTING, Finished): (_S.DONE, _S.SETTLING),
    (_S.SUBMITTING, Broke): (_S.NEW, _S.FAILED, _S.SETTLING),
    (_S.SUBMITTING, CancelAsked): (_S.SUBMITTING,),
    (_S.SUBMITTING, Stopped): (_S.CANCELLED, _S.SETTLING),
    (_S.RUNNING, Claimed): (_S.RUNNING,),
    (_S.RUNNING, Later): (_S.RUNNING,),
    (_S.RUNNING, Produced): (_S.STORING,),
    (_S.RUNNING, Finished): (_S.DONE, _S.SETTLING),
    (_S.RUNNING, Broke): (_S.NEW, _S.FAILED, _S.SETTLING),
    (_S.RUNNING, CancelAsked): (_S.RUNNING,),
    (_S.RUNNING, Stopped): (_S.CANCELLED, _S.SETTLING),
    (_S.STORING, Claimed): (_S.STORING,),
    (_S.STORING, Later): (_S.STORING,),
    (_S.STORING, Finished): (_S.DONE, _S.SETTLING),
    (_S.STORING, Broke): (_S.NEW, _S.FAILED, _S.SETTLING),
    (_S.STORING, CancelAsked): (_S.STORING,),
    (_S.SETTLING, Claimed): (_S.SETTLING,),
    (_S.SETTLING, Later): (_S.SETTLING,),
    (_S.SETTLING, CancelAsked): (_S.SETTLING,),
    (_S.SETTLING, Settled): (_S.NEW, _S.DONE, _S.FAILED, _S.CANCELLED),
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
    taken = replace(
        job, attempt=job.attempt + 1, tag=None, due_at=due, put_off=None, waits_for=None
    )
    if job.state is State.RUNNING:
        return taken
    if job.state is not State.NEW:
        return replace(taken, deaths=job.deaths + 1)
    return replace(taken, state=State.SUBMITTING)


def _post(job: Job, signal: Posted, now: int, rules: Rules) -> Job:
    return replace(
        job,
        posted_attempt=job.attempt,
        posted_at=now,
        held=signal.held,
        model=signal.model,
        external_id=None,
    )


def _accept(job: Job, signal: Accepted, now: int, rules: Rules) -> Job:
    # due at once: when to look first is the engine's to say
    return replace(
        job, state=State.RUNNING, external_id=signal.external_id, due_at=now, resubmits=0
    )


def _wait(job: Job, signal: Later, now: int, rules: Rules) -> Job:
    back = job.state is State.SUBMITTING and not job.is_posted
    return replace(
        job, state=State.NEW if back else job.state, due_at=_due(now, signal.ms), deaths=0
    )


def _put_back(job: Job, signal: PutBack, now: int, rules: Rules) -> Job:
    return _close(job, State.NEW, 0, now, rules)


def _park(job: Job, signal: Parked, now: int, rules: Rules) -> Job:
    return replace(_requeue(job, None), tag=None, waits_for=signal.waits_for)


def _wake(job: Job, signal: Woken, now: int, rules: Rules) -> Job:
    return _requeue(job, None) if job.waits_for else job


def _keep_looking(job: Job, signal: Unknown, now: int, rules: Rules) -> Job:
    if now - (job.posted_at or now) < rules.unresolved_ms:
        return replace(job, due_at=_due(now, signal.ms), deaths=0)
    return _leave_open(job, now, rules)


def _start_over(job: Job, signal: NotAccepted, now: int, rules: Rules) -> Job:
    if job.resubmits >= rules.most_resubmits:
        return _leave_open(job, now, rules)
    again = replace(job, resubmits=job.resubmits + 1, error="its submit never reached the provider")
    return _close(again, State.NEW, 0, now, rules, due_at=now)


def _begin_storing(job: Job, signal: Produced, now: int, rules: Rules) -> Job:
    return replace(
        job,
        state=State.STORING,
        urls=signal.urls,
        result=signal.result,
        owed=signal.cost,
        deaths=0,
        resubmits=0,
    )


def _finish(job: Job, signal: Finished, now: int, rules: Rules) -> Job:
    made = replace(job, result=signal.result, error=None)
    return _close(made, State.DONE, signal.cost, now, rules)


def _count_failure(job: Job, signal: Broke, now: int, rules: Rules) -> Job:
    decision = after_failure(
        job.id,
        job.tries,
        rules.retries,
        permanent=signal.permanent,
        retired=signal.retired,
        retry_after_ms=signal.retry_after_ms,
        models=signal.models,
        most_tries=signal.most_tries,
    )
    tried = replace(
        job,
        error=signal.error,
        code=signal.code,
        at_fault=signal.at_fault or None,
        tries=decision.tries,
        deaths=0,
    )
    if isinstance(decision, GiveUp):
        return _close(tried, State.FAILED, signal.cost, now, rules)
    due_at = _due(now, decision.wait_ms)
    return _close(tried, State.NEW, signal.cost, now, rules, due_at=due_at)


def _ask_to_cancel(job: Job, signal: CancelAsked, now: int, rules: Rules) -> Job:
    asked = replace(job, cancel=True)
    if job.state is not State.NEW:
        return asked  # it ends when its provider says so
    return _end(replace(asked, error="cancelled"), State.CANCELLED, now, rules)


def _stop(job: Job, signal: Stopped, now: int, rules: Rules) -> Job:
    return _close(replace(job, error="cancelled"), State.CANCELLED, signal.cost, now, rules)


def _settle(job: Job, signal: Settled, now: int, rules: Rules) -> Job:
    then, due_at = job.then or State.FAILED, job.then_due
    paid = replace(job, then=None, then_due=None)
    if then is State.NEW and job.cancel:
        return _end(replace(_add_up(paid), error="cancelled"), State.CANCELLED, now, rules)
    if then is State.NEW:
        return _requeue(_add_up(paid), due_at)
    return _end(_add_up(paid), then, now, rules)


_APPLY: dict[type[Signal], Callable[[Job, Any, int, Rules], Job]] = {
    Claimed: _claim,
    Posted: _post,
    Accepted: _accept,
    Later: _wait,
    PutBack: _put_back,
    Parked: _park,
    Woken: _wake,
    Unknown: _keep_looking,
    NotAccepted: _start_over,
    Produced: _begin_storing,
    Finished: _finish,
    Broke: _count_failure,
    CancelAsked: _ask_to_cancel,
    Stopped: _stop,
    Settled: _settle,
}


def _close(
    job: Job, then: State, owed: Micros, now: int, rules: Rules, due_at: int | None = None
) -> Job:
    """Return the job at the end of an attempt that came to `owed`, settled first where it must be.

    The due time is untouched in SETTLING: it is the lease, under which the money is settled next.
    """
    ended = replace(job, owed=owed)
    if job.held:
        return replace(ended, state=State.SETTLING, then=then, then_due=due_at)
    ended = _add_up(ended)
    return _requeue(ended, due_at) if then is State.NEW else _end(ended, then, now, rules)


def _add_up(job: Job) -> Job:
    """Return the job with what its last attempt came to added to its cost."""
    return replace(job, cost=job.cost + job.owed, owed=0)


def _requeue(job: Job, due_at: int | None) -> Job:
    """Return the job before its next attempt: in its place in the queue, or due at a time."""
    return replace(
        job,
        state=State.NEW,
        tag=job.place if due_at is None else None,
        due_at=due_at,
        waits_for=None,
        posted_attempt=0,
        posted_at=None,
        held=0,
        external_id=None,
        urls={},
        deaths=0,
    )


def _leave_open(job: Job, now: int, rules: Rules) -> Job:
    """Return a job that has failed since nobody can find out what became of its last attempt."""
    lost = replace(
        job,
        error="unresolved: the provider never said whether it accepted the work",
        code="unresolved",
        unresolved=True,
    )
    return _end(lost, State.FAILED, now, rules)


def _end(job: Job, state: State, now: int, rules: Rules) -> Job:
    return replace(
        job,
        state=state,
        tag=None,
        due_at=None,
        waits_for=None,
        finished_at=now,
        publish_at=now + rules.relay_ms,
    )


def _due(now: int, wait_ms: int) -> int:
    return now + min(wait_ms, LONGEST_WAIT_MS)
