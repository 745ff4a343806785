"""Reads a request for a video, as JSON or as a form with a picture in it."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from services.gateway.errors.problems import WrongType, explain_input
from services.gateway.openai.requests import VideoCreate
from services.gateway.uploads import Uploads
from shared.story.errors import BadInput

JSON, FORM = "application/json", "multipart/form-data"
REFERENCE = "input_reference"
PART = 1 << 18


@dataclass(frozen=True)
class Wanted:
    """What is asked for, and the picture that it is to begin with, as it came."""

    asked: VideoCreate
    reference: object = None


async def read_wanted(request: Request) -> Wanted:
    """Return what a request asks for; BadInput names what is wrong with it."""
    type_ = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if type_ == JSON:
        values = read_json(await request.body())
    elif type_ == FORM:
        form = await request.form(max_files=1, max_fields=20)
        values = _join(form.multi_items())
    else:
        raise WrongType(JSON, FORM)
    reference = values.pop(REFERENCE, None)
    try:
        return Wanted(VideoCreate.model_validate(values), reference)
    except ValidationError as error:
        raise explain_input(error, VideoCreate.model_fields) from None


def read_json(body: bytes) -> dict[str, Any]:
    """Return the object in a body; refuse anything else."""
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise BadInput('send an object in JSON, as {"prompt": …}')
    return values


def _join(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of a form, `input_reference[image_url]` as a field of a field."""
    values = dict[str, Any]()
    for name, value in items:
        outer, sign, inner = name.removesuffix("]").partition("[")
        if sign and isinstance(values.setdefault(outer, {}), dict):
            values[outer][inner] = value
        else:
            values[name] = value
    return values


async def keep_reference(reference: object, uploads: Uploads, owner: str) -> str | None:
    """Keep the picture that a video is to begin with, and return its id; None without one."""
    if reference is None or reference == "":
        return None
    if isinstance(reference, UploadFile):
        kept = await uploads.take(_read(reference), owner)
    else:
        kept = await _keep_named(reference, uploads, owner)
    if kept.kind != "image":
        raise BadInput("give a picture (PNG, JPEG or WebP)", REFERENCE)
    return kept.id


async def _keep_named(reference: object, uploads: Uploads, owner: str) -> Any:
    url = reference.get("image_url") if isinstance(reference, Mapping) else None
    if not isinstance(url, str):
        raise BadInput('give a file, or {"image_url": …}', REFERENCE)
    if not url.startswith("data:"):
        return await uploads.fetch(url, owner)
    _, _, data = url.partition(";base64,")
    try:
        picture = b64decode(data, validate=True)
    except ValueError:
        raise BadInput("this data URL can't be read: write it in base64", REFERENCE) from None
    return await uploads.take(_give(picture), owner)


async def _give(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _read(file: UploadFile) -> AsyncIterator[bytes]:
    while part := await file.read(PART):
        yield part
