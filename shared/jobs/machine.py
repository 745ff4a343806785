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
   storing are repeated as often as need be, for as long as the provider keeps it. Of several
   outputs each is noted as soon as it is stored (`Stored`), so that none is fetched for another.

Work for which no money is held needs none of this: it has no mark and no SETTLING, and may simply
be done again.

A job that waits is found in one of two ways, and never in both: by its `tag` while it queues for
an attempt (the tag is its place in the fair order between owners), or by `due_at` once a time is
known: a retry, a poll, or the end of a lease. The end of a lease is therefore nothing special: a
job whose worker died is simply due. A job that waits for leave or for money (`waits_for`) is found
in neither way, however many there are; Woken puts it back into the queue, behind those who came
meanwhile.

Warts
-----
- SUBMITTING means two things: "about to post" and "posted, and nobody knows how it went".
  `is_unsure` tells them apart. An own state would be clearer, but rows of before would have to be
  read as either.
- CancelAsked only sets a flag once work is in hand: the job ends when its provider says so.
- An unresolved job has FAILED, so that its video goes on, and yet its hold is open: a person
  decides what it came to.
"""

from collections.abc import Callable
from typing import Any

from shared.base.copies import change
from shared.jobs.job import (
    LONGEST_ANSWER,
    LONGEST_WAIT_MS,
    MOST_COST,
    MOST_PAST,
    PHASES,
    Job,
    Rules,
    State,
)
from shared.jobs.retries import GiveUp, after_failure
from shared.jobs.signals import (
    Accepted,
    Broke,
    CancelAsked,
    Claimed,
    Finished,
    Later,
    NotAccepted,
    Parked,
    Posted,
    Produced,
    PutBack,
    Settled,
    Signal,
    Stopped,
    Stored,
    Unknown,
    Woken,
)
from shared.story.errors import StorywaveError
from shared.story.fact import Micros

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
    (_S.RUNNING, Unknown): (_S.RUNNING, _S.FAILED),
    (_S.RUNNING, Produced): (_S.STORING,),
    (_S.RUNNING, Finished): (_S.DONE, _S.SETTLING),
    (_S.RUNNING, Broke): (_S.NEW, _S.FAILED, _S.SETTLING),
    (_S.RUNNING, CancelAsked): (_S.RUNNING,),
    (_S.RUNNING, Stopped): (_S.CANCELLED, _S.SETTLING),
    (_S.STORING, Claimed): (_S.STORING,),
    (_S.STORING, Later): (_S.STORING,),
    (_S.STORING, Stored): (_S.STORING,),
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
    return _count_time(job, after, now)


def _count_time(before: Job, after: Job, now: int) -> Job:
    """Return the job with its time counted, where it has come into another phase."""
    phase = PHASES[before.state]
    if PHASES.get(after.state) == phase:
        return after
    # a clock that was set back has counted nothing; before `since` there was none
    spent = max(0, now - (before.since or before.created_at))
    counted: dict[str, Any] = {phase: getattr(after, phase) + spent}
    return change(after, since=0 if after.has_ended else now, **counted)


def _claim(job: Job, signal: Claimed, now: int, rules: Rules) -> Job:
    due = now + rules.lease_ms
    taken = change(job, attempt=job.attempt + 1, tag=None, due_at=due, put_off=None, waits_for=None)
    if job.state is State.RUNNING:
        return taken
    if job.state is not State.NEW:
        return change(taken, deaths=job.deaths + 1)
    return change(taken, state=State.SUBMITTING, started_at=now, produced_at=None)


def _post(job: Job, signal: Posted, now: int, rules: Rules) -> Job:
    return change(
        job,
        posted_attempt=job.attempt,
        posted_at=now,
        held=signal.held,
        model=signal.model,
        engine=signal.engine,
        fingerprint=signal.fingerprint,
        external_id=None,
    )


def _accept(job: Job, signal: Accepted, now: int, rules: Rules) -> Job:
    # due at once: when to look first is the engine's to say
    return change(job, state=State.RUNNING, external_id=signal.external_id, due_at=now, resubmits=0)


def _wait(job: Job, signal: Later, now: int, rules: Rules) -> Job:
    back = job.state is State.SUBMITTING and not job.is_posted
    return change(
        job, state=State.NEW if back else job.state, due_at=_due(now, signal.ms), deaths=0
    )


def _put_back(job: Job, signal: PutBack, now: int, rules: Rules) -> Job:
    return _close(job, State.NEW, 0, now, rules)


def _park(job: Job, signal: Parked, now: int, rules: Rules) -> Job:
    return change(_requeue(job, None), tag=None, waits_for=signal.waits_for)


def _wake(job: Job, signal: Woken, now: int, rules: Rules) -> Job:
    """Queue up behind who came meanwhile: old places would all come before theirs."""
    return _requeue(change(job, place=max(job.place, signal.place)), None)


def _keep_looking(job: Job, signal: Unknown, now: int, rules: Rules) -> Job:
    if now - (job.posted_at or now) < rules.unresolved_ms:
        return change(job, due_at=_due(now, signal.ms), deaths=0)
    return _leave_open(job, now, rules)


def _start_over(job: Job, signal: NotAccepted, now: int, rules: Rules) -> Job:
    if job.resubmits >= rules.most_resubmits:
        return _leave_open(job, now, rules)
    again = change(job, resubmits=job.resubmits + 1, error="its submit never reached the provider")
    return _close(again, State.NEW, 0, now, rules, due_at=now)


def _begin_storing(job: Job, signal: Produced, now: int, rules: Rules) -> Job:
    return change(
        job,
        state=State.STORING,
        urls=signal.urls,
        result=signal.result,
        owed=_bound(signal.cost),
        produced_at=now,
        deaths=0,
        resubmits=0,
    )


def _note_stored(job: Job, signal: Stored, now: int, rules: Rules) -> Job:
    kept, lost = {**job.kept, **signal.kept}, {**job.lost, **signal.lost}
    return change(job, kept=kept, lost=lost, deaths=0)


def _finish(job: Job, signal: Finished, now: int, rules: Rules) -> Job:
    made = change(
        job,
        result=signal.result,
        error=None,
        reused=signal.reused,
        kept={},
        lost={},
        running_ms=job.running_ms - signal.storing_ms,
        storing_ms=job.storing_ms + signal.storing_ms,
    )
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
    tried = change(
        job,
        error=signal.error,
        code=signal.code,
        at_fault=signal.at_fault or None,
        past=(*job.past, signal.error)[-MOST_PAST:],
        answer=signal.answer[:LONGEST_ANSWER] or None,
        tries=decision.tries,
        deaths=0,
    )
    if isinstance(decision, GiveUp):
        return _close(tried, State.FAILED, signal.cost, now, rules)
    due_at = _due(now, decision.wait_ms)
    return _close(tried, State.NEW, signal.cost, now, rules, due_at=due_at)


def _ask_to_cancel(job: Job, signal: CancelAsked, now: int, rules: Rules) -> Job:
    asked = change(job, cancel=True)
    if job.state is not State.NEW:
        return asked  # it ends when its provider says so
    return _end(change(asked, error="cancelled"), State.CANCELLED, now, rules)


def _stop(job: Job, signal: Stopped, now: int, rules: Rules) -> Job:
    return _close(change(job, error="cancelled"), State.CANCELLED, signal.cost, now, rules)


def _settle(job: Job, signal: Settled, now: int, rules: Rules) -> Job:
    then, due_at = job.then or State.FAILED, job.then_due
    paid = change(job, then=None, then_due=None)
    if then is State.NEW and job.cancel:
        return _end(change(_add_up(paid), error="cancelled"), State.CANCELLED, now, rules)
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
    Stored: _note_stored,
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
    ended = change(job, owed=_bound(owed)) if owed or job.owed else job
    if job.held:
        return change(ended, state=State.SETTLING, then=then, then_due=due_at)
    ended = _add_up(ended)
    return _requeue(ended, due_at) if then is State.NEW else _end(ended, then, now, rules)


def _bound(cost: Micros) -> Micros:
    """Return a price that can be one: less than nothing would make money."""
    return max(0, min(cost, MOST_COST))


def _add_up(job: Job) -> Job:
    """Return the job with what its last attempt came to added to its cost."""
    return change(job, cost=job.cost + job.owed, owed=0) if job.owed else job


def _requeue(job: Job, due_at: int | None) -> Job:
    """Return the job before its next attempt: in its place in the queue, or due at a time."""
    return change(
        job,
        state=State.NEW,
        tag=job.place if due_at is None else None,
        due_at=due_at,
        waits_for=None,
        posted_attempt=0,
        posted_at=None,
        held=0,
        engine=None,
        fingerprint=None,
        external_id=None,
        urls={},
        kept={},
        lost={},
        deaths=0,
    )


def _leave_open(job: Job, now: int, rules: Rules) -> Job:
    """Return a job that has failed since nobody can find out what became of its last attempt."""
    lost = change(
        job,
        error="unresolved: the provider never said whether it accepted the work",
        code="unresolved",
        unresolved=True,
    )
    return _end(lost, State.FAILED, now, rules)


def _end(job: Job, state: State, now: int, rules: Rules) -> Job:
    return change(
        job,
        state=state,
        tag=None,
        due_at=None,
        waits_for=None,
        finished_at=now,
        publish_at=rules.find_publish_at(now),
    )


def _due(now: int, wait_ms: int) -> int:
    return now + min(wait_ms, LONGEST_WAIT_MS)
