"""The worker against engines that misbehave in every way a provider can."""

import asyncio
import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import isawaitable
from pathlib import Path
from typing import Any, cast

import pytest

from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.bus.local import LocalBus
from shared.engines.local.engine import LocalEngine
from shared.jobs.engine import Engine, Finish, Task, Workspace
from shared.jobs.gate import MONEY, Gate
from shared.jobs.job import Job, Rules, State
from shared.jobs.ledger import JOBS, Ledger
from shared.jobs.means import Means, Pace
from shared.jobs.outcomes import (
    Accepted,
    Ended,
    Found,
    Made,
    Pending,
    Produced,
    Quote,
    Refused,
)
from shared.jobs.rates import NO_LIMITS, Rates
from shared.jobs.relay import Relay
from shared.jobs.reuse import Reuse
from shared.jobs.rows import end_event, from_doc
from shared.jobs.signals import Signal
from shared.jobs.worker import Worker
from shared.ports import Blob, Store, Update
from shared.story.errors import TOLD, BlobsUnavailable, TransientError
from shared.story.events import Event, Failed
from shared.story.kinds import IMAGE, KINDS, AnyKind, ImageOrder, Kinds, RetryRules
from shared.story.view import JobSpec
from tests.clock import Clock

RETRIES = RetryRules(backoff_ms=(5, 5), next_model_ms=5)
RULES = Rules(lease_ms=1_000, grace_ms=100, outputs_ms=500, relay_ms=50, retries=RETRIES)
PACE = Pace(look=0.02, hold=0.03, away=0.02)
ORDER = {
    "style": "noir",
    "seed": 1,
    "width": 9,
    "height": 16,
    "prompt": "p",
    "index": 0,
    "total": 1,
}
SPEC = JobSpec(kind=IMAGE.name, video_id="v", beat=1, input=ORDER)


class Scripted:
    """A paid engine that does, submit by submit, what a test tells it to."""

    name = "scripted"
    slots = 10
    repeatable = False
    makes_files = True
    limits = NO_LIMITS

    def __init__(self, *script: Any, found: Found | Ended | None = None) -> None:
        self.script = list(script)
        self.found = found or Found(is_complete=True)
        self.submits = 0
        self.cancels = 0
        self.polls = 0
        self.models = 1
        self.wish: str | None = None

    def quote(self, job: Job) -> Quote:
        return Quote(0 if self.repeatable else 10, "fast")

    def count_models(self, job: Job) -> int:
        return self.models

    async def fingerprint(self, task: Task) -> str | None:
        return self.wish

    async def prepare(self, task: Task) -> None:
        pass

    async def submit(self, task: Task, prepared: None) -> Accepted | Produced | Ended | Refused:
        self.submits += 1
        return cast("Accepted | Produced | Ended | Refused", await self._act(task))

    async def poll(self, task: Task) -> Pending | Produced | Ended:
        self.polls += 1
        return cast("Pending | Produced | Ended", await self._act(task))

    async def find(self, task: Task) -> Found | Ended:
        return self.found

    async def cancel(self, task: Task) -> None:
        self.cancels += 1

    async def _act(self, task: Task) -> object:
        """Do the next step of the script: an error, an outcome, or a function that gives one."""
        step = self.script.pop(0)
        if isinstance(step, BaseException):
            raise step
        outcome = step(task) if callable(step) else step
        return await outcome if isawaitable(outcome) else outcome


def made(cost: int = 4) -> Callable[[Task], Produced]:
    def make(task: Task) -> Produced:
        path = task.folder / "image.png"
        path.write_bytes(b"pixels")
        return Produced(Made({"key": path}), cost=cost)

    return make


