"""Texts, voices and word times of the stand-in for Replicate."""

import json
from io import BytesIO
from typing import Any

import av
import pytest
from jsonschema.validators import Draft202012Validator  # type: ignore[import-untyped]

from tests.standins.caller import Caller
from tests.standins.replicate import StandIn

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
        "refusal": {"type": "string"},
        "beats": {"type": "array", "items": {"$ref": "#/$defs/Beat"}, "minItems": 3},
    },
    "required": ["title", "beats"],
    "$defs": {"Beat": BEAT},
}


async def test_a_schema_is_answered_by_a_plan_that_it_accepts(
    replicate: StandIn, caller: Caller
) -> None:
    wrapped = {"format": {"type": "json_schema", "name": "plan", "schema": PLAN}}
    prompt = "Tell of a lighthouse in 5 beats, 30 seconds together."
    for schema in (PLAN, wrapped):
        given = {"prompt": prompt, "json_schema": schema}
        shown = await caller.finish(await caller.post("openai/gpt-5-structured", given))
        plan = shown["output"]["json_output"]
        Draft202012Validator(PLAN).validate(plan)
        assert [beat["index"] for beat in plan["beats"]] == [0, 1, 2, 3, 4]
        assert sum(beat["seconds"] for beat in plan["beats"]) == 30 and plan["refusal"] == ""
    told = f"{prompt} Answer with JSON of this schema: {json.dumps(PLAN)} and nothing else."
    shown = await caller.finish(await caller.post("anthropic/claude-4.5-sonnet", {"prompt": told}))
    assert isinstance(shown["output"], list) and len(shown["output"]) > 5
    Draft202012Validator(PLAN).validate(json.loads("".join(shown["output"])))
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
    recording = await caller.download(spoken["output"])
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
    with av.open(BytesIO(recording), "r") as container:
        assert (container.duration or 0) / 1e6 == pytest.approx(ends[-1], abs=0.2)


async def _listen(caller: Caller, model: str, **given: Any) -> Any:
    found = (await caller.http.get(f"/v1/models/{model}")).json()
    body = {"version": found["latest_version"]["id"], "input": given}
    answer = await caller.http.post("/v1/predictions", json=body)
    return (await caller.finish(answer))["output"]


async def test_music_is_as_long_as_asked(replicate: StandIn, caller: Caller) -> None:
    shown = await caller.finish(await caller.ask("stability-ai/stable-audio-2.5", duration=12))
    with av.open(BytesIO(await caller.download(shown["output"])), "r") as container:
        assert container.duration == pytest.approx(12_000_000, abs=100_000)
    assert shown["output"].endswith(".mp3") and replicate.runs[0].billed == 200_000
