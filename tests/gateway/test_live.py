"""What watchers hear, in which order, and how it ends."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Never

import pytest

from services.gateway.read.live import Live, list_news, make_snapshot
from services.gateway.read.status import VideoStatus, read_status
from services.gateway.read.watch import AT_ONCE, Feed, Watch
from services.gateway.read.watcher import Said, Watcher
from shared.ports import Doc
from shared.story.errors import StoreUnavailable
from shared.story.events import Event, VideoFailed, VideoSteered
from shared.story.kinds import IMAGE, ImageFailed
from tests.gateway.conftest import Api
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


def told(before: Sequence[Event], after: Sequence[Event]) -> list[tuple[str, str]]:
    return [(live.item, live.message) for live in list_news(view(before), view([*before, *after]))]


def test_each_fact_is_one_line() -> None:
    assert told([requested()], [PLAN]) == [("plan", "planned: 3 beats, 6 clips")]
    assert told([requested(), PLAN], images(PLAN)[:1]) == [("beat 0", "images 1/3")]
    assert told([requested(), PLAN, *clips(PLAN)[:4]], [clips(PLAN)[4]]) == [
        ("clip 4", "clips 5/6")
    ]
    failed = ImageFailed(video_id=VIDEO, beat=2, error="no luck", job=IMAGE.job(PLAN, beat=2))
    assert told([requested(), PLAN], [failed]) == [("beat 2", "beat 2: no luck")]
    coded = failed.model_copy(update={"code": "rate_limited"})
    [live] = list_news(view([requested(), PLAN]), view([requested(), PLAN, coded]))
    assert live.error_code == "rate_limited"


def test_what_was_told_is_not_told_again() -> None:
    assert told(whole(PLAN), whole(PLAN)) == []


async def heard(api: Api, made: str) -> list[tuple[str, dict[str, Any]]]:
    """The whole stream of a video, as a client parses it."""
    async with asyncio.timeout(10):
        answer = await api.http.get(f"/v1/videos/{made}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block.splitlines() for block in answer.text.strip().split("\n\n")]
    fields = [dict(line.split(": ", 1) for line in block if line[0] != ":") for block in blocks]
    return [(each["event"], json.loads(each["data"])) for each in fields if each]


def note_snapshots(monkeypatch: pytest.MonkeyPatch) -> list[VideoStatus]:
    """Return a list to which each stream adds what it begins with."""
    begun: list[VideoStatus] = []

    def begin(now: VideoStatus) -> Live:
        begun.append(now)
        return make_snapshot(now)

    monkeypatch.setattr("services.gateway.read.watch.make_snapshot", begin)
    return begun


async def test_a_stream_is_a_snapshot_then_progress_then_the_end(api: Api) -> None:
    made = await api.make()
    listening = asyncio.create_task(heard(api, made))
    story = whole(full_plan(video_id=made))
    for n in range(0, len(story), 3):
        await asyncio.sleep(0.05)
        await api.tell(story[n : n + 3])
    lines = await listening
    assert [sort for sort, _ in lines] == [
        "snapshot", *["progress"] * (len(lines) - 2), "completed",
    ]  # fmt: skip
    assert all(
        set(live) == {
            "video_id", "rev", "stage", "item", "percent", "message", "time", "cost",
                "metadata", "error_code",
        }
        for _, live in lines
    )  # fmt: skip
    percents = [live["percent"] for _, live in lines if live["rev"] == lines[-1][1]["rev"]]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    clip_lines = [live["message"] for _, live in lines if live["item"].startswith("clip")]
    assert "clips 6/6" in clip_lines
    assert lines[-1][1]["message"] == "completed: 30 s of video"


async def test_whoever_comes_late_hears_where_it_stands_and_the_end(api: Api) -> None:
    made = await api.make()
    await api.tell(whole(full_plan(video_id=made)))
    assert [sort for sort, _ in await heard(api, made)] == ["snapshot", "completed"]


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
async def test_bad_ends_end_the_stream_too(api: Api, end: Event, sort: str, message: str) -> None:
    made = await api.make()
    listening = asyncio.create_task(heard(api, made))
    await asyncio.sleep(0.05)
    await api.tell([end.model_copy(update={"video_id": made})])
    last = (await listening)[-1]
    assert (last[0], last[1]["message"]) == (sort, message)


async def test_many_watchers_of_many_videos_share_each_read(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [await api.make(seed=n) for n in range(3)]
    videos = api.parts.videos
    reads = 0
    read = videos.store.get

    async def counted(collection: str, ids: Sequence[str]) -> dict[str, Doc]:
        nonlocal reads
        reads += 1
        return await read(collection, ids)

    begun = note_snapshots(monkeypatch)
    watchers = [asyncio.create_task(heard(api, id_)) for id_ in made for _ in range(10)]
    while len(begun) < len(watchers):
        await asyncio.sleep(0.05)
    monkeypatch.setattr(videos.store, "get", counted)
    await asyncio.sleep(1)
    assert reads <= 5
    for id_ in made:
        await api.tell(whole(full_plan(video_id=id_)))
    streams = await asyncio.gather(*watchers)
    assert all(stream[-1][0] == "completed" for stream in streams)
    reads = 0
    await asyncio.sleep(1)
    assert reads == 0, "what nobody watches any more is not read"


def crowd(number: int = 3 * AT_ONCE) -> tuple[Feed, Sequence[Said]]:
    """A video with many watchers, and the messages about its plan."""
    feed = Feed(view([requested()]))
    feed.watchers += [Watcher() for _ in range(number)]
    after = view([requested(), PLAN])
    return feed, feed.go_on(after, read_status(after))


async def test_others_have_their_turns_while_many_watchers_are_told() -> None:
    feed, said = crowd()
    heard: list[int] = []

    async def look() -> None:
        while feed.is_telling or not heard:
            heard.append(sum(bool([*each.take()]) for each in feed.watchers))
            await asyncio.sleep(0)

    await asyncio.gather(feed.tell(said, is_end=False), look())
    assert heard[:3] == [AT_ONCE] * 3


async def test_no_news_overtakes_what_is_still_to_be_told() -> None:
    feed, said = crowd()
    later = view([requested(), PLAN, *images(PLAN)])

    async def join() -> None:
        assert feed.catch_up(later) is feed.view is not later, "it hears of that with the others"

    await asyncio.gather(feed.tell(said, is_end=False), join())
    assert all([*each.take()] == said for each in feed.watchers)
    assert feed.catch_up(later) is later


async def test_a_process_that_ends_amid_the_telling_leaves_no_stream_open() -> None:
    feed, said = crowd()
    telling = asyncio.create_task(feed.tell(said, is_end=True))
    await asyncio.sleep(0)
    telling.cancel()
    for watcher in feed.watchers:
        async with asyncio.timeout(1):
            assert [each async for group in watcher.read() for each in group] == said


async def test_news_in_this_process_are_told_at_once(api: Api) -> None:
    """Without the wake-up the next look would come after ten seconds."""
    watch = Watch(api.parts.videos, rest=0.01, wait=10)
    api.app.shell("gateway").listen(watch.wake)
    made = await api.make()

    async def second() -> str:
        stream = watch.follow(made, "local")
        await anext(stream)
        return (await anext(stream)).live.message

    waiting = asyncio.create_task(second())
    await asyncio.sleep(0.1)
    await api.tell([full_plan(video_id=made)])
    async with asyncio.timeout(2):
        assert await waiting == "planned: 3 beats, 6 clips"
    watch.close()


async def test_a_store_that_is_away_for_a_while_only_makes_watchers_wait(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, begun = await api.make(), note_snapshots(monkeypatch)
    listening = asyncio.create_task(heard(api, made))
    while not begun:
        await asyncio.sleep(0.05)
    await api.tell([full_plan(video_id=made)])

    async def away(*given: object, **known: object) -> Never:
        raise StoreUnavailable("the database does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(api.app.ports.store, "get", away)
        await asyncio.sleep(0.5)
        assert not listening.done()
    await api.tell([completed(full_plan(video_id=made))])
    assert (await listening)[-1][0] == "completed"


async def test_closing_ends_every_stream(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    made, begun = await api.make(), note_snapshots(monkeypatch)
    listening = asyncio.create_task(heard(api, made))
    while not begun:
        await asyncio.sleep(0.05)
    api.parts.watch.close()
    assert [sort for sort, _ in await listening] == ["snapshot"]
