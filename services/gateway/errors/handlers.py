"""Every error of every sort leaves the API as a problem document."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from services.gateway.errors.problems import (
    MEDIA_TYPE,
    FieldError,
    Problem,
    explain_error,
    explain_fields,
    explain_http_error,
    field_error,
)
from services.gateway.errors.wording import Fields, fields_inside, locate_json_error
from shared.story.errors import StorywaveError

log = logging.getLogger("storywave.gateway")


def handle_errors(api: FastAPI) -> None:
    """Answer every error of this API with a problem document."""
    api.add_exception_handler(RequestValidationError, refuse_input)
    api.add_exception_handler(HTTPException, refuse_request)
    api.add_exception_handler(ClientDisconnect, answer_nobody)
    api.add_exception_handler(StorywaveError, explain_ours)
    api.add_exception_handler(Exception, hide_bug)


async def refuse_input(request: Request, error: Exception) -> JSONResponse:
    """Return what is wrong with each field."""
    assert isinstance(error, RequestValidationError)
    places = _list_places(request.scope["route"])
    wrong = [_explain(each, error.body, places) for each in error.errors()]
    return _answer(explain_fields(wrong, request.url.path))


def _explain(error: Mapping[str, Any], body: Any, places: Mapping[str, Fields]) -> FieldError:
    # Where a value came from (body, query …) is our concern and not the user's.
    place, *loc = error["loc"]
    if error["type"] == "json_invalid":
        said = locate_json_error(body, loc[0], error["ctx"]["error"])
        return FieldError(field="", message=said)
    return field_error(error, loc, places.get(place, {}))


def _list_places(route: APIRoute) -> dict[str, Fields]:
    """Return what a route takes: its parameters, and the fields of its body."""
    takes = route.dependant
    params = {"query": takes.query_params, "path": takes.path_params, "header": takes.header_params}
    bodies = [fields_inside(body.field_info) for body in takes.body_params]
    fields = {place: {p.alias: p.field_info for p in those} for place, those in params.items()}
    return {**fields, **({"body": bodies[0]} if bodies else {})}


async def refuse_request(request: Request, error: Exception) -> JSONResponse:
    """Return what an error of the framework's own says, in our form."""
    assert isinstance(error, HTTPException)
    problem = explain_http_error(error.status_code, str(error.detail), request.url.path)
    return _answer(problem, error.headers)


async def answer_nobody(request: Request, error: Exception) -> Response:
    """Return an answer that nobody hears, to a client that has gone: no fault, and not logged."""
    return Response(status_code=400)


async def explain_ours(request: Request, error: Exception) -> JSONResponse:
    """Return one of our own errors, and log it where something of ours is away."""
    problem = explain_error(error, request.url.path)
    if problem.status >= 500:
        log.error("%s", error, extra={"action": "error", "path": request.url.path})
    return _answer(problem, {"Retry-After": "5"} if problem.status == 503 else None)


async def hide_bug(request: Request, error: Exception) -> JSONResponse:
    """Return that something broke; the server logs what it was."""
    return _answer(explain_error(error, request.url.path))


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    content = problem.model_dump(mode="json")
    return JSONResponse(content, problem.status, headers, media_type=MEDIA_TYPE)
