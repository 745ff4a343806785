"""Whole videos that are made at the stand-in for Replicate: its books say what was paid."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from services.gateway.hooks import Hooks
from shared.engines.rehearsal import RehearsalEngine
from shared.engines.replicate import catalog as catalogs
from shared.engines.replicate.catalog import load
from shared.engines.replicate.client import Provider
from shared.engines.replicate.engine import Polling, ReplicateEngine
from shared.engines.replicate.transport import Transport
from shared.jobs.engine import Engine, Task
from shared.jobs.gate import MONEY
from shared.jobs.ledger import JOBS
from shared.jobs.outcomes import Produced
from shared.jobs.receipt import read_receipt
from shared.runtime.paid import PAID
from shared.runtime.terms import Terms, ask_engines
from shared.store.sqlite import SqliteStore
from shared.story.brief import Brief
from shared.story.errors import PermanentError
from shared.story.events import VideoCompleted, VideoFailed
from shared.story.kinds import CUT, IMAGE, PLAN, VOICE, WORDS, AnyKind
from tests.engines.replicate.provider import needs_client
from tests.pipeline.test_budget import stopped
from tests.pipeline.world import QUICK, World, brief, world
from tests.standins.receiver import Receiver, receiver
from tests.standins.replicate import StandIn, standin

pytestmark = needs_client

# a lost submit is looked for in the list after so long, and no test waits for more
RULES = replace(QUICK, grace_ms=1_000)
QUICKLY = Polling(share=0.0, least=0.05)

ENOUGH = 20_000_000
"""A budget that none of these videos comes near to, in micro-dollars."""


@pytest.fixture
async def hooks() -> AsyncIterator[Receiver]:
    async with receiver() as taken:
        yield taken


@pytest.fixture
async def replicate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    pinned = {model.version: model.name for model in load().models if model.version}
    known: dict[str, Any] = {"versions": pinned, "shrink": 8, "hook_retries": []}
    async with standin(tmp_path / "replicate", **known) as served:
        monkeypatch.setenv("REPLICATE_API_TOKEN", served.token)
        monkeypatch.setenv("REPLICATE_BASE_URL", served.url)
        yield served
        assert not served.provider.trouble


@asynccontextmanager
async def paid_world(
    folder: Path,
    hooks: str,
    polling: Polling = QUICKLY,
    plans: bool = False,
    others: Mapping[AnyKind, Engine] = MappingProxyType({}),
) -> AsyncIterator[World]:
    """A stack in which all that the catalog covers is made at the provider, but for `others`."""
    store = SqliteStore(folder / "storywave.db")
    provider = Provider(Transport(store.now))
    engine = ReplicateEngine(provider, store.now, hooks=hooks, polling=polling)
    engines = {kind: engine for kind in PAID if kind is not PLAN or plans} | dict(others)
    try:
        terms = Terms(ask_engines(engines))
        async with world(folder, store=store, rules=RULES, engines=engines, terms=terms) as w:
            yield w
    finally:
        await engine.close()


async def check_books(w: World, replicate: StandIn, video: str) -> None:
    """Refuse books of ours that differ from the provider's, and anything that was paid twice."""
    verdict = replicate.judge()
    assert verdict.paid_twice == ()
    assert verdict.flagged_again == ()
    assert verdict.dropped == {}
    holds = (await w.store.get(MONEY, [video]))[video]["holds"]
    assert all("settled" in hold for hold in holds.values())
    assert sum(hold["settled"] for hold in holds.values()) == verdict.billed
    receipt = await read_receipt(w.store, video)
    assert (receipt.paid, receipt.held) == (verdict.billed, 0)
    assert receipt.recorded == receipt.paid, "the receipt is what the jobs say"
    assert all(row.model and row.run for row in receipt.rows if row.paid)


