"""What watchers hear, in which order, and how it ends."""

import asyncio
import json
from typing import Never

import pytest

from services.gateway.read.live import news
from services.gateway.read.watch import Watch
from shared.story.errors import StoreUnavailable
from shared.story.events import VideoFailed, VideoSteered
from shared.story.kinds import IMAGE, ImageFailed
from tests.gateway.conftest import Stage
from tests.histories import (
    VIDEO,
    clips,
    completed,
    full_plan,
    images,
    requested,
    view,
    whole,
)

PLAN = full_plan()


def told(before: list, after: list) -> list[tuple[str, str]]:
    return [(live.item, live.message) for live in news(view(before), view([*before, *after]))]


def test_each_fact_is_one_line() -> None:
    assert told([requested()], [PLAN]) == [("plan", "planned: 3 beats, 6 clips")]
    assert told([requested(), PLAN], images(PLAN)[:1]) == [("beat 0", "images 1/3")]
    assert told([requested(), PLAN, *clips(PLAN)[:4]], [clips(PLAN)[4]]) == [
        ("clip 4", "clips 5/6")
    ]
    failed = ImageFailed(video_id=VIDEO, beat=2, error="no luck", job=IMAGE.wanted(PLAN, beat=2))
    assert told([requested(), PLAN], [failed]) == [("beat 2", "beat 2: no luck")]


def test_what_was_told_is_not_told_again() -> None:
    assert told(whole(PLAN), whole(PLAN)) == []


async def heard(stage: Stage, made: str) -> list[tuple[str, dict]]:
    """The whole stream of a video, as a client parses it."""
    async with asyncio.timeout(10):
        answer = await stage.http.get(f"/v1/videos/{made}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block.splitlines() for block in answer.text.strip().split("\n\n")]
    fields = [dict(line.split(": ", 1) for line in block if line[0] != ":") for block in blocks]
    return [(each["event"], json.loads(each["data"])) for each in fields if each]


async def test_a_stream_is_a_snapshot_then_progress_then_the_end(stage: Stage) -> None:
    made = await stage.make()
    listening = asyncio.create_task(heard(stage, made))
    story = whole(full_plan(video_id=made))
    for n in range(0, len(story), 3):
        await asyncio.sleep(0.05)
        await stage.tell(story[n : n + 3])
    lines = await listening
    assert [sort for sort, _ in lines] == [
        "snapshot", *["progress"] * (len(lines) - 2), "completed",
    ]  # fmt: skip
    assert all(
        set(live) == {
            "video_id", "rev", "stage", "item", "percent", "message", "time", "cost",
        }
        for _, live in lines
    )  # fmt: skip
    percents = [live["percent"] for _, live in lines if live["rev"] == lines[-1][1]["rev"]]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    clip_lines = [live["message"] for _, live in lines if live["item"].startswith("clip")]
    assert "clips 6/6" in clip_lines
    assert lines[-1][1]["message"] == "completed: 30 s of video"


async def test_whoever_comes_late_hears_where_it_stands_and_the_end(stage: Stage) -> None:
    made = await stage.make()
    await stage.tell(whole(full_plan(video_id=made)))
    assert [sort for sort, _ in await heard(stage, made)] == ["snapshot", "completed"]


@pytest.mark.parametrize(
    ("end", "sort", "message"),
    [
        (
            VideoFailed(video_id="", rev=1, phase="plan", error="no words"),
            "failed",
            "failed at plan: no words",
        ),
        (VideoSteered(video_id="", rev=1, desired="cancelled"), "cancelled", "cancelled"),
    ],
)
async def test_bad_ends_end_the_stream_too(stage: Stage, end, sort, message) -> None:
    made = await stage.make()
    listening = asyncio.create_task(heard(stage, made))
    await asyncio.sleep(0.05)
    await stage.tell([end.model_copy(update={"video_id": made})])
    last = (await listening)[-1]
    assert (last[0], last[1]["message"]) == (sort, message)


async def test_many_watchers_of_many_videos_share_each_read(stage: Stage, monkeypatch) -> None:
    made = [await stage.make(seed=n) for n in range(3)]
    videos = stage.parts.videos
    reads = 0
    read = videos.store.get

    async def counted(collection, ids):
        nonlocal reads
        reads += 1
        return await read(collection, ids)

    watchers = [asyncio.create_task(heard(stage, id_)) for id_ in made for _ in range(10)]
    await asyncio.sleep(0.3)
    monkeypatch.setattr(videos.store, "get", counted)
    await asyncio.sleep(1)
    assert reads <= 5
    monkeypatch.undo()
    for id_ in made:
        await stage.tell(whole(full_plan(video_id=id_)))
    streams = await asyncio.gather(*watchers)
    assert all(stream[-1][0] == "completed" for stream in streams)
    assert stage.parts.watch._feeds == {}


async def test_news_in_this_process_are_told_at_once(stage: Stage) -> None:
    """Without the wake-up the next look would come after ten seconds."""
    watch = Watch(stage.parts.videos, pause=0.01, look=10)
    stage.app.shell("gateway").listen(watch.heard)
    made = await stage.make()

    async def second() -> str:
        stream = watch.follow(made, "local")
        await anext(stream)
        return (await anext(stream))[1].message

    waiting = asyncio.create_task(second())
    await asyncio.sleep(0.1)
    await stage.tell([full_plan(video_id=made)])
    async with asyncio.timeout(2):
        assert await waiting == "planned: 3 beats, 6 clips"
    watch.close()


async def test_a_store_that_is_away_for_a_while_only_makes_watchers_wait(
    stage: Stage, monkeypatch
) -> None:
    made = await stage.make()
    listening = asyncio.create_task(heard(stage, made))
    await asyncio.sleep(0.05)
    await stage.tell([full_plan(video_id=made)])

    async def away(*given, **known) -> Never:
        raise StoreUnavailable("the database does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(stage.app.ports.store, "get", away)
        await asyncio.sleep(0.5)
        assert not listening.done()
    await stage.tell([completed(full_plan(video_id=made))])
    assert (await listening)[-1][0] == "completed"


async def test_closing_ends_every_stream(stage: Stage) -> None:
    made = await stage.make()
    listening = asyncio.create_task(heard(stage, made))
    await asyncio.sleep(0.1)
    stage.parts.watch.close()
    assert [sort for sort, _ in await listening] == ["snapshot"]
