"""OpenAI's own client, unchanged, against the API in the shape of theirs."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from services.gateway.keys.caller import Role
from services.gateway.openai.requests import VideoCreate, read_size
from shared.story.events import VideoRequested
from tests.gateway.conftest import Api, open_api
from tests.gateway.serving import serve
from tests.histories import completed, full_plan, whole
from tests.pictures import noise

# Theirs has been shut down, and their client says so; others serve this shape, as we do.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


@pytest.fixture
async def keyed(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path, needs_key=True) as api:
        yield api


@pytest.fixture
async def client(keyed: Api) -> AsyncIterator[AsyncOpenAI]:
    async with serve(keyed.asgi) as [gate], await reach(keyed, gate.port, "ann") as one:
        yield one


async def reach(api: Api, port: int, owner: str) -> AsyncOpenAI:
    token = (await api.parts.keys.make(owner, Role.PAYER)).token
    url = f"http://127.0.0.1:{port}/openai/v1"
    return AsyncOpenAI(api_key=token, base_url=url, max_retries=0)


async def find_brief(api: Api, video: str, owner: str = "ann"):  # type: ignore[no-untyped-def]
    request = (await api.parts.videos.find(video, owner)).one(VideoRequested)
    assert request
    return request.brief


async def finish(api: Api, video: str) -> None:
    plan = full_plan(video_id=video)
    await api.tell(whole(plan))
    done = completed(plan)
    await api.app.ports.blobs.put(done.key, b"the film")
    await api.app.ports.blobs.put(done.poster_key, b"the poster")


async def test_a_video_is_made_shown_polled_and_downloaded(keyed: Api, client: AsyncOpenAI) -> None:
    made = await client.videos.create(
        prompt="the sea", model="sora-2", seconds="8", size="1280x720"
    )
    assert (made.object, made.status, made.model) == ("video", "queued", "sora-2")
    assert (made.prompt, made.seconds, made.size) == ("the sea", "8", "1280x720")
    brief = await find_brief(keyed, made.id)
    assert (brief.duration, brief.aspect, brief.end_card) == (8, "16:9", None)
    with pytest.raises(openai.ConflictError, match="Its files are there once it is completed"):
        await client.videos.download_content(made.id)
    await finish(keyed, made.id)
    shown = await client.videos.poll(made.id)
    assert (shown.status, shown.progress, shown.error) == ("completed", 100, None)
    assert (await client.videos.download_content(made.id)).content == b"the film"
    poster = await client.videos.download_content(made.id, variant="thumbnail")
    assert poster.content == b"the poster"


@pytest.mark.parametrize("seconds", ["4", "8", "12", "30"])
async def test_each_length_of_theirs_is_taken(
    keyed: Api, client: AsyncOpenAI, seconds: str
) -> None:
    made = await client.videos.create(prompt="the sea", seconds=seconds)  # type: ignore[arg-type]
    assert (await find_brief(keyed, made.id)).duration == float(seconds)


@pytest.mark.parametrize(
    ("size", "meant"),
    [
        ("720x1280", ("9:16", "draft")),
        ("1280x720", ("16:9", "draft")),
        ("1024x1792", ("9:16", "full")),
        ("1792x1024", ("16:9", "full")),
        ("1080x1080", ("1:1", "full")),
    ],
)
def test_a_size_is_a_shape_and_a_quality(size: str, meant: tuple[str, str]) -> None:
    assert read_size(size) == meant


@pytest.mark.parametrize(
    ("model", "tier", "clip"),
    [
        ("sora-2", "standard", None),
        ("sora-2-pro-2025-10-06", "best", None),
        ("google/veo-3.1", None, "google/veo-3.1"),
        ("another", None, None),
    ],
)
def test_a_model_of_theirs_is_a_tier_and_one_of_ours_makes_the_clips(
    model: str, tier: str | None, clip: str | None
) -> None:
    asked = VideoCreate(prompt="the sea", model=model).build()
    assert (asked.tier, asked.models.clip) == (tier, clip)


async def test_a_picture_is_what_the_video_begins_with(keyed: Api, client: AsyncOpenAI) -> None:
    picture = io.BytesIO(noise((300, 300), "PNG"))
    made = await client.videos.create(
        prompt="the sea", input_reference=("start.png", picture, "image/png")
    )
    [own] = (await find_brief(keyed, made.id)).own
    assert own.index == 0 and own.image
    with pytest.raises(openai.UnprocessableEntityError, match="give"):
        await client.videos.create(prompt="the sea", input_reference=("a.png", b"no picture"))


async def test_a_request_in_json_is_taken_with_a_picture_in_it(keyed: Api) -> None:
    from base64 import b64encode

    token = (await keyed.parts.keys.make("ann", Role.PAYER)).token
    keyed.http.headers["authorization"] = f"Bearer {token}"
    url = f"data:image/png;base64,{b64encode(noise((300, 300), 'PNG')).decode()}"
    asked = {"prompt": "the sea", "seconds": 8, "input_reference": {"image_url": url}}
    answer = await keyed.http.post("/openai/v1/videos", json=asked)
    assert answer.status_code == 200, answer.text
    assert (await find_brief(keyed, answer.json()["id"])).own[0].image


async def test_videos_are_listed_page_by_page_in_both_orders(client: AsyncOpenAI) -> None:
    made = [(await client.videos.create(prompt=f"sea {n}")).id for n in range(5)]
    newest = [video.id async for video in client.videos.list(limit=2)]
    assert newest == made[::-1]
    oldest = [video.id async for video in client.videos.list(limit=2, order="asc")]
    assert oldest == made
    with pytest.raises(openai.NotFoundError):
        await client.videos.list(after="nothing")


async def test_a_remix_is_the_same_brief_with_another_prompt(
    keyed: Api, client: AsyncOpenAI
) -> None:
    picture = ("start.png", io.BytesIO(noise((300, 300), "PNG")), "image/png")
    source = await client.videos.create(
        prompt="the sea", seconds="12", size="1792x1024", input_reference=picture
    )
    remix = await client.videos.remix(source.id, prompt="a hill")
    assert (remix.remixed_from_video_id, remix.prompt) == (source.id, "a hill")
    first, second = [await find_brief(keyed, each.id) for each in (source, remix)]
    assert second.model_copy(update={"prompt": first.prompt}) == first


async def test_a_video_of_our_own_is_seen_and_remixed_too(keyed: Api, client: AsyncOpenAI) -> None:
    headers = {"authorization": f"Bearer {client.api_key}"}
    made = await keyed.make(headers, prompt="a lighthouse", duration=30)
    assert (await client.videos.retrieve(made)).model == "storywave"
    remix = await client.videos.remix(made, prompt="a hill")
    brief = await find_brief(keyed, remix.id)
    assert brief.end_card is not None and brief.captions == "karaoke"


async def test_how_a_video_ends_is_told_in_their_words(keyed: Api, client: AsyncOpenAI) -> None:
    made = await client.videos.create(prompt="the sea")
    headers = {"authorization": f"Bearer {client.api_key}"}
    await keyed.http.post(f"/v1/videos/{made.id}/pause", headers=headers)
    assert (await client.videos.retrieve(made.id)).status == "in_progress"
    await keyed.http.post(f"/v1/videos/{made.id}/cancel", headers=headers)
    shown = await client.videos.retrieve(made.id)
    assert shown.status == "failed" and shown.error and shown.error.code == "cancelled"


async def test_errors_have_their_shape(keyed: Api, client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        await client.videos.retrieve("nothing")
    assert missing.value.code == "no_such_video"
    with pytest.raises(openai.UnprocessableEntityError) as wrong:
        await client.videos.create(prompt="the sea", seconds="3")  # type: ignore[arg-type]
    assert wrong.value.param == "seconds"
    wrong_key = {"Authorization": "Bearer sw_x_y"}
    with pytest.raises(openai.AuthenticationError) as nobody:
        await client.videos.retrieve("nothing", extra_headers=wrong_key)
    assert nobody.value.code == "invalid_api_key"


async def test_where_no_key_is_needed_a_filler_does_and_a_key_of_ours_counts(api: Api) -> None:
    """Their clients can't ask without a key: people write anything."""
    async with serve(api.asgi) as [gate]:
        url = f"http://127.0.0.1:{gate.port}/openai/v1"
        async with AsyncOpenAI(api_key="sk-none", base_url=url) as filler:
            made = await filler.videos.create(prompt="the sea")
        assert made.status == "queued"
        async with AsyncOpenAI(api_key="sw_x_y", base_url=url) as ours:
            with pytest.raises(openai.AuthenticationError):
                await ours.videos.retrieve(made.id)


