"""Sounds as MP3, pictures and the end card as PNG: how they are asked for, and made once."""

import asyncio
from io import BytesIO
from pathlib import Path

import av
import pytest
from PIL import Image

from services.gateway.filetypes import choose_format
from services.stitcher.draw.card import CardSpec, draw_end_card
from shared.media.sound import write_wav
from shared.story.errors import BadInput
from shared.story.formats import Canvas
from shared.story.kinds import IMAGE, VOICE
from tests.gateway.conftest import Api
from tests.gateway.test_http import is_problem
from tests.gateway.test_making import at, planned, store_job
from tests.histories import full_plan, segments, spec
from tests.media.samples import tone
from tests.pictures import encoded


async def voiced(api: Api, tmp_path: Path) -> str:
    """The address of a voice of a second."""
    made = await planned(api, beats=1)
    write_wav(tone(1.0, 1), tmp_path / "voice.wav")
    await api.app.ports.blobs.put("voice.wav", tmp_path / "voice.wav")
    await store_job(api, spec(made, VOICE), "voice.wav")
    return at(made, "assets/voice/0/0/0/key")


async def test_a_voice_is_had_as_mp3_and_as_it_is(api: Api, tmp_path: Path) -> None:
    path = await voiced(api, tmp_path)
    plain = await api.http.get(path)
    assert (plain.headers["content-type"], plain.headers["vary"]) == ("audio/wav", "Accept")
    made = await api.http.get(path, params={"format": "mp3"})
    assert made.headers["content-type"] == "audio/mpeg"
    assert made.headers["content-disposition"].endswith('.mp3"')
    with av.open(BytesIO(made.content)) as heard:
        assert (heard.streams.audio[0].rate, heard.streams.audio[0].codec_context.bit_rate) == (
            44_100, 128_000,
        )  # fmt: skip
    by_accept = await api.http.get(path, headers={"accept": "audio/mpeg, audio/wav;q=0.5"})
    assert by_accept.content == made.content
    part = await api.http.get(path, params={"format": "mp3"}, headers={"range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, made.content[:10])


async def test_it_is_made_once_whoever_asks_at_the_same_time(api: Api, tmp_path: Path) -> None:
    path = await voiced(api, tmp_path)
    made = list[str]()
    run = api.parts.renditions.pool.run

    async def count(*args: object, **known: object) -> object:
        made.append(str(args[0]))
        return await run(*args, **known)  # type: ignore[arg-type]

    object.__setattr__(api.parts.renditions.pool, "run", count)
    answers = await asyncio.gather(*(api.http.get(f"{path}?format=mp3") for _ in range(5)))
    assert len({answer.content for answer in answers}) == 1
    assert (await api.http.get(f"{path}?format=mp3")).status_code == 200
    assert len(made) == 1


async def test_an_image_is_had_as_png(api: Api) -> None:
    made = await planned(api, beats=1)
    picture = encoded(Image.new("RGB", (90, 160), (1, 2, 3)), "JPEG")
    await api.app.ports.blobs.put("a.jpg", picture)
    await store_job(api, spec(made, IMAGE), "a.jpg")
    path = at(made, "assets/image/0/0/0/key")
    assert (await api.http.get(path)).content == picture
    answer = await api.http.get(path, params={"format": "png"})
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(answer.content)).size == (90, 160)
    listed = (await api.http.get(at(made, "assets"))).json()["assets"]
    assert [each["formats"] for each in listed if each["kind"] == "image"] == [["png"]]


async def test_a_format_that_a_file_can_not_have_is_refused(api: Api, tmp_path: Path) -> None:
    path = await voiced(api, tmp_path)
    for format_ in ("png", "flac"):
        problem = is_problem(await api.http.get(f"{path}?format={format_}"), 422, "bad-input")
        assert problem["errors"][0]["field"] == "format"


async def test_bytes_that_are_no_sound_are_told_as_such(api: Api) -> None:
    made = await planned(api, beats=1)
    await api.app.ports.blobs.put("bad.wav", b"no sound")
    await store_job(api, spec(made, VOICE), "bad.wav")
    path = at(made, "assets/voice/0/0/0/key")
    assert (await api.http.get(path)).content == b"no sound"
    is_problem(await api.http.get(f"{path}?format=mp3"), 404, "no-such-part")


async def test_the_finished_card_is_had_as_png(api: Api, tmp_path: Path) -> None:
    video = await api.make()
    made = full_plan(video_id=video)
    is_problem(await api.http.get(f"/v1/videos/{video}/card.png"), 404, "no-such-part")
    draw_end_card(CardSpec(tmp_path / "card.mp4", Canvas(180, 320), 30, "bold", "Hello", "Go"))
    card = segments(made)[-1]
    await api.app.ports.blobs.put(card.key, tmp_path / "card.mp4")
    await api.tell([made, *segments(made)])
    link = (await api.http.get(f"/v1/videos/{video}")).json()["links"]["card"]
    answer = await api.http.get(link)
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(answer.content)).size == (180, 320)


@pytest.mark.parametrize(
    ("key", "asked", "accept", "given"),
    [
        ("a.wav", None, "", None),
        ("a.wav", None, "*/*", None),
        ("a.wav", None, "audio/mpeg", "mp3"),
        ("a.wav", None, "audio/*;q=0.8, audio/mpeg", "mp3"),
        ("a.wav", None, "audio/wav, audio/mpeg;q=0.9", None),
        ("a.wav", None, "audio/mpeg;q=x", None),
        ("a.mp3", None, "audio/mpeg", None),
        ("a.mp3", "mp3", "", "mp3"),
        ("a.png", "png", "", None),
        ("a.webp", None, "image/png", "png"),
        ("a.mp4", None, "image/png", None),
    ],
)
def test_the_address_counts_first_and_then_what_the_client_accepts(
    key: str, asked: str | None, accept: str, given: str | None
) -> None:
    assert choose_format(key, asked, accept) == given


def test_a_film_has_no_other_format() -> None:
    with pytest.raises(BadInput):
        choose_format("a.mp4", "png", "")
