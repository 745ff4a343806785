"""The API's own description: the answers of each route, in the form of OpenAPI."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from services.gateway.edge.repeats import HEADER, LONGEST_KEY, REPLAYED, takes_key
from services.gateway.errors.foreign import PREFIX, OpenAIError
from services.gateway.errors.problems import MEDIA_TYPE, Problem
from services.gateway.keys.roles import find_role
from shared.runtime.allowances import Allowances

Answers = dict[int | str, dict[str, Any]]

_WHEN: Mapping[int, str] = {
    400: "The body is not text in UTF-8.",
    401: "A key is needed, and none came, or one that is not valid: `hint` says how to get one.",
    402: "The key may spend no more money today.",
    403: "The role of the key does not allow it, a signed link has ended, or a browser sent this "
    "for a page of another site.",
    404: "There is no such video or image, or no such part of it.",
    409: "The status of the video does not allow it; or a request with this Idempotency-Key is "
    "being served just now, or its answer held a secret.",
    410: "The video was deleted, or the stored file is lost.",
    412: "The video has changed since the ETag in If-Match was given.",
    413: "The body is too large: 64 KiB at most, 10 MiB for a picture, 200 MiB for an upload.",
    415: "The body is of another type than this takes.",
    416: "The range lies outside of the file.",
    421: "The request names a host that is not served here.",
    429: "The key has used up what it may, by the minute, in videos or in open streams: see "
    "`Retry-After`.",
    422: "The input is off: `errors` names each field, or the first 20 of them.",
    500: "A bug of ours: the log has its cause under `request_id`.",
    503: "A server that is needed is away: try again after `Retry-After` seconds.",
}

_SECONDS = {"description": "Seconds.", "schema": {"type": "integer"}}
_LEFT = {
    "description": 'What is left of the minute: `"minute";r=0;t=40` is nothing for 40 s.',
    "schema": {"type": "string"},
}
_HEADERS: Mapping[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}}},
    402: {"Retry-After": _SECONDS},
    429: {"Retry-After": _SECONDS, "RateLimit": _LEFT},
}

ALWAYS = (401, 403, 421, 429, 500, 503)
"""The refusals that every route may answer with, whatever it does."""
WRITES = (413, 415, 422)
"""The refusals that a route with a body may answer with."""


def refusals(*codes: int) -> Answers:
    """Return the descriptions of the problem documents that a route may answer with."""
    return {
        code: {"model": Problem, "description": _WHEN[code]}
        | ({"headers": _HEADERS[code]} if code in _HEADERS else {})
        for code in codes
    }


IS_REPLAYED = {
    "description": "true: this was done before, under the same key, and not again.",
    "schema": {"type": "string", "const": "true"},
}


def foreign_refusals(*codes: int) -> Answers:
    """Return the descriptions of the same refusals in the shape that OpenAI's clients read."""
    return {code: {**each, "model": OpenAIError} for code, each in refusals(*codes).items()}


ACCEPTED: Answers = {
    202: {
        "description": "Accepted, and durable. The video is made from now on.",
        "headers": {
            "Location": {"description": "Where to see it.", "schema": {"type": "string"}},
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
            REPLAYED: IS_REPLAYED,
        },
    }
}

GONE: Answers = {204: {"description": "It is gone, with everything that belonged to it."}}

PICTURE: dict[str, Any] = {
    "required": True,
    "description": "The bytes of one picture, at most 10 MiB and 40 megapixels (of a WebP 32), no "
    "side longer than 16,384 pixels. The bytes themselves say which of these types they are. Of an "
    "animation the first picture is taken.",
    "content": {
        type_: {"schema": {"type": "string", "format": "binary"}}
        for type_ in ("image/png", "image/jpeg", "image/webp")
    },
}

MATERIAL: dict[str, Any] = {
    "required": True,
    "description": "The bytes of one file, or as JSON the URL of one, which is fetched once, from "
    "a public address, without following redirects. An image: PNG, JPEG or WebP, as for "
    "`/v1/images`. A clip: MP4, WebM or MKV of at most 180 s. A sound: WAV, MP3, M4A, OGG or FLAC "
    "of at most 600 s. A script: Fountain, plain text, Markdown, FDX or PDF of at most 5 MiB. At "
    "most 200 MiB; the bytes themselves say what they are.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"url": {"type": "string", "maxLength": 2000}},
                "required": ["url"],
                "additionalProperties": False,
            }
        },
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        "image/*": {"schema": {"type": "string", "format": "binary"}},
        "video/*": {"schema": {"type": "string", "format": "binary"}},
        "audio/*": {"schema": {"type": "string", "format": "binary"}},
        "text/x-fountain": {"schema": {"type": "string", "format": "binary"}},
        "text/markdown": {"schema": {"type": "string", "format": "binary"}},
        "application/xml": {"schema": {"type": "string", "format": "binary"}},
        "application/pdf": {"schema": {"type": "string", "format": "binary"}},
    },
}

