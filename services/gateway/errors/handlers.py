"""Answers every error of the API with a problem document, whatever its sort."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Scope

from services.gateway.errors.foreign import PREFIX, describe_problem
from services.gateway.errors.problems import (
    MEDIA_TYPE,
    MOST_ERRORS,
    FieldError,
    Problem,
    Refusal,
    StreamOver,
    WrongType,
    explain_error,
    explain_field,
    explain_fields,
    explain_http_error,
)
from services.gateway.errors.wording import Fields, fields_inside, locate_json_error
from shared.story.errors import StorywaveError

log = logging.getLogger("storywave.gateway")

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def handle_errors(api: FastAPI) -> None:
    """Answer every error that is foreseen with a problem document; Access answers the others."""
    api.add_exception_handler(RequestValidationError, refuse_input)
    api.add_exception_handler(HTTPException, refuse_request)
    api.add_exception_handler(ClientDisconnect, answer_nobody)
    api.add_exception_handler(StorywaveError, explain_ours)
    api.add_exception_handler(StreamOver, end_stream)


def answer(
    scope: Scope, problem: Problem, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return the answer that carries a problem, with the id of its request."""
    known = problem.model_copy(update={"request_id": scope["state"]["request_id"]})
    later = {"Retry-After": "5"} if problem.status == 503 else {}
    if scope["path"].startswith(PREFIX):
        foreign = describe_problem(known).model_dump(mode="json")
        return JSONResponse(foreign, problem.status, {**later, **(headers or {})})
    content = known.model_dump(mode="json")
    return JSONResponse(content, problem.status, {**later, **(headers or {})}, MEDIA_TYPE)


async def refuse_input(request: Request, error: Exception) -> JSONResponse:
    """Return the answer that says what is wrong with each field, as far as anybody reads on."""
    assert isinstance(error, RequestValidationError)
    if isinstance(error.body, bytes):  # the framework parses JSON, and leaves the rest as it came
        return await explain_ours(request, WrongType("application/json"))
    places, errors = _list_places(request.scope["route"]), error.errors()
    wrong = [_explain(each, error.body, places) for each in errors[:MOST_ERRORS]]
    problem = explain_fields(wrong, request.scope["path"], len(errors) - len(wrong))
    return answer(request.scope, problem)


def _explain(error: Mapping[str, Any], body: Any, places: Mapping[str, Fields]) -> FieldError:
    # Where a value came from (body, query …) is our concern and not the user's.
    place, *loc = error["loc"]
    if error["type"] == "json_invalid":
        return FieldError(field="", message=locate_json_error(body, loc[0]))
    return explain_field(error, loc, places.get(place, {}), in_body=place == "body")


def _list_places(route: APIRoute) -> dict[str, Fields]:
    """Return the fields of each place that a route reads from: its parameters and its body."""
    takes = route.dependant
    params = {"query": takes.query_params, "path": takes.path_params, "header": takes.header_params}
    bodies = [fields_inside(body.field_info) for body in takes.body_params]
    fields = {place: {p.alias: p.field_info for p in those} for place, those in params.items()}
    return {**fields, **({"body": bodies[0]} if bodies else {})}


async def refuse_request(request: Request, error: Exception) -> JSONResponse:
    """Return the answer to an error of the framework's own, in our form."""
    assert isinstance(error, HTTPException)
    problem = explain_http_error(error.status_code, str(error.detail), request.scope["path"])
    allow = {"Allow": ", ".join(_list_methods(request))} if error.status_code == 405 else {}
    return answer(request.scope, problem, {**(error.headers or {}), **allow})


def _list_methods(request: Request) -> list[str]:
    """Return all methods that a path takes: the framework only looks at the first of its routes."""
    asked = {"type": "http", "path": request.scope["path"], "root_path": "", "headers": []}

    def takes(method: str) -> bool:
        return any(
            route.matches({**asked, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )

    # By asking each route, since only routes know how paths are matched.
    return [method for method in METHODS if takes(method)]


async def end_stream(request: Request, error: Exception) -> Response:
    """Return the answer that makes a browser stop asking for a stream."""
    return Response(status_code=204)


async def answer_nobody(request: Request, error: Exception) -> Response:
    """Return an answer that nobody hears, to a client that has gone: no fault, and not logged."""
    return Response(status_code=400)


async def explain_ours(request: Request, error: Exception) -> JSONResponse:
    """Return the answer to one of our own errors; log it if the fault is on our side."""
    problem = explain_error(error, request.scope["path"])
    # What is the user's own doing needs no line beside that of the access log.
    if problem.status >= 500:
        known = {"action": "error", "request_id": request.scope["state"]["request_id"]}
        log.error("%s", error, extra=known)
    return answer(request.scope, problem, error.headers if isinstance(error, Refusal) else None)
