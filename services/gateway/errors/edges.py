"""The edges of the API: errors become problem documents, bodies are bounded, answers described."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.errors.problems import (
    MEDIA_TYPE,
    FieldError,
    Problem,
    field_error,
    of_error,
    of_fields,
    of_http,
)
from services.gateway.errors.wording import Fields, broken_json, inside
from shared.story.errors import StorywaveError
from shared.story.images import MAX_BYTES

log = logging.getLogger("storywave.gateway")

BODY_LIMIT = 64 << 10
LARGER: Mapping[str, int] = {"/v1/images": MAX_BYTES}
"""Path → the limit of its bodies, where it is another."""


def install(api: FastAPI) -> None:
    """Every error of every sort leaves as a problem document."""
    api.add_middleware(BodyLimit)
    api.add_exception_handler(RequestValidationError, _off)
    api.add_exception_handler(StarletteHTTPException, _refused)
    api.add_exception_handler(ClientDisconnect, _left)
    api.add_exception_handler(StorywaveError, _ours)
    api.add_exception_handler(Exception, _broken)


class BodyLimit:
    """Stops reading a body that is too large; what nobody reads is never too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read, limit = 0, LARGER.get(scope.get("path", ""), BODY_LIMIT)

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise HTTPException(413, _size(limit))
            return message

        await self._app(scope, bounded if scope["type"] == "http" else receive, send)


def _size(limit: int) -> str:
    return f"{limit >> 20} MiB" if limit >> 20 else f"{limit >> 10} KiB"


async def _off(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    places = _places(request.scope["route"])
    wrong = [_fault(each, error.body, places) for each in error.errors()]
    return _answer(of_fields(wrong, request.url.path))


def _fault(error: Mapping[str, Any], body: Any, places: Mapping[str, Fields]) -> FieldError:
    """Where a value came from (body, query …) is not the user's concern."""
    place, *loc = error["loc"]
    if error["type"] == "json_invalid":
        return FieldError(field="", message=broken_json(body, loc[0], error["ctx"]["error"]))
    return field_error(error, loc, places.get(place, {}))


def _places(route: APIRoute) -> dict[str, Fields]:
    """What a route takes: its parameters, and the fields of its body."""
    takes = route.dependant
    params = {"query": takes.query_params, "path": takes.path_params, "header": takes.header_params}
    bodies = [inside(body.field_info) for body in takes.body_params]
    fields = {place: {p.alias: p.field_info for p in those} for place, those in params.items()}
    return {**fields, **({"body": bodies[0]} if bodies else {})}


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StarletteHTTPException)
    problem = of_http(error.status_code, str(error.detail), request.url.path)
    return _answer(problem, error.headers)


async def _left(request: Request, error: Exception) -> Response:
    """Who has gone amid a body hears no answer; that is no fault of ours, and is not logged."""
    return Response(status_code=400)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    problem = of_error(error, request.url.path)
    if problem.status >= 500:
        log.error("%s", error, extra={"action": "error", "path": request.url.path})
    return _answer(problem, {"Retry-After": "5"} if problem.status == 503 else None)


async def _broken(request: Request, error: Exception) -> JSONResponse:
    return _answer(of_error(error, request.url.path))


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    content = problem.model_dump(mode="json")
    return JSONResponse(content, problem.status, headers, media_type=MEDIA_TYPE)


# ── the description ─────────────────────────────────────────────────────────────────────────────

_WHEN: Mapping[int, str] = {
    400: "The body is not text in UTF-8.",
    404: "There is no such video or image, or no such part of it.",
    409: "The status of the video does not allow it.",
    410: "The stored file is lost.",
    413: "The body is too large: 64 KiB at most, 10 MiB for a picture.",
    416: "The range lies outside of the file.",
    422: "The input is off: `errors` names each field.",
    503: "A server that is needed is away: try again after `Retry-After` seconds.",
}


def refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The problem documents that a route may answer with."""
    return {code: {"model": Problem, "description": _WHEN[code]} for code in codes}


ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "Accepted, and durable. The video is made from now on.",
        "headers": {
            "Location": {"description": "Where to see it.", "schema": {"type": "string"}},
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
        },
    }
}


PICTURE: dict[str, Any] = {
    "required": True,
    "description": "The bytes of one picture, at most 10 MiB and 40 megapixels (of a WebP 32), no "
    "side longer than 16,384 pixels: what they are decides, whatever they are said to be. Of an "
    "animation the first picture is taken.",
    "content": {
        type_: {"schema": {"type": "string", "format": "binary"}}
        for type_ in ("image/png", "image/jpeg", "image/webp", "application/octet-stream")
    },
}

GIVEN: dict[int | str, dict[str, Any]] = {
    201: {
        "description": "Kept, and durable. The same picture is the same image.",
        "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}},
    }
}


def file_answers(name: str, method: str) -> dict[int | str, dict[str, Any]]:
    """The answers of a file: whole, in part, unchanged, or refused."""
    bytes_ = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    content = {"content": bytes_} if method == "GET" else {}
    return {
        200: {"description": f"The {name}.", **content},
        206: {"description": "The range that was asked for.", **content},
        304: {"description": "Not changed since the ETag that was sent."},
        416: {"description": _WHEN[416]},
        **refusals(404, 409, 410, 503),
    }


def describe(api: FastAPI) -> None:
    """The framework's own description, made true: it does not know how errors leave here."""
    plain = api.openapi

    def described() -> dict[str, Any]:
        document = plain()
        for path in document["paths"].values():
            for operation in path.values():
                _correct(operation["responses"])
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    api.openapi = described  # type: ignore[method-assign]


def _correct(answers: dict[str, dict[str, Any]]) -> None:
    for code in [code for code in answers if int(code) >= 400]:
        schemas = [each["schema"] for each in answers[code].get("content", {}).values()]
        if any(schema["$ref"].endswith("/HTTPValidationError") for schema in schemas):
            del answers[code]  # added to every route with a parameter, also where any text will do
        elif schemas:
            answers[code]["content"] = {MEDIA_TYPE: {"schema": schemas[0]}}
    stream = answers.get("200", {}).get("content", {}).get("text/event-stream")
    if stream and "schema" in stream:
        data = {"contentMediaType": "application/json", "contentSchema": stream.pop("schema")}
        stream["itemSchema"]["properties"]["data"].update(data)
