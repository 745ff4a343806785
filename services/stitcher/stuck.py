"""A service that can decide nothing more about a video: the video must not wait for it."""

from collections.abc import Collection
from dataclasses import dataclass

from shared.story.events import BeatsPlanned, DeadLettered, RevisionRequested
from shared.story.kinds import PlanFailed
from shared.story.view import View

_NAMES_A_REVISION = frozenset({BeatsPlanned.__name__, RevisionRequested.__name__})


@dataclass(frozen=True)
class Stuck:
    """Which service broke over which revision, and how."""

    rev: int
    service: str
    error: str


def stuck(view: View, plan: BeatsPlanned | None) -> Stuck | None:
    """Return the first decision that broke, unless a later plan has made it history."""
    letters = [letter for letter in view.all(DeadLettered) if letter.stuck]
    current = [letter for letter in letters if plan is None or _concerns(letter, plan)]
    if not current:
        return None
    first = min(current, key=lambda letter: (letter.at, letter.slot))
    return Stuck(_revision(view, plan, current), first.service, first.error)


def _concerns(letter: DeadLettered, plan: BeatsPlanned) -> bool:
    return letter.at >= plan.at or _named(letter) >= plan.rev


def _revision(view: View, plan: BeatsPlanned | None, letters: Collection[DeadLettered]) -> int:
    planned = plan.rev if plan else max((f.take for f in view.all(PlanFailed)), default=1)
    return max(planned, *map(_named, letters))


def _named(letter: DeadLettered) -> int:
    """Return the revision that the message was about, where it was about one as a whole."""
    return int(letter.position) if letter.topic in _NAMES_A_REVISION else 0
