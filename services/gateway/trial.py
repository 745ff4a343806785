"""A request that is only tried out: all that would be checked is, and its price is told.

Nothing is stored or spent, and no limit of its key is touched.
"""

import re
from dataclasses import dataclass

from services.gateway.brief_checks import check_brief, list_files, refuse_file, refuse_script
from services.gateway.budgets import Budgets, Offer
from services.gateway.from_video import Storyboards
from services.gateway.intake import Intake
from services.gateway.requests import VideoRequest
from services.gateway.scripts import read_script_file
from shared.story.brief import Brief
from shared.story.errors import BadInput
from shared.story.material import SCRIPT_ID


@dataclass(frozen=True)
class Trial:
    """Tells what would become of a request."""

    intake: Intake
    budgets: Budgets
    storyboards: Storyboards

    async def offer(self, asked: VideoRequest, owner: str) -> Offer:
        """Return what a video would cost; refuse what would be refused."""
        at, given = self.intake, asked
        asked = await self.storyboards.take_over(asked, owner, keep=False)
        brief = at.settle_budget(asked.brief(owner, at.allowances))
        check_brief(brief)
        if asked.script is not None:
            await self._check_script(asked.script, owner)
        if asked.webhook:
            await at.poster.check(asked.webhook.url, "webhook.url")
        if refusal := at.find_refusal(brief):
            raise refusal
        if given.from_video is None:  # else they are there, and not given yet
            await self._check_files(brief, owner)
        await at.usage.check_money("", brief.budget)
        await at.usage.check_place()
        return self.budgets.estimate(asked, owner)

    async def _check_script(self, script: str, owner: str) -> None:
        if re.fullmatch(SCRIPT_ID, script):
            if await self.intake.scripts.find(script, owner) is None:
                raise refuse_script()
            return
        try:
            await read_script_file(script.encode(errors="replace"), self.intake.scripts.pool)
        except BadInput as error:
            raise BadInput(str(error), "script") from error

    async def _check_files(self, brief: Brief, owner: str) -> None:
        for field, id_, path in list_files(brief):
            if await self.intake.images.find(id_, owner) is None:
                raise refuse_file(field, id_, path)
