"""The job machine: every state meets every signal."""

import itertools
from typing import Any

import pytest

from shared.jobs import machine as m
from shared.jobs import signals as s
from shared.jobs.job import LONGEST_WAIT_MS, TERMINAL, Job, Rules, State
from shared.story.kinds import CLIP
from shared.story.view import JobSpec

RULES = Rules()
NOW = 1_000_000

SIGNALS: list[s.Signal] = [
    s.Claimed(),
    s.Posted(10, "fast"),
    s.Accepted("p1"),
    s.Later(500),
    s.PutBack(),
    s.Parked("money"),
    s.Woken(),
    s.Unknown(500),
    s.NotAccepted(),
    s.Produced({"key": "u"}),
    s.Stored({"0": {"key": "k"}}, {"1": "it is empty"}),
    s.Finished({"key": "k"}, cost=7),
    s.Broke("no luck"),
    s.CancelAsked(),
    s.Stopped(cost=3),
    s.Settled(),
]


def job(state: State = State.NEW, **known: Any) -> Job:
    """Return a job of a provider's; where money is held, its attempt is posted."""
    defaults: dict[str, Any] = {"attempt": 0, "tag": 1.0, "place": 1.0}
    posted = {"attempt": 1, "place": 1.0, "posted_attempt": 1, "posted_at": NOW}
    if state is not State.NEW:
        defaults = {**posted, "due_at": NOW + 30_000}
    if state is State.SETTLING:
        defaults |= {"held": 10, "owed": 4, "then": State.DONE}
    if state in TERMINAL:
        defaults = {**posted, "finished_at": NOW}
    spec = JobSpec(kind=CLIP.name, video_id="v", beat=1, n=2)
    return Job(spec=spec, state=state, **{**defaults, **known})


@pytest.mark.parametrize(("state", "signal"), list(itertools.product(State, SIGNALS)))
def test_every_state_meets_every_signal(state: State, signal: s.Signal) -> None:
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
    assert sum(ways) == (0 if after.has_ended or after.waits_for else 1)
    assert (after.publish_at is not None) == after.has_ended


def test_ends_of_about_one_time_fall_due_together_and_none_later_than_the_rules_say() -> None:
    ends = [m.advance(job(), s.CancelAsked(), NOW + ms, RULES) for ms in range(1_000)]
    waits = [(end.publish_at or 0) - (end.finished_at or 0) for end in ends]
    assert 0.7 * RULES.relay_ms < min(waits) <= max(waits) <= RULES.relay_ms
    assert len({end.publish_at for end in ends}) <= 1 + 1_000 // (RULES.relay_ms // 4) + 1


def test_terminal_rows_never_reopen() -> None:
    assert not [key for key in m.TRANSITIONS if key[0] in TERMINAL]


def test_attempt_is_the_fence_and_tries_counts_failures() -> None:
    claimed = m.advance(job(), s.Claimed(), NOW, RULES)
    again = m.advance(claimed, s.Claimed(), NOW, RULES)
    later = m.advance(claimed, s.Later(10), NOW, RULES)
    broke = m.advance(claimed, s.Broke("x"), NOW, RULES)
    assert (claimed.attempt, again.attempt) == (1, 2)
    assert (claimed.tries, later.tries, broke.tries) == (0, 0, 1)


def test_no_wait_is_longer_than_the_longest_whatever_a_provider_asks_for() -> None:
    claimed = m.advance(job(), s.Claimed(), NOW, RULES)
    for signal in (s.Later(9 * 3_600_000), s.Broke("slow down", retry_after_ms=9 * 3_600_000)):
        after = m.advance(claimed, signal, NOW, RULES)
        assert after.state is State.NEW and after.due_at == NOW + LONGEST_WAIT_MS


def test_only_a_posted_attempt_is_unsure_and_it_keeps_its_hold() -> None:
    first = m.advance(job(), s.Claimed(), NOW, RULES)
    second = m.advance(first, s.Claimed(), NOW, RULES)
    assert not first.is_unsure and not second.is_unsure and second.hold != first.hold
    posted = m.advance(second, s.Posted(10), NOW + 5, RULES)
    third = m.advance(posted, s.Claimed(), NOW, RULES)
    assert not posted.is_unsure and third.is_unsure
    assert (third.hold, third.posted_at) == (second.hold, NOW + 5)


def test_an_unsure_job_is_never_returned_to_the_queue_by_waiting() -> None:
    unsure = job(State.SUBMITTING, attempt=2)
    assert m.advance(unsure, s.Later(10), NOW, RULES).state is State.SUBMITTING


def test_what_stays_unknown_is_unresolved_and_not_submitted_again() -> None:
    lost = job(State.SUBMITTING, attempt=2, held=10, posted_at=NOW - RULES.unresolved_ms)
    after = m.advance(lost, s.Unknown(10), NOW, RULES)
    assert after.state is State.FAILED and after.unresolved and after.code == "unresolved"


