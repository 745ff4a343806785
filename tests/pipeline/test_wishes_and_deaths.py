"""A process that dies at any line while a user wishes something of a video that is being bought.

After the death its user asks once more, as who has had no answer does. Then all of it must be as if
nobody had died, by the books of the provider: nothing is bought twice, nothing is still on there,
nothing is held, and what is billed is what the receipt says.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.gateway.answers import SERVED
from services.gateway.changes import Change, RegenerateRequest, SkipRequest
from services.gateway.errors.problems import NotNow, VideoGone
from services.gateway.read.actions import Action, Status
from services.gateway.read.status import VideoStatus
from services.gateway.skips import StepRequest
from shared.story.brief import Brief, Review, Workflow
from shared.story.events import VideoRequested
from tests.mortal import Death
from tests.pipeline.lives import CAP, PATIENCE, Books, Lives, check, live_through
from tests.pipeline.test_wishes import OWNER, Stack
from tests.pipeline.world import brief

WANTED = brief(2, 1, models={"words": "draft"}, budget=CAP)


@dataclass
class User:
    """Who goes through a script, and again from its beginning after a death."""

    s: Stack
    lives: Lives

    async def ask(self, wanted: Brief = WANTED) -> None:
        view = await self.s.w.app.shell("gateway").view("v")
        if view is None or view.one(VideoRequested) is None:
            await self.s.w.request("v", wanted)

    async def bought(self, job: str) -> None:
        """Wait until a job has a run."""
        async with asyncio.timeout(PATIENCE):
            while not any(run.job == job for run in self.lives.books.runs):
                await asyncio.sleep(0.005)

    async def until(self, is_so: Callable[[VideoStatus], bool]) -> VideoStatus:
        async with asyncio.timeout(PATIENCE):
            while not is_so(now := await self.s.now()):
                await asyncio.sleep(0.01)
        return now

    async def completed(self, rev: int) -> None:
        await self.until(lambda now: now.status is Status.COMPLETED and now.rev >= rev)

    async def wish(self, name: str, call: Callable[[], Awaitable[object]]) -> None:
        """Wish for something under a name, which makes it the same when it is asked again."""
        SERVED.set(name)
        async with asyncio.timeout(PATIENCE):
            while name not in self.lives.answered:
                try:
                    await call()
                    self.lives.answered.add(name)
                except NotNow as refusal:
                    if "in a moment" not in str(refusal):
                        raise
                    await asyncio.sleep(0.01)

    async def steer(self, action: Action) -> None:
        await self.wish(action, lambda: self.s.steer(action))

    async def change(self, beat: int, asked: Change) -> None:
        revisions = self.s.gateway.revisions
        call = partial(revisions.change, "v", OWNER, beat, asked, set())
        await self.wish(str(asked), call)

    async def skip(self, **step: Any) -> None:
        asked = StepRequest.model_validate(step)
        await self.wish(str(asked), partial(self.s.gateway.skips.skip, "v", OWNER, asked))

    async def approve(self, what: Review) -> None:
        if what in self.lives.answered:
            return  # and a video that is paused since then never waits for the next approval
        # or it has gone on: who died may have noted the approval, and not have answered
        await self.until(
            lambda now: now.awaiting in (what, "storyboard") or now.status is Status.COMPLETED
        )
        await self.wish(what, partial(self.s.gateway.wishes.approve, "v", OWNER, what, 1))

    async def go_on(self, workflow: Workflow) -> None:
        await self.wish(workflow, partial(self.s.gateway.revisions.go_on, "v", OWNER, workflow))

    async def pay(self, cap: int) -> None:
        await self.wish(str(cap), partial(self.s.gateway.budgets.change_cap, "v", OWNER, cap))


Act = Callable[[User], Coroutine[Any, Any, None]]


async def go_through(lives: Lives, act: Act, death: Death) -> None:
    await live_through(lives, lambda s: act(User(s, lives)), death)


async def continue_to_the_film(user: User) -> None:
    await user.ask(WANTED.model_copy(update={"workflow": "plan_only"}))
    await user.completed(1)
    await user.go_on("storyboard_only")
    await user.completed(2)
    await user.go_on("full")
    await user.completed(3)


async def approve_twice(user: User) -> None:
    await user.ask(WANTED.model_copy(update={"review": ("plan", "storyboard")}))
    await user.approve("plan")
    await user.bought("v/image/0/0/0")
    await user.steer(Action.PAUSE)
    await user.steer(Action.RESUME)
    await user.approve("storyboard")
    await user.completed(1)


async def cancel_and_retry(user: User) -> None:
    user.lives.books.slow = ("v/clip/0/0/0", "v/words/1/0/0")
    await user.ask()
    for job in user.lives.books.slow:
        await user.bought(job)
    await user.steer(Action.CANCEL)
    await user.wish("retry", partial(user.s.gateway.wishes.retry, "v", OWNER))
    await user.completed(2)


async def skip_what_is_bought(user: User) -> None:
    user.lives.books.slow = ("v/clip/0/0/0", "v/voice/1/0/0", "v/music/0/0/0")
    await user.ask()
    for job in user.lives.books.slow:
        await user.bought(job)
    await user.skip(step="clip", chunk=0)
    await user.skip(step="voice", beat=1)
    await user.skip(step="music")
    await user.completed(4)


async def regenerate_what_is_bought(user: User) -> None:
    user.lives.books.slow = ("v/image/0/0/0", "v/words/1/0/0")
    await user.ask()
    for job in user.lives.books.slow:
        await user.bought(job)
    await user.change(0, RegenerateRequest(what="image"))
    await user.change(1, RegenerateRequest(what="voice"))
    await user.completed(3)


async def leave_out_what_is_bought(user: User) -> None:
    user.lives.books.slow = ("v/clip/0/0/0",)
    await user.ask()
    await user.bought("v/clip/0/0/0")
    await user.change(0, SkipRequest())
    await user.completed(2)


async def pay_more_and_less(user: User) -> None:
    user.lives.books.slow = ("v/clip/0/0/0",)
    await user.ask(WANTED.model_copy(update={"budget": 25}))
    await user.bought("v/image/1/0/0")
    await user.pay(CAP)
    await user.bought("v/clip/0/0/0")
    await user.pay(CAP - 1)
    await user.steer(Action.CANCEL)
    await user.wish("retry", partial(user.s.gateway.wishes.retry, "v", OWNER))
    await user.completed(2)


def delete_at(job: str) -> Act:
    async def delete(user: User) -> None:
        user.lives.books.slow = (job,)
        try:
            await user.ask()
            await user.bought(job)
            while not await user.s.gateway.wishes.delete("v", OWNER):
                await asyncio.sleep(0.01)
        except VideoGone:
            pass

    return delete


ACTS: dict[str, Act] = {
    "approve": approve_twice,
    "continue": continue_to_the_film,
    "cancel, retry": cancel_and_retry,
    "skip steps": skip_what_is_bought,
    "skip a beat": leave_out_what_is_bought,
    "regenerate": regenerate_what_is_bought,
    "pay more, cancel": pay_more_and_less,
    **{f"delete at {kind}": delete_at(f"v/{kind}/0/0/0") for kind in ("image", "words", "clip")},
}
DEATHS = 3


@pytest.mark.parametrize("name", ACTS)
async def test_a_death_at_any_effect_costs_nothing_and_loses_nothing(
    tmp_path: Path, name: str
) -> None:
    act, is_deleted = ACTS[name], name.startswith("delete")
    whole, counted = Lives(tmp_path / "0", Books()), Death(10**9, after=True)
    await go_through(whole, act, counted)
    await check(whole, is_deleted=is_deleted)
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    draw = random.Random(seed)
    for step in draw.sample(range(counted.taken), DEATHS):
        lives = Lives(tmp_path / f"at {step}", Books(loses=draw.random() < 0.3))
        await go_through(lives, act, Death(step, after=True))
        await go_through(lives, act, Death(None, after=False))
        await check(lives, is_deleted=is_deleted)
