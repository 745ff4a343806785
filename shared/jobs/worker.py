"""The worker loop, the same for all job kinds: claim, step, store, advance, publish.

A job is in hand only while a step of it runs; while a provider's model runs nothing here waits.
All writes of jobs in hand go through batchers, so that a thousand jobs cost a few round trips.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from shared.base import telemetry
from shared.jobs import journal, machine
from shared.jobs.engine import AttemptFolder
from shared.jobs.ledger import Ledger
from shared.jobs.machine import IN_HAND, Job, Signal, State
from shared.jobs.relay import Relay
from shared.jobs.rows import end_event
from shared.jobs.step import Steps, patiently
from shared.story.errors import InfrastructureError
from shared.story.events import Event
from shared.story.kinds import AnyKind
from shared.story.view import JobSpec

log = logging.getLogger("storywave.worker")

Report = Callable[[Event], None]
"""Logs and counts how a job has ended."""


class Worker:
    """Runs the job kinds of one service."""

    def __init__(
        self,
        steps: Steps,
        ledger: Ledger,
        relay: Relay,
        folder: Path,
        report: Mapping[AnyKind, Report],
    ) -> None:
        self._steps = steps
        self._ledger = ledger
        self._relay = relay
        self._folder = folder
        self._report = report
        self._wake = asyncio.Event()
        self._hands = asyncio.Lock()
        """Held while free hands are counted and filled."""
        self._draining = False
        self._renewed_at = 0
        self._is_full = False
        """Some kind has no free hand: work may be waiting for the next one."""
        self._in_hand: dict[tuple[str, int], tuple[Job, asyncio.Task[None]]] = {}

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
            for _, step in self._in_hand.values():
                step.cancel()

    async def drain(self, seconds: float) -> None:
        """Take nothing more in hand, and wait for what is, at most so long."""
        self._draining = True
        steps = [step for _, step in self._in_hand.values()]
        if steps:
            await asyncio.wait(steps, timeout=seconds)
        await self._give_back()

    async def _give_back(self) -> None:
        """Hand back what was begun and can be begun again: an orderly stop is nobody's death."""
        begun = [
            (job, step)
            for job, step in self._in_hand.values()
            if job.state is State.SUBMITTING and self._steps.engine(job).repeatable
        ]
        for _, step in begun:
            step.cancel()
        # what fails here is said by the end of a lease too, only later
        back = (self._ledger.advance(job, machine.Later(0)) for job, _ in begun)
        await asyncio.gather(*back, return_exceptions=True)

    # ── claiming ────────────────────────────────────────────────────────────────────────────────

    async def take_on(self, specs: Sequence[JobSpec]) -> None:
        """Make these jobs exist; those for which there is a free hand begin at once.

        The lock keeps a claim from filling the same hands meanwhile.
        """
        async with self._hands:
            jobs = await self._ledger.insert(specs, self._free())
            self._begin([job for job in jobs if job.state in IN_HAND])
        if any(job.state is State.NEW for job in jobs):
            self.wake()

    async def _claim(self) -> bool:
        """Take due jobs in hand; tell whether there were any."""
        try:
            if self._is_late():  # or we would claim, after a standstill, what we have in hand
                await self.renew()
            async with self._hands:
                free = self._free()
                self._is_full = len(free) < len(self._steps.engines)
                jobs = await self._ledger.claim(free) if free else []
                self._begin(jobs)
                return bool(jobs)
        except InfrastructureError as error:
            log.warning("cannot claim: %s", error, extra={"action": "claim"})
        except Exception:  # whatever it is, other work goes on
            log.exception("cannot claim", extra={"action": "claim"})
        await asyncio.sleep(self._steps.pace.away)
        return False

    def _is_late(self) -> bool:
        """Tell whether leases may have ended: the loop that renews them has not run for long."""
        since = self._ledger.now() - self._renewed_at
        return bool(self._in_hand) and since > self._steps.rules.lease_ms // 2

    def _free(self) -> dict[str, int]:
        """Return the free hands for each kind of job, leaving out kinds that have none."""
        if self._draining:
            return {}
        busy = Counter(job.spec.kind for job, _ in self._in_hand.values())
        free = {k.name: e.slots - busy[k.name] for k, e in self._steps.engines.items()}
        return {name: hands for name, hands in free.items() if hands > 0}

    def _begin(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            step = asyncio.create_task(self._step(job), name=job.id)
            self._in_hand[job.id, job.attempt] = (job, step)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._steps.pace.look):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def renew(self) -> None:
        """Keep the leases of what is in hand; let go of what another has claimed since.

        A step may end at any await here, so each is looked up again before it is touched.
        """
        self._renewed_at = self._ledger.now()
        held = [job for job, _ in self._in_hand.values()]
        await self._ledger.renew(held)
        ours, taken_over = await self._ledger.look_at(held)
        for job in ours:
            if mine := self._in_hand.get((job.id, job.attempt)):
                self._in_hand[job.id, job.attempt] = (replace(mine[0], due_at=job.due_at), mine[1])
        for job in taken_over:
            if mine := self._in_hand.get((job.id, job.attempt)):
                mine[1].cancel()

    # ── one job in hand ─────────────────────────────────────────────────────────────────────────

    async def _step(self, job: Job) -> None:
        """Take a job as far as it goes without waiting for a provider."""
        kind, began = job.spec.kind, time.monotonic()
        place = AttemptFolder(self._folder / f"{job.id.replace('/', '-')}-{job.attempt}")
        telemetry.IN_HAND.labels(kind).inc()
        ended = False
        try:
            ended = await self._carry(job, place)
        except Exception:
            # the lease brings it back; nothing is lost, but nobody should have to guess
            log.exception("a step broke", extra=journal.about(job, "step"))
        finally:
            self._in_hand.pop((job.id, job.attempt), None)
            telemetry.IN_HAND.labels(kind).dec()
            telemetry.STEP_SECONDS.labels(kind).observe(time.monotonic() - began)
            await place.remove()
            # with free hands everywhere, and nothing put off, there is nothing to look for
            if self._is_full or not ended:
                self.wake()

    async def _carry(self, job: Job, place: AttemptFolder) -> bool:
        """Carry a job on, and tell whether it has ended; if not, it may be due again."""
        while True:
            signal = await self._steps.next(job, place)
            after = await self._advance(job, signal) if signal else None
            if after is None:
                telemetry.FENCED.labels(job.spec.kind).inc()
                return False
            # what the provider has produced is fetched under the same claim: its URLs expire
            if after.state is not State.STORING or job.state is State.STORING:
                break
            job = self._keep(after)
        if after.has_ended:
            self._tell(after)
        return after.has_ended

    async def _advance(self, job: Job, signal: Signal) -> Job | None:
        """Return the job after this signal, settled and durable; None when the claim is lost."""
        await self._steps.settle(job, signal)
        return await patiently(partial(self._ledger.advance, job, signal), self._steps.pace)

    def _keep(self, job: Job) -> Job:
        """Return the same claim one state on, with its latest lease: it is renewed from now."""
        mine = (job.id, job.attempt)
        before, step = self._in_hand[mine]
        job = replace(job, due_at=before.due_at)
        self._in_hand[mine] = (job, step)
        return job

    def _tell(self, job: Job) -> None:
        kind = self._steps.kinds[job.spec.kind]
        journal.log_end(job, kind)
        if kind in self._report:
            self._report[kind](end_event(job, self._steps.kinds))
        self._relay.offer_end(job)
