"""Sends requests, and sends them again where that can do no harm.

Every write carries an Idempotency-Key, the same one each time it is sent: so a server that did the
work, and whose answer was lost, does not do it twice.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from shared.client.errors import NoServer, NotStorywave, Refused, read_problem

PATIENCE = 60.0
"""Seconds: so long a request is sent again, all in all."""
SECONDS = 30.0
"""A server that has said nothing for so long is not going to."""
LONGEST_PAUSE = 8.0

_CHANCE = random.Random()
AGAIN = frozenset({429, 502, 503, 504})
"""The answers that ask to come again; so does a 409 that says when."""

Tell = Callable[[float, str], None]
"""Is told how many seconds are waited now, and why."""


def tell_nobody(seconds: float, why: str) -> None:
    """Say nothing."""


@dataclass
class Wire:
    """A way to one server."""

    http: httpx.AsyncClient
    key: str = ""
    patience: float = PATIENCE
    tell: Tell = tell_nobody
    has_answered: bool = field(default=False, init=False)
    """A server that never has may not be there at all: an address with a mistake in it is told at
    once, and a server that restarts is waited for.
    """

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        query: Mapping[str, str | int | Sequence[str]] | None = None,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        content: Callable[[], AsyncIterator[bytes]] | None = None,
    ) -> httpx.Response:
        """Return the answer to a request; Refused where it is none that one would want.

        `content` gives the body anew each time it is sent.
        """
        told = {"Idempotency-Key": key or uuid4().hex} if method not in {"GET", "HEAD"} else {}
        asked: dict[str, Any] = {
            "params": dict(query or {}),
            "headers": {**told, **(headers or {})},
        }
        if json is not None:
            asked["json"] = json
        patience = self.be_patient()
        while True:
            if content is not None:
                asked["content"] = content()
            try:
                answer = await self.http.request(method, path, **self._sign(asked))
            except httpx.TransportError as error:
                await patience.use(self.explain(error), may_wait=self._may_wait(error))
                continue
            self.has_answered = True
            if not wants_again(answer):
                return self.check(answer, answer.content)
            await patience.use(self._refuse(answer, answer.content), read_pause(answer))

    @asynccontextmanager
    async def open(
        self, path: str, headers: Mapping[str, str], silence: float
    ) -> AsyncIterator[httpx.Response]:
        """Give an answer that is read bit by bit, with no more than so much silence in it."""
        limits = httpx.Timeout(SECONDS, read=silence)
        asked = self._sign({"headers": dict(headers)})
        async with self.http.stream("GET", path, timeout=limits, **asked) as answer:
            self.has_answered = True
            if answer.status_code >= 300:
                self.check(answer, await answer.aread())
            yield answer

    def _sign(self, asked: dict[str, Any]) -> dict[str, Any]:
        signed = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return {**asked, "headers": {**signed, **asked["headers"]}}

    def be_patient(self) -> "Patience":
        """Return a new patience: for one request, or for one part of a file."""
        return Patience(self.patience, self.tell)

    def _may_wait(self, error: httpx.TransportError) -> bool:
        return self.has_answered or not isinstance(error, httpx.ConnectError)

    def check(self, answer: httpx.Response, body: bytes) -> httpx.Response:
        """Return an answer that is a good one; raise what any other one says."""
        if answer.status_code >= 300:
            raise self._refuse(answer, body)
        return answer

    def _refuse(self, answer: httpx.Response, body: bytes) -> Refused | NotStorywave:
        problem = read_problem(answer.status_code, body)
        if problem is not None:
            return Refused(problem)
        return NotStorywave(
            f"what answers at {self.http.base_url} is no Storywave, or something before it "
            f"(status {answer.status_code}): check the address"
        )

    def explain(self, error: httpx.TransportError) -> NoServer:
        """Return the error that says in words that a server is not there, or does not answer."""
        if isinstance(error, httpx.TimeoutException):
            return NoServer(f"the server at {self.http.base_url} does not answer in time")
        return NoServer(f"nothing answers at {self.http.base_url}")


@dataclass
class Patience:
    """How much longer one request is sent again."""

    seconds: float
    tell: Tell

    def __post_init__(self) -> None:
        self._pauses = grow_pauses()
        self._ends = asyncio.get_running_loop().time() + self.seconds

    async def use(
        self, error: Exception, pause: float | None = None, *, may_wait: bool = True
    ) -> None:
        """Wait until it is time to try again; raise the error where there is no more patience."""
        seconds = next(self._pauses) if pause is None else pause
        if not may_wait or asyncio.get_running_loop().time() + seconds > self._ends:
            raise error
        self.tell(seconds, str(error))
        await asyncio.sleep(seconds)


def grow_pauses() -> Iterator[float]:
    """Yield pauses that grow, each with a part of chance: many clients must not come at once."""
    pause = 0.25
    while True:
        yield pause * _CHANCE.uniform(0.75, 1.25)
        pause = min(2 * pause, LONGEST_PAUSE)


def wants_again(answer: httpx.Response) -> bool:
    """Tell whether an answer asks to come again later."""
    return answer.status_code in AGAIN or (
        answer.status_code == 409 and read_pause(answer) is not None
    )


def read_pause(answer: httpx.Response) -> float | None:
    """Return the seconds that an answer asks to wait; None where it asks for none."""
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isdecimal() and len(said) < 8 else None
