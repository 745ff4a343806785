"""What tests and storms ask the stand-in itself, under /_standin: no caller knows of it."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.standins.replicate.faults import Fault
from tests.standins.replicate.judge import entry_of, judge, key_of
from tests.standins.replicate.provider import Provider

_FAULTS = TypeAdapter(list[Fault])


class Admin:
    """The routes by which the stand-in is steered, and its books are read."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def routes(self) -> list[Route]:
        """Return them all."""
        return [
            Route("/_standin/settings", _explained(self.settings), methods=["GET", "POST"]),
            Route("/_standin/faults", _explained(self.faults), methods=["GET", "POST", "DELETE"]),
            Route("/_standin/clock", _explained(self.clock), methods=["GET", "POST"]),
            Route("/_standin/ledger", _explained(self.ledger)),
            Route("/_standin/judge", _explained(self.judge)),
        ]

    async def settings(self, request: Request) -> Any:
        """Return the settings, after changing those that were sent."""
        if request.method == "POST":
            for name, value in (await request.json()).items():
                setattr(self._provider.settings, name, value)
        return self._provider.settings.model_dump()

    async def faults(self, request: Request) -> Any:
        """Return the script; `next` adds to it, `rates` takes the place of the rates."""
        script = self._provider.script
        if request.method == "DELETE":
            script.queue.clear()
            script.rates = {}
        if request.method == "POST":
            sent = await request.json()
            script.queue += _FAULTS.validate_python(sent.get("next", []))
            if "rates" in sent:
                script.set_rates(sent["rates"])
        queued = [fault.model_dump(exclude_defaults=True) for fault in script.queue]
        return {"next": queued, "rates": script.rates, "struck": dict(script.struck)}

    async def clock(self, request: Request) -> Any:
        """Return the provider's time, after moving it on by so many `seconds`."""
        clock = self._provider.clock
        if request.method == "POST":
            clock.move(float((await request.json())["seconds"]))
            self._provider.ledger.move_clock(clock.ahead)
        return {"now": clock.now(), "ahead": clock.ahead, "skew": clock.skew}

    async def ledger(self, request: Request) -> Any:
        """Return every run with what it cost, and what was refused."""
        provider = self._provider
        runs = list(provider.ledger.runs.values())
        return {
            "runs": [entry_of(run) for run in runs],
            "billed_micros": sum(run.billed for run in runs),
            "by_status": Counter(run.status for run in runs),
            "refused": provider.ledger.refused,
            "struck": provider.script.struck,
            "trouble": provider.trouble,
        }

    async def judge(self, request: Request) -> Any:
        """Return the verdict, by job or by the parts of `?by=`."""
        by = request.query_params.get("by")
        runs = self._provider.ledger.runs.values()
        return asdict(judge(runs, key_of(by) if by else None))


def _explained(
    answer: Callable[[Request], Awaitable[Any]],
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that says in plain text what is wrong with a request."""

    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await answer(request))
        except (ValidationError, ValueError, KeyError, TypeError, json.JSONDecodeError) as error:
            return Response(f"{error}\n", 400)

    return endpoint
