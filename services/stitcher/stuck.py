"""Finds a service that can decide nothing more about a video, so that the video does not wait."""

from dataclasses import dataclass

from shared.story.events import BeatsPlanned, DeadLettered, Failed, RevisionRequested
from shared.story.kinds import PLANNING, AnyKind
from shared.story.view import View

_NAMES_A_REVISION = frozenset({BeatsPlanned.__name__, RevisionRequested.__name__})


@dataclass(frozen=True)
class Stuck:
    """A service that broke over a revision, and its error."""

    rev: int
    service: str
    error: str


def find_stuck(view: View, plan: BeatsPlanned | None) -> Stuck | None:
    """Return the first decision that broke, unless a later plan has made it history."""
    letters = [letter for letter in view.all(DeadLettered) if letter.stuck]
    # A letter has no revision of its own. It concerns this plan if it came after it, or if its
    # message named this revision, or a later one.
    current = [
        letter
        for letter in letters
        if plan is None or letter.at >= plan.at or _find_revision(letter) >= plan.rev
    ]
    if not current:
        return None
    first = min(current, key=lambda letter: (letter.at, letter.slot))
    # without a plan, the last revision at which planning failed
    known = plan.rev if plan else max((f.take for _, f in list_failures(view)), default=1)
    rev = max(known, *map(_find_revision, current))
    return Stuck(rev, first.service, first.error)


def list_failures(view: View) -> list[tuple[AnyKind, Failed]]:
    """Return every step on the way to a plan that has failed."""
    return [(kind, failed) for kind in PLANNING for failed in view.all(kind.failed)]


def _find_revision(letter: DeadLettered) -> int:
    """Return the revision that the message was about; 0 where it was about no whole revision."""
    names_one = letter.topic in _NAMES_A_REVISION and letter.position.isdecimal()
    return int(letter.position) if names_one else 0
