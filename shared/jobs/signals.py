"""What can happen to a job: one type for each, which the machine turns into its next state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.jobs.outcomes import Code
from shared.story.fact import Micros


@dataclass(frozen=True, slots=True)
class Claimed:
    """A worker takes it in hand."""


@dataclass(frozen=True, slots=True)
class Posted:
    """It is about to be sent to a provider, and this much is held for it."""

    held: Micros
    model: str | None = None
    fingerprint: str | None = None
    engine: str | None = None


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
    """It surely does not run, and its provider takes nothing now: back to its place in line."""


@dataclass(frozen=True, slots=True)
class Parked:
    """Its video has no leave to run, or no money: it waits outside the queue until that comes."""

    waits_for: str


@dataclass(frozen=True, slots=True)
class Woken:
    """What it waited for may have come: back into the queue, at its place or a later one."""

    place: float = 0.0


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
class Stored:
    """Some of its outputs are stored, or lost for good, by number; others are still to come."""

    kept: Mapping[str, Mapping[str, Any]]
    lost: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Finished:
    """Every output that can be had is stored with us."""

    result: Mapping[str, Any]
    cost: Micros = 0
    reused: bool = False
    storing_ms: int = 0
    """The part of its running time in which it was stored: of what is made and kept in one step."""


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
    answer: str = ""
    """What a model answered, where that may be mended."""


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
    | Stored
    | Finished
    | Broke
    | CancelAsked
    | Stopped
    | Settled
)
