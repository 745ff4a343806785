"""The terms of an installation: what work costs here, and what may be spent unasked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.jobs.job import Job
from shared.jobs.outcomes import Quote
from shared.story.estimate import Ask
from shared.story.fact import Micros
from shared.story.kinds import AnyKind
from shared.story.view import JobSpec


class Priced(Protocol):
    """An engine, as far as prices go."""

    def quote(self, job: Job) -> Quote: ...


@dataclass(frozen=True)
class Terms:
    """What is asked of a video before it is paid for. By default nothing costs anything."""

    ask: Ask | None = None
    """Returns the price of one attempt; None where all work is done without a provider."""
    budget: Micros | None = None
    """The cap of videos that come without one."""


NOTHING_COSTS = Terms()


def ask_engines(engines: Mapping[AnyKind, Priced]) -> Ask | None:
    """Return who tells the prices of these engines; the work of all other kinds costs nothing."""
    by_name = {kind.name: engine for kind, engine in engines.items()}

    def ask(spec: JobSpec) -> Quote:
        engine = by_name.get(spec.kind)
        return engine.quote(Job(spec=spec)) if engine else Quote(0)

    return ask if engines else None
