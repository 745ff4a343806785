"""The models for voices, music, word times and language, with prices of the stand-in's own.

Prices that nobody publishes are made up, and not far off.
"""

from typing import Any

from tests.standins.replicate.model import (
    A100,
    CHARACTERS,
    FILE,
    OBJECT,
    PROMPT,
    SEED,
    SOUND,
    SOUNDS,
    T4,
    TEXT,
    Model,
    flag,
    one_of,
    real,
    text,
    uri,
    uris,
    whole,
)
from tests.standins.replicate.money import Price
from tests.standins.replicate.schema import Field, Fields
from tests.standins.replicate.settings import Kind


def _sound(
    name: str,
    kind: Kind,
    fields: Fields,
    price: Price,
    form: str,
    version: str = "",
) -> Model:
    return Model(name, kind, fields, (price,), FILE, form, version)


def _text(name: str, fields: Fields, asked: str, answered: str, **more: Any) -> Model:
    """Return a language model; its prices are dollars for a million tokens."""
    prices = (
        Price("token_input_count", f"{asked}e-6"),
        Price("token_output_count", f"{answered}e-6"),
    )
    output, makes = more.pop("output", TEXT), more.pop("makes", "text")
    return Model(name, "text", fields, prices, output, makes, **more)


_SPEECH: Fields = {
    "text": text(required=True, longest=10_000),
    "voice_id": Field(default="Wise_Woman"),
    "speed": real(0.5, 2, 1),
    "volume": real(0, 10, 1),
    "pitch": whole(-12, 12, 0),
    "emotion": one_of(
        "auto",
        "auto",
        "happy",
        "sad",
        "angry",
        "fearful",
        "disgusted",
        "surprised",
        "calm",
        "fluent",
        "neutral",
    ),
    "audio_format": one_of("mp3", "mp3", "wav", "flac", "pcm"),
    "sample_rate": one_of(32000, 8000, 16000, 22050, 24000, 32000, 44100),
    "bitrate": one_of(128000, 32000, 64000, 128000, 256000),
    "channel": one_of("mono", "mono", "stereo"),
    "language_boost": Field(default="None"),
    "english_normalization": flag(False),
    "subtitle_enable": flag(False),
}
_ELEVEN: Fields = {
    **PROMPT,
    "voice": Field(default="Rachel"),
    "stability": real(0, 1, 0.5),
    "similarity_boost": real(0, 1, 0.75),
    "style": real(0, 1, 0),
    "speed": real(0.7, 1.2, 1),
    "previous_text": text(),
    "next_text": text(),
    "language_code": Field(default="en"),
}
_GPT: Fields = {
    "prompt": text(),
    "messages": Field("array"),
    "system_prompt": text(),
    "image_input": uris(10),
    "reasoning_effort": one_of("minimal", "minimal", "low", "medium", "high"),
    "verbosity": one_of("medium", "low", "medium", "high"),
    "max_completion_tokens": whole(1),
}

VOICES = (
    _sound(
        "jaaari/kokoro-82m",
        "voice",
        {"text": text(required=True), "voice": Field(default="af_bella"), "speed": real(0.1, 5, 1)},
        Price("predict_time", T4),
        "wav",
        "f559560eb822dc509045f3921a1921234918b91739db4bf3daab2169b71c7a13",
    ),
    _sound("minimax/speech-02-turbo", "voice", _SPEECH, Price(CHARACTERS, "0.00006"), "mp3"),
    _sound("minimax/speech-2.6-turbo", "voice", _SPEECH, Price(CHARACTERS, "0.00006"), "mp3"),
    _sound("elevenlabs/v3", "voice", _ELEVEN, Price(CHARACTERS, "0.0001"), "mp3"),
    _sound("elevenlabs/turbo-v2.5", "voice", _ELEVEN, Price(CHARACTERS, "0.00005"), "mp3"),
    _sound("elevenlabs/v2-multilingual", "voice", _ELEVEN, Price(CHARACTERS, "0.0001"), "mp3"),
    _sound("elevenlabs/flash-v2.5", "voice", _ELEVEN, Price(CHARACTERS, "0.00005"), "mp3"),
)

