"""The provider, through its own client library, over a transport of ours.

The library is imported with the first call, and only here: it does not import on Python 3.14, where
all else works. It reads REPLICATE_API_TOKEN and REPLICATE_BASE_URL itself. Nothing that it or we
send is ever sent twice: each error is raised, and the ledger decides what follows.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from shared.engines.replicate.transport import Answered, Call, TooLate, Transport, calling
from shared.story.errors import BadInput

TOKEN = "REPLICATE_API_TOKEN"

READ_SECONDS = 30.0
"""The longest that one question may take; how long a create may take is its caller's to say."""
UPLOAD_SECONDS = 300.0

READS_A_SECOND = 20.0
"""Of one process. The account has 50 a second, for all processes together."""
LONGEST_QUEUE = 5.0
"""Whoever would wait longer for his turn to read is told to come again."""


class ReadLater(Exception):
    """The provider is asked too often: nothing was asked; come again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the next question has its turn in {seconds:.1f} s")
        self.seconds = seconds


def check_ready() -> None:
    """Refuse to begin without a token, or on a Python on which the client does not work."""
    if not os.environ.get(TOKEN):
        raise BadInput(
            f"work at Replicate needs a token, and {TOKEN} is empty: set it "
            "(https://replicate.com/account/api-tokens), or leave paid engines off",
            TOKEN,
        )
    load_client()


class Provider:
    """The calls that the engine makes. Each returns the body of the answer as it came."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._client: Any = None
        self._next_read = 0.0

    async def create(
        self,
        model: str,
        version: str | None,
        body: Mapping[str, Any],
        cancel_after: float,
        seconds_left: Callable[[], float],
    ) -> Mapping[str, Any]:
        """Start a run, if it can be sent in time, and return what was answered.

        A model that is official is called by its name, any other by a version.
        """
        client = self._open()
        headers = {"Cancel-After": f"{max(5, round(cancel_after))}s"}
        call = Call(headers, seconds_left)
        create = (
            client.predictions.async_create(version=version, **body)
            if version
            else client.models.predictions.async_create(model=model, **body)
        )
        try:
            await _carry(call, create, 0.95 * seconds_left())  # before whoever waits gives up
        except (TimeoutError, httpx.TransportError) as error:
            if call.was_sent:
                raise
            raise NotSent("the provider could not be reached in time") from error
        return _as_object(call)

    async def get(self, run: str) -> Mapping[str, Any]:
        """Return all that the provider says of a run."""
        return await self._read(lambda client: client.predictions.async_get(run))

    async def list_runs(self, since: str, cursor: str = "") -> tuple[list[Mapping[str, Any]], str]:
        """Return a page of the runs created since then, newest first, and where the next begins."""
        path = f"/v1/predictions?{cursor or urlencode({'created_after': since})}"
        page = await self._read(lambda client: client.predictions.async_list(path))
        runs = page.get("results")
        if not isinstance(runs, list):
            raise Unreadable("the provider's list of runs can't be read")
        # of its address for the next page only the query counts: the token goes to no other host
        more = urlsplit(str(page.get("next") or "")).query
        return [run for run in runs if isinstance(run, dict)], more

    async def cancel(self, run: str) -> None:
        """Ask the provider to stop a run; it says in its own time how the run has ended."""
        client = self._open()
        await _carry(Call(), client.predictions.async_cancel(run), READ_SECONDS)

    async def upload(self, path: Path, media_type: str) -> Mapping[str, Any]:
        """Give the provider a file, and return what it says of it; it keeps it for a day."""
        call = Call()
        given = self._open().files.async_create(path, content_type=media_type)
        await _carry(call, given, UPLOAD_SECONDS)
        return _as_object(call)

    async def get_file(self, file: str) -> Mapping[str, Any]:
        """Return what the provider says of a file."""
        return await self._read(lambda client: client.files.async_get(file))

    async def get_model(self, name: str) -> Mapping[str, Any]:
        """Return what the provider publishes about a model."""
        return await self._read(lambda client: client.models.async_get(name))

    async def close(self) -> None:
        """Let go of all connections."""
        await self.transport.aclose()

    def rest(self, seconds: float) -> None:
        """Ask nothing for so long: the provider has said so."""
        self._next_read = max(self._next_read, time.monotonic() + seconds)

    async def _read(self, ask: Callable[[Any], Awaitable[Any]]) -> Mapping[str, Any]:
        client = self._open()
        await self._take_turn()
        call = Call()
        await _carry(call, ask(client), READ_SECONDS)
        return _as_object(call)

    async def _take_turn(self) -> None:
        now = time.monotonic()
        wait = self._next_read - now
        if wait > LONGEST_QUEUE:
            raise ReadLater(wait)
        self._next_read = max(now, self._next_read) + 1 / READS_A_SECOND
        if wait > 0:
            await asyncio.sleep(wait)

    def _open(self) -> Any:
        if self._client is None:
            self._client = load_client().Client(transport=self.transport)
        return self._client


class NotSent(Exception):
    """It has surely not been sent: no connection came about."""


class Unreadable(Exception):
    """An answer that says nothing we can use."""


async def _carry(call: Call, request: Awaitable[Any], seconds: float) -> None:
    """Make one request within its time. Its answer is in the call, whatever the client says of it:
    the client refuses states of a run that it does not know, and one such run breaks its list.
    """
    try:
        with calling(call):
            async with asyncio.timeout(seconds):
                await request
    except (Answered, TooLate):
        raise
    except Exception:
        if call.body is None:
            raise


def _as_object(call: Call) -> Mapping[str, Any]:
    if not isinstance(call.body, dict):
        raise Unreadable("the provider's answer can't be read")
    return call.body


def load_client() -> Any:
    """Return the client library; say what to do where it can't be imported."""
    try:
        import replicate
    except Exception as error:  # on 3.14 it breaks while it is imported, and not by ImportError
        raise BadInput(
            "work at Replicate needs the Python package `replicate`, which is not there or does "
            "not work on this Python: use Python 3.11, 3.12 or 3.13, or leave paid engines off"
        ) from error
    return replicate
