"""Two wishes for one video at the same moment: what is answered is what counts, also for money."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.gateway.changes import RegenerateRequest
from services.gateway.errors.problems import NotNow
from services.gateway.read.actions import Action, Status
from shared.jobs.gate import MONEY
from shared.story.brief import Brief
from shared.story.kinds import IMAGE
from tests.jobs.replicas import Stop
from tests.pipeline.test_wishes import OWNER, Stack, stack
from tests.pipeline.test_workflows import waiting
from tests.pipeline.world import brief


async def begin(s: Stack, wanted: Brief) -> asyncio.Event:
    """Ask for a video, and hold its pictures."""
    hold = s.w.engine.held[IMAGE.name] = asyncio.Event()
    await s.w.request("v", wanted)
    await s.begun(IMAGE)
    return hold


async def caps(s: Stack) -> tuple[int | None, int | None]:
    """The cap that a user is shown, and the one that is kept to."""
    money = (await s.w.store.get(MONEY, ["v"]))["v"]
    return (await s.now()).budget, money["cap"]


def lower(s: Stack) -> Awaitable[None]:
    return s.gateway.budgets.change_cap("v", OWNER, 30)


def cancel(s: Stack) -> Awaitable[None]:
    return s.steer(Action.CANCEL)


@pytest.mark.parametrize(("first", "cap"), [(lower, 30), (cancel, 50)], ids=["lower", "cancel"])
async def test_a_raise_that_is_refused_moves_no_money(tmp_path: Path, first: Any, cap: int) -> None:
    """It was looked at before the other wish was a fact, and is one of the same number."""
    async with stack(tmp_path) as s:
        hold, stop = await begin(s, brief(2, 1, budget=50)), Stop()
        usage: Any = SimpleNamespace(promise=stop.before(s.gateway.budgets.usage.promise))
        late = replace(s.gateway.budgets, usage=usage)
        raising = asyncio.create_task(late.change_cap("v", OWNER, 900))
        await stop.until_reached()
        await first(s)
        assert await caps(s) == (cap, cap)
        stop.go_on.set()
        with pytest.raises(NotNow):
            await raising
        assert await caps(s) == (cap, cap)
        hold.set()


async def test_of_many_caps_at_once_the_one_that_is_shown_is_kept_to(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        hold, budgets = await begin(s, brief(2, 1, budget=50)), s.gateway.budgets
        for first in range(100, 160, 6):
            changes = (budgets.change_cap("v", OWNER, first + n) for n in range(6))
            answers = await asyncio.gather(*changes, return_exceptions=True)
            assert {type(each) for each in answers} <= {NotNow, type(None)}
            shown, kept = await caps(s)
            assert shown == kept
        hold.set()


@pytest.mark.parametrize("action", [Action.PAUSE, None], ids=str)
async def test_a_cap_counts_at_once_also_where_the_video_waits(
    tmp_path: Path, action: Action | None
) -> None:
    async with stack(tmp_path) as s:
        await s.w.request("v", brief(2, 1, budget=50, review=["plan"]))
        await waiting(s, "plan")
        await s.steer(*([action] if action else []))
        await s.gateway.budgets.change_cap("v", OWNER, 20)
        assert await caps(s) == (20, 20)


async def test_a_change_that_comes_a_moment_after_a_cancel_wakes_nothing(tmp_path: Path) -> None:
    """It was looked at before the cancel was a fact."""
    async with stack(tmp_path) as s:
        hold, stop = await begin(s, brief(2, 1)), Stop()
        late = replace(s.gateway.revisions, emit=stop.before(s.gateway.revisions.emit))
        changing = asyncio.create_task(late.change("v", OWNER, 0, RegenerateRequest(), set()))
        await stop.until_reached()
        await s.steer(Action.CANCEL)
        begun = s.runs()
        stop.go_on.set()
        with pytest.raises(NotNow, match="cancelled"):
            await changing
        assert (await s.now()).status is Status.CANCELLED
        hold.set()
        await s.settled()
        assert s.runs() == begun


async def test_a_cancel_that_comes_a_moment_after_a_change_cancels_it_too(tmp_path: Path) -> None:
    async with stack(tmp_path) as s:
        hold, stop = await begin(s, brief(2, 1)), Stop()
        late = replace(s.gateway.wishes, emit=stop.before(s.gateway.wishes.emit))
        cancelling = asyncio.create_task(late.steer("v", OWNER, Action.CANCEL))
        await stop.until_reached()
        await s.gateway.revisions.change("v", OWNER, 0, RegenerateRequest(), set())
        stop.go_on.set()
        await cancelling
        assert (await s.now()).status is Status.CANCELLED
        hold.set()
        await s.settled()
        assert (await s.now()).status is Status.CANCELLED
