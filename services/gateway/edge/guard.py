"""Lets callers in: nobody is served users' data who has no key, where keys are needed."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.errors.handlers import answer
from services.gateway.errors.problems import Refusal, explain_error
from services.gateway.keys.caller import CALLER, Caller
from services.gateway.keys.door import Door
from services.gateway.keys.roles import is_guarded


class Guard:
    """Lets callers in, and tells them how much they may still ask."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or not is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        asks = None
        try:
            caller = await self._find_caller(scope)
            asks = CALLER.set(caller)
            scope.setdefault("state", {})["key"] = caller.key  # for the log
            send = await self._tell_standing(send)
            await self._door.check_role(caller, scope.get("method", "GET"), scope["path"])
            await self._app(scope, receive, Stream(partial(self._is_let_in, scope), send))
        except Refusal as refusal:  # those of the routes are answered before they come here
            await _refuse(scope, receive, send, refusal)
        finally:
            if asks:
                CALLER.reset(asks)

    async def _find_caller(self, scope: Scope) -> Caller:
        raw = scope.get("query_string", b"").decode("latin-1")
        query = dict(parse_qsl(raw, keep_blank_values=True))
        said = Headers(scope=scope).get("authorization", "")
        return await self._door.find_caller(scope.get("method", "GET"), scope["path"], query, said)

    async def _is_let_in(self, scope: Scope) -> bool:
        """Tell whether who was let in with this would be let in now."""
        try:
            await self._find_caller(scope)
        except Refusal:
            return False
        return True

    async def _tell_standing(self, send: Send) -> Send:
        """Return what sends an answer, and tells in it what the key has left of its minute."""
        standing = await self._door.usage.count_request()
        return _add(standing.headers, send) if standing else send


class Stream:
    """Sends an answer. One that goes on and on ends with the token or link it was asked with."""

    def __init__(self, is_let_in: Callable[[], Awaitable[bool]], send: Send) -> None:
        self._is_let_in = is_let_in
        self._send = send
        self._is_live = False
        self._is_over = False

    async def __call__(self, message: Message) -> None:
        if self._is_over:
            return
        if message["type"] == "http.response.start":
            said = Headers(raw=message["headers"]).get("content-type", "")
            self._is_live = said.startswith("text/event-stream")
        end = _ENDS.get(message["type"])
        if self._is_live or message["type"] == "websocket.send":
            self._is_over = end is not None and not await self._is_let_in()
        await self._send(end if self._is_over and end else message)


_ENDS: Mapping[str, Message] = {
    "http.response.body": {"type": "http.response.body", "body": b"", "more_body": False},
    "websocket.send": {"type": "websocket.close", "code": 1008, "reason": "key-not-valid"},
}
"""What comes next → what is sent in place of it, to who is let in no more."""


async def _refuse(scope: Scope, receive: Receive, send: Send, refusal: Refusal) -> None:
    can_say_why = scope["type"] == "http" or "websocket.http.response" in scope.get(
        "extensions", ()
    )
    if not can_say_why:
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.kind})
        return
    problem = explain_error(refusal, scope["path"])
    await answer(scope, problem, refusal.headers)(scope, receive, send)


def _add(told: Mapping[str, str], send: Send) -> Send:
    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(told)
        await send(message)

    return send_with
