"""What the stand-in for Replicate makes: real files and texts, good ones and spoilt ones."""

import base64
from io import BytesIO
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image

from tests.pictures import MAGENTA, decoded, encoded, noise, share_of
from tests.standins.caller import SCHNELL, Caller
from tests.standins.replicate import StandIn
from tests.standins.replicate.models import MODELS
from tests.standins.replicate.sound import make_voice

KLING = "kwaivgi/kling-v2.5-turbo-pro"
WAN = "wan-video/wan-2.2-i2v-fast"
TYPES = {"clip": "video/mp4", "image": "image/", "voice": "audio/", "music": "audio/"}


def frames_of(clip: bytes) -> list[Any]:
    """All pictures of a clip."""
    with av.open(BytesIO(clip), "r") as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def still(colour: tuple[int, int, int], size: tuple[int, int] = (180, 320)) -> bytes:
    """A picture with a light disc on one colour."""
    image = Image.new("RGB", size, colour)
    image.paste((240, 240, 240), (20, 40, 80, 100))
    return encoded(image)


async def test_a_clip_begins_with_its_picture_moves_and_ends_on_its_last_one(
    replicate: StandIn, caller: Caller
) -> None:
    replicate.settings.shrink = 4
    first, last = still(MAGENTA), still((20, 200, 40))
    uploaded = await caller.http.post("/v1/files", files={"content": ("a.png", first, "image/png")})
    assert uploaded.status_code == 201
    given = {
        "start_image": uploaded.json()["urls"]["get"],
        "end_image": "data:image/png;base64," + base64.b64encode(last).decode(),
    }
    shown = await caller.finish(await caller.ask(KLING, **given))
    assert shown["metrics"]["video_output_duration_seconds"] == 5
    assert replicate.runs[0].billed == 350_000
    frames = frames_of(await caller.download(shown["output"]))
    assert len(frames) == 120 and frames[0].shape == (320, 180, 3)
    begun = np.abs(frames[0].astype(int) - np.asarray(decoded(first).convert("RGB")).astype(int))
    assert begun.mean() < 8
    assert share_of((20, 200, 40), frames[-1].astype(int)) > 0.7
    assert np.abs(frames[30].astype(int) - frames[29]).mean() > 0.1


async def test_a_clip_has_the_length_size_and_sound_that_were_asked_for(
    replicate: StandIn, caller: Caller
) -> None:
    replicate.settings.shrink = 4
    data = "data:image/png;base64," + base64.b64encode(still(MAGENTA, (320, 180))).decode()
    wan = {"image": data, "num_frames": 81, "frames_per_second": 16, "resolution": "720p"}
    shown = await caller.finish(await caller.ask(WAN, **wan))
    frames = frames_of(await caller.download(shown["output"]))
    assert len(frames) == 81 and frames[0].shape == (180, 320, 3)
    sounding = []
    for with_audio in (True, False):
        given = {"duration": 4, "resolution": "720p", "generate_audio": with_audio}
        shown = await caller.finish(await caller.ask("google/veo-3.1-fast", **given))
        with av.open(BytesIO(await caller.download(shown["output"])), "r") as container:
            sounding.append(len(container.streams.audio))
            assert container.duration == pytest.approx(4_000_000, abs=60_000)
    assert sounding == [1, 0]
    assert [run.billed for run in replicate.runs] == [110_000, 600_000, 400_000]


async def test_a_reference_is_seen_in_the_picture_drawn_from_it(
    replicate: StandIn, caller: Caller
) -> None:
    data = "data:image/png;base64," + base64.b64encode(still(MAGENTA, (200, 200))).decode()
    without, drawn = [
        decoded(await caller.make("google/nano-banana", image_input=urls, aspect_ratio="1:1"))
        for urls in ([], [data])
    ]
    assert drawn.format == "JPEG" and drawn.size == (1024, 1024)
    shares = [share_of(MAGENTA, np.asarray(image).astype(int)) for image in (without, drawn)]
    assert shares[0] < 0.01 and shares[1] > 0.1


async def test_an_input_that_cant_be_had_or_read_fails_before_its_start(
    replicate: StandIn, caller: Caller
) -> None:
    files = {"content": ("a.png", still(MAGENTA), "image/png")}
    gone = (await caller.http.post("/v1/files", files=files)).json()
    assert (await caller.http.delete(f"/v1/files/{gone['id']}")).status_code == 204
    assert (await caller.http.get(gone["urls"]["get"])).status_code == 404
    for url in (gone["urls"]["get"], "data:image/png;base64,AAAA", f"{replicate.url}/nothing"):
        shown = await caller.finish(await caller.ask(KLING, start_image=url))
        assert shown["status"] == "failed" and "E9243" in shown["error"]
    assert sum(run.billed for run in replicate.runs) == 0


