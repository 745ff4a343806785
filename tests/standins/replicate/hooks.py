"""Webhooks: signed by Standard Webhooks, and as unreliable as the script says."""

import asyncio
import base64
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.standins.replicate.clock import Clock
from tests.standins.replicate.faults import Fault, Script
from tests.standins.replicate.ledger import Ledger
from tests.standins.replicate.runs import Run
from tests.standins.replicate.settings import Settings

TIMEOUT_SECONDS = 10.0
_LATE_SECONDS = 90.0
_STALE_SECONDS = 3600.0
_FORGER = "whsec_" + base64.b64encode(b"somebody else's secret, of 32 by").decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def is_allowed(url: str) -> bool:
    """Tell whether the provider would call this URL: HTTPS, or our own machine."""
    parts = urlsplit(url)
    at_home = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.hostname) and parts.scheme in (("http", "https") if at_home else ("https",))


class Hooks:
    """Tells callers what happens to their runs."""

    def __init__(self, settings: Settings, clock: Clock, script: Script, ledger: Ledger) -> None:
        self._settings, self._clock, self._script, self._ledger = settings, clock, script, ledger
        self._client = httpx.AsyncClient(trust_env=False, verify=False, timeout=TIMEOUT_SECONDS)
        self._sending: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Send nothing more."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._client.aclose()

    def tell(self, run: Run, event: str, shown: dict[str, Any]) -> None:
        """Send an event to a run's webhook, if it wants to hear of it."""
        if not run.webhook or (run.events is not None and event not in run.events):
            return
        fault = self._script.draw("hook", run.model, run.kind, run.words)
        task = asyncio.create_task(self._tell(run, event, shown, fault))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _tell(self, run: Run, event: str, shown: dict[str, Any], fault: Fault | None) -> None:
        name = fault.name if fault else ""
        message = f"msg_{run.id}_{event}"
        body = json.dumps(shown).encode()
        if fault and name == "hook_lost":
            self._ledger.note_hook(run, name, "")
            return
        if fault and name == "hook_late":
            seconds = _LATE_SECONDS if fault.seconds is None else fault.seconds
            await self._clock.sleep_until(self._clock.now() + seconds)
        if name == "hook_forged":
            await self._forge(run, message, shown)
        if name == "hook_stale":
            await self._post(run, name, message, body, self._clock.now() - _STALE_SECONDS)
        if name == "hook_doubled":
            await self._post(run, name, message, body)
        await self._insist(run, message, body, again=event == "completed")

    async def _insist(self, run: Run, message: str, body: bytes, again: bool) -> None:
        """Post a message; the terminal one comes again if nobody takes it."""
        begun = self._clock.now()
        waits = [wait / self._settings.pace for wait in self._settings.hook_retries]
        for wait in [0.0, *waits] if again else [0.0]:
            await self._clock.sleep_until(begun + wait)
            if await self._post(run, "sent", message, body):
                return

    async def _forge(self, run: Run, message: str, shown: dict[str, Any]) -> None:
        """Post what an attacker would: the run has failed, signed with another secret."""
        lie = {**shown, "status": "failed", "output": None, "error": "forged"}
        body, when = json.dumps(lie).encode(), int(self._clock.now())
        signature = sign(_FORGER, message, when, body)
        await self._send(run, "hook_forged", message, body, when, signature)

    async def _post(
        self, run: Run, how: str, message: str, body: bytes, when: float | None = None
    ) -> bool:
        timestamp = int(self._clock.now() if when is None else when)
        signature = sign(self._settings.secret, message, timestamp, body)
        return await self._send(run, how, message, body, timestamp, signature)

    async def _send(
        self, run: Run, how: str, message: str, body: bytes, timestamp: int, signature: str
    ) -> bool:
        """Post it once, and tell whether it was taken; a redirect is not followed."""
        headers = {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature,
        }
        try:
            answer = await self._client.post(run.webhook, content=body, headers=headers)
            self._ledger.note_hook(run, how, str(answer.status_code))
            return answer.is_success
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._ledger.note_hook(run, how, type(error).__name__)
            return False
