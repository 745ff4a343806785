"""What the stand-in for Replicate makes: real files and texts, good ones and spoilt ones."""

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import httpx
import jsonschema
import numpy as np
import pytest
from PIL import Image

from tests.pictures import MAGENTA, decoded, encoded, noise, share_of
from tests.standins.caller import SCHNELL, Caller, Shown
from tests.standins.replicate import StandIn

KLING = "kwaivgi/kling-v2.5-turbo-pro"
WAN = "wan-video/wan-2.2-i2v-fast"
BEAT = {
    "type": "object",
    "properties": {
        "index": {"type": "integer", "minimum": 0},
        "prompt": {"type": "string", "minLength": 20, "maxLength": 200},
        "narration": {"type": "string"},
        "seconds": {"type": "number", "minimum": 2, "maximum": 12},
        "mood": {"enum": ["calm", "wild"]},
        "setting": {"anyOf": [{"type": "null"}, {"type": "string"}]},
    },
    "required": ["index", "prompt", "narration", "seconds", "mood"],
    "additionalProperties": False,
}
PLAN = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 60},
        "beats": {"type": "array", "items": {"$ref": "#/$defs/Beat"}, "minItems": 3},
    },
    "required": ["title", "beats"],
    "$defs": {"Beat": BEAT},
}


async def download(caller: Caller, shown: Shown, index: int | None = None) -> bytes:
    """The bytes of an output."""
    url = shown["output"] if index is None else shown["output"][index]
    return (await caller.http.get(url)).raise_for_status().content


def frames_of(clip: bytes) -> list[Any]:
    """All pictures of a clip."""
    with av.open(BytesIO(clip)) as container:
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
    frames = frames_of(await download(caller, shown))
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
    frames = frames_of(await download(caller, shown))
    assert len(frames) == 81 and frames[0].shape == (180, 320, 3)
    sounding = []
    for with_audio in (True, False):
        given = {"duration": 4, "resolution": "720p", "generate_audio": with_audio}
        shown = await caller.finish(await caller.ask("google/veo-3.1-fast", **given))
        with av.open(BytesIO(await download(caller, shown))) as container:
            sounding.append(len(container.streams.audio))
            assert container.duration == pytest.approx(4_000_000, abs=60_000)
    assert sounding == [1, 0]
    assert [run.billed for run in replicate.runs] == [110_000, 600_000, 400_000]


async def test_a_reference_is_seen_in_the_picture_drawn_from_it(
    replicate: StandIn, caller: Caller
) -> None:
    data = "data:image/png;base64," + base64.b64encode(still(MAGENTA, (200, 200))).decode()
    without, drawn = [
        decoded(
            await download(
                caller,
                await caller.finish(
                    await caller.ask("google/nano-banana", image_input=urls, aspect_ratio="1:1")
                ),
            )
        )
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
    assert decoded(await download(caller, shown, 0)).format == "WEBP"
    assert replicate.runs[0].downloads == 1


# ── texts, voices, words ────────────────────────────────────────────────────────────────────────


async def test_a_schema_is_answered_by_a_plan_that_it_accepts(
    replicate: StandIn, caller: Caller
) -> None:
    wrapped = {"format": {"type": "json_schema", "name": "plan", "schema": PLAN}}
    prompt = "Tell of a lighthouse in 5 beats."
    for schema in (PLAN, wrapped):
        given = {"prompt": prompt, "json_schema": schema}
        shown = await caller.finish(await caller.post("openai/gpt-5-structured", given))
        plan = shown["output"]["json_output"]
        jsonschema.validate(plan, PLAN)
        assert [beat["index"] for beat in plan["beats"]] == [0, 1, 2, 3, 4]
    told = f"{prompt} Answer with JSON of this schema: {json.dumps(PLAN)} and nothing else."
    shown = await caller.finish(await caller.post("anthropic/claude-4.5-sonnet", {"prompt": told}))
    assert isinstance(shown["output"], list) and len(shown["output"]) > 5
    jsonschema.validate(json.loads("".join(shown["output"])), PLAN)
    metrics = shown["metrics"]
    cost = metrics["token_input_count"] * 3 + metrics["token_output_count"] * 15
    assert replicate.runs[-1].billed == cost > 0


async def test_without_a_schema_it_writes_and_a_script_can_say_what(
    replicate: StandIn, caller: Caller
) -> None:
    shown = await caller.finish(await caller.ask("openai/gpt-5"))
    assert "fox" in "".join(shown["output"])
    shown = await caller.finish(await caller.ask("openai/gpt-5-structured"))
    assert set(shown["output"]) == {"text"}
    replicate.next("answers", output=["{", '"title": 1}'])
    shown = await caller.finish(await caller.ask("openai/gpt-5"))
    assert shown["output"] == ["{", '"title": 1}']


@pytest.mark.parametrize("form", ["mp3", "wav"])
async def test_a_voice_is_transcribed_word_by_word_and_numbers_have_no_times(
    replicate: StandIn, caller: Caller, form: str
) -> None:
    text = "The 3 foxes ran home"
    given = {"text": text, "speed": 1.25, "audio_format": form}
    spoken = await caller.finish(await caller.post("minimax/speech-2.6-turbo", given))
    assert replicate.runs[0].billed == len(text) * 60
    recording = await download(caller, spoken)
    file = (await caller.http.post("/v1/files", files={"content": ("v", recording)})).json()
    words = await _listen(caller, "victor-upmeet/whisperx", audio_file=file["urls"]["get"],
                          align_output=True)  # fmt: skip
    heard = words["segments"][0]["words"]
    assert [word["word"] for word in heard] == text.split()
    assert ["start" in word for word in heard] == [True, False, True, True, True]
    chunks = await _listen(caller, "vaibhavs10/incredibly-fast-whisper", audio=spoken["output"],
                           timestamp="word")  # fmt: skip
    assert [chunk["text"].strip() for chunk in chunks["chunks"]] == text.split()
    ends = [chunk["timestamp"][1] for chunk in chunks["chunks"]]
    assert ends == sorted(ends)
    with av.open(BytesIO(recording)) as container:
        assert (container.duration or 0) / 1e6 == pytest.approx(ends[-1], abs=0.2)


async def _listen(caller: Caller, model: str, **given: Any) -> Any:
    found = (await caller.http.get(f"/v1/models/{model}")).json()
    body = {"version": found["latest_version"]["id"], "input": given}
    answer = await caller.http.post("/v1/predictions", json=body)
    return (await caller.finish(answer))["output"]


async def test_music_is_as_long_as_asked(
    replicate: StandIn, caller: Caller, tmp_path: Path
) -> None:
    shown = await caller.finish(await caller.ask("stability-ai/stable-audio-2.5", duration=12))
    with av.open(BytesIO(await download(caller, shown))) as container:
        assert container.duration == pytest.approx(12_000_000, abs=100_000)
    assert shown["output"].endswith(".mp3") and replicate.runs[0].billed == 200_000
