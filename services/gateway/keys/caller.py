"""Who asks: an owner, a role, and what the key is limited to. Pure, but for who asks just now."""

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from shared.story.fact import Fact
from shared.story.money import Dollars

OWNER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""An owner's name goes into addresses, logs and hashes: so it is a plain word."""


class Role(StrEnum):
    """What a key is for. Each may do all that those before it may."""

    VIEWER = "viewer"
    """Reads."""
    MAKER = "maker"
    """Makes videos that cost nothing."""
    PAYER = "payer"
    """Spends money."""
    ADMIN = "admin"
    """Gives keys to others, and sees what all have done."""

    def includes(self, other: "Role") -> bool:
        """Tell whether this role may do what the other may."""
        order = tuple(Role)
        return order.index(self) >= order.index(other)


class Limits(Fact):
    """The most that a key may use. null is no limit."""

    requests_a_minute: int | None = Field(None, ge=1, le=1_000_000)
    active_videos: int | None = Field(
        None, ge=1, le=1_000_000, description="Videos that have been asked for and have not ended."
    )
    spend_a_day: Dollars | None = Field(
        None,
        description="Dollars: the sum of the budgets of all videos that were asked for on one day "
        "(UTC).",
    )


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever asks."""

    owner: str
    role: Role
    key: str = ""
    """The id of the key; empty where none was needed."""
    limits: Limits = NO_LIMITS
    link_until: int = 0
    """Of one who came by a signed link, when that ends, in seconds since 1970; else 0."""
    link_key: str = ""
    """Of one who came by a signed link, the id of the key that it was signed for."""


LOCAL = Caller("local", Role.ADMIN)
"""Whoever runs the process, where only this machine can reach it."""

CALLER: ContextVar[Caller] = ContextVar("caller", default=LOCAL)
"""Who asks just now. What is written in an audit and what a key is limited in hang on it, far from
the route: handed through every function between, each new route could forget it.
"""