GIVEN: Answers = {
    201: {
        "description": "Kept, and durable. The same file has the same id.",
        "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}},
    }
}


def file_answers(name: str, method: str) -> Answers:
    """Return the descriptions of a file's answers: whole, in part, unchanged, or refused."""
    bytes_ = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    content = {"content": bytes_} if method == "GET" else {}
    return {
        200: {"description": f"The {name}.", **content},
        206: {"description": "The range that was asked for.", **content},
        304: {"description": "Not changed since the ETag that was sent."},
        416: {"description": _WHEN[416]},
        **refusals(404, 409, 410),
    }


SCHEMES: dict[str, Any] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "sw_…",
        "description": "An API key. A process that only its own machine can reach needs none.",
    },
    "link": {
        "type": "apiKey",
        "in": "query",
        "name": "sig",
        "description": "A signed link, as the `links` of a video have it: it is good for its own "
        "path, until `expires`, or until its key is revoked.",
    },
}
KEY: list[dict[str, list[str]]] = [{"key": []}]
LINK_OR_KEY: list[dict[str, list[str]]] = [{"key": []}, {"link": []}]


def correct_description(api: FastAPI, allowances: Allowances) -> None:
    """Correct the framework's own description, which knows nothing of our problem documents."""
    describe = api.openapi

    def describe_truly() -> dict[str, Any]:
        document = describe()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                answers, foreign = operation["responses"], path.startswith(PREFIX)
                if "{video_id}" in path and method != "delete":
                    answers.setdefault("410", {**answers["503"], "description": _WHEN[410]})
                _correct(answers, foreign=foreign)
                if takes_key(method, path):
                    _describe_key(operation)
                operation["x-role"] = str(find_role(method.upper(), path))
                operation["security"] = LINK_OR_KEY if method in {"get", "head"} else KEY
        _tell_defaults(document["components"]["schemas"]["VideoRequest"]["properties"], allowances)
        document["components"]["securitySchemes"] = SCHEMES
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    api.openapi = describe_truly  # type: ignore[method-assign]


def _tell_defaults(fields: dict[str, dict[str, Any]], allowances: Allowances) -> None:
    """Say of each field what it is on this server where it is left open."""
    usual = {**allowances.defaults, "clips_at_once": allowances.clips_at_once}
    for name, value in usual.items():
        if value not in (None, {}):
            fields[name]["default"] = value


def _describe_key(operation: dict[str, Any]) -> None:
    """Say of an operation what edge/repeats.py does before it."""
    parameters = operation.setdefault("parameters", [])
    if all(each["name"] != HEADER for each in parameters):
        parameters.append(KEY_PARAMETER)
    answers = operation["responses"]
    for code, answer in answers.items():
        if code.startswith("2"):
            answer.setdefault("headers", {})[REPLAYED] = IS_REPLAYED
    for code in (409, 422):
        answers.setdefault(str(code), {"description": _WHEN[code], "content": _PROBLEM})


_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A text of yours, as a UUID. For two days the same request with the same key is "
    "served once: repeated, it gets the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
}


def _correct(answers: dict[str, dict[str, Any]], *, foreign: bool) -> None:
    for code in [code for code in answers if int(code) >= 400]:
        schemas = [each["schema"] for each in answers[code].get("content", {}).values()]
        if any(schema["$ref"].endswith("/HTTPValidationError") for schema in schemas):
            del answers[code]  # added to every route with a parameter, also where any text will do
        elif schemas:
            type_ = "application/json" if foreign else MEDIA_TYPE
            answers[code]["content"] = {type_: {"schema": schemas[0]}}
    stream = answers.get("200", {}).get("content", {}).get("text/event-stream")
    if stream and "schema" in stream:
        # The framework takes the model for the whole stream: it is what `data` of one event holds.
        data = {"contentMediaType": "application/json", "contentSchema": stream.pop("schema")}
        stream["itemSchema"] = {
            "type": "object",
            "properties": {
                "data": {"type": "string", **data},
                "event": {"type": "string"},
                "id": {"type": "string"},
                "retry": {"type": "integer", "minimum": 0},
            },
        }
