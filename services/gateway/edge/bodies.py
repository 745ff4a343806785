"""The limits of what is read: of each request, and of all requests together."""

from collections import Counter
from collections.abc import Mapping

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.errors.handlers import answer
from services.gateway.errors.problems import explain_http_error
from services.gateway.keys.caller import CALLER
from services.gateway.keys.roles import is_guarded
from shared.story import material
from shared.story.images import MAX_BYTES

BODY_LIMIT = 64 << 10
HOOK_LIMIT = 4 << 20  # a webhook repeats the whole input of its run, with pictures inside
LARGER: Mapping[str, int] = {
    "/v1/images": MAX_BYTES,
    "/v1/uploads": material.MAX_BYTES,
    "/openai/v1/videos": MAX_BYTES * 4 // 3 + BODY_LIMIT,  # a picture, perhaps in base64
    "/hooks/replicate": HOOK_LIMIT,
}
"""Path → the limit of its bodies, where it is another."""
WRITTEN = frozenset({"/v1/uploads"})
"""The paths whose bodies go to disk as they come, and are in memory in small parts only."""

ALL_BODIES = 128 << 20
"""Of all bodies that are in memory at one time: some that stall must not take all of it."""
SHARE = 2
"""Half of that is the most for one owner, and for all who need no key: whoever sends slowly must
not keep all others from sending.
"""


class BodyLimit:
    """Refuses a body that says that it is too large, and stops reading one that turns out so."""

    def __init__(self, app: ASGIApp, all_bodies: int = ALL_BODIES) -> None:
        self._app = app
        self._left = all_bodies
        self._most_of_one = all_bodies // SHARE
        self._held: Counter[str] = Counter()
        """By owner; of those who need no key together."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        read, held, limit = 0, 0, LARGER.get(path, BODY_LIMIT)
        who = CALLER.get().owner if is_guarded(path) else ""

        async def receive_within_limit() -> Message:
            nonlocal read, held
            message = await receive()
            size = len(message.get("body", b""))
            read += size
            if path not in WRITTEN:
                held, self._left = held + size, self._left - size
                self._held[who] += size
            # The framework lets its own errors through where it reads a body, and no others.
            if read > limit:
                raise HTTPException(413, _write_size(limit))
            if self._left < 0 or self._held[who] > self._most_of_one:
                raise HTTPException(503, headers={"Retry-After": "5"})
            return message

        if scope["type"] == "http" and _read_length(scope) > limit:
            problem = explain_http_error(413, _write_size(limit), scope["path"])
            await answer(scope, problem)(scope, receive, send)
            return
        try:
            is_http = scope["type"] == "http"
            await self._app(scope, receive_within_limit if is_http else receive, send)
        finally:
            # until then the body, or what was made of it, is in memory
            self._left += held
            self._held -= Counter({who: held})


def _read_length(scope: Scope) -> int:
    """Return how long the body says that it is; 0 where it does not say."""
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _write_size(limit: int) -> str:
    return f"{limit >> 20} MiB" if limit >> 20 else f"{limit >> 10} KiB"