async def test_where_a_key_is_needed_a_filler_is_none(keyed: Api) -> None:
    async with serve(keyed.asgi) as [gate]:
        url = f"http://127.0.0.1:{gate.port}/openai/v1"
        async with AsyncOpenAI(api_key="sk-none", base_url=url) as filler:
            with pytest.raises(openai.AuthenticationError):
                await filler.videos.create(prompt="the sea")


async def test_what_no_video_can_be_of_is_refused_and_no_fault(client: AsyncOpenAI) -> None:
    made = await client.videos.create(prompt="the sea")
    for prompt in ("%PDF-1.4 of something", "\u2063\u2063"):
        with pytest.raises(openai.UnprocessableEntityError, match="prompt"):
            await client.videos.create(prompt=prompt)
        with pytest.raises(openai.UnprocessableEntityError, match="prompt"):
            await client.videos.remix(made.id, prompt=prompt)


async def test_one_owner_sees_nothing_of_another(keyed: Api) -> None:
    async with (
        serve(keyed.asgi) as [gate],
        await reach(keyed, gate.port, "ann") as ann,
        await reach(keyed, gate.port, "bob") as bob,
    ):
        made = await ann.videos.create(prompt="the sea")
        assert [video async for video in bob.videos.list()] == []
        for ask in (bob.videos.retrieve, bob.videos.download_content, bob.videos.delete):
            with pytest.raises(openai.NotFoundError):
                await ask(made.id)
        with pytest.raises(openai.NotFoundError):
            await bob.videos.remix(made.id, prompt="a hill")
        with pytest.raises(openai.NotFoundError):
            await bob.videos.list(after=made.id)


