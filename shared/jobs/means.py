"""What all steps need: engines, the ledger, the gate, and a place for outputs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any, TypeVar

from shared.base.pool import Pool
from shared.jobs import journal
from shared.jobs.engine import Engine, Finish
from shared.jobs.gate import Gate
from shared.jobs.job import Job, Rules
from shared.jobs.ledger import Ledger
from shared.jobs.rates import Rates
from shared.jobs.reuse import Reuse
from shared.jobs.signals import Broke
from shared.ports import Blobs
from shared.story.errors import InfrastructureError
from shared.story.kinds import AnyKind, Kinds

log = logging.getLogger("storywave.worker")

R = TypeVar("R")

_DAY = 86_400.0


@dataclass(frozen=True)
class Pace:
    """How often a worker looks, and how long it backs off, in seconds."""

    look: float = 0.5
    hold: float = 5.0
    """How long a job rests of which nobody knows anything new."""
    away: float = 1.0
    """How long to wait for a server of ours that is away."""


class LostClaim(Exception):
    """Another worker has claimed the job meanwhile, or it has ended."""


@dataclass(frozen=True)
class Means:
    """What all steps need."""

    kinds: Kinds
    engines: Mapping[AnyKind, Engine]
    finish: Mapping[AnyKind, Finish | None]
    ledger: Ledger
    gate: Gate
    rates: Rates
    blobs: Blobs
    reuse: Reuse
    pool: Pool
    rules: Rules
    pace: Pace
    given: Engine | None = None
    """Takes what users gave, for nothing. None: the engine of its kind does it."""

    def kind(self, job: Job) -> AnyKind:
        """Return the kind of a job."""
        return self.kinds[job.spec.kind]

    def engine(self, job: Job) -> Engine:
        """Return the engine that runs a job: what a user gave is made by nobody else."""
        if self.given is not None and job.spec.is_given:
            return self.given
        return self.engines[self.kind(job)]

    def is_switched_off(self, job: Job) -> bool:
        """Tell whether a job was posted to an engine that does not run its kind here any more.

        What was posted was posted to one that costs money; rows of before do not name it.
        """
        engine = self.engine(job)
        return job.is_posted and (engine.repeatable or engine.name != (job.engine or engine.name))

    def list_kinds(self, engine: Engine) -> list[str]:
        """Return the names of the kinds that an engine runs here."""
        return [kind.name for kind, other in self.engines.items() if other is engine]

    async def look_again(self, job: Job) -> None:
        """Refuse to begin what is done: a process that stood still for a while has lost its lease.

        Looking costs a read, so it is done only when more than half of the lease has passed.
        """
        is_old = self.ledger.now() > (job.due_at or 0) - self.rules.lease_ms // 2
        if is_old and not await self.ledger.is_ours(job):
            raise LostClaim

    def fail(self, job: Job, said: str, error: Exception | None = None, **known: Any) -> Broke:
        """Log a try that failed, with its traceback, and return the signal for it."""
        journal.log_failed_try(job, error, said)
        return Broke(said, models=self.engine(job).count_models(job), **known)


async def patiently(call: Callable[[], Awaitable[R]], pace: Pace) -> R:
    """Return the result of a call; wait for a server of ours rather than lose what is in hand."""
    while True:
        try:
            return await call()
        except InfrastructureError as error:
            log.warning("waiting: %s", error, extra={"action": "wait"})
            await asyncio.sleep(pace.away)


def to_ms(seconds: float) -> int:
    """Return seconds as the milliseconds that signals carry; a time that is none is now."""
    return 0 if isnan(seconds) else round(min(seconds, _DAY) * 1000)
