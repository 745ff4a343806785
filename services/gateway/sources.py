"""What a video is made of: a prompt, script, product, plan or other video, and just one. Pure."""

import re

from pydantic import JsonValue, ValidationInfo

from shared.story.texts import VISIBLE, looks_like_file


def _check_words(prompt: str) -> str:
    # a prompt of spaces and signs that are not seen passes every limit of length
    if not re.search(VISIBLE, prompt):
        raise ValueError("say in a sentence or more what the video should show")
    # said now: a video that is accepted has been given something that can be planned
    if looks_like_file(prompt):
        raise ValueError("this is no text, it looks like a file: write what the video is about")
    return prompt


SOURCES: list[JsonValue] = [
    {"required": ["prompt"]},
    {"required": ["script"], "properties": {"script": {"type": "string"}}},
    {"required": ["plan"], "properties": {"plan": {"type": "object"}}},
    {"required": ["product"], "properties": {"product": {"type": "object"}}},
    {"required": ["from_video"], "properties": {"from_video": {"type": "string"}}},
]


def check_source(prompt: str, info: ValidationInfo) -> str:
    """Refuse a request that says twice what the video is of, or not at all."""
    # one that is wrong itself is not among the data, and is told of alone
    data = info.data
    sources = ("script", "product", "plan", "from_video")
    others = [name for name in sources if data.get(name) or name not in data]
    given = (["prompt"] if prompt else []) + others
    if len(given) > 1:
        raise ValueError(f"give {' or '.join(f'a {name}' for name in given)}, not both")
    return prompt if others else _check_words(prompt)


def check_style(style: str, info: ValidationInfo) -> str:
    """Refuse a style beside another one of the product."""
    product = info.data.get("product")
    if product is not None and product.style not in (None, style):
        raise ValueError(f"the product says {product.style}: say the style once")
    return style
