"""The models for images, with prices of the stand-in's own: nothing reads our catalog."""

from typing import Any

from tests.standins.replicate.model import (
    ELEVEN,
    FILE,
    FILES,
    IMAGES,
    PROMPT,
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


def _image(
    name: str,
    fields: Fields,
    usd: str,
    output: dict[str, Any],
    form: str,
    refs: str = "",
) -> Model:
    prices = (Price(IMAGES, usd),)
    return Model(name, "image", {**PROMPT, **fields}, prices, output, form, references=refs)


IMAGE_MODELS = (
    _image(
        "black-forest-labs/flux-schnell",
        {
            "aspect_ratio": one_of("1:1", *ELEVEN),
            "num_outputs": whole(1, 4, 1),
            "num_inference_steps": whole(1, 4, 4),
            "megapixels": one_of("1", "1", "0.25"),
            "output_format": one_of("webp", "webp", "jpg", "png"),
            "go_fast": flag(True),
            "output_quality": whole(0, 100, 80),
            "disable_safety_checker": flag(False),
            **SEED,
        },
        "0.003",
        FILES,
        "webp",
    ),
    _image(
        "black-forest-labs/flux-dev",
        {
            "image": uri(),
            "prompt_strength": real(0, 1, 0.8),
            "guidance": real(0, 10, 3),
            "aspect_ratio": one_of("1:1", *ELEVEN),
            "num_outputs": whole(1, 4, 1),
            "num_inference_steps": whole(1, 50, 28),
            "megapixels": one_of("1", "1", "0.25"),
            "output_format": one_of("webp", "webp", "jpg", "png"),
            "go_fast": flag(True),
            "output_quality": whole(0, 100, 80),
            "disable_safety_checker": flag(False),
            **SEED,
        },
        "0.025",
        FILES,
        "webp",
        "image",
    ),
    _image(
        "black-forest-labs/flux-kontext-pro",
        {
            "input_image": uri(),
            "aspect_ratio": one_of("match_input_image", "match_input_image", *ELEVEN),
            "output_format": one_of("png", "jpg", "png"),
            "safety_tolerance": whole(0, 6, 2),
            "prompt_upsampling": flag(False),
            **SEED,
        },
        "0.04",
        FILE,
        "png",
        "input_image",
    ),
    _image(
        "google/nano-banana",
        {
            "image_input": uris(14),
            "aspect_ratio": one_of("match_input_image", "match_input_image", *ELEVEN),
            "output_format": one_of("jpg", "jpg", "png"),
        },
        "0.039",
        FILE,
        "jpg",
        "image_input",
    ),
    _image(
        "bytedance/seedream-4",
        {
            "image_input": uris(10),
            "size": one_of("2K", "1K", "2K", "4K", "custom"),
            "width": whole(1024, 4096, 2048),
            "height": whole(1024, 4096, 2048),
            "aspect_ratio": one_of("match_input_image", "match_input_image", *ELEVEN),
            "sequential_image_generation": one_of("disabled", "disabled", "auto"),
            "max_images": whole(1, 15, 1),
            "enhance_prompt": flag(True),
        },
        "0.03",
        FILES,
        "jpg",
        "image_input",
    ),
    _image(
        "qwen/qwen-image",
        {
            "image": uri(),
            "strength": real(0, 1, 0.9),
            "aspect_ratio": one_of("16:9", *WIDE, "3:2", "2:3"),
            "negative_prompt": text(),
            "output_format": one_of("webp", "webp", "jpg", "png"),
            "go_fast": flag(True),
            "num_inference_steps": whole(1, 50, 30),
            "guidance": real(0, 10, 3),
            "output_quality": whole(0, 100, 80),
            **SEED,
        },
        "0.025",
        FILES,
        "webp",
        "image",
    ),
)