async def test_a_whole_video_is_made_there_and_each_thing_is_paid_once(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    wanted = Brief(
        prompt="A lighthouse keeper who paints the sea", duration=15, min_clips=1, budget=ENOUGH
    )
    async with paid_world(tmp_path, hooks.url, plans=True) as w:
        end = await w.ended(await w.request("v", wanted), seconds=60)
        assert isinstance(end, VideoCompleted), end
        assert {run.kind for run in replicate.runs} == {"text", "image", "clip", "voice", "music"}
        assert len({run.query["job"] for run in replicate.runs}) == len(replicate.runs)
        assert end.cost == replicate.judge().billed
        assert replicate.judge().never_fetched == ()
        await check_books(w, replicate, "v")


async def test_who_listens_to_a_voice_is_paid_and_its_times_are_those_of_the_captions(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    wanted = brief(beats=2, budget=ENOUGH, models={"words": "draft"})
    async with paid_world(tmp_path, hooks.url) as w:
        await w.ended(await w.request("v", wanted), seconds=60)
        assert [run.kind for run in replicate.runs].count("words") == 2
        rows = await w.store.find(JOBS, {"spec.video_id": "v"})
        heard = [row["result"]["words"] for row in rows if row["spec"]["kind"] == WORDS.name]
        guessed = [row["result"]["words"] for row in rows if row["spec"]["kind"] == VOICE.name]
        texts = [[word["text"] for word in words] for words in heard]
        assert sorted(texts) == sorted([word["text"] for word in words] for words in guessed)
        assert heard != guessed
        [cut] = [row for row in rows if row["spec"]["kind"] == CUT.name]
        shown = [list(voice["words"]) for voice in cut["spec"]["input"]["voices"]]
        assert sorted(shown, key=str) == sorted(heard, key=str)
        await check_books(w, replicate, "v")


async def test_whatever_goes_wrong_there_nothing_is_paid_twice(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    replicate.provider.script.set_rates(
        {
            "5xx": 0.1,
            "5xx_after": 0.1,
            "lost": 0.1,
            "cut": 0.1,
            "unreadable": 0.1,
            "fails": 0.05,
            "canceled": 0.05,
            "aborted": 0.05,
            "no_output": 0.05,
            "read_5xx": 0.1,
            "read_lost": 0.1,
            "download_5xx": 0.1,
        }
    )
    async with paid_world(tmp_path, hooks.url) as w:
        await w.ended(await w.request("v", brief(beats=4, budget=ENOUGH)), seconds=120)
        rows = await w.store.find(JOBS, {"spec.video_id": "v"})
        assert sum(replicate.provider.script.struck.values()) > 5
        assert not [row["_id"] for row in rows if row.get("unresolved")]
        await check_books(w, replicate, "v")


async def test_a_flagged_prompt_fails_its_item_and_is_sent_once(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    wanted = brief(beats=2, budget=ENOUGH)
    wanted = wanted.model_copy(update={"prompt": "A calm sea.\nA flagthis scene."})
    async with paid_world(tmp_path, hooks.url) as w:
        end = await w.ended(await w.request("v", wanted), seconds=60)
        flagged = [run for run in replicate.runs if run.status == "failed"]
        rows = await w.store.get(JOBS, [run.query["job"] for run in flagged])
        assert isinstance(end, VideoCompleted), end
        assert {(row["code"], row["at_fault"]) for row in rows.values()} == {("flagged", "prompt")}
        await check_books(w, replicate, "v")


class NoBrush(RehearsalEngine):
    """Draws nothing."""

    async def submit(self, task: Task, prepared: None) -> Produced:
        raise PermanentError("the brush is lost")


async def test_without_its_image_a_clip_is_made_from_words_and_says_so(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    async with paid_world(tmp_path, hooks.url, others={IMAGE: NoBrush({})}) as w:
        end = await w.ended(await w.request("v", brief(beats=2, budget=ENOUGH)), seconds=60)
        assert isinstance(end, VideoCompleted), end
        clips = [run for run in replicate.runs if run.kind == "clip"]
        assert len(clips) == end.succeeded == 2
        assert not any("start_image" in run.input for run in clips)
        lack = "was made without its storyboard image: the brush is lost"
        assert {f"clip {n} {lack}" for n in (0, 1)} <= set(end.notes)
        await check_books(w, replicate, "v")


async def test_where_no_model_starts_from_words_its_clip_is_lost_and_nothing_paid_for_it(
    tmp_path: Path, replicate: StandIn, hooks: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = load()
    needy = catalog.model("minimax/hailuo-2.3-fast")
    assert needy and needy.needs("first_frame")
    alone = needy.model_copy(update={"fallback": None})
    others = [model for model in catalog.models if model != needy]
    only = catalog.model_copy(update={"models": (alone, *others)})
    monkeypatch.setattr(catalogs, "load", lambda: only)
    wanted = brief(beats=2, budget=ENOUGH, models={"clip": needy.name})
    async with paid_world(tmp_path, hooks.url, others={IMAGE: NoBrush({})}) as w:
        end = await w.ended(await w.request("v", wanted), seconds=60)
        assert isinstance(end, VideoFailed), end
        assert "has no storyboard image: the brush is lost; without one, " in end.error
        assert not [run for run in replicate.runs if run.kind == "clip"]


async def test_with_webhooks_nobody_has_to_ask(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    never = Polling(least=3_600.0, most=3_600.0)
    async with paid_world(tmp_path, hooks.url, never) as w:
        hears = Hooks(w.store, replicate.settings.secret)

        async def hear_all() -> None:
            for n in range(1, 1_000):
                hook = (await hooks.wait_for(n))[n - 1]
                await hears.hear(hook.path.partition("?")[2], hook.headers, hook.body)

        hearing = asyncio.create_task(hear_all())
        try:
            end = await w.ended(await w.request("v", brief(beats=2, budget=ENOUGH)), seconds=60)
        finally:
            hearing.cancel()
        assert isinstance(end, VideoCompleted), end
        await check_books(w, replicate, "v")


async def test_a_plan_beyond_its_budget_is_paid_for_and_nothing_else(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    wanted = Brief(prompt="A lighthouse keeper who paints the sea", duration=15, budget=100_000)
    async with paid_world(tmp_path, hooks.url, plans=True) as w:
        found = await stopped(w, await w.request("v", wanted))
        assert found.cap == 100_000 and found.current + found.estimate > 100_000
        rows = await w.store.find(JOBS, {"spec.video_id": "v"})
        assert [row["spec"]["kind"] for row in rows] == [PLAN.name]
        assert found.current == replicate.judge().billed <= 100_000
        await check_books(w, replicate, "v")


async def test_a_second_video_of_the_same_brief_is_copied_and_costs_nothing(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    # the stand-in's clips are tiny, and what looks spoiled is never copied
    known: dict[str, Any] = {"duration": 15, "min_clips": 1, "clip_check": "off", "budget": ENOUGH}
    wanted = Brief(prompt="A lighthouse keeper who paints the sea", **known)
    async with paid_world(tmp_path, hooks.url, plans=True) as w:
        first = await w.ended(await w.request("v", wanted), seconds=60)
        runs = len(replicate.runs)
        second = await w.ended(await w.request("w", wanted), seconds=60)
        assert isinstance(first, VideoCompleted) and isinstance(second, VideoCompleted)
        assert first.cost > 0 and second.cost == 0 and len(replicate.runs) == runs
        await check_books(w, replicate, "v")
        holds = (await w.store.get(MONEY, ["w"]))["w"]["holds"]
        copies = [hold for hold in holds.values() if "reused" in hold.get("why", "")]
        assert len(copies) == runs and not any(hold["settled"] for hold in holds.values())
        rows = await w.store.find(JOBS, {"spec.video_id": "w"})
        kept = [blob["key"] for row in rows for blob in row["result"].get("stored", {}).values()]
        assert kept and all(key.startswith("w/") for key in kept)


async def test_who_wants_no_copies_pays_again(
    tmp_path: Path, replicate: StandIn, hooks: Receiver
) -> None:
    wanted = brief(beats=1, reuse=False, budget=ENOUGH)
    async with paid_world(tmp_path, hooks.url) as w:
        ends = [await w.ended(await w.request(video, wanted), seconds=60) for video in ("v", "w")]
        assert [end.cost > 0 for end in ends] == [True, True]
        assert sum(end.cost for end in ends) == replicate.judge().billed


async def test_several_takes_of_an_image_are_one_run(
    tmp_path: Path, replicate: StandIn, hooks: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.engines.replicate.catalog.DEFAULT", "draft")  # it makes several
    async with paid_world(tmp_path, hooks.url) as w:
        await w.ended(
            await w.request("v", brief(beats=2, image_takes=3, budget=ENOUGH)), seconds=60
        )
        rows = await w.store.find(JOBS, {"spec.video_id": "v", "spec.kind": "image"})
        images = [(row["result"]["key"], *row["result"]["others"]) for row in rows]
        assert len({key for keys in images for key in keys}) == 6
        assert sum(run.kind == "image" for run in replicate.runs) == 2
        await check_books(w, replicate, "v")