async def test_a_key_makes_a_repetition_the_same_video(client: AsyncOpenAI) -> None:
    key = {"Idempotency-Key": "k"}
    made = [await client.videos.create(prompt="the sea", extra_headers=key) for _ in range(2)]
    assert made[0].id == made[1].id


async def test_a_remix_is_repeated_under_its_key_when_its_source_is_gone(
    client: AsyncOpenAI,
) -> None:
    key = {"Idempotency-Key": "k"}
    source = await client.videos.create(prompt="the sea")
    made = await client.videos.remix(source.id, prompt="a hill", extra_headers=key)
    await client.videos.delete(source.id)
    again = await client.videos.remix(source.id, prompt="a hill", extra_headers=key)
    assert again.id == made.id
    with pytest.raises(openai.UnprocessableEntityError) as other:
        await client.videos.remix(source.id, prompt="a tree", extra_headers=key)
    assert other.value.code == "idempotency_key_reused"


async def test_nothing_but_json_and_forms_is_taken(keyed: Api, client: AsyncOpenAI) -> None:
    headers = {"authorization": f"Bearer {client.api_key}", "content-type": "text/plain"}
    answer: httpx.Response = await keyed.http.post(
        "/openai/v1/videos", content=b"x", headers=headers
    )
    assert answer.status_code == 415
    assert answer.json()["error"]["type"] == "invalid_request_error"
