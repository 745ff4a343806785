"""The models for clips, with prices of the stand-in's own: nothing reads our catalog."""

from typing import Any

from tests.standins.replicate.model import (
    CLIPS,
    ELEVEN,
    FILE,
    FILES,
    L40S,
    PROMPT,
    SECONDS,
    SEED,
    WIDE,
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
from tests.standins.replicate.schema import Fields


def clip(name: str, fields: Fields, *prices: Price, **more: Any) -> Model:
    """Return a model that makes clips."""
    output = more.pop("output", FILE)
    return Model(name, "clip", {**PROMPT, **fields}, prices, output, "mp4", **more)


def tiers(resolutions: dict[str, str]) -> tuple[Price, ...]:
    """Return the prices of an output second by resolution."""
    return tuple(Price(SECONDS, usd, resolution_target=key) for key, usd in resolutions.items())


CLIP_MODELS: tuple[Model, ...] = (
    clip(
        "wan-video/wan-2.2-i2v-fast",
        {
            "image": uri(True),
            "last_image": uri(),
            "num_frames": whole(81, 121, 81),
            "frames_per_second": whole(5, 30, 16),
            "resolution": one_of("480p", "480p", "720p"),
            "go_fast": flag(True),
            "sample_shift": real(1, 20, 12),
            "interpolate_output": flag(False),
            "disable_safety_checker": flag(False),
            **SEED,
        },
        Price(CLIPS, "0.05", resolution_target="480p"),
        Price(CLIPS, "0.11", resolution_target="720p"),
        first="image",
        last="last_image",
    ),
    clip(
        "bytedance/seedance-1-lite",
        {
            "image": uri(),
            "last_frame_image": uri(),
            "reference_images": uris(4),
            "duration": whole(4, 12, 5),
            "resolution": one_of("720p", "480p", "720p", "1080p"),
            "aspect_ratio": one_of("16:9", *WIDE, "21:9", "9:21"),
            "camera_fixed": flag(False),
            "fps": one_of(24, 24),
            **SEED,
        },
        *tiers({"480p": "0.018", "720p": "0.036", "1080p": "0.072"}),
        first="image",
        last="last_frame_image",
        references="reference_images",
    ),
    clip(
        "kwaivgi/kling-v2.1",
        {
            "start_image": uri(True),
            "end_image": uri(),
            "negative_prompt": text(),
            "duration": one_of(5, 5, 10),
            "mode": one_of("standard", "standard", "pro"),
        },
        Price(SECONDS, "0.05", model_variant="standard"),
        Price(SECONDS, "0.09", model_variant="pro"),
        first="start_image",
        last="end_image",
        variant="mode",
    ),
    clip(
        "kwaivgi/kling-v2.5-turbo-pro",
        {
            "start_image": uri(),
            "end_image": uri(),
            "negative_prompt": text(),
            "duration": one_of(5, 5, 10),
            "aspect_ratio": one_of("16:9", *WIDE[:3]),
            "guidance_scale": real(0, 1, 0.5),
        },
        Price(SECONDS, "0.07"),
        first="start_image",
        last="end_image",
    ),
    clip(
        "kwaivgi/kling-v2.6",
        {
            "start_image": uri(),
            "negative_prompt": text(),
            "duration": one_of(5, 5, 10),
            "aspect_ratio": one_of("16:9", *WIDE[:3]),
            "generate_audio": flag(True),
        },
        Price(SECONDS, "0.14", with_audio=True),
        Price(SECONDS, "0.07", with_audio=False),
        first="start_image",
        sound="generate_audio",
    ),
    clip(
        "minimax/hailuo-2.3-fast",
        {
            "first_frame_image": uri(True),
            "duration": one_of(6, 6, 10),
            "resolution": one_of("768p", "768p", "1080p"),
            "prompt_optimizer": flag(True),
        },
        Price(CLIPS, "0.33", resolution_target="1080p"),
        Price(CLIPS, "0.32", video_output_duration_seconds=10),
        Price(CLIPS, "0.19"),
        first="first_frame_image",
    ),
    clip(
        "google/veo-3.1-fast",
        {
            "image": uri(),
            "last_frame": uri(),
            "duration": one_of(8, 4, 6, 8),
            "resolution": one_of("1080p", "720p", "1080p"),
            "aspect_ratio": one_of("16:9", *WIDE[:2]),
            "negative_prompt": text(),
            "generate_audio": flag(True),
            **SEED,
        },
        Price(SECONDS, "0.15", with_audio=True),
        Price(SECONDS, "0.10", with_audio=False),
        first="image",
        last="last_frame",
        sound="generate_audio",
    ),
    clip(
        "prunaai/p-video",
        {
            "image": uri(),
            "last_frame_image": uri(),
            "audio": uri(),
            "duration": whole(1, 20, 5),
            "resolution": one_of("720p", "720p", "1080p"),
            "fps": one_of(24, 24, 48),
            "aspect_ratio": one_of("16:9", *WIDE, "3:2", "2:3"),
            "draft": flag(False),
            "prompt_upsampling": flag(True),
            "save_audio": flag(True),
            "disable_safety_filter": flag(True),
            **SEED,
        },
        Price(SECONDS, "0.005", model_variant="True", resolution_target="720p"),
        Price(SECONDS, "0.01", model_variant="True", resolution_target="1080p"),
        *tiers({"720p": "0.02", "1080p": "0.04"}),
        first="image",
        last="last_frame_image",
        variant="draft",
        sound="save_audio",
    ),
    clip(
        "lightricks/ltx-video",
        {
            "image": uri(),
            "length": one_of(97, 97, 129, 161, 193, 225, 257),
            "aspect_ratio": one_of("3:2", *ELEVEN, "1:2", "2:1"),
            "target_size": one_of(640, 512, 576, 640, 704, 768, 832, 896, 960, 1024),
            "model": one_of("0.9.1", "0.9.1", "0.9"),
            "cfg": real(1, 20, 3),
            "steps": whole(1, 50, 30),
            "image_noise_scale": real(0, 1, 0.15),
            "negative_prompt": text(),
            **SEED,
        },
        Price("predict_time", L40S),
        first="image",
        output=FILES,
        version="8c47da666861d081eeb4d1261853087de23923a268a69b63febdf5dc1dee08e4",
    ),
)
