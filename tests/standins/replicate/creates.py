"""How a prediction is created: checked, accepted, and answered, more or less."""

import asyncio
import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.standins.replicate import refusals
from tests.standins.replicate.door import Door
from tests.standins.replicate.fates import NO_HOOK
from tests.standins.replicate.faults import Fault
from tests.standins.replicate.hooks import is_allowed
from tests.standins.replicate.model import Model
from tests.standins.replicate.models import MODELS, find_by_version
from tests.standins.replicate.provider import Order, Provider
from tests.standins.replicate.runs import Run
from tests.standins.replicate.schema import check_input

_EVENTS = ("start", "output", "logs", "completed")
_SLOW_SECONDS = 30.0
_LEAST_CANCEL_AFTER = 5.0
_MOST_WAIT = 60.0


class Creates:
    """The two routes that cost money."""

    def __init__(self, provider: Provider, door: Door) -> None:
        self._provider, self._door = provider, door

    async def by_model(self, request: Request) -> Response:
        """Create a run of an official model."""
        name = f"{request.path_params['owner']}/{request.path_params['name']}"
        self._door.check_create()
        body = await _read_json(request)
        model = MODELS.get(name)
        if model is None or not model.is_official or name in self._provider.settings.retired:
            raise refusals.not_found()
        return await self._create(request, model, body)

    async def by_version(self, request: Request) -> Response:
        """Create a run of a pinned version, or of an official model by its name."""
        self._door.check_create()
        body = await _read_json(request)
        version = body.get("version")
        if not isinstance(version, str):
            raise refusals.bad_request("version", "version is required")
        model = find_by_version(version, self._provider.settings.versions)
        if model is None or model.name in self._provider.settings.retired:
            raise refusals.bad_version()
        return await self._create(request, model, body)

    async def _create(self, request: Request, model: Model, body: dict[str, Any]) -> Response:
        given = body.get("input", {})
        if not isinstance(given, dict):
            raise refusals.bad_request("input", "input must be an object")
        if problems := check_input(model.fields, given):
            raise refusals.bad_input(problems)
        order = _read_order(request, model, body, given)
        script, words = self._provider.script, json.dumps(given)
        before = script.draw("before", model.name, model.kind, words)
        self._door.strike(before)
        if before:
            await asyncio.sleep(_seconds(before))
        answer = script.draw("answer", model.name, model.kind, words)
        run = self._provider.accept(order, answer.name if answer else "")
        return await self._answer(request, run, answer)

    async def _answer(self, request: Request, run: Run, fault: Fault | None) -> Response:
        """Answer a create that was accepted, or do what the script says instead."""
        shown = self._provider.show(run)
        match fault.name if fault else "":
            case "lost":
                return refusals.HangUp(request)
            case "cut":
                return refusals.HangUp(request, shown)
            case "5xx_after" if fault:
                return refusals.broken(fault.status).answer
            case "unreadable":
                return Response("<html>Created</html>", 201, media_type="text/html")
            case "slow_answer" if fault:
                await asyncio.sleep(_seconds(fault))
        return await self._wait(request, run)

    async def _wait(self, request: Request, run: Run) -> Response:
        """Answer at once, or when the run is over if the caller prefers to wait."""
        prefer = request.headers.get("prefer", "")
        wait = re.fullmatch(r"wait(?:=(\d+))?", prefer.strip())
        if not wait:
            return JSONResponse(self._provider.show(run), 201)
        seconds = max(1.0, min(_MOST_WAIT, float(wait[1] or _MOST_WAIT)))
        await self._provider.wait(run, seconds)
        return JSONResponse(self._provider.show(run), 201 if run.is_over else 202)


def _seconds(fault: Fault) -> float:
    return _SLOW_SECONDS if fault.seconds is None else fault.seconds


async def _read_json(request: Request) -> dict[str, Any]:
    """Return the body of a create."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refusals.bad_request("body", "the body must be a JSON object")
    return body


def _read_order(
    request: Request, model: Model, body: dict[str, Any], given: dict[str, Any]
) -> Order:
    """Return what a create asks for besides its input, checked."""
    webhook, events = body.get("webhook") or "", body.get("webhook_events_filter")
    if webhook and not is_allowed(webhook):
        raise refusals.bad_request("webhook", "webhook must be an HTTPS URL")
    if events is not None and not (isinstance(events, list) and set(events) <= set(_EVENTS)):
        raise refusals.bad_request("webhook_events_filter", "takes start, output, logs, completed")
    text = request.headers.get("cancel-after")
    cancel_after = read_duration(text) if text else None
    if text and (cancel_after is None or cancel_after < _LEAST_CANCEL_AFTER):
        raise refusals.bad_request("Cancel-After", "takes 5s or more, as in 90s, 5m, 1h30m")
    doom = NO_HOOK if body.get("webhook") == "" else None
    return Order(model, model.version, given, webhook, events, cancel_after, doom)


def read_duration(text: str) -> float | None:
    """Return the seconds of a duration such as 90s, 5m or 1h30m; None if it is none."""
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text.strip())
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600.0 + minutes * 60 + seconds