class LoneWorker:
    """A worker with its ledger, gate and relay on a store; `told` are the ends that it reports."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        engine: Engine,
        kind: AnyKind = IMAGE,
        finish: Finish | None = None,
        *,
        others: Sequence[AnyKind] = (),
        rules: Rules = RULES,
        pace: Pace = PACE,
    ) -> None:
        self.store, self.told = store, list[Event]()
        self.engine: Any = engine
        self.rules = rules
        kinds = Kinds(kind, *others)
        self.blobs = DiskBlobs(folder / "blobs")
        self.bus = LocalBus()
        self.gate = Gate(store)
        relay = Relay(store, self.bus, "storyboard", runs=list(kinds), kinds=kinds, rules=rules)
        self.ledger = Ledger(store, kinds, rules, untold=relay.untold)
        self.relay = relay
        self.folder = folder / "work"
        self.rates = Rates(store)
        means = Means(
            kinds=kinds,
            engines=dict.fromkeys(kinds, engine),
            finish={kind: finish},
            ledger=self.ledger,
            gate=self.gate,
            rates=self.rates,
            blobs=self.blobs,
            reuse=Reuse(store, self.blobs),
            pool=Pool(1),
            rules=rules,
            pace=pace,
        )
        self.worker = Worker(means, relay, self.folder, dict.fromkeys(kinds, self.told.append))

    async def work(self) -> None:
        """The loops of a worker, as a process runs them."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self.worker.run())
            loops.create_task(self._renew())

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self.rules.lease_ms / 3000)
            await self.worker.renew()

    async def ends(self, spec: JobSpec = SPEC) -> Job:
        """Run one job to its end."""
        return await self.runs_until(lambda job: job.has_ended, spec)

    async def runs_until(
        self, holds: Callable[[Job], bool], spec: JobSpec = SPEC, cap: int = 100
    ) -> Job:
        """Run one job until its row is as wanted."""
        await self.open(cap)
        await self.ledger.insert([spec])
        running = asyncio.create_task(self.work())
        try:
            async with asyncio.timeout(20):
                while not holds(job := await self.row(spec)):
                    await asyncio.sleep(0.01)
            return job
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def open(self, cap: int = 100) -> None:
        await self.blobs.open()
        await self.gate.open("v", "ann", cap=cap)

    async def row(self, spec: JobSpec = SPEC) -> Job:
        return from_doc((await self.store.get(JOBS, [spec.id]))[spec.id])

    async def spent(self, cap: int = 100) -> int:
        doc = (await self.store.get(MONEY, ["v"]))["v"]
        assert all("settled" in hold for hold in doc["holds"].values())
        return int(cap - doc["available"])


Lone = Callable[..., LoneWorker]
"""Takes the script of an engine, and returns a worker that has this engine."""


@pytest.fixture
def lone_worker(store: Store, tmp_path: Path) -> Lone:
    return lambda *script, found=None: LoneWorker(store, tmp_path, Scripted(*script, found=found))


async def test_work_taken_on_begins_at_once_and_waits_for_the_next_hand(
    lone_worker: Lone,
) -> None:
    w = lone_worker(made(), made())
    w.engine.slots = 1
    w.engine.repeatable = True
    await w.open()
    two = [SPEC, SPEC.model_copy(update={"beat": SPEC.beat + 1})]
    await w.worker.take_on(two)
    await w.worker.drain(5)
    assert [(await w.row(spec)).state for spec in two] == [State.DONE, State.NEW]


async def test_a_worker_that_drains_takes_nothing_on(
    lone_worker: Lone,
) -> None:
    w = lone_worker(made())
    await w.worker.drain(0)
    await w.worker.take_on([SPEC])
    assert (await w.row()).state is State.NEW


async def test_accepted_polled_stored_settled(lone_worker: Lone) -> None:
    w = lone_worker(Accepted("p1"), Pending(0.01), made(cost=4))
    job = await w.ends()
    assert job.state is State.DONE and job.cost == 4 and job.external_id == "p1"
    assert await w.blobs.get(job.result["key"]) == b"pixels"
    assert job.result["stored"]["key"]["size"] == 6
    assert await w.spent() == 4
    assert not list(w.folder.iterdir())


