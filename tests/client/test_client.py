"""The client against a real server: what it makes, sees, follows and downloads."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from services.gateway.app import openapi
from services.gateway.keys.caller import Role
from shared.client import (
    ApiKey,
    Client,
    Message,
    NoServer,
    NotStorywave,
    Offer,
    Receipt,
    Refused,
    Timeline,
    Video,
    VideoFields,
)
from shared.client.models import Answer, Bar, News, Row, Stage
from shared.client.stream import Readers
from tests.client.conftest import open_client
from tests.gateway.conftest import Api, open_api
from tests.gateway.serving import Gate, serve
from tests.histories import full_plan, whole


async def test_a_video_is_asked_for_shown_listed_and_steered(client: Client) -> None:
    made = await client.submit(prompt="the sea", duration=10, metadata={"order": "A-17"})
    assert (made.status, made.request.prompt, made.metadata) == (
        "queued",
        "the sea",
        {"order": "A-17"},
    )
    assert (await client.pause(made.id)).status == "paused"
    assert (await client.resume(made.id)).status == "queued"
    assert (await client.cancel(made.id)).status == "cancelled"
    second = await client.submit(prompt="a hill")
    assert [video.id async for video in client.list_videos()] == [second.id, made.id]
    assert (await client.list_page(limit=1)).next


async def test_the_same_key_is_the_same_video(client: Client) -> None:
    first = await client.submit(prompt="the sea", idempotency_key="k")
    assert (await client.submit(prompt="the sea", idempotency_key="k")).id == first.id
    with pytest.raises(Refused, match="Idempotency-Key was used with another request") as refused:
        await client.submit(prompt="a hill", idempotency_key="k")
    assert (refused.value.status, refused.value.code) == (422, "idempotency-key-reused")


async def test_a_refusal_is_told_in_the_servers_own_words(client: Client) -> None:
    with pytest.raises(Refused, match="duration: give 5 to 180 seconds"):
        await client.submit(prompt="the sea", duration=4)
    with pytest.raises(Refused, match=r"There is no video 'no such\?x#y'"):
        await client.show("no such?x#y")


async def test_what_a_video_would_cost_has_cost_and_who_made_it(client: Client) -> None:
    offer = await client.estimate(prompt="the sea")
    assert (offer.total, offer.is_within_budget) == ("0.00", True)
    made = await client.submit(prompt="the sea", budget="2.50")
    receipt = await client.read_receipt(made.id)
    assert (receipt.video_id, receipt.paid, receipt.cap) == (made.id, "0.00", "2.50")
    assert (await client.change_budget(made.id, "3.00")).budget == "3.00"
    assert (await client.read_timeline(made.id)).video_id == made.id


async def test_a_file_is_uploaded_bit_by_bit(client: Client, tmp_path: Path) -> None:
    script = tmp_path / "film.fountain"
    script.write_text("INT. HALL - DAY\n\nADA\nYes, it is I.\n" * 9)
    kept = await client.upload(script, "text/x-fountain")
    assert (await client.submit(script=kept.id)).status == "queued"


async def test_one_owner_sees_nothing_of_another(tmp_path: Path) -> None:
    async with open_api(tmp_path, needs_key=True) as api, serve(api.asgi) as [gate]:
        tokens = [(await api.parts.keys.make(owner, Role.MAKER)).token for owner in ("ann", "bob")]
        async with (
            open_client(gate.port, tokens[0]) as ann,
            open_client(gate.port, tokens[1]) as bob,
        ):
            made = await ann.submit(prompt="the sea")
            assert [video async for video in bob.list_videos()] == []
            for ask in (bob.show, bob.cancel, bob.read_receipt, bob.read_timeline):
                with pytest.raises(Refused) as refused:
                    await ask(made.id)
                assert refused.value.status == 404
            with pytest.raises(Refused):
                await anext(bob.follow(made.id))
            # with one key of both, they are still two videos
            assert (await bob.submit(prompt="the sea", idempotency_key="k")).id != (
                await ann.submit(prompt="the sea", idempotency_key="k")
            ).id
        async with open_client(gate.port) as nobody:
            with pytest.raises(Refused, match="This needs an API key"):
                await nobody.list_page()


async def test_keys_are_made_listed_rotated_and_revoked(client: Client) -> None:
    made = await client.make_key("acme", "payer", name="shop", spend_a_day="20.00")
    assert made.token.startswith("sw_")
    assert [(key.id, key.token) for key in await client.list_keys()] == [(made.id, "")]
    assert (await client.rotate_key(made.id)).token != made.token
    assert (await client.revoke_key(made.id)).revoked_at


# ── following ───────────────────────────────────────────────────────────────────────────────────


async def hear(client: Client, video: str, heard: list[Message]) -> None:
    async for message in client.follow(video):
        heard.append(message)  # noqa: PERF401  # the test looks at it while it grows


async def finish(api: Api, video: str) -> None:
    plan = full_plan(video_id=video)
    now = {"at": api.app.ports.store.now()}
    await api.tell([fact.model_copy(update=now) for fact in whole(plan)])


async def wait_for(heard: list[Message]) -> None:
    async with asyncio.timeout(10):
        while not heard:
            await asyncio.sleep(0.01)


async def test_a_video_is_followed_to_its_end(api: Api, client: Client) -> None:
    made, heard = await client.submit(prompt="the sea"), list[Message]()
    following = asyncio.create_task(hear(client, made.id, heard))
    await wait_for(heard)
    await finish(api, made.id)
    await asyncio.wait_for(following, 10)
    assert (heard[0].event, heard[-1].event) == ("snapshot", "completed")
    assert "images 3/3" in [message.data.message for message in heard]
    assert (await client.wait(made.id)).has_ended


async def leave_early(port: int, video: str) -> None:
    async with open_client(port) as client:
        async for _ in client.follow(video):
            return


async def test_who_leaves_early_leaves_no_trace(
    client: Client, gate: Gate, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    made = await client.submit(prompt="the sea")
    for _ in range(5):  # each in a loop that ends at once
        await asyncio.to_thread(lambda: asyncio.run(leave_early(gate.port, made.id)))
    assert [each for each in caplog.records if each.name == "asyncio"] == []
    assert capsys.readouterr().err == ""


async def test_what_is_left_early_is_closed_by_the_next_follower_or_with_the_client() -> None:
    closed = list[int]()

    async def tell(n: int) -> AsyncGenerator[Message, None]:
        try:
            yield Message(event="progress", data=News(video_id="v"))
        finally:
            closed.append(n)

    readers = Readers()
    kept, left = readers.open(tell(0)), readers.open(tell(1))
    assert await anext(kept) == await anext(left)
    del left
    await readers.close_left()
    assert closed == [1]
    await readers.close()
    assert closed == [1, 0]


async def test_a_follower_outlives_a_gateway_that_is_killed_and_restarted(
    api: Api, client: Client, gate: Gate
) -> None:
    made, heard = await client.submit(prompt="the sea"), list[Message]()
    following = asyncio.create_task(hear(client, made.id, heard))
    await wait_for(heard)
    gate.kill()
    await finish(api, made.id)  # while nobody answers
    await asyncio.sleep(0.3)  # the client has come again meanwhile, and found nobody
    restarted = Gate(api.asgi, gate.port)
    try:
        await asyncio.wait_for(following, 10)
    finally:
        await restarted.close()
    assert heard[-1].event == "completed"
    assert len([message for message in heard if message.is_last]) == 1


async def test_where_no_stream_can_be_had_it_asks_instead(api: Api) -> None:
    async def without_streams(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        if scope["type"] == "http" and scope["path"].endswith("/events"):
            scope = {**scope, "path": "/v1/nothing", "raw_path": b"/v1/nothing"}
        await api.asgi(scope, receive, send)

    async with serve(without_streams) as [gate], open_client(gate.port) as client:
        made, heard = await client.submit(prompt="the sea"), list[Message]()
        await finish(api, made.id)
        with pytest.raises(Refused):  # a 404 is no trouble on the way
            await hear(client, made.id, heard)

    async def as_a_bad_proxy(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        if scope["type"] == "http" and scope["path"].endswith("/events"):
            await send({"type": "http.response.start", "status": 406, "headers": []})
            await send({"type": "http.response.body", "body": b"<html>no</html>"})
        else:
            await api.asgi(scope, receive, send)

    async with serve(as_a_bad_proxy) as [gate], open_client(gate.port) as client:
        made = await client.submit(prompt="a hill")
        following = asyncio.create_task(hear(client, made.id, heard))
        await wait_for(heard)
        await finish(api, made.id)
        await asyncio.wait_for(following, 10)
    assert (heard[0].event, heard[-1].event) == ("progress", "completed")


async def test_a_video_that_waits_for_a_person_is_waited_for_no_longer(client: Client) -> None:
    made = await client.submit(prompt="the sea")
    await client.pause(made.id)
    assert (await asyncio.wait_for(client.wait(made.id), 10)).status == "paused"


# ── an address with a mistake in it ─────────────────────────────────────────────────────────────


async def test_where_nobody_is_that_is_told_at_once(gate: Gate) -> None:
    gate.kill()
    async with asyncio.timeout(5):
        async with open_client(gate.port, patience=60) as client:
            with pytest.raises(NoServer, match="nothing answers at http"):
                await client.show("x")
            with pytest.raises(NoServer):
                await anext(client.follow("x"))


async def test_something_else_is_not_taken_for_a_server() -> None:
    async def other(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"<html>hello</html>"})

    async with serve(other) as [gate], open_client(gate.port) as client:
        with pytest.raises(NotStorywave, match="is no Storywave"):
            await client.show("x")


# ── what it knows of the API is there ───────────────────────────────────────────────────────────

SHAPES: dict[str, type[Answer]] = {
    "VideoStatus": Video,
    "StageRecord": Stage,
    "Live": News,
    "Offer": Offer,
    "Receipt": Receipt,
    "Row": Row,
    "Timeline": Timeline,
    "Bar": Bar,
    "NewApiKey": ApiKey,
}


@pytest.mark.parametrize("name", SHAPES)
def test_each_field_that_it_reads_is_in_the_description_of_the_api(name: str) -> None:
    described = openapi()["components"]["schemas"][name]["properties"]
    assert SHAPES[name].model_fields.keys() <= described.keys()


def test_each_field_that_may_be_asked_for_is_in_the_description_of_the_api() -> None:
    described = openapi()["components"]["schemas"]["VideoRequest"]["properties"]
    assert VideoFields.__annotations__.keys() <= described.keys()
