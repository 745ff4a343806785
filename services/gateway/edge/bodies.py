"""The limit of what is read of a request."""

from collections.abc import Mapping

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.story.images import MAX_BYTES

BODY_LIMIT = 64 << 10
LARGER: Mapping[str, int] = {"/v1/images": MAX_BYTES}
"""Path → the limit of its bodies, where it is another."""


class BodyLimit:
    """Stops reading a body that is too large; what nobody reads is never too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read, limit = 0, LARGER.get(scope.get("path", ""), BODY_LIMIT)

        async def receive_within_limit() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                # The framework lets its own errors through where it reads a body, and no others.
                raise HTTPException(413, _write_size(limit))
            return message

        is_http = scope["type"] == "http"
        await self._app(scope, receive_within_limit if is_http else receive, send)


def _write_size(limit: int) -> str:
    return f"{limit >> 20} MiB" if limit >> 20 else f"{limit >> 10} KiB"
