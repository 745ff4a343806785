"""The outermost of what is ours: an id for each request, one line in the log, a last resort."""

import logging
import re
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.errors.handlers import answer
from services.gateway.errors.problems import explain_error
from shared.base import telemetry
from shared.runtime.probes import PROBES

log = logging.getLogger("storywave.access")

METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")

# Nothing that is served here may load or be framed by anything of another host, and no browser may
# take a file for what it is not said to be.
SAFETY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        # blob: is what our page has fetched itself, with a key that no picture's address may carry
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        b"media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        b"frame-ancestors 'none'",
    ),
)


class Access:
    """Knows each request by its id, from its first byte to its last."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        seen = Seen(Headers(scope=scope).get("x-request-id"))
        # Here handlers find it, also those of the framework.
        scope.setdefault("state", {})["request_id"] = seen.request_id
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return

        async def send_seen(message: Message) -> None:
            await send(seen.note(message))

        try:
            await self._app(scope, receive, send_seen)
        except Exception as error:
            if seen.status:
                raise  # the answer has begun: it can only break off, and the server sees to that
            log.exception("a request broke", extra={"request_id": seen.request_id})
            problem = explain_error(error, scope["path"])
            await answer(scope, problem)(scope, receive, send_seen)
        finally:
            if scope["path"] not in PROBES:
                seen.log(scope)


class Seen:
    """What the log tells of one request."""

    def __init__(self, given: str | None) -> None:
        well_formed = given is not None and WELL_FORMED.fullmatch(given)
        self.request_id = given if given and well_formed else uuid4().hex
        self.status = 0
        self._bytes = 0
        self._began = perf_counter()

    def note(self, message: Message) -> Message:
        """Return the message with our headers, where it begins the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            ours = (*SAFETY, (b"x-request-id", self.request_id.encode()))
            return {**message, "headers": [*message.get("headers", ()), *ours]}
        self._bytes += len(message.get("body", b""))
        return message

    def log(self, scope: Scope) -> None:
        """Write the line: the route is its template, since paths would tell the videos of users."""
        route = getattr(scope.get("route"), "path", None)
        extra = {
            "method": scope["method"],
            "route": route,
            "status": self.status or None,  # None: the client left before there was an answer
            "ms": round((perf_counter() - self._began) * 1000, 1),
            "bytes": self._bytes,
            "request_id": self.request_id,
            "key": scope["state"].get("key") or None,
        }
        log.info("%s %s %s", scope["method"], route, self.status or "left", extra=extra)
        self._count(scope["method"], route)

    def _count(self, method: str, route: str | None) -> None:
        """Count it. A client may make up a method or a path: labels have none of either."""
        known = method if method in METHODS else "other"
        status = f"{self.status // 100}xx" if self.status else "left"
        seconds = telemetry.REQUEST_SECONDS.labels(route or "none", known, status)
        seconds.observe(perf_counter() - self._began)
