"""Files of users over HTTP: known by their content, kept for their owner, refused with advice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.gateway.download import Downloads
from services.gateway.errors.problems import TooManyUploads
from services.gateway.intake import REQUESTS
from services.gateway.routes.inputs import find_owner
from services.gateway.uploads import MOST_AT_ONCE, MOST_OF_ONE
from shared.media.sound import write_wav
from shared.story.images import UPLOADS, image_key
from shared.story.own import find_given
from shared.story.shape import expect_plan
from tests.gateway.conftest import Api
from tests.gateway.test_addresses import OK, Server, served
from tests.gateway.test_http import is_problem
from tests.media.samples import Shape, tone, write_clip
from tests.pictures import product

BYTES = {"content-type": "application/octet-stream"}
FILM = Shape(frames=60, sound_seconds=2.0)


@pytest.fixture
def clip(tmp_path: Path) -> bytes:
    return write_clip(tmp_path, FILM).read_bytes()


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    path = tmp_path / "sound.wav"
    write_wav(tone(1.5, 1), path)
    return path.read_bytes()


async def give(api: Api, data: bytes) -> dict[str, object]:
    answer = await api.http.post("/v1/uploads", content=data, headers=BYTES)
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


async def test_one_route_knows_what_it_is_given(api: Api, clip: bytes, sound: bytes) -> None:
    film = await give(api, clip)
    known = {name: film[name] for name in ("kind", "width", "height", "has_sound")}
    assert known == {"kind": "clip", "width": 96, "height": 160, "has_sound": True}
    assert film["seconds"] == pytest.approx(2.0, abs=0.05)
    voice = await give(api, sound)
    assert (voice["kind"], voice["seconds"], voice["width"]) == ("sound", 1.5, 0)
    picture = await give(api, product((300, 200)))
    assert (picture["kind"], picture["width"]) == ("image", 300)
    script = await give(api, b"INT. HOUSE - DAY\n\nANN\nI wait.")
    assert (script["kind"], script["scenes"], script["characters"]) == ("script", 1, 1)
    shown = await api.http.get(f"/v1/uploads/{script['id']}")
    assert (shown.status_code, shown.text[:4]) == (200, "INT.")
    assert len(await api.app.ports.blobs.keys(UPLOADS)) == 4
    assert list(api.app.folder.glob("upload-*")) == [], "nothing is left where it was looked at"


async def test_a_file_is_kept_once_and_sent_to_its_owner_alone(api: Api, clip: bytes) -> None:
    first = await give(api, clip)
    assert await give(api, clip) == first
    where = f"/v1/uploads/{first['id']}"
    shown = await api.http.get(where)
    assert (shown.content, shown.headers["content-type"]) == (clip, "video/mp4")
    part = await api.http.get(where, headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    api.asgi.dependency_overrides[find_owner] = lambda: "bob"
    is_problem(await api.http.get(where), 404, "no-such-upload")


async def test_a_picture_is_the_same_by_either_route(api: Api) -> None:
    answer = await api.http.post(
        "/v1/images", content=product(), headers={"content-type": "image/png"}
    )
    assert (await give(api, product()))["id"] == answer.json()["id"]


HALF = slice(None, 900)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("empty", "empty"),
        ("cut off", "give a clip, a sound, an image or a script"),
        ("noise", "give a clip, a sound, an image or a script"),
        ("markup", "Final Draft"),
        ("entities", "entities"),
        ("silence", "nothing is heard"),
        ("long", "cut it to 180 s"),
        ("still", "a picture, not a clip"),
        ("broken picture", "give all of it"),
    ],
)
async def test_what_can_not_be_used_is_refused_and_nothing_is_kept(
    api: Api, tmp_path: Path, clip: bytes, name: str, advice: str
) -> None:
    write_wav(tone(1.0, 1, level=0.0), tmp_path / "silence.wav")
    slow = Shape(frames=190, fps=1, width=32, height=32)
    files = {
        "empty": b"",
        "cut off": clip[:900],
        "noise": bytes(range(256)) * 8,
        "markup": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "entities": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><FinalDraft/>",
        "silence": (tmp_path / "silence.wav").read_bytes(),
        "long": write_clip(tmp_path, slow, "long").read_bytes(),
        "still": write_clip(tmp_path, Shape(frames=1), "still").read_bytes(),
        "broken picture": product()[:200],
    }
    answer = await api.http.post("/v1/uploads", content=files[name], headers=BYTES)
    detail = is_problem(answer, 422, "bad-input")["detail"]
    assert advice in detail and "upload-" not in detail
    assert await api.app.ports.blobs.keys(UPLOADS) == []
    assert list(api.app.folder.glob("upload-*")) == []


@pytest.mark.parametrize("said", [None, "text/plain", "multipart/form-data", "text/html", "x"])
async def test_a_file_comes_with_a_type_that_no_form_can_send(api: Api, said: str | None) -> None:
    headers = {} if said is None else {"content-type": said}
    answer = await api.http.post("/v1/uploads", content=b"words", headers=headers)
    assert "application/octet-stream" in is_problem(answer, 415, "wrong-content-type")["detail"]


async def test_more_uploads_at_once_than_there_is_room_for_are_put_off(api: Api) -> None:
    api.parts.uploads.under_way.update({f"owner {n}": 1 for n in range(MOST_AT_ONCE)})
    answer = await api.http.post("/v1/uploads", content=b"words", headers=BYTES)
    is_problem(answer, 503, "too-many-uploads")
    assert answer.headers["retry-after"]


async def test_one_owner_whose_uploads_hang_leaves_room_for_others(api: Api) -> None:
    never, uploads = asyncio.Event(), api.parts.uploads

    async def drip() -> AsyncIterator[bytes]:
        yield b"slow"
        await never.wait()

    anns = [asyncio.create_task(uploads.take(drip(), "ann")) for _ in range(MOST_AT_ONCE)]
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        assert (await give(api, b"INT. HOUSE - DAY\n\nANN\nI wait."))["kind"] == "script"
    for task in anns:
        task.cancel()
    ends = await asyncio.gather(*anns, return_exceptions=True)
    refused = [end for end in ends if isinstance(end, TooManyUploads)]
    assert len(refused) == MOST_AT_ONCE - MOST_OF_ONE
    assert not uploads.under_way and list(api.app.folder.glob("upload-*")) == []


# ── by URL ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_url_is_fetched_once_and_kept_like_a_file(api: Api, clip: bytes) -> None:
    api.parts.uploads.downloads = Downloads(loopback=True)
    async with served(Server(OK, clip)) as server:
        link = {"url": f"http://127.0.0.1:{server.port}/film.mp4"}
        answer = await api.http.post("/v1/uploads", json=link)
    assert answer.status_code == 201, answer.text
    assert answer.json() == await give(api, clip)
    assert len(server.heads) == 1


async def test_a_url_to_this_machine_is_refused_where_nothing_else_is_set(api: Api) -> None:
    async with served(Server(OK, b"secret")) as server:
        for host in ("localhost", "127.0.0.1", "[::1]", "2130706433"):
            link = {"url": f"http://{host}:{server.port}/"}
            answer = await api.http.post("/v1/uploads", json=link)
            assert is_problem(answer, 422, "bad-input")["errors"][0]["field"] == "url"
    assert server.heads == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"url": 3}', b'{"uri": "x"}', b'"x"'])
async def test_a_body_that_names_no_url_is_refused(api: Api, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await api.http.post("/v1/uploads", content=body, headers=headers)
    is_problem(answer, 422, "bad-input")


# ── for the beats of a video ────────────────────────────────────────────────────────────────────


async def test_a_video_is_accepted_with_files_that_nothing_removes(api: Api, clip: bytes) -> None:
    id_ = str((await give(api, clip))["id"])
    made = await api.make(duration=10, beats=[{"index": 0, "clip": id_, "sound": "keep"}])
    assert await api.app.ports.blobs.get(image_key("local", id_)) == clip
    shown = (await api.http.get(f"/v1/videos/{made}")).json()
    assert shown["request"]["beats"][0]["clip"] == id_


@pytest.mark.parametrize(
    ("beats", "field", "advice"),
    [
        ([{"index": 0, "image": "CLIP"}], "beats.0.image", "an image is wanted"),
        ([{"index": 0, "voice": "CLIP"}], "beats.0.voice", "a sound is wanted"),
        ([{"index": 0, "clip": "IMAGE"}], "beats.0.clip", "this is not the id of a clip"),
        ([{"index": 0, "voice": "Morgan"}], "beats.0.voice", "POST /v1/uploads gives one"),
        ([{"index": 0, "clip": "CLIP", "image": "IMAGE"}], "beats.0.image", "give one"),
        ([{"index": 2}], "beats.0.index", "from 0 to 1"),
        ([{"index": 1}, {"index": 1}], "beats.1.index", "twice"),
        (
            [{"index": 0, "music": "SOUND"}, {"index": 1, "music": "SOUND"}],
            "beats.1.music",
            "one bed",
        ),
        ([{"index": 0, "image": "w" + 32 * "0"}], "beats.0.image", "POST /v1/uploads"),
        ([{"index": 0, "voice": f"s20000-{32 * '0'}.wav"}], "beats", "need"),
        ([{"index": 0, "voice": f"s2000-{32 * '0'}.wav"}], "beats.0.voice", "POST /v1/uploads"),
        ([{"index": -1}], "beats.0.index", "0 to 59"),
        ([{"index": 0, "sound": "loud"}], "beats.0.sound", "keep"),
        ([{"index": 0, "video": "x"}], "beats.0.video", "no such field"),
    ],
)
async def test_what_does_not_fit_is_refused_before_anything_is_kept(
    api: Api, clip: bytes, sound: bytes, beats: list[dict[str, object]], field: str, advice: str
) -> None:
    ids = {
        "CLIP": (await give(api, clip))["id"],
        "IMAGE": (await give(api, product()))["id"],
        "SOUND": (await give(api, sound))["id"],
    }
    named = [{name: ids.get(str(v), v) for name, v in beat.items()} for beat in beats]
    body = {"prompt": "the sea", "duration": 10, "beats": named}
    problem = is_problem(await api.http.post("/v1/videos", json=body), 422, "bad-input")
    [error] = problem["errors"]
    assert error["field"] == field and advice in error["message"], error
    assert await api.app.ports.store.find(REQUESTS, {}) == []


async def test_nobody_uses_what_another_has_given(api: Api, clip: bytes) -> None:
    id_ = (await give(api, clip))["id"]
    api.asgi.dependency_overrides[find_owner] = lambda: "bob"
    body = {"prompt": "the sea", "beats": [{"index": 0, "clip": id_}]}
    problem = is_problem(await api.http.post("/v1/videos", json=body), 422, "bad-input")
    assert "POST /v1/uploads" in problem["errors"][0]["message"]


def test_the_expected_shape_of_a_video_holds_what_was_given() -> None:
    from shared.story.brief import Brief, OwnBeat

    own = (OwnBeat(index=1, clip=f"m3000-{32 * '0'}.mp4"), OwnBeat(index=9, image="w0"))
    shape = expect_plan("v", Brief(prompt="the sea", duration=60, end_card=None, own=own))
    assert shape.given == find_given(shape.brief, shape.chunks)
    assert {item.partition("/")[0] for item in shape.given} == {"clip", "image"}
    assert len(shape.given) == 3
