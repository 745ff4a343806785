"""The worker loop, the same for all job kinds: claim, step, store, advance, publish.

A job is in hand only while a step of it runs; while a provider's model runs nothing here waits.
All writes of jobs in hand go through batchers, so that a thousand jobs cost a few round trips.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared.base import telemetry
from shared.base.chance import CHANCE
from shared.base.copies import change
from shared.jobs import journal, signals
from shared.jobs.engine import Claim, Engine, read_clock
from shared.jobs.job import IN_HAND, Job, State
from shared.jobs.means import Means, patiently
from shared.jobs.relay import Relay
from shared.jobs.rows import end_event
from shared.jobs.shortage import find_shortage
from shared.jobs.signals import Signal
from shared.jobs.step import Steps
from shared.story.errors import InfrastructureError
from shared.story.events import Event
from shared.story.kinds import AnyKind, Order
from shared.story.view import JobSpec

log = logging.getLogger("storywave.worker")


@dataclass
class InHand:
    """A job of which a step runs; `job` is as it stands in its row, with its latest lease."""

    job: Job
    claim: Claim
    step: asyncio.Task[None]


Report = Callable[[Event], None]
"""Logs and counts how a job has ended."""


class Worker:
    """Runs the job kinds of one service."""

    def __init__(
        self,
        means: Means,
        relay: Relay,
        folder: Path,
        report: Mapping[AnyKind, Report],
    ) -> None:
        self._means = means
        self._steps = Steps(means)
        self._ledger = means.ledger
        self._relay = relay
        self._folder = folder
        self._report = report
        self._wake = asyncio.Event()
        self._hands = asyncio.Lock()
        """Held while free hands are counted and filled."""
        self._draining = False
        self._renewed_at = 0
        self._is_held_up = False
        """Some provider takes no more now: work may be waiting for its next second."""
        self._is_full = False
        """Some kind has no free hand: work may be waiting for the next one."""
        self._in_hand: dict[tuple[str, int], InHand] = {}

    def wake(self) -> None:
        """Look at once: there is new work, or a free hand."""
        self._wake.set()

    async def run(self) -> None:
        """Claim and start steps until cancelled; then let go of what is in hand."""
        try:
            while True:
                self._wake.clear()
                if not await self._claim():
                    await self._rest()
        finally:
            for mine in self._in_hand.values():
                mine.step.cancel()

    async def drain(self, seconds: float) -> None:
        """Take nothing more in hand, and wait for what is, at most so long."""
        self._draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._finish()
        await self._give_back()

    async def _finish(self) -> None:
        """Wait for what is in hand, and for what is being claimed."""
        async with self._hands:
            steps = [mine.step for mine in self._in_hand.values()]
        if steps:
            await asyncio.wait(steps)

    async def _give_back(self) -> None:
        """Hand back what was begun and can be begun again: an orderly stop is nobody's death."""
        begun = [
            mine
            for mine in self._in_hand.values()
            if mine.job.state is State.SUBMITTING and self._means.engine(mine.job).repeatable
        ]
        for mine in begun:
            mine.step.cancel()
        # what fails here is said by the end of a lease too, only later
        back = (self._ledger.advance(mine.job, signals.Later(0)) for mine in begun)
        await asyncio.gather(*back, return_exceptions=True)

    # ── claiming ────────────────────────────────────────────────────────────────────────────────

    async def take_on(self, specs: Sequence[JobSpec]) -> None:
        """Make these jobs exist; those for which there is a free hand begin at once.

        The lock keeps a claim from filling the same hands meanwhile.
        """
        async with self._hands:
            asked_at = read_clock()
            jobs = await self._ledger.insert(specs, self._free_for_unlimited())
            self._begin([job for job in jobs if job.state in IN_HAND], asked_at)
        if any(job.state is State.NEW for job in jobs):
            self.wake()

    async def _claim(self) -> bool:
        """Take due jobs in hand; tell whether there were any."""
        try:
            if self._is_late():  # or we would claim, after a standstill, what we have in hand
                await self.renew()
            async with self._hands:
                free = self._free()
                self._is_full = len(free) < len(self._means.engines)
                taken = [await self._claim_for(*group) for group in self._by_engine(free)]
                return any(taken)
        except InfrastructureError as error:
            log.warning("cannot claim: %s", error, extra={"action": "claim"})
        except Exception:  # whatever it is, other work goes on
            log.exception("cannot claim", extra={"action": "claim"})
        await asyncio.sleep(self._means.pace.away)
        return False

    async def _claim_for(self, engine: Engine, free: Mapping[str, int]) -> int:
        """Take in hand what one engine can take; return how many jobs that is.

        What its provider does not take now stays in the queue, in its order.
        """
        asked_at = read_clock()
        creates = await self._count_creates(engine)
        if creates is None:
            jobs = await self._ledger.claim(free)
        else:
            jobs = []
            # in any order: else the first kind would take all creates for as long as it has a queue
            for kind, hands in CHANCE.sample(list(free.items()), len(free)):
                new = await self._ledger.claim({kind: hands}, {kind: creates})
                creates -= sum(job.state is State.SUBMITTING and not job.is_posted for job in new)
                jobs += new
            self._is_held_up |= creates <= 0
        self._begin(jobs, asked_at)
        return len(jobs)

    async def _count_creates(self, engine: Engine) -> int | None:
        """Return how many jobs of an engine may begin anew; None where there is no limit."""
        if engine.repeatable:
            return None
        creates = await self._means.rates.count_free(engine.name, engine.limits)
        if creates is not None:
            creates = max(0, creates - self._count_waiting(engine))
        most = engine.limits.at_once
        if most is None:
            return creates
        at_work = await self._ledger.count_at_work(self._means.list_kinds(engine))
        room = max(0, most - at_work)
        return room if creates is None else min(creates, room)

    def _count_waiting(self, engine: Engine) -> int:
        """Return how many jobs in hand have still to take their create.

        Whoever claimed more beside them would have them all draw lots, whatever their order was.
        """
        jobs = [mine.job for mine in self._in_hand.values()]
        begun = [job for job in jobs if job.state is State.SUBMITTING and not job.is_posted]
        return sum(self._means.engine(job) is engine for job in begun)

    def _by_engine(self, free: Mapping[str, int]) -> list[tuple[Engine, dict[str, int]]]:
        """Return the free hands of each engine, those that cost nothing first, in one claim."""
        groups: dict[int, tuple[Engine, dict[str, int]]] = {}
        for kind, engine in self._means.engines.items():
            if kind.name in free:
                _, hands = groups.setdefault(id(engine), (engine, {}))
                hands[kind.name] = free[kind.name]
        return list(groups.values())

    def _free_for_unlimited(self) -> dict[str, int]:
        """Return the free hands for kinds whose jobs may begin as soon as they exist."""
        free = self._free()
        engines = self._means.engines.items()
        return {k.name: free[k.name] for k, e in engines if e.repeatable and k.name in free}

    def _is_late(self) -> bool:
        """Tell whether leases may have ended: the loop that renews them has not run for long."""
        since = self._ledger.now() - self._renewed_at
        return bool(self._in_hand) and since > self._means.rules.lease_ms // 2

    def _free(self) -> dict[str, int]:
        """Return the free hands for each kind of job, leaving out kinds that have none."""
        if self._draining:
            return {}
        busy = Counter(mine.job.spec.kind for mine in self._in_hand.values())
        free = {k.name: e.slots - busy[k.name] for k, e in self._means.engines.items()}
        return {name: hands for name, hands in free.items() if hands > 0}

    def _begin(self, jobs: Sequence[Job], asked_at: float) -> None:
        lease = self._means.rules.lease_ms / 1000
        for job in jobs:
            folder = self._folder / f"{job.id.replace('/', '-')}-{job.attempt}"
            claim = Claim(folder, lease, asked_at)
            step = asyncio.create_task(self._step(job, claim), name=job.id)
            self._in_hand[job.id, job.attempt] = InHand(job, claim, step)

    async def _rest(self) -> None:
        """Wait for new work, a free hand, or the time to look again."""
        seconds = self._means.pace.look
        if self._is_held_up:  # a provider takes more when its next second begins
            self._is_held_up = False
            seconds = min(seconds, 1.0 - self._ledger.now() % 1000 / 1000)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def renew(self) -> None:
        """Keep the leases of what is in hand; let go of what another has claimed since.

        A step may end at any await here, so each is looked up again before it is touched.
        """
        self._renewed_at = self._ledger.now()
        asked_at = read_clock()
        held = [mine.job for mine in self._in_hand.values()]
        renewed = {job.id for job in await self._ledger.renew(held)}
        ours, taken_over = await self._ledger.look_at(held)
        for job in ours:
            if mine := self._in_hand.get((job.id, job.attempt)):
                mine.job = change(mine.job, due_at=job.due_at)
                if job.id in renewed:
                    mine.claim.renewed_at = asked_at
        for job in taken_over:
            if mine := self._in_hand.get((job.id, job.attempt)):
                mine.step.cancel()

    # ── one job in hand ─────────────────────────────────────────────────────────────────────────

    async def _step(self, job: Job, claim: Claim) -> None:
        """Take a job as far as it goes without waiting for a provider."""
        kind, began = job.spec.kind, time.monotonic()
        telemetry.IN_HAND.labels(kind).inc()
        ended = False
        try:
            ended = await self._carry(job, claim)
        except Exception:
            # the lease brings it back; nothing is lost, but nobody should have to guess
            log.exception("a step broke", extra=journal.about(job, "step"))
        finally:
            self._in_hand.pop((job.id, job.attempt), None)
            telemetry.IN_HAND.labels(kind).dec()
            telemetry.STEP_SECONDS.labels(kind).observe(time.monotonic() - began)
            await claim.remove()
            # with free hands everywhere, and nothing put off, there is nothing to look for
            if self._is_full or not ended:
                self.wake()

    async def _carry(self, job: Job, claim: Claim) -> bool:
        """Carry a job on, and tell whether it has ended; if not, it may be due again."""
        goes_on = True
        while goes_on:
            signal = await self._steps.next(job, claim)
            after = await self._advance(job, signal) if signal else None
            if signal is None or after is None:
                telemetry.FENCED.labels(job.spec.kind).inc()
                return False
            goes_on = _follows_at_once(job, signal, after)
            job = self._keep(after) if goes_on else after
        if job.waits_for:
            await patiently(partial(self._wake_again, job), self._means.pace)
        if job.has_ended:
            self._tell(job, claim.order)
        return job.has_ended

    async def _wake_again(self, job: Job) -> None:
        """Wake what was just parked, where what it waits for has come meanwhile."""
        if await self._steps.admission.may_go_on(job):
            await self._ledger.wake(job.spec.video_id)

    async def _tell_shortage(self, job: Job) -> None:
        """Tell that a video is out of money, once each time, before its job is parked.

        Whoever dies in between is told again by whoever claims the job next.
        """
        money = await self._means.gate.read(job.spec.video_id)
        amount = self._means.engine(job).quote(job).ceiling or 0
        found = find_shortage(money, job, amount) if money else None
        if found is not None:
            stamped = found.model_copy(update={"at": self._ledger.now()})
            self._relay.offer(await self._relay.insert([stamped]))

    async def _advance(self, job: Job, signal: Signal) -> Job | None:
        """Return the job after this signal, durable; None when the claim is lost."""
        if signal == signals.Parked("money"):
            await self._tell_shortage(job)
        after = await patiently(partial(self._ledger.advance, job, signal), self._means.pace)
        if after is None and isinstance(signal, signals.Posted):
            await self._steps.admission.give_back(job)
            # where it is ours still, it was asked to stop meanwhile: its lease need not run out
            stop = partial(self._ledger.advance, job, signals.Stopped())
            return await patiently(stop, self._means.pace)
        if after is not None:
            journal.count_signal(job, signal)
        if after and not after.has_ended and isinstance(signal, signals.NotAccepted):
            journal.log_resubmit(after)
        return after

    def _keep(self, job: Job) -> Job:
        """Return the same claim one state on, with its latest lease: it is renewed from now."""
        mine = self._in_hand[job.id, job.attempt]
        mine.job = change(job, due_at=mine.job.due_at)
        return mine.job

    def _tell(self, job: Job, order: Order | None) -> None:
        kind = self._means.kinds[job.spec.kind]
        journal.log_end(job, kind)
        if kind in self._report:
            self._report[kind](end_event(job, self._means.kinds, order))
        self._relay.offer_end(job, order)


def _follows_at_once(job: Job, signal: Signal, after: Job) -> bool:
    """Tell whether the next step is taken under the same claim.

    What was marked is posted, what was produced is fetched, what was spent is settled.
    """
    if after.has_ended:
        return False
    if isinstance(signal, signals.Posted | signals.Stored):
        return True
    return after.state is not job.state and after.state in (State.STORING, State.SETTLING)
