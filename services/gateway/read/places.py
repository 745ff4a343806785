"""How far a watcher has been told: the `id` of each message, which says it to any replica. Pure."""

import re
from dataclasses import dataclass, replace

from services.gateway.read.status import list_shown
from shared.story.view import View

LATE_MS = 10_000
"""So much later than it happened, something may still be heard of."""

_FORM = re.compile(r"([0-9]{1,15})-([0-9]{1,9})(-end)?", re.ASCII)


@dataclass(frozen=True)
class Place:
    """A place in a video's story: the time of its latest fact, and how many there were."""

    at: int
    facts: int | None
    """None: not known, for a watcher of many videos."""
    is_end: bool = False

    def __str__(self) -> str:
        return f"{self.at}-{self.facts or 0}{'-end' * self.is_end}"

    def at_end(self) -> "Place":
        """Return the place behind the last message of all."""
        return replace(self, is_end=True)

    def without_count(self) -> "Place":
        """Return the place for a video that need not be the one that was last told of."""
        return replace(self, facts=None)


def make_place(view: View) -> Place:
    """Return the place of who has been told all of a view."""
    shown = list_shown(view)
    return Place(max((fact.at for fact in shown), default=0), len(shown))


def read_place(text: str) -> Place | None:
    """Return the place that an id names; None for what is no id of ours."""
    found = _FORM.fullmatch(text)
    return Place(int(found[1]), int(found[2]), bool(found[3])) if found else None


def cut_view(view: View, place: Place) -> View:
    """Return what a watcher had been told, as far as the place tells.

    Facts come in any order. Where one of before has come since, nobody can tell which one it was:
    then what is late enough to be it is told again.
    """
    before = [fact for fact in view.facts if fact.at <= place.at]
    known = View(view.video_id, before)
    if place.facts is None or len(list_shown(known)) <= place.facts:
        return known
    return View(view.video_id, [fact for fact in before if fact.at <= place.at - LATE_MS])