async def test_transient_failures_are_retried_and_permanent_ones_are_not(
    lone_worker: Lone,
) -> None:
    job = await lone_worker(Ended("busy"), Ended("busy"), made()).ends()
    assert (job.state, job.tries) == (State.DONE, 2)


async def test_three_tries_and_no_more(lone_worker: Lone) -> None:
    w = lone_worker(*[Ended("busy")] * 5)
    job = await w.ends()
    assert (job.state, job.tries, job.error) == (State.FAILED, 3, "busy")
    assert w.engine.submits == 3 and await w.spent() == 0


async def test_a_permanent_error_ends_it_at_once(lone_worker: Lone) -> None:
    w = lone_worker(Ended("this prompt is refused", permanent=True))
    job = await w.ends()
    assert job.state is State.FAILED and job.error == "this prompt is refused"
    assert w.engine.submits == 1 and await w.spent() == 0


async def test_a_long_error_is_cut_in_its_row_and_in_its_event(
    lone_worker: Lone,
) -> None:
    w = lone_worker(Ended("no " * 500_000, permanent=True))
    job = await w.ends()
    assert job.error == ("no " * 500_000)[:TOLD]
    told = end_event(replace(job, error="no " * 500_000), KINDS)
    assert isinstance(told, Failed) and told.error == job.error


async def test_a_refusal_is_nobodys_failure(lone_worker: Lone) -> None:
    w = lone_worker(*[Refused("busy", "slow down", seconds=0.01)] * 4, made())
    job = await w.ends()
    assert (job.state, job.tries) == (State.DONE, 0) and await w.spent() == 4


async def test_a_lost_answer_is_adopted_and_not_paid_twice(
    lone_worker: Lone,
) -> None:
    w = lone_worker(ConnectionError("reset"), made(cost=6), found=Found(("p7",)))
    job = await w.ends()
    assert job.state is State.DONE and job.external_id == "p7"
    assert w.engine.submits == 1 and await w.spent() == 6


async def test_a_lost_submit_is_repeated_only_when_surely_not_accepted(
    lone_worker: Lone,
) -> None:
    w = lone_worker(ConnectionError("reset"), made(cost=6))
    began = w.ledger.now()
    job = await w.ends()
    assert w.engine.submits == 2 and await w.spent() == 6
    assert (job.finished_at or 0) - began >= RULES.grace_ms


async def test_success_without_an_output_is_a_transient_failure(
    lone_worker: Lone,
) -> None:
    job = await lone_worker(Produced(Made(data={"nothing": 1})), made()).ends()
    assert (job.state, job.tries) == (State.DONE, 1)


async def test_no_money_holds_the_job_without_counting(
    lone_worker: Lone,
) -> None:
    w = lone_worker(made())
    job = await w.runs_until(lambda job: job.waits_for == "money", cap=9)
    assert not job.has_ended and (job.tries, w.engine.submits) == (0, 0)
    assert await w.spent(cap=9) == 0


async def test_a_cancelled_video_never_submits(lone_worker: Lone) -> None:
    w = lone_worker(made())
    await w.gate.open("v", "ann", cap=100)
    await w.gate.steer("v", "cancelled")
    job = await w.ends()
    assert job.state is State.CANCELLED and w.engine.submits == 0


async def test_a_running_job_is_cancelled_at_its_provider_and_a_paid_output_kept(
    lone_worker: Lone,
) -> None:
    w = lone_worker(Accepted("p1"), *[Pending(0.02)] * 5, made(cost=9))
    ending = asyncio.create_task(w.ends())
    while w.engine.polls == 0:
        await asyncio.sleep(0.005)
    await w.ledger.cancel("v")
    job = await ending
    assert w.engine.cancels > 0
    assert job.state is State.DONE and job.cost == 9 and await w.spent() == 9