MUSIC = (
    _sound(
        "stability-ai/stable-audio-2.5",
        "music",
        {
            **PROMPT,
            "duration": whole(1, 190, 190),
            "steps": whole(4, 8, 8),
            "cfg_scale": real(1, 25, 1),
            **SEED,
        },
        Price(SOUNDS, "0.20"),
        "mp3",
    ),
    _sound(
        "google/lyria-2",
        "music",
        {**PROMPT, "negative_prompt": text(), **SEED},
        Price(SOUNDS, "0.06"),
        "wav",
    ),
    _sound(
        "elevenlabs/music",
        "music",
        {
            **PROMPT,
            "music_length_ms": whole(5000, 300_000, 10_000),
            "force_instrumental": flag(True),
            "output_format": Field(default="mp3_standard"),
        },
        Price(SOUND, "0.0083"),
        "mp3",
    ),
    _sound(
        "meta/musicgen",
        "music",
        {
            "prompt": text(),
            "duration": whole(1, 30, 8),
            "continuation": flag(False),
            "input_audio": uri(),
            "model_version": Field(default="stereo-melody-large"),
            "output_format": one_of("wav", "wav", "mp3"),
            "normalization_strategy": Field(default="loudness"),
            "temperature": real(),
            "top_k": whole(),
            "top_p": real(),
            "classifier_free_guidance": whole(),
            **SEED,
        },
        Price("predict_time", A100),
        "wav",
        "671ac645ce5e552cc63a54a2bbff63fcf798043055d2dac5fc9e36a837eedcfb",
    ),
)

WORDS = (
    Model(
        "victor-upmeet/whisperx",
        "words",
        {
            "audio_file": uri(True),
            "align_output": flag(False),
            "language": text(),
            "batch_size": whole(1, None, 64),
            "temperature": real(),
            "initial_prompt": text(),
            "diarization": flag(False),
            "debug": flag(False),
            "vad_onset": real(),
            "vad_offset": real(),
            "language_detection_min_prob": real(),
            "language_detection_max_tries": whole(),
            "huggingface_access_token": text(),
            "min_speakers": whole(),
            "max_speakers": whole(),
        },
        (Price("predict_time", A100),),
        OBJECT,
        "whisperx",
        "84d2ad2d6194fe98a17d2b60bef1c7f910c46b2f6fd38996ca457afd9c8abfcb",
        audio="audio_file",
    ),
    Model(
        "vaibhavs10/incredibly-fast-whisper",
        "words",
        {
            "audio": uri(True),
            "task": one_of("transcribe", "transcribe", "translate"),
            "timestamp": one_of("chunk", "chunk", "word"),
            "batch_size": whole(1, None, 24),
            "language": text(),
            "diarise_audio": flag(False),
            "hf_token": text(),
        },
        (Price("predict_time", A100),),
        OBJECT,
        "whisper",
        "3ab86df6c8f54c11309d4d1f930ac292bad43ace52d10c80d87eb258b3c9f79c",
        audio="audio",
    ),
)

TEXTS = (
    _text("openai/gpt-5", _GPT, "1.25", "10", references="image_input"),
    _text("openai/gpt-5.2", _GPT, "1.75", "14", references="image_input"),
    _text(
        "openai/gpt-5-structured",
        {
            "model": one_of("gpt-5", "gpt-5", "gpt-5-mini", "gpt-5-nano"),
            "prompt": text(),
            "instructions": text(),
            "image_input": uris(10),
            "json_schema": Field("object"),
            "simple_schema": Field("array"),
            "input_item_list": Field("array"),
            "tools": Field("array"),
            "max_output_tokens": whole(1),
            "reasoning_effort": one_of("minimal", "minimal", "low", "medium", "high"),
            "verbosity": one_of("medium", "low", "medium", "high"),
            "enable_web_search": flag(False),
            "previous_response_id": text(),
        },
        "1.25",
        "10",
        output=OBJECT,
        makes="structured",
        references="image_input",
    ),
    _text(
        "anthropic/claude-4.5-sonnet",
        {
            **PROMPT,
            "image": uri(),
            "system_prompt": text(),
            "max_tokens": whole(1024, 64_000, 8192),
            "max_image_resolution": real(0.001, 2, 0.5),
        },
        "3",
        "15",
        references="image",
    ),
    _text(
        "anthropic/claude-4.5-haiku",
        {**PROMPT, "system_prompt": text(), "max_tokens": whole(1024, 64_000, 8192)},
        "1",
        "5",
    ),
    _text(
        "google/gemini-2.5-flash",
        {
            **PROMPT,
            "images": uris(10),
            "system_instruction": text(),
            "max_output_tokens": whole(1, 65_535, 65_535),
            "temperature": real(0, 2, 1),
            "top_p": real(0, 1, 0.95),
            "thinking_budget": whole(0, 24_576),
            "dynamic_thinking": flag(False),
        },
        "0.30",
        "2.50",
        references="images",
    ),
)
