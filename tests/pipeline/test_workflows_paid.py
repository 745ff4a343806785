"""Reviews and continuations of videos that cost money, judged by the books of the provider."""

import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from services.gateway.parts import build_gateway
from services.gateway.read.actions import Status
from shared.story.brief import Brief, EndCard, Review, Workflow
from tests.pipeline.test_replicate import check_books, hooks, paid_world, replicate
from tests.pipeline.test_restarts import Up, wait
from tests.pipeline.test_wishes import OWNER, Stack, completed
from tests.pipeline.test_workflows import approve, quiet, waiting
from tests.pipeline.world import brief
from tests.standins.receiver import Receiver
from tests.standins.replicate.server import StandIn

__all__ = ["hooks", "replicate"]

ENOUGH = 20_000_000


def wanted(workflow: Workflow, *review: Review, budget: int = ENOUGH) -> Brief:
    short = brief(2, 2, workflow=workflow, review=review, budget=budget)
    return short.model_copy(update={"end_card": EndCard(), "duration": 22.5})


@asynccontextmanager
async def paid_stack(folder: Path, url: str) -> AsyncIterator[Stack]:
    async with paid_world(folder, url) as w:
        gateway = build_gateway(w.app)
        try:
            yield Stack(w, gateway)
        finally:
            gateway.close()


def bought(replicate: StandIn) -> Counter[str]:
    return Counter(run.kind for run in replicate.runs)


PICTURES = {"image": 3}
"""Two beats, and the background of the card."""
WHOLE = {"image": 3, "voice": 2, "music": 1, "clip": 6}


async def test_before_an_approval_nothing_beyond_it_was_bought_by_the_providers_books(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    async with paid_stack(tmp_path, hooks.url) as s:
        await s.w.request("v", wanted("full", "plan", "storyboard"))
        await waiting(s, "plan")
        await quiet(s)
        assert bought(replicate) == {}
        await approve(s, "plan")
        await waiting(s, "storyboard")
        await quiet(s)
        assert bought(replicate) == PICTURES
        await approve(s, "storyboard")
        await s.until(completed(1))
        assert bought(replicate) == WHOLE
        await check_books(s.w, replicate, "v")


async def test_what_is_continued_buys_each_thing_once(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    async with paid_stack(tmp_path, hooks.url) as s:
        await s.w.request("v", wanted("plan_only"))
        await s.until(completed(1))
        assert bought(replicate) == {}
        await s.gateway.revisions.go_on("v", OWNER, "storyboard_only")
        await s.until(completed(2))
        assert bought(replicate) == PICTURES
        await s.gateway.revisions.go_on("v", OWNER, "full")
        await s.until(completed(3))
        assert bought(replicate) == WHOLE
        await check_books(s.w, replicate, "v")


async def test_a_shorter_video_needs_no_budget_for_the_film_and_is_asked_for_it_when_continued(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    async with paid_stack(tmp_path, hooks.url) as s:
        await s.w.request("v", wanted("storyboard_only", budget=200_000))
        await s.until(completed(1))
        await s.gateway.revisions.go_on("v", OWNER, "full")
        await s.until(lambda now: now.status is Status.BUDGET_EXCEEDED)
        await quiet(s)
        assert bought(replicate) == PICTURES
        await s.gateway.budgets.change_cap("v", OWNER, ENOUGH)
        await s.until(completed(2))
        assert bought(replicate) == WHOLE
        await check_books(s.w, replicate, "v")


@pytest.mark.parametrize("what", ["plan", "storyboard"])
def test_a_process_killed_at_a_review_finds_it_again_and_goes_on_when_it_is_approved(
    tmp_path: Path, what: str
) -> None:
    up = Up(tmp_path)
    up.start()
    body = {"prompt": "The sea is calm. A boat sails out.", "duration": 10, "review": [what]}
    video = httpx.post(f"{up.url}/v1/videos", json=body, timeout=10).json()["id"]

    def is_so(**known: object) -> bool:
        now = httpx.get(f"{up.url}/v1/videos/{video}", timeout=10).json()
        return all(now[name] == value for name, value in known.items())

    for _ in range(2):
        wait(lambda: is_so(awaiting=what), 60, up.log)
        assert up.end(signal.SIGKILL) == -signal.SIGKILL
        up.start()
    wait(lambda: is_so(awaiting=what), 60, up.log)
    answer = httpx.post(
        f"{up.url}/v1/videos/{video}/approve", json={"what": what, "rev": 1}, timeout=10
    )
    assert answer.status_code == 202, "and so it is durable"
    assert up.end(signal.SIGKILL) == -signal.SIGKILL
    up.start()
    wait(lambda: is_so(status="completed", percent=100), 60, up.log)
    assert up.end(signal.SIGTERM) == 0
