"""The provider's refusals, word by word, and answers that never arrive whole."""

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.standins.replicate.faults import Form
from tests.standins.replicate.schema import Problem


class Refusal(Exception):
    """An answer in place of the one that was asked for."""

    def __init__(self, why: str, answer: Response) -> None:
        super().__init__(why)
        self.why = why
        self.answer = answer


def _problem(status: int, title: str, detail: str, **more: Any) -> Refusal:
    content = {"title": title, "detail": detail, "status": status, **more}
    return Refusal(str(status), JSONResponse(content, status))


def unauthenticated() -> Refusal:
    """Return what a missing or wrong token gets."""
    return _problem(401, "Unauthenticated", "You did not pass a valid authentication token")


def penniless() -> Refusal:
    """Return what an account without credit gets, whatever it asks for."""
    detail = "You have insufficient credit to run this model. Go to billing to purchase credit."
    return _problem(402, "Insufficient credit", detail)


def not_found() -> Refusal:
    """Return what a model gets that is gone, or is called on the wrong endpoint."""
    return _problem(404, "Not found", "The requested resource could not be found.")


def bad_version() -> Refusal:
    """Return what a version gets that is unknown."""
    detail = (
        "The specified version does not exist (or perhaps you don't have permission to use it?)"
    )
    return _problem(422, "Invalid version or not permitted", detail)


def bad_input(problems: list[Problem]) -> Refusal:
    """Return what an input gets that its model's schema does not allow."""
    detail = "\n".join(f"- {problem['field']}: {problem['description']}" for problem in problems)
    return _problem(422, "Input validation failed", detail, invalid_fields=problems)


def bad_request(field: str, description: str) -> Refusal:
    """Return what a request gets that is wrong outside of its input."""
    problem = {"type": "invalid", "field": field, "description": description}
    return bad_input([problem])


def throttled(form: Form, seconds: float) -> Refusal:
    """Return a 429, which says in one of three places when to come again."""
    content: dict[str, Any] = {"detail": "Request was throttled.", "status": 429}
    headers = {}
    if form == "header":
        headers["Retry-After"] = f"{seconds:g}"
    else:
        content["detail"] += f" Your rate limit resets in ~{seconds:g}s."
    if form == "body":
        content["retry_after"] = int(seconds) if seconds == int(seconds) else seconds
    return Refusal("429", JSONResponse(content, 429, headers))


def broken(status: int) -> Refusal:
    """Return what a gateway says whose server has gone: no JSON."""
    page = f"<html><body><h1>{status} Bad Gateway</h1></body></html>"
    return Refusal("5xx", Response(page, status, media_type="text/html"))


class HangUp(Response):
    """No answer: some bytes of one, or none at all, and the end of the connection."""

    def __init__(self, request: Request, shown: Any = None, size: int = 0) -> None:
        super().__init__()
        self._request = request
        self._bytes = b""
        if shown is not None:
            body = json.dumps(shown).encode()
            self._bytes = _head("201 Created", len(body)) + body[: len(body) // 2]
        elif size:
            self._bytes = _head("200 OK", size) + bytes(size // 2)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport: asyncio.Transport = self._request.state.transport
        if self._bytes:
            transport.write(self._bytes)
        transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


def _head(status: str, length: int) -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n".encode()
