"""The steps before a plan, each of them a job: of a script, or of a product's picture. Pure.

The script is read; from its scenes characters and settings are found, side by side; from all of
that the moments are selected. A step that went well at an earlier revision is not done again.
"""

from dataclasses import dataclass, field
from typing import TypeVar

from shared.story.events import JobEnd, VideoRequested
from shared.story.kinds import (
    CHARACTERS,
    SCRIPT,
    SELECTION,
    SETTINGS,
    CharactersFound,
    ProductSeen,
    ScenesSelected,
    ScriptOrder,
    ScriptRead,
    SelectionOrder,
    SettingsFound,
    product_job,
    scenes_job,
    script_job,
)
from shared.story.view import JobSpec, View

E = TypeVar("E", bound=JobEnd)


@dataclass
class Steps:
    """The steps of one revision: the jobs that should exist, and what came of them."""

    view: View
    request: VideoRequested
    rev: int
    jobs: list[JobSpec] = field(default_factory=list)
    looks: dict[str, str] = field(default_factory=dict)
    """What the script says of how its characters look, by name."""

    def look(self, picture: str) -> ProductSeen | None:
        """Return what was seen on a product's picture; None before that, or where it failed."""
        job = product_job(self.request.video_id, self.request.brief, picture, self.rev)
        return self._find(ProductSeen, job)

    def select(self) -> ScenesSelected | None:
        """Return the moments; None while they are not selected, or where a step has failed."""
        video, rev = self.request.video_id, self.rev
        order = ScriptOrder(brief=self.request.brief)
        read = self._find(ScriptRead, script_job(SCRIPT, video, order, rev))
        if read is None:
            return None
        scenes = read.key
        people = self._find(CharactersFound, scenes_job(CHARACTERS, video, order, rev, scenes))
        places = self._find(SettingsFound, scenes_job(SETTINGS, video, order, rev, scenes))
        if people is None or places is None:
            return None
        self.looks |= {each.name: each.look for each in people.characters if each.look}
        both = SelectionOrder(
            brief=order.brief, characters=people.characters, settings=places.settings
        )
        return self._find(ScenesSelected, scenes_job(SELECTION, video, both, rev, scenes))

    def _find(self, ready: type[E], job: JobSpec) -> E | None:
        """Return what came of a step, at this revision or before; ask for it where nothing did."""
        # not of a later one: what is decided at a revision must not depend on when it is looked at
        known = [end for end in self.view.all(ready) if end.take <= self.rev]
        if known:
            return known[0]
        self.jobs.append(job)
        return None
