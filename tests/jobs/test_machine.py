"""The job machine: every state meets every signal."""

import itertools
from typing import Any

import pytest

from shared.jobs import machine as m
from shared.jobs.machine import Job, Rules, State
from shared.story.kinds import CLIP
from shared.story.view import JobSpec

RULES = Rules()
NOW = 1_000_000

SIGNALS: list[m.Signal] = [
    m.Claimed(),
    m.Accepted("p1"),
    m.Later(500),
    m.Unknown(500),
    m.NotAccepted(),
    m.Produced({"key": "u"}),
    m.Finished({"key": "k"}, cost=7),
    m.Broke("no luck"),
    m.CancelAsked(),
    m.Stopped(cost=3),
]


def job(state: State = State.NEW, **known: Any) -> Job:
    defaults: dict[str, Any] = {"attempt": 0, "tag": 1.0}
    if state is not State.NEW:
        defaults = {"attempt": 1, "paid_attempt": 1, "submitted_at": NOW, "due_at": NOW + 30_000}
    if state in m.TERMINAL:
        defaults = {"attempt": 1, "paid_attempt": 1, "finished_at": NOW}
    spec = JobSpec(kind=CLIP.name, video_id="v", beat=1, n=2)
    return Job(spec=spec, state=state, **{**defaults, **known})


@pytest.mark.parametrize(("state", "signal"), list(itertools.product(State, SIGNALS)))
def test_every_state_meets_every_signal(state: State, signal: m.Signal) -> None:
    before = job(state)
    allowed = m.TRANSITIONS.get((state, type(signal)))
    if allowed is None:
        with pytest.raises(m.IllegalSignal) as caught:
            m.advance(before, signal, NOW, RULES)
        assert state in str(caught.value) and type(signal).__name__ in str(caught.value)
        assert before == job(state)
    else:
        assert m.advance(before, signal, NOW, RULES).state in allowed


def test_every_signal_is_tried_and_every_row_of_the_table_names_one() -> None:
    assert {type(signal) for signal in SIGNALS} == {signal for _, signal in m.TRANSITIONS}


@pytest.mark.parametrize(("state", "signal"), list(m.TRANSITIONS))
def test_a_waiting_job_is_found_in_exactly_one_way(state: State, signal: type) -> None:
    given = next(s for s in SIGNALS if type(s) is signal)
    after = m.advance(job(state), given, NOW, RULES)
    ways = [after.tag is not None, after.due_at is not None]
    assert sum(ways) == (0 if after.has_ended else 1)
    assert (after.publish_at is not None) == after.has_ended


def test_terminal_rows_never_reopen() -> None:
    assert not [key for key in m.TRANSITIONS if key[0] in m.TERMINAL]


def test_attempt_is_the_fence_and_tries_counts_failures() -> None:
    claimed = m.advance(job(), m.Claimed(), NOW, RULES)
    again = m.advance(claimed, m.Claimed(), NOW, RULES)
    later = m.advance(claimed, m.Later(10), NOW, RULES)
    broke = m.advance(claimed, m.Broke("x"), NOW, RULES)
    assert (claimed.attempt, again.attempt) == (1, 2)
    assert (claimed.tries, later.tries, broke.tries) == (0, 0, 1)


def test_no_wait_is_longer_than_the_longest_whatever_a_provider_asks_for() -> None:
    claimed = job(State.SUBMITTING)
    for signal in (m.Later(9 * 3_600_000), m.Broke("slow down", retry_after_ms=9 * 3_600_000)):
        after = m.advance(claimed, signal, NOW, RULES)
        assert after.state is State.NEW and after.due_at == NOW + m.LONGEST_WAIT_MS


def test_a_second_claim_of_a_submit_is_unsure_and_keeps_its_hold() -> None:
    first = m.advance(job(), m.Claimed(), NOW, RULES)
    second = m.advance(first, m.Claimed(), NOW, RULES)
    assert not first.is_unsure and second.is_unsure
    assert second.hold == first.hold


def test_an_unsure_job_is_never_returned_to_the_queue_by_waiting() -> None:
    unsure = job(State.SUBMITTING, attempt=2, paid_attempt=1)
    assert m.advance(unsure, m.Later(10), NOW, RULES).state is State.SUBMITTING


def test_what_stays_unknown_is_unresolved_and_not_submitted_again() -> None:
    lost = job(State.SUBMITTING, submitted_at=NOW - RULES.unresolved_ms)
    after = m.advance(lost, m.Unknown(10), NOW, RULES)
    assert after.state is State.FAILED and "unresolved" in (after.error or "")


def test_a_cancelled_running_job_waits_for_its_provider() -> None:
    asked = m.advance(job(State.RUNNING), m.CancelAsked(), NOW, RULES)
    assert asked.state is State.RUNNING and asked.cancel
    kept = m.advance(asked, m.Finished({"key": "k"}, cost=7), NOW, RULES)
    assert kept.state is State.DONE and kept.cost == 7


def test_costs_add_up_over_tries() -> None:
    first = m.advance(job(State.RUNNING), m.Broke("x", cost=5), NOW, RULES)
    second = m.advance(first, m.Claimed(), NOW, RULES)
    stored = m.advance(second, m.Produced({"key": "u"}, cost=7), NOW, RULES)
    done = m.advance(stored, m.Finished({"key": "k"}, cost=stored.owed), NOW, RULES)
    assert (first.cost, stored.cost, stored.owed, done.cost, done.owed) == (5, 5, 7, 12, 0)
