"""Streams that break off and go on: over any replica, as events or over a WebSocket."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedOK, InvalidStatus
from websockets.typing import Origin

from services.gateway.app import create_app
from services.gateway.read import videos
from services.gateway.read import watch as read_watch
from services.gateway.read.places import Place, cut_view, make_place, read_place
from services.gateway.read.videos import Videos
from services.gateway.read.watch import Watch
from services.gateway.read.watcher import Said, Watcher
from shared.jobs.gate import Gate
from shared.story.errors import StoreUnavailable
from shared.story.events import VideoSteered
from shared.story.view import View
from tests.gateway.conftest import Api
from tests.gateway.serving import round_robin, serve
from tests.histories import completed, full_plan, images, requested, view, whole

PLAN = full_plan()


@dataclass(frozen=True)
class Event:
    """One event of a stream, as a client parses it."""

    sort: str
    data: dict[str, Any]
    id: str
    retry: str


async def read_events(answer: httpx.Response) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            data = json.loads(fields["data"])
            yield Event(fields["event"], data, fields.get("id", ""), fields.get("retry", ""))
            fields = {}


async def follow_all(
    watch: Watch, owner: str, place: Place | None = None
) -> AsyncGenerator[Said, None]:
    """Yield what is told of all videos of an owner, one by one."""
    async with aclosing(watch.read_all(owner, place)) as groups:
        async for group in groups:
            for said in group:
                yield said


async def heard(api: Api, path: str, last: str | None = None) -> list[Event]:
    """A whole stream; none where the server says that it is over."""
    headers = {"Last-Event-ID": last} if last else {}
    async with asyncio.timeout(10):
        answer = await api.http.get(path, headers=headers)
    assert answer.status_code == (200 if answer.content else 204)
    parsed = httpx.Response(200, content=answer.content)
    return [event async for event in read_events(parsed)]


def second_replica(api: Api) -> tuple[FastAPI, Watch]:
    """Another gateway on the same store: it hears nothing by itself, and reads what is there."""
    watch = Watch(api.parts.videos)
    return create_app(replace(api.parts, watch=watch)), watch


# ── coming again ────────────────────────────────────────────────────────────────────────────────


async def test_each_message_has_an_id_and_the_first_says_when_to_come_again(api: Api) -> None:
    made = await api.make()
    await api.tell(whole(full_plan(video_id=made)))
    first, last = await heard(api, f"/v1/videos/{made}/events")
    assert int(first.retry) >= 1_000
    assert first.id and last.id.endswith("-end")


async def test_who_has_heard_the_end_is_told_to_stop_coming(api: Api) -> None:
    made = await api.make()
    await api.tell(whole(full_plan(video_id=made)))
    path = f"/v1/videos/{made}/events"
    *_, last = await heard(api, path)
    assert await heard(api, path, last.id) == []
    answer = await api.http.get(path, headers={"Last-Event-ID": last.id})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_who_missed_the_end_is_told_what_was_missed_and_the_end(api: Api) -> None:
    made = await api.make()
    plan = full_plan(video_id=made).model_copy(update={"at": api.app.ports.store.now()})
    await api.tell([plan])
    view_then = await api.parts.videos.find(made, "local")
    later = {"at": api.app.ports.store.now() + 1}
    await api.tell([fact.model_copy(update=later) for fact in whole(plan)])
    again = await heard(api, f"/v1/videos/{made}/events", str(make_place(view_then)))
    assert [again[0].sort, again[-1].sort] == ["snapshot", "completed"]
    said = [event.data["message"] for event in again]
    assert "images 3/3" in said
    assert not any("planned:" in message for message in said), "that was told before"


async def test_an_id_that_is_none_of_ours_is_as_good_as_none(api: Api) -> None:
    made = await api.make()
    await api.tell(whole(full_plan(video_id=made)))
    for id_ in ("x", "-1-2", "9" * 40, "1-2-end-end", "1-2-3"):
        stream = await heard(api, f"/v1/videos/{made}/events", id_)
        assert [event.sort for event in stream] == ["snapshot", "completed"]


def test_a_place_says_the_same_to_every_replica() -> None:
    story = view([requested(), PLAN, *images(PLAN)])
    assert read_place(str(make_place(story))) == make_place(story)
    assert read_place(str(make_place(story).at_end())) == make_place(story).at_end()
    assert [fact.id for fact in cut_view(story, make_place(story)).facts] == [
        fact.id for fact in story.facts
    ]


def test_what_is_heard_of_late_is_told_although_it_is_older() -> None:
    late, *rest = images(PLAN)
    before = view([requested(), PLAN, *rest])
    after = view([requested(), PLAN, *rest, late.model_copy(update={"at": PLAN.at})])
    known = {fact.id for fact in cut_view(after, make_place(before)).facts}
    assert late.id not in known


# ── bounds ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_reader_that_falls_behind_is_cut_off_and_keeps_no_messages(api: Api) -> None:
    made = await api.make()
    [said] = [each async for each in first_of(api, made)]
    slow = Watcher(most=3)
    for _ in range(10):
        slow.tell(said)
    async with asyncio.timeout(1):
        assert [each async for each in slow.read()] == []


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few messages may wait for a reader."""
    monkeypatch.setattr(read_watch, "Watcher", partial(Watcher, most=9))
    monkeypatch.setattr(read_watch, "MOST_MISSED", 5)


