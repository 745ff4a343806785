"""What must be had before a submit: the user's leave, the money, and the provider's time for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from shared.base import telemetry
from shared.jobs import outcomes, signals
from shared.jobs.engine import Engine
from shared.jobs.gate import MONEY, Hold, Settlement, Verdict
from shared.jobs.job import Job
from shared.jobs.means import LostClaim, Means, patiently
from shared.jobs.signals import Signal
from shared.jobs.unreadable import PUT_OFF_MS, tell

log = logging.getLogger("storywave.worker")

_REFUSALS: Mapping[Verdict, Signal] = {
    Verdict.CANCELLED: signals.Stopped(),
    Verdict.PAUSED: signals.Parked("leave"),
    Verdict.NO_MONEY: signals.Parked("money"),
    Verdict.OVER: signals.Broke(
        "the budget is used up, and the video is finished with what there is",
        permanent=True,
        code="budget",
    ),
}
"""Verdict → what follows for the job; what is not here is let through."""

_CHECKS = (Verdict.GRANTED, Verdict.NO_MONEY, Verdict.OVER)
"""What says something about a budget. To wait for leave does not."""


class Admission:
    """Lets jobs through to their engines."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def ask_leave(self, video_id: str) -> Signal | None:
        """Return None where its user wants the video to go on; else what follows for the job."""
        verdict = await self._ask(partial(self._means.gate.ask_leave, video_id), video_id)
        return _REFUSALS.get(verdict) if verdict else signals.Later(PUT_OFF_MS)

    async def reserve(self, hold: Hold) -> Signal | None:
        """Return None where the money is held; else what follows for the job."""
        verdict = await self._ask(partial(self._means.gate.reserve, hold), hold.video_id)
        if verdict is None:
            return signals.Later(PUT_OFF_MS)
        if hold.amount and verdict in _CHECKS:
            await self._means.gate.log_check(hold, verdict)
        if verdict is Verdict.SETTLED:
            raise LostClaim
        return _REFUSALS.get(verdict)

    async def _ask(self, call: Callable[[], Awaitable[Verdict]], video_id: str) -> Verdict | None:
        """Return what the gate says; None where its row can't be read here."""
        try:
            # an answer that was lost is asked for again: it may have been yes
            verdict = await patiently(call, self._means.pace)
        except Exception as error:  # a newer version may read it: nothing is asked of an engine
            tell(MONEY, video_id, error)
            return None
        telemetry.VERDICTS.labels(verdict.value).inc()
        return verdict

    async def give_back(self, job: Job) -> None:
        """Free the hold of a claim that was lost before anything was posted under it."""
        await self._free(Settlement(job.spec.video_id, job.id, job.hold, None))

    async def free_all(self, job: Job) -> None:
        """Give back what earlier claims held, none of which was posted."""
        await self._free(Settlement(job.spec.video_id, job.id, "", None, before=job.attempt))

    async def _free(self, end: Settlement) -> None:
        """Give money back, and its turn to what waits for it. Nobody comes after us to do it."""
        await patiently(partial(self._means.gate.settle, end), self._means.pace)
        wake = partial(self._means.ledger.wake, end.video_id, "money")
        await patiently(wake, self._means.pace)

    async def wait_for_create(self, engine: Engine) -> bool:
        """Take one create of the provider's rate; False where that would take too long.

        The wait is in hand, so that a job which has come to the front keeps its turn.
        """
        deadline = asyncio.get_running_loop().time() + self._means.rules.lease_ms / 4000
        while not await self._means.rates.take(engine.name, engine.limits):
            wait = await self._means.rates.find_wait(engine.name, engine.limits)
            if asyncio.get_running_loop().time() + wait > deadline:
                return False
            await asyncio.sleep(wait)
        return True

    async def may_go_on(self, job: Job) -> bool:
        """Tell whether a parked job would be told something else by now.

        Leave or money may have come between the refusal and the parking: nobody wakes it then.
        """
        ceiling = self._means.engine(job).quote(job).ceiling or 0
        return await self._means.gate.has_news(job.spec.video_id, ceiling)

    async def judge_refusal(self, job: Job, refused: outcomes.Refused) -> Signal:
        """Return what follows where the provider surely did not accept."""
        engine = self._means.engine(job)
        telemetry.REFUSALS.labels(engine.name, refused.why).inc()
        if refused.why in ("busy", "account"):
            rate = refused.creates_a_minute
            slow_down = partial(
                self._means.rates.slow_down, engine.name, refused.seconds, refused.error, rate
            )
            # patiently: else nobody would know that it was refused, and not lost
            news = refused.seconds > 0 and await patiently(slow_down, self._means.pace)
            level = logging.ERROR if news and refused.why == "account" else logging.INFO
            log.log(level, "%s: %s", engine.name, refused.error, extra={"action": "provider"})
            return signals.PutBack()
        return self._means.fail(
            job,
            refused.error,
            permanent=refused.why == "input",
            retired=refused.why == "model",
            code=refused.code,
            at_fault=refused.at_fault,
        )
