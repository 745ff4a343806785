"""HTTP as the provider speaks it. What its client library would drop is kept here.

Under the client, and above the network, this

- sends headers that the client has no place for, as `Cancel-After`;
- refuses to send what is late: a process that stood still for minutes must not post then;
- raises `Answered` for every status from 400 on, with all that the answer said: so the client,
  which would repeat some requests by itself, never sees one to repeat;
- keeps each body as it came: the client knows fewer states of a run than the provider.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

MOST_BYTES = 64 << 20
"""The longest answer that is read: a page of the list holds a hundred inputs."""
LONGEST_WAIT = 3_600.0

_SENDING = ("http11.send_request_headers.started", "http11.send_request_body.started")
_RESETS = re.compile(r"resets in ~?\s*(\d+(?:\.\d+)?)\s*s", re.IGNORECASE)


class TooLate(Exception):
    """The time to send it was over before it was sent: surely the provider never saw all of it."""


class Answered(Exception):
    """The provider refused a request, or broke over it: a status from 400 on."""

    def __init__(self, status: int, body: Any, retry_after: float | None) -> None:
        self.status = status
        self.body: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
        self.retry_after = retry_after
        """The longest wait that any part of the answer asks for, in seconds."""
        super().__init__(f"{status} {self.title}: {self.detail}"[:500])

    @property
    def title(self) -> str:
        return str(self.body.get("title") or "")

    @property
    def detail(self) -> str:
        return str(self.body.get("detail") or "")


@dataclass
class Call:
    """One request to the provider, and what came back, as it came."""

    headers: Mapping[str, str] = field(default_factory=dict)
    seconds_left: Callable[[], float] | None = None
    """The time in which it must have been sent; None where it may be late."""
    was_sent: bool = False
    """Its last part may have left this machine."""
    body: Any = None

    def check_time(self) -> None:
        """Refuse to send what is late."""
        if self.seconds_left is not None and self.seconds_left() <= 0:
            raise TooLate

    async def trace(self, event: str, info: Any) -> None:
        """Look at the time at the last moment before the head leaves, and again before the body.

        Without its body a request is nothing to a server. So the second look is the one that
        counts, and the first only saves a connection.
        """
        if event in _SENDING:
            self.check_time()
            self.was_sent = event == _SENDING[-1]


_CALL: ContextVar[Call | None] = ContextVar("call", default=None)


@contextmanager
def calling(call: Call) -> Iterator[Call]:
    """Let the requests that this task makes be this call's."""
    token = _CALL.set(call)
    try:
        yield call
    finally:
        _CALL.reset(token)


class Transport(httpx.AsyncBaseTransport):
    """The way of every request to the provider."""

    def __init__(
        self, now: Callable[[], int], network: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._now = now
        self._network = network or httpx.AsyncHTTPTransport()
        self.ahead_ms = 0
        """How far the provider's clock is ahead of ours, by its last answer."""
        self.has_seen_clock = False
        """There has been an answer, which told its time if any does."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and return an answer below 400; raise for all others."""
        call = _CALL.get() or Call()
        request.headers.update(call.headers)
        request.extensions = {**request.extensions, "trace": call.trace}
        call.check_time()
        answer = await self._network.handle_async_request(request)
        try:
            content = await _read(answer)
        finally:
            await answer.aclose()
        sent_at = self._note_date(answer)
        call.body = _parse(content)
        if answer.status_code >= 400:
            wait = read_retry_after(answer.headers, call.body, sent_at)
            raise Answered(answer.status_code, call.body, wait)
        kind = {"content-type": answer.headers.get("content-type", "")}
        return httpx.Response(answer.status_code, headers=kind, content=content)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._network.aclose()

    def _note_date(self, answer: httpx.Response) -> float:
        """Return the time of an answer in seconds, by the provider's own clock if it tells."""
        self.has_seen_clock = True
        date = _parse_date(answer.headers.get("date", ""))
        if date is None:
            return (self._now() + self.ahead_ms) / 1000
        self.ahead_ms = round(date.timestamp() * 1000) + 500 - self._now()  # half of a second, cut
        return date.timestamp()


def read_retry_after(headers: Mapping[str, str], body: Any, sent_at: float) -> float | None:
    """Return the longest wait in seconds that an answer asks for; None where it asks for none.

    It may be a header, in seconds or as a date; a field of the body; or only words in it.
    """
    said = body if isinstance(body, Mapping) else {}
    header = headers.get("retry-after", "").strip()
    date = _parse_date(header)
    words = _RESETS.search(str(said.get("detail") or ""))
    waits = [
        _seconds(header),
        date.timestamp() - sent_at if date else None,
        _seconds(said.get("retry_after")),
        _seconds(words[1]) if words else None,
    ]
    known = [min(max(wait, 0.0), LONGEST_WAIT) for wait in waits if wait is not None]
    return max(known, default=None)


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if seconds == seconds else None  # a NaN is no time


def _parse_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None


async def _read(answer: httpx.Response) -> bytes:
    """Return the body of an answer; raise where it is longer than anything that we ask for."""
    parts, size = [], 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > MOST_BYTES:
            raise httpx.DecodingError(f"an answer of more than {MOST_BYTES >> 20} MiB")
        parts.append(part)
    return b"".join(parts)


def _parse(content: bytes) -> Any:
    """Return what a body holds; None where it is no JSON, as from a proxy in between."""
    try:
        return json.loads(content)
    except ValueError:
        return None
