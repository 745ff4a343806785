"""Serves a request with an Idempotency-Key once: whoever repeats it gets the first answer.

One layer before all routes. Only a new video is not its concern: there the key gives the id, and
the stored request is compared field by field (intake.py).
"""

import json
import logging
import re
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.answers import SERVED, Answer, Answers, Claim
from services.gateway.edge.bodies import WRITTEN
from services.gateway.errors.handlers import answer
from services.gateway.errors.problems import (
    FieldError,
    KeyReused,
    explain_fields,
    explain_http_error,
)
from services.gateway.errors.repeated import NotKept
from services.gateway.keys.caller import CALLER
from services.gateway.keys.roles import is_guarded
from shared.story.errors import StorywaveError

log = logging.getLogger("storywave.gateway")

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST_KEY = 255
ELSEWHERE = re.compile(r"/v1/(videos|estimates)|/openai/v1/videos")
"""What is repeated without this: a new video, which has its own row, and what changes nothing."""
KEPT_HEADERS = ("content-type", "location", "retry-after", "etag")

HasFile = Callable[[str, str], Awaitable[bool]]
"""Tells whether a file of this id is there, for this owner."""

_FILE = re.compile(r"/v1/(images|uploads)/(?P<id>[^/]+)")
_VIDEO = re.compile(r"/v1/videos/(?P<id>[^/]+)/.*", re.DOTALL)


def takes_key(method: str, path: str) -> bool:
    """Tell whether a request may come with a key that is looked at here."""
    return method.upper() == "POST" and is_guarded(path) and not ELSEWHERE.fullmatch(path)


class Repeats:
    """Answers repeated requests from what was answered before."""

    def __init__(self, app: ASGIApp, answers: Answers, has_file: HasFile) -> None:
        self._app = app
        self._answers = answers
        self._has_file = has_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        if key is None or not takes_key(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
        elif not 1 <= len(key) <= LONGEST_KEY:
            wrong = FieldError(field=HEADER, message=f"give 1 to {LONGEST_KEY} characters")
            await answer(scope, explain_fields([wrong], scope["path"]))(scope, receive, send)
        else:
            await self._serve_once(scope, Body(scope, receive), send, key)

    async def _serve_once(self, scope: Scope, body: "Body", send: Send, key: str) -> None:
        claimed = await self._claim(scope["path"], key)
        try:
            await body.read(whole=isinstance(claimed, Answer))
        except HTTPException as error:  # it is too large: the framework would not hear of it here
            if isinstance(claimed, Claim):
                await self._answers.let_go(claimed)
            said = explain_http_error(error.status_code, str(error.detail), scope["path"])
            await answer(scope, said, error.headers)(scope, body.receive, send)
            return
        if isinstance(claimed, Answer):
            await _replay(claimed, body)(scope, body.receive, send)
        else:
            await self._serve(scope, body, send, claimed)

    async def _claim(self, path: str, key: str) -> Claim | Answer:
        about, owner = _VIDEO.fullmatch(path), CALLER.get().owner
        claimed = await self._answers.claim(owner, key, about["id"] if about else "")
        if isinstance(claimed, Answer):
            given = _FILE.fullmatch(claimed.headers.get("location", ""))
            # a file that no video uses goes after a day: who gives it again is to have it again
            if given and not await self._has_file(given["id"], owner):
                return await self._answers.claim_anew(owner, key, claimed)
        return claimed

    async def _serve(self, scope: Scope, body: "Body", send: Send, claim: Claim) -> None:
        """Serve a request, and keep its answer before anybody has it."""
        said: list[Message] = []

        async def hear(message: Message) -> None:
            said.append(message)

        served = SERVED.set(f"{claim.id}/{body.digest}")
        try:
            await self._app(scope, body.receive, hear)
        except Exception:
            await self._answers.let_go(claim)
            raise
        finally:
            SERVED.reset(served)
        try:
            await self._keep(claim, said, body.digest)
        except StorywaveError as error:  # what was asked for is done, and that is said first
            log.warning("an answer was not kept: %s", error, extra={"action": "error"})
        for message in said:
            await send(message)

    async def _keep(self, claim: Claim, said: list[Message], digest: str) -> None:
        start = next((each for each in said if each["type"] == "http.response.start"), None)
        if start is None or not 200 <= start["status"] < 300:
            await self._answers.let_go(claim)
            return
        headers = Headers(raw=start["headers"])
        kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
        text = b"".join(each.get("body", b"") for each in said).decode(errors="replace")
        is_secret = "no-store" in headers.get("cache-control", "")
        body = None if is_secret else text
        await self._answers.keep(claim, Answer(digest, start["status"], kept, body))


class Body:
    """The body of a request: handed on to who reads it, and known by its digest."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._type = Headers(scope=scope).get("content-type", "")
        self._is_streamed = scope["path"] in WRITTEN
        self._from = receive
        self._read: list[Message] = []
        query = scope.get("query_string", b"")
        self._hash = blake2b(f"{scope['path']}\n".encode() + query + b"\n", digest_size=20)

    async def read(self, *, whole: bool) -> None:
        """Read all of it: before it is served, or only to compare it with the first one.

        One that is streamed to disk is too large to wait here: it is read as it is served.
        """
        if self._is_streamed:
            while whole and (await self.receive()).get("more_body"):
                pass
            return
        while not self._read or self._read[-1].get("more_body"):
            self._read.append(await self._from())
        data = b"".join(message.get("body", b"") for message in self._read)
        self._hash.update(_simplify(data, self._type))

    async def receive(self) -> Message:
        """Return the next part of it."""
        if self._read:
            return self._read.pop(0)
        message = await self._from()
        if self._is_streamed:
            self._hash.update(message.get("body", b""))
        return message

    @property
    def digest(self) -> str:
        """Return what all that was asked for comes to."""
        return self._hash.hexdigest()


def _replay(kept: Answer, body: Body) -> Response:
    """Return the first answer; refuse who asks for something else."""
    if kept.digest != body.digest:
        raise KeyReused
    if kept.body is None:
        raise NotKept
    return Response(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})


def _simplify(data: bytes, type_: str) -> bytes:
    """Return a body without what may differ between two that say the same."""
    kind, _, rest = type_.partition(";")
    if kind.strip().lower() == "multipart/form-data":
        _, _, boundary = rest.partition("boundary=")
        mark = boundary.partition(";")[0].strip().strip('"').encode()
        return data.replace(mark, b"") if mark else data
    try:
        read: Any = json.loads(data)
    except (ValueError, RecursionError):
        return data
    return json.dumps(read, sort_keys=True).encode()
