"""Money as users see it: what a video would cost, what it has cost, and how much more it may."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import Field

from services.gateway.brief_checks import check_brief
from services.gateway.errors.problems import NotNow
from services.gateway.intake import Emit
from services.gateway.keys.limits import Usage
from services.gateway.read.actions import FINAL, Status
from services.gateway.read.status import read_status
from services.gateway.read.videos import Videos
from services.gateway.requests import VideoRequest
from services.gateway.wishes import Wishes
from shared.jobs.gate import Gate, sum_committed
from shared.jobs.outcomes import Quote
from shared.jobs.receipt import Receipt, read_receipt
from shared.jobs.unresolved import (
    Unresolved,
    check_paid,
    find_unresolved,
    list_unresolved,
    settle_by_hand,
)
from shared.ports import Store
from shared.runtime.allowances import Allowances
from shared.runtime.terms import Terms
from shared.story.budget import find_cap
from shared.story.errors import BadInput
from shared.story.estimate import Estimate, price_request
from shared.story.events import BeatsPlanned, VideoRequested, VideoSteered
from shared.story.fact import Micros
from shared.story.money import Dollars, say_dollars
from shared.story.shape import expect_plan
from shared.story.view import View
from shared.story.wishes import FIRST_REV, build_steering


class Offer(Estimate):
    """What a video will cost at most where nothing has to be tried twice, and whether it may."""

    budget: Dollars | None = Field(None, description="Its own, or the one that is usual here.")
    is_within_budget: bool


FREE_HERE = "Paid engines are off here (STORYWAVE_PAID), so nothing costs anything."


@dataclass(frozen=True)
class Budgets:
    """Estimates, receipts and caps."""

    store: Store
    videos: Videos
    emit: Emit
    terms: Terms
    gate: Gate
    wishes: Wishes
    usage: Usage
    allowances: Allowances
    wake: Callable[[str], Awaitable[object]]
    """Lets the jobs of a video that wait for money ask again."""

    def estimate(self, asked: VideoRequest, owner: str) -> Offer:
        """Return what a video would cost. Nothing is written, and nobody is asked."""
        brief = asked.brief(owner, self.allowances)
        check_brief(brief)
        budget = self.terms.budget if brief.budget is None else brief.budget
        priced = price_request(expect_plan("", brief), self.terms.ask or (lambda job: Quote(0)))
        notes = priced.notes if self.terms.ask else (FREE_HERE,)
        is_within = not priced.total or (budget is not None and priced.total <= budget)
        known = {**dict(priced), "notes": notes}
        return Offer(**known, budget=budget, is_within_budget=is_within)

    async def read_receipt(self, video_id: str, owner: str) -> Receipt:
        """Return the receipt of a video; no owner sees another's."""
        view = await self.videos.find(video_id, owner)
        return await read_receipt(self.store, video_id, view.latest(BeatsPlanned))

    async def change_cap(self, video_id: str, owner: str, cap: Micros) -> None:
        """Let a video spend so much in all: one that waits for money goes on."""
        view = await self.videos.find(video_id, owner)
        now = read_status(view)
        assert now is not None, "a view that was just found has a status"
        if now.status in FINAL | {Status.DELETING}:
            raise NotNow(f"The video is {now.status}: nothing more will be spent on it.")
        money = await self.gate.read(video_id)
        committed = sum_committed(money) if money else 0
        if cap < committed:
            raise BadInput(
                f"give at least {say_dollars(committed)}: so much is spent, or held for what is "
                "being made",
                "budget",
            )
        before = money.get("cap") if money else None
        await self.usage.promise(video_id, cap, before or 0)
        wish = _change_wish(view, max(now.rev, FIRST_REV), cap)
        if wish is None:
            return  # asked for twice is asked for once
        # The gate learns of it before anybody else: who hears of a higher cap may reserve at once.
        # It is told by the fact alone, so that a wish which came too late moves no money.
        await self.emit([wish])
        if find_cap(await self.videos.find(video_id, owner), now.request) != cap:
            raise NotNow("Another wish for this video came first: look at it, and ask again.")

    async def list_unresolved(self, owner: str) -> list[Unresolved]:
        """Return the jobs of which nobody knows what became of them."""
        return await list_unresolved(self.store, owner)

    async def answer_unresolved(
        self, owner: str, job: str, paid: Micros | None, *, again: bool
    ) -> Micros:
        """Note what one of them has cost, as its owner says, and return what counts.

        `again`: its part of the video is made once more, with all else that has failed.
        """
        known = await find_unresolved(self.store, job, owner)
        check_paid(known, paid)
        if again:  # first, since it may be refused: then nothing is settled
            await self.wishes.retry(known.video_id, owner)
        return await settle_by_hand(self.store, self.gate, self.emit, self.wake, known, paid)


def _change_wish(view: View, rev: int, cap: Micros) -> VideoSteered | None:
    """Return the user's whole wish, with another cap; None where that is the wish already."""
    request, before = view.one(VideoRequested), view.latest(VideoSteered)
    assert request is not None, "a video that was just found was asked for"
    if find_cap(view, request.brief) == cap:
        return None
    desired, meant = (before.desired, before.plan_rev) if before else ("running", rev)
    return build_steering(view, desired, meant).model_copy(update={"cap": cap})