async def test_an_upload_expires_after_a_day(replicate: StandIn, caller: Caller) -> None:
    file = (await caller.http.post("/v1/files", files={"content": ("a.png", b"png")})).json()
    assert file["name"] == "a.png" and file["size"] == 3 and file["checksums"]["sha256"]
    replicate.move(86_000)
    assert (await caller.http.get(f"/v1/files/{file['id']}")).status_code == 200
    replicate.move(500)
    assert (await caller.http.get(f"/v1/files/{file['id']}")).status_code == 404
    assert (await caller.http.get("/v1/files")).json()["results"] == []
    no_file = await caller.http.post("/v1/files", files={"other": ("a.png", b"png")})
    assert no_file.status_code == 422


async def test_too_much_at_once_is_refused_and_heavy_images_interrupt_a_run(
    replicate: StandIn, caller: Caller
) -> None:
    large = "data:image/png;base64," + "A" * 400_000
    answer = await caller.ask(KLING, start_image=large)
    assert answer.status_code == 422 and "256 kB" in answer.text
    heavy = noise((1600, 1500), "PNG")
    assert len(heavy) > 6.4 * 1024 * 1024
    file = (await caller.http.post("/v1/files", files={"content": ("a.png", heavy)})).json()
    shown = await caller.finish(await caller.ask(KLING, start_image=file["urls"]["get"]))
    assert "code: PA" in shown["error"]

    async def too_much() -> Any:
        for _ in range(102):
            yield bytes(1 << 20)

    answer = await caller.http.post("/v1/files", content=too_much())
    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["empty", "truncated", "wrong_type", "huge"])
async def test_an_output_may_be_spoilt_and_is_paid_for(
    replicate: StandIn, caller: Caller, name: str
) -> None:
    replicate.next(name, megabytes=3)
    shown = await caller.finish(await caller.ask(SCHNELL, output_format="png"))
    assert shown["status"] == "succeeded" and replicate.runs[0].billed == 3000
    answer = await caller.http.get(shown["output"][0])
    assert len(answer.content) > 3 << 20 if name == "huge" else len(answer.content) < 200_000
    if name == "huge":
        assert "content-length" not in answer.headers
        return
    assert (answer.content == b"") == (name == "empty")
    assert answer.headers["content-type"].startswith("text/html" if name == "wrong_type" else "im")
    with pytest.raises((OSError, ValueError)):
        decoded(answer.content)


async def test_a_download_may_break_and_be_whole_the_next_time(
    replicate: StandIn, caller: Caller
) -> None:
    replicate.next("download_5xx")
    replicate.next("download_cut")
    shown = await caller.finish(await caller.ask())
    url = shown["output"][0]
    assert (await caller.http.get(url)).status_code == 503
    with pytest.raises(httpx.RemoteProtocolError):
        await caller.http.get(url)
    assert decoded(await caller.download(shown["output"][0])).format == "WEBP"
    assert replicate.runs[0].downloads == 1


@pytest.mark.parametrize("name", sorted(MODELS))
async def test_every_model_makes_what_it_is_for_and_costs_something(
    replicate: StandIn, caller: Caller, name: str
) -> None:
    replicate.settings.shrink = 16
    sample = {"image": still(MAGENTA), "audio": make_voice("a word", 1, 1.0, "wav")}
    data = {key: "data:;base64," + base64.b64encode(file).decode() for key, file in sample.items()}
    model = MODELS[name]
    given: dict[str, Any] = {"prompt": "a fox"}
    if "duration" in model.fields and model.kind == "music":
        given["duration"] = 8
    for field, wanted in model.fields.items():
        if wanted.required:
            url = data["audio" if field == model.audio else "image"]
            value: Any = url if wanted.is_file else "some words to say"
            given[field] = [value] if wanted.type == "array" else value
    body = {"version": model.version or name, "input": given}
    shown = await caller.finish(await caller.http.post("/v1/predictions", json=body))
    assert shown["status"] == "succeeded" and replicate.runs[0].billed > 0
    output = shown["output"]
    if model.kind in ("clip", "image", "voice", "music"):
        url = output if isinstance(output, str) else output[0]
        assert isinstance(output, list) == (model.output["type"] == "array")
        file = (await caller.http.get(url)).raise_for_status()
        assert file.headers["content-type"].startswith(TYPES[model.kind])
        with av.open(BytesIO(file.content), "r") as container:
            assert next(container.decode())
    else:
        assert output and isinstance(output, list | dict)
