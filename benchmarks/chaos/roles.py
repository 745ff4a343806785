"""What users want of their videos: who pauses, cancels, retries, and has too little money. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, cycle, islice
from typing import Any, Literal

Name = Literal["plain", "rests", "cancels", "regrets", "poor", "modest", "flagged", "real"]

BODY: Mapping[str, Any] = {
    "duration": 35,
    "budget": "40.00",
    "min_clips": 1,
    "clips_at_once": 6,
    "end_card": {"seconds": 2.5},
}
PROMPT = (
    "{name} keeps a lighthouse and paints the sea in 6 beats. The storm comes over the water. "
    "The lamp goes out. Boats wait. {name} climbs the stairs. Morning."
)
FLAGGED = "A flagthis scene with {name}."
"""The stand-in takes offence at one of its words."""

LITTLE, MORE = Decimal("0.60"), Decimal("1.30")
"""Dollars: what the poor begin with, and what they find whenever it is used up."""


@dataclass(frozen=True)
class Role:
    """One user and one video."""

    number: int
    name: Name
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ends(self) -> frozenset[str]:
        """Return the statuses with which it may end."""
        if self.name == "flagged":
            return frozenset({"failed"})
        return frozenset({"cancelled"} if self.name == "cancels" else {"completed"})

    def is_done(self, seen: Mapping[str, Any]) -> bool:
        """Tell whether a video has ended as it should, or so that no retry could help.

        The stand-in flags now and then what is harmless. Where that is the prompt itself, there is
        no plan, and the same prompt is not sent again.
        """
        if seen["status"] in self.ends:
            return True
        return seen.get("error_code") == "flagged" and "retry" not in seen["actions"]

    @property
    def request(self) -> dict[str, Any]:
        """Return the body of the request."""
        text = FLAGGED if self.name == "flagged" else PROMPT
        prompt = text.format(name=_name(self.number))
        return {**BODY, "prompt": prompt, "seed": self.number, **self.body}


def _name(number: int) -> str:
    """Return a long word of letters: no two videos have anything in common."""
    return "Lighthousekeeper" + "".join(chr(ord("a") + int(digit)) for digit in str(number))


_BODIES: Mapping[Name, Mapping[str, Any]] = {
    "poor": {"budget": str(LITTLE)},
    "modest": {"budget": "3.00", "on_cap": "finish"},
    "real": {"aspect": "1:1", "duration": 10},
}
_SHARES: Sequence[Name] = (
    *("plain", "rests", "plain", "cancels", "plain", "regrets", "plain"),
    *("poor", "plain", "modest", "plain", "flagged", "plain", "plain"),
)


def cast(count: int, real: int) -> list[Role]:
    """Return so many roles, and so many videos that are made in earnest, which come first."""
    names: Sequence[Name] = ["real"] * real
    listed = chain(names, islice(cycle(_SHARES), count))
    return [Role(number, name, _BODIES.get(name, {})) for number, name in enumerate(listed)]