def test_what_never_showed_up_is_submitted_once_more_and_then_left_open() -> None:
    lost = job(State.SUBMITTING, attempt=2, held=10)
    given_back = m.advance(lost, s.NotAccepted(), NOW, RULES)
    again = m.advance(given_back, s.Settled(), NOW, RULES)
    assert (again.state, again.tries, again.cost, again.is_posted) == (State.NEW, 0, 0, False)
    twice = job(State.SUBMITTING, attempt=4, posted_attempt=3, held=10, resubmits=1)
    assert m.advance(twice, s.NotAccepted(), NOW, RULES).unresolved


def test_money_is_settled_before_the_end_is_a_fact() -> None:
    paid = job(State.STORING, held=10, owed=7)
    spent = m.advance(paid, s.Finished({"key": "k"}, cost=7), NOW, RULES)
    assert (spent.state, spent.owed, spent.publish_at) == (State.SETTLING, 7, None)
    assert spent.due_at == paid.due_at, "if its worker dies now, another one settles"
    done = m.advance(spent, s.Settled(), NOW, RULES)
    assert (done.state, done.cost, done.owed, done.finished_at) == (State.DONE, 7, 0, NOW)
    free = m.advance(job(State.STORING), s.Finished({"key": "k"}), NOW, RULES)
    assert free.state is State.DONE, "what costs nothing has nothing to settle"


def test_a_failed_try_is_settled_before_the_next_one() -> None:
    broke = m.advance(job(State.RUNNING, held=10), s.Broke("x", cost=4), NOW, RULES)
    assert (broke.state, broke.then, broke.tries) == (State.SETTLING, State.NEW, 1)
    again = m.advance(broke, s.Settled(), NOW, RULES)
    assert (again.state, again.cost, again.held, again.external_id) == (State.NEW, 4, 0, None)
    assert again.due_at == broke.then_due and again.tag is None


def test_a_job_that_its_provider_has_no_room_for_keeps_its_place() -> None:
    for held in (0, 10):
        back = m.advance(job(State.SUBMITTING, held=held), s.PutBack(), NOW, RULES)
        back = m.advance(back, s.Settled(), NOW, RULES) if held else back
        assert (back.state, back.tag, back.due_at, back.tries) == (State.NEW, 1.0, None, 0)


def test_a_job_without_money_is_found_in_no_way_until_it_is_woken() -> None:
    claimed = m.advance(job(), s.Claimed(), NOW, RULES)
    parked = m.advance(claimed, s.Parked("money"), NOW, RULES)
    assert (parked.state, parked.tag, parked.due_at) == (State.NEW, None, None)
    woken = m.advance(parked, s.Woken(), NOW, RULES)
    assert (woken.tag, woken.waits_for) == (1.0, None)


def test_a_cancelled_job_does_not_begin_another_try() -> None:
    broke = m.advance(job(State.RUNNING, held=10, cancel=True), s.Broke("x"), NOW, RULES)
    assert m.advance(broke, s.Settled(), NOW, RULES).state is State.CANCELLED


def test_a_cancelled_running_job_waits_for_its_provider() -> None:
    asked = m.advance(job(State.RUNNING), s.CancelAsked(), NOW, RULES)
    assert asked.state is State.RUNNING and asked.cancel
    kept = m.advance(asked, s.Finished({"key": "k"}, cost=7), NOW, RULES)
    assert kept.state is State.DONE and kept.cost == 7


def test_costs_add_up_over_tries() -> None:
    first = m.advance(job(State.RUNNING), s.Broke("x", cost=5), NOW, RULES)
    second = m.advance(first, s.Claimed(), NOW, RULES)
    stored = m.advance(second, s.Produced({"key": "u"}, cost=7), NOW, RULES)
    done = m.advance(stored, s.Finished({"key": "k"}, cost=stored.owed), NOW, RULES)
    assert (first.cost, stored.cost, stored.owed, done.cost, done.owed) == (5, 5, 7, 12, 0)


def test_a_job_knows_when_its_latest_attempt_began_and_was_made() -> None:
    waiting = job()
    begun = m.advance(waiting, s.Claimed(), NOW + 100, RULES)
    looked_at = m.advance(job(State.RUNNING, started_at=NOW), s.Claimed(), NOW + 500, RULES)
    made = m.advance(looked_at, s.Produced({"key": "u"}), NOW + 900, RULES)
    assert (waiting.started_at, begun.started_at, looked_at.started_at) == (None, NOW + 100, NOW)
    assert made.produced_at == NOW + 900
    failed = m.advance(begun, s.Broke("no luck"), NOW + 200, RULES)
    again = m.advance(failed, s.Claimed(), NOW + 3_000, RULES)
    assert (again.started_at, again.produced_at) == (NOW + 3_000, None)