@pytest.mark.usefixtures("small")
async def test_who_has_missed_more_than_may_wait_is_told_the_latest_of_it(api: Api) -> None:
    """Cut off once more, it would come with the same id, and hear nothing ever after."""
    made, now = await api.make(), api.app.ports.store.now()
    story = [fact.model_copy(update={"at": now}) for fact in whole(full_plan(video_id=made))]
    await api.tell(story)
    again = await heard(api, f"/v1/videos/{made}/events", "1-1")
    assert [event.sort for event in again] == ["snapshot", *["progress"] * 5, "completed"]


@pytest.mark.usefixtures("small")
async def test_who_follows_more_videos_than_messages_may_wait_hears_of_all(api: Api) -> None:
    now, made = api.app.ports.store.now(), [await api.make(seed=n) for n in range(4)]
    for each in made:
        story = whole(full_plan(video_id=each))
        await api.tell([fact.model_copy(update={"at": now}) for fact in story])
    stream, ended = follow_all(api.parts.watch, "local", Place(now - 1, 1)), list[str]()
    async with asyncio.timeout(5):
        while len(ended) < 4:
            said = await anext(stream)
            ended += [said.live.video_id] if said.sort == "completed" else []
    assert sorted(ended) == sorted(made)
    await stream.aclose()


async def first_of(api: Api, video: str) -> AsyncIterator[Said]:
    async for said in api.parts.watch.follow(video, "local"):
        yield said
        return


# ── all videos of an owner ──────────────────────────────────────────────────────────────────────


async def test_one_stream_follows_all_videos_also_those_that_come_later(api: Api) -> None:
    ended, under_way = await api.make(seed=1), await api.make(seed=2)
    await api.tell(whole(full_plan(video_id=ended)))
    stream = follow_all(api.parts.watch, "local")
    async with asyncio.timeout(10):
        first = await anext(stream)
        assert (first.sort, first.live.video_id) == ("snapshot", under_way)
        new = await api.make(seed=3, metadata={"order": "7"})
        second = await anext(stream)
        assert (second.sort, second.live.video_id) == ("snapshot", new)
        assert second.live.metadata == {"order": "7"}
        await api.tell(whole(full_plan(video_id=under_way)))
        while (said := await anext(stream)).sort == "progress":
            assert said.live.video_id == under_way
        assert (said.sort, said.live.video_id) == ("completed", under_way)
        await api.tell(whole(full_plan(video_id=new)))
        while (said := await anext(stream)).sort == "progress":
            pass
        assert (said.sort, said.live.video_id) == ("completed", new)
    await stream.aclose()


