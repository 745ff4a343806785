"""Changes of a video: each asks for the next revision of its plan."""

from dataclasses import dataclass

from services.gateway.errors.problems import NotNow
from services.gateway.intake import Emit
from services.gateway.read.status import ALLOWED, Action
from services.gateway.read.videos import Videos
from shared.story.events import RevisionRequested
from shared.story.formats import Aspect


@dataclass(frozen=True)
class Revisions:
    """Asks the planner for revisions."""

    videos: Videos
    emit: Emit

    async def reframe(self, video_id: str, owner: str, aspect: Aspect) -> None:
        """Ask for the same video in another shape: nothing is generated, or paid, again."""
        now = await self.videos.read_status(video_id, owner)
        if Action.REFRAME not in ALLOWED[now.status]:
            raise NotNow(
                f"The video is {now.status} ({now.percent} %). "
                "It can be reframed once it is completed.",
                f"Follow {now.links['events']}.",
            )
        if aspect == now.aspect:
            return  # asked for twice is asked for once
        asked = RevisionRequested(
            video_id=video_id, rev=now.rev + 1, action="reframe", aspect=aspect
        )
        await self.emit([asked])
        await self._refuse_if_late(asked, owner)

    async def _refuse_if_late(self, asked: RevisionRequested, owner: str) -> None:
        """Refuse a request if another one for the same revision was first: only that one counts."""
        # Both are facts by now: the view tells which of them counts.
        view = await self.videos.find(asked.video_id, owner)
        heard = {request.rev: request for request in view.all(RevisionRequested)}
        if heard[asked.rev].aspect != asked.aspect:
            raise NotNow("Another change of this video came first: try again when it is made.")