async def test_bytes_wait_on_disk_while_the_object_store_is_away(
    lone_worker: Lone, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = lone_worker(made())
    put, refusals = w.blobs.put, [1, 2, 3]

    async def away(key: str, source: Path | bytes) -> Blob:
        if refusals:
            refusals.pop()
            raise BlobsUnavailable("the object store does not answer")
        return await put(key, source)

    monkeypatch.setattr(w.blobs, "put", away)
    job = await w.ends()
    assert (job.state, job.tries, w.engine.submits) == (State.DONE, 0, 1)


def fill_the_disk(order: ImageOrder, space: Workspace) -> Made:
    """What an encode meets when there is no room: here the system's own full device."""
    with Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"pixels")
    return Made()


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        *((number, "free some space") for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)),
        *((number, "raise the limit") for number in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS)),
    ],
)
async def test_trouble_of_our_own_machine_is_waited_for_and_not_counted(
    lone_worker: Lone,
    number: int,
    advice: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    w = lone_worker(*[OSError(number, os.strerror(number), "clip.mp4")] * 4, made())
    w.engine.repeatable = True
    job = await w.ends()
    assert (job.state, job.tries, job.error) == (State.DONE, 0, None)
    assert w.engine.submits == 5 and await w.spent() == 0
    waits = {r.getMessage() for r in caplog.records if getattr(r, "action", "") == "wait"}
    assert len(waits) == 1 and advice in waits.pop()


async def test_another_error_of_the_system_is_counted(
    lone_worker: Lone,
) -> None:
    w = lone_worker(OSError(errno.EACCES, "no"), made())
    w.engine.repeatable = True
    job = await w.ends()
    assert (job.state, job.tries) == (State.DONE, 1)


async def test_a_disk_that_filled_around_a_paid_submit_is_no_leave_to_pay_again(
    lone_worker: Lone,
) -> None:
    w = lone_worker(OSError(errno.ENOSPC, "full"), made(cost=6), found=Found(("p7",)))
    job = await w.ends()
    assert job.state is State.DONE and job.external_id == "p7"
    assert w.engine.submits == 1 and await w.spent() == 6


async def test_a_disk_that_is_full_for_an_encode_is_the_same(store: Store, tmp_path: Path) -> None:
    pool = Pool(1)
    w = LoneWorker(store, tmp_path, LocalEngine(pool, {IMAGE: fill_the_disk}))
    job = await w.runs_until(lambda job: job.attempt > 1)
    pool.close()
    assert (job.state, job.tries) in {(State.NEW, 0), (State.SUBMITTING, 0)}


async def test_the_key_of_a_missing_input_is_logged_and_not_told_to_users(
    lone_worker: Lone, caplog: pytest.LogCaptureFixture
) -> None:
    async def fetch(task: Task) -> Produced:
        await task.fetch_files()
        raise AssertionError("never reached")

    w = lone_worker(fetch)
    w.engine.repeatable = True
    job = await w.ends(SPEC.model_copy(update={"files": {"image": "v/image/gone.png"}}))
    assert job.state is State.FAILED and "v/image/gone.png" in caplog.text
    assert job.error == "its input “image” is gone, or never arrived"


async def test_a_long_step_keeps_its_lease(lone_worker: Lone, clock: Clock) -> None:
    async def slow(task: Task) -> Produced:
        for _ in range(9):
            clock.move(RULES.lease_ms // 3)
            await w.worker.renew()
            assert await w.ledger.claim({IMAGE.name: 9}) == [], "another worker takes it"
        return made()(task)

    w = lone_worker(slow)
    job = await w.ends()
    assert (job.state, job.attempt, w.engine.submits) == (State.DONE, 1, 1)


async def test_a_step_that_is_not_renewed_is_anothers(lone_worker: Lone, clock: Clock) -> None:
    """What the test above would see if leases were not renewed."""
    w = lone_worker()
    (job,) = await w.ledger.insert([SPEC], {IMAGE.name: 1})
    clock.move(RULES.lease_ms // 2)
    assert await w.ledger.claim({IMAGE.name: 9}) == []
    clock.move(RULES.lease_ms)
    (again,) = await w.ledger.claim({IMAGE.name: 9})
    assert (again.id, again.attempt) == (job.id, job.attempt + 1)


async def test_the_next_model_is_tried_when_one_is_used_up(
    lone_worker: Lone,
) -> None:
    w = lone_worker(*[Ended("busy")] * 4, made())
    w.engine.models = 2
    job = await w.ends()
    assert (job.state, job.tries) == (State.DONE, 4)


async def test_a_useless_output_has_its_price_all_the_same(
    lone_worker: Lone,
) -> None:
    w = lone_worker(*[Produced(Made(data={"nothing": 1}), cost=4)] * 3)
    job = await w.ends()
    assert (job.state, job.cost) == (State.FAILED, 12) and await w.spent() == 12


async def test_what_no_store_takes_is_a_failure_and_not_a_loop(
    lone_worker: Lone,
) -> None:
    w = lone_worker(*[Produced(Made(data={"key": "k", "loudness": float("nan")}))] * 3)
    job = await w.ends()
    assert (job.state, w.engine.submits) == (State.FAILED, 3)
    assert "usable output" in (job.error or "")


async def test_an_output_is_fetched_again_and_not_paid_again(
    lone_worker: Lone, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    async def download(urls: dict[str, str], folder: Path) -> dict[str, Path]:
        tries.append(urls)
        if len(tries) < 3:
            raise TransientError("the provider's storage is busy")
        path = folder / "image.png"
        path.write_bytes(b"pixels")
        return {"key": path}

    monkeypatch.setattr("shared.jobs.outputs.download", download)
    w = lone_worker(Accepted("p1"), Produced(urls={"key": "https://provider/1"}, cost=7))
    job = await w.ends()
    assert (job.state, job.cost, job.tries, len(tries)) == (State.DONE, 7, 0, 3)
    assert w.engine.submits == 1 and await w.spent() == 7


async def test_what_waited_for_days_is_still_done(lone_worker: Lone) -> None:
    w = lone_worker(made())
    await w.ledger.insert([SPEC])
    await w.store.update(JOBS, [Update(SPEC.id, set={"created_at": 0})])
    assert (await w.ends()).state is State.DONE


async def test_a_provider_that_never_ends_is_asked_to_stop(store: Store, tmp_path: Path) -> None:
    engine = Scripted(Accepted("p1"), Pending(0.01), Ended("cancelled", permanent=True))
    w = LoneWorker(store, tmp_path, engine, kind=replace(IMAGE, deadline_seconds=-1))
    job = await w.ends()
    assert job.state is State.FAILED and engine.cancels == 2


async def test_a_renewal_that_meets_an_end_stops_nobody(
    lone_worker: Lone, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is done, so that it can't be renewed: its worker has still to tell of it."""
    w = lone_worker(made())
    w.engine.repeatable = True
    await w.open()
    advance = w.ledger.advance

    async def slow(job: Job, signal: Signal) -> Job | None:
        after = await advance(job, signal)
        for _ in range(9):
            clock.move(RULES.lease_ms // 3)
            await w.worker.renew()
        return after

    monkeypatch.setattr(w.ledger, "advance", slow)
    await w.worker.take_on([SPEC])
    await w.worker.drain(20)
    assert (await w.row()).state is State.DONE
    assert len(w.told) == 1


async def test_a_renewal_lets_go_of_what_ended_meanwhile(
    lone_worker: Lone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step ended between the look at the hands and the answer of the store."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(task: Task) -> Produced:
        begun.set()
        await go_on.wait()
        return made()(task)

    async def answer(jobs: Sequence[Job]) -> tuple[list[Job], list[Job]]:
        assert [job.id for job in jobs] == [SPEC.id]
        go_on.set()
        await w.worker.drain(20)
        return [], list(jobs)

    w = lone_worker(wait)
    w.engine.repeatable = True
    await w.open()
    monkeypatch.setattr(w.ledger, "look_at", answer)
    await w.worker.take_on([SPEC])
    await begun.wait()
    await w.worker.renew()
    assert (await w.row()).state is State.DONE
    assert len(w.told) == 1


async def test_a_job_that_no_one_can_read_holds_up_no_other(store: Store, tmp_path: Path) -> None:
    w = LoneWorker(store, tmp_path, Scripted(made()))
    strange = [SPEC.model_copy(update={"beat": n}) for n in (7, 8)]
    await w.ledger.insert(strange)
    queued, timed = (spec.id for spec in strange)
    await store.update(JOBS, [Update(queued, set={"state": "paused"})])
    past = {"state": "paused", "due_at": store.now() - 1}
    await store.update(JOBS, [Update(timed, set=past, unset=["tag"])])
    assert (await w.ends()).state is State.DONE
    rows = await store.get(JOBS, [queued, timed])
    assert all(row["due_at"] > store.now() and "tag" not in row for row in rows.values())
    assert await w.ledger.open_jobs("v") == []


async def test_a_worker_survives_what_nobody_foresaw(
    lone_worker: Lone, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = lone_worker(made())
    claim, broken = w.ledger.claim, [ValueError("a bug"), KeyError("another")]

    async def unlucky(*hands: Mapping[str, int]) -> list[Job]:
        if broken:
            raise broken.pop()
        return await claim(*hands)

    monkeypatch.setattr(w.ledger, "claim", unlucky)
    assert (await w.ends()).state is State.DONE


async def test_every_try_that_fails_is_told_with_its_traceback(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    w = LoneWorker(
        store, tmp_path, Scripted(TransientError("a hiccup"), Produced(Made({})), made())
    )
    w.engine.repeatable = True
    assert (await w.ends()).state is State.DONE
    told = [line for line in caplog.records if getattr(line, "action", "") == "error"]
    assert [(line.__dict__["tries"], line.__dict__["beat"]) for line in told] == [(1, 1), (2, 1)]
    assert all(line.exc_info for line in told)
    assert "a hiccup" in told[0].getMessage()
    assert "without a usable output" in told[1].getMessage()


async def test_what_is_being_claimed_when_its_worker_stops_is_handed_back(
    lone_worker: Lone,
) -> None:
    """Else nobody could take it before its lease ends, though its worker went away in order."""
    w = lone_worker(made())
    w.engine.repeatable = True
    await w.open()
    await w.ledger.insert([SPEC])
    reached, go_on, claim = asyncio.Event(), asyncio.Event(), w.ledger.claim

    async def slow(*asked: Any) -> list[Job]:
        jobs = await claim(*asked)
        reached.set()
        await go_on.wait()
        return jobs

    w.ledger.claim = slow  # type: ignore[method-assign, assignment]
    w.engine.script = [lambda task: asyncio.Event().wait()]  # work that takes longer than the stop
    running = asyncio.create_task(w.worker.run())
    await asyncio.wait_for(reached.wait(), 10)
    draining = asyncio.create_task(w.worker.drain(0.5))
    await asyncio.sleep(0)
    go_on.set()
    await draining
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    [taken] = await claim({IMAGE.name: 1})
    assert taken.id == SPEC.id


async def test_what_costs_nothing_asks_for_leave_and_holds_nothing(lone_worker: Lone) -> None:
    w = lone_worker(made(cost=0))
    w.engine.repeatable = True
    await w.open()
    await w.gate.steer("v", "paused", 1)
    before = (await w.store.get(MONEY, ["v"]))["v"]
    job = await w.runs_until(lambda job: job.waits_for == "leave")
    assert (await w.store.get(MONEY, ["v"]))["v"] == before
    await w.gate.steer("v", "running", 2)
    await w.ledger.wake("v")
    job = await w.ends()
    assert job.state is State.DONE
    assert (await w.store.get(MONEY, ["v"]))["v"]["holds"] == {}


async def test_what_costs_nothing_is_not_begun_of_a_video_that_is_cancelled(
    lone_worker: Lone,
) -> None:
    w = lone_worker(made(cost=0))
    w.engine.repeatable = True
    await w.open()
    await w.gate.steer("v", "cancelled", 1)
    assert (await w.ends()).state is State.CANCELLED and w.engine.submits == 0