async def test_the_stream_of_all_videos_is_open_before_there_is_one(api: Api) -> None:
    async with serve(api.asgi) as [gate], httpx.AsyncClient(timeout=10, verify=False) as client:
        url, headers = f"http://127.0.0.1:{gate.port}/v1/events", {"Host": "localhost"}
        async with client.stream("GET", url, headers=headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            made = await api.make()
            async for event in read_events(answer):
                assert (event.sort, event.data["video_id"]) == ("snapshot", made)
                break


async def test_a_video_that_goes_on_comes_back_into_the_stream_of_every_replica(api: Api) -> None:
    made = await api.make()
    await api.tell([VideoSteered(video_id=made, rev=1, desired="cancelled", at=2_000)])
    _, watch = second_replica(api)
    stream = follow_all(watch, "local")
    waiting = asyncio.create_task(anext(stream))
    await asyncio.sleep(0.05)
    assert (await api.http.post(f"/v1/videos/{made}/retry")).status_code == 202
    async with asyncio.timeout(5):
        said = await waiting
    assert (said.sort, said.live.video_id, said.live.rev) == ("snapshot", made, 2)
    await stream.aclose()
    watch.close()


async def test_who_comes_again_hears_how_videos_ended_meanwhile(api: Api) -> None:
    made, now = await api.make(), api.app.ports.store.now()
    story = [fact.model_copy(update={"at": now}) for fact in whole(full_plan(video_id=made))]
    await api.tell(story)
    stream = follow_all(api.parts.watch, "local", Place(now - 1, 1))
    async with asyncio.timeout(5):
        while (said := await anext(stream)).sort != "completed":
            assert said.sort in {"snapshot", "progress"}
    assert said.live.video_id == made
    await stream.aclose()


async def test_however_many_videos_come_at_once_those_after_them_are_heard_of_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(videos, "LATEST", 3)
    first = await api.make()
    stream = follow_all(api.parts.watch, "local")
    assert await list_snapshots(stream, 1) == {first}
    told = asyncio.create_task(list_snapshots(stream, 7))
    made = {await api.make(seed=n) for n in range(7)}
    async with asyncio.timeout(5):
        assert await told == made
    await stream.aclose()


@pytest.mark.usefixtures("small")
async def test_a_reader_that_reads_is_not_cut_off_however_many_videos_come_at_once(
    api: Api,
) -> None:
    _, watch = second_replica(api)
    first = await api.make()
    stream = follow_all(watch, "local")
    assert await list_snapshots(stream, 1) == {first}
    told = asyncio.create_task(list_snapshots(stream, 30))
    made = set(await asyncio.gather(*(api.make(seed=n) for n in range(30))))
    async with asyncio.timeout(10):
        assert await told == made
    await stream.aclose()
    watch.close()


async def test_a_new_video_is_heard_of_although_the_store_is_away_as_it_comes(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, calls = Videos.read_views, list[list[str]]()

    async def read_later(videos: Videos, ids: list[str]) -> list[View]:
        if ids and not calls:
            calls.append(ids)
            raise StoreUnavailable("the database does not answer")
        return await read(videos, ids)

    first = await api.make()
    stream = follow_all(api.parts.watch, "local")
    assert await list_snapshots(stream, 1) == {first}
    told = asyncio.create_task(list_snapshots(stream, 1))
    monkeypatch.setattr(Videos, "read_views", read_later)
    made = await api.make()
    async with asyncio.timeout(5):
        assert await told == {made}
    assert calls == [[made]]
    await stream.aclose()


async def test_a_video_that_is_found_before_it_is_complete_is_told_of_all_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row is there, and its view not yet: on another replica, or here for a moment."""
    open_, find, seen = Gate.open, Videos.find_touched, asyncio.Event()

    async def wait(gate: Gate, *given: Any) -> None:
        await seen.wait()
        await open_(gate, *given)

    async def look(videos: Videos, *given: Any) -> dict[str, int]:
        found = await find(videos, *given)
        looks.append(found)
        if sum(len(each) > 1 for each in looks) > 2:  # by then what was found was read twice
            seen.set()
        return found

    looks, first = list[dict[str, int]](), await api.make()
    stream = follow_all(api.parts.watch, "local")
    assert await list_snapshots(stream, 1) == {first}
    told = asyncio.create_task(list_snapshots(stream, 1))
    monkeypatch.setattr(Gate, "open", wait)
    monkeypatch.setattr(Videos, "find_touched", look)
    async with asyncio.timeout(10):
        made = await api.make()
        assert await told == {made}
    await stream.aclose()


async def list_snapshots(stream: AsyncIterator[Said], number: int) -> set[str]:
    """The videos of so many snapshots."""
    found = set[str]()
    while len(found) < number:
        said = await anext(stream)
        found |= {said.live.video_id} if said.sort == "snapshot" else set()
    return found


async def test_no_owner_hears_of_another_s_videos(api: Api) -> None:
    made = await api.make()
    stream = follow_all(api.parts.watch, "another")
    waiting = asyncio.create_task(anext(stream))
    await api.tell([full_plan(video_id=made)])
    await asyncio.sleep(0.5)
    assert not waiting.done()
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting


# ── WebSocket ───────────────────────────────────────────────────────────────────────────────────


async def test_a_socket_says_the_same_as_the_events(api: Api) -> None:
    made = await api.make()
    async with serve(api.asgi) as [gate]:
        url = f"ws://127.0.0.1:{gate.port}/ws/videos/{made}"
        async with asyncio.timeout(10), connect(url) as socket:
            first = json.loads(await socket.recv())
            await api.tell(whole(full_plan(video_id=made)))
            said = [first, *[json.loads(text) async for text in socket]]
        assert said[0]["event"] == "snapshot"
        assert said[-1]["event"] == "completed"
        events = await heard(api, f"/v1/videos/{made}/events")
        assert said[-1]["data"] == events[-1].data
        assert said[-1]["id"] == events[-1].id
        with pytest.raises(ConnectionClosedOK):
            async with connect(f"{url}?last_event_id={said[-1]['id']}") as socket:
                await socket.recv()


async def test_a_socket_refuses_strangers_and_pages_of_other_sites(api: Api) -> None:
    made = await api.make()
    async with serve(api.asgi) as [gate]:
        here = f"ws://127.0.0.1:{gate.port}/ws/videos"
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{here}/none")
        assert refused.value.response.status_code == 404
        assert json.loads(refused.value.response.body)["type"].endswith("no-such-video")
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{here}/{made}", origin=Origin("http://evil.example"))
        assert refused.value.response.status_code == 403


async def test_closing_ends_sockets_too(api: Api) -> None:
    made = await api.make()
    async with (
        serve(api.asgi) as [gate],
        connect(f"ws://127.0.0.1:{gate.port}/ws/videos/{made}") as socket,
    ):
        await socket.recv()
        api.parts.watch.close()
        async with asyncio.timeout(5):
            assert [text async for text in socket] == []


# ── replicas ────────────────────────────────────────────────────────────────────────────────────


async def watch_to_the_end(
    port: int, video: str, began: asyncio.Event
) -> tuple[list[Event], float]:
    """Follow a video as a browser does: it comes again, with the last id, until it hears the end.

    Return what it heard, and how long after it last came again the end came: 0 if it had not to.
    """
    clock, last, told = asyncio.get_running_loop().time, "", list[Event]()
    headers = {"Host": "localhost"}
    async with httpx.AsyncClient(timeout=10, verify=False) as client:  # no certificates to load
        while True:
            came = clock() if last else None
            with suppress(httpx.HTTPError):
                known = {**headers, "Last-Event-ID": last} if last else headers
                url = f"http://127.0.0.1:{port}/v1/videos/{video}/events"
                async with client.stream("GET", url, headers=known) as answer:
                    async for event in read_events(answer):
                        told.append(event)
                        last = event.id
                        began.set()
                        if event.sort == "completed":
                            return told, clock() - came if came else 0.0
            await asyncio.sleep(0.05)


async def test_a_gateway_that_dies_amid_fifty_watchers_costs_none_of_them_the_end(
    api: Api,
) -> None:
    made = await api.make()
    other, watch = second_replica(api)
    plan = full_plan(video_id=made)
    story = whole(plan)
    async with (
        serve(api.asgi, other) as [first, second],
        round_robin([first.port, second.port]) as port,
    ):
        began = [asyncio.Event() for _ in range(50)]
        watchers = [asyncio.create_task(watch_to_the_end(port, made, each)) for each in began]
        async with asyncio.timeout(10):
            await asyncio.gather(*(each.wait() for each in began))
        await api.tell(story[: len(story) // 2])
        first.kill()
        await api.tell(story[len(story) // 2 :])
        async with asyncio.timeout(20):
            ended = await asyncio.gather(*watchers)
    watch.close()
    assert sum(seconds > 0 for _, seconds in ended) >= 20, "those of the first had to come again"
    for events, seconds in ended:
        assert seconds < 5
        percents = [event.data["percent"] for event in events]
        assert percents == sorted(percents), "percent never goes back, whoever tells it"
        assert events[-1].sort == "completed"
    assert completed(plan).rev == 1
