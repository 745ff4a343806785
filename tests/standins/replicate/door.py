"""Who may ask the provider, and how often: the token, the account, the rates."""

import math
import time
from collections.abc import Callable

from starlette.requests import Request

from tests.standins.replicate import refusals
from tests.standins.replicate.faults import Fault
from tests.standins.replicate.provider import Provider

_ACCOUNT: dict[str, Callable[[], refusals.Refusal]] = {
    "401": refusals.unauthenticated,
    "402": refusals.penniless,
}


class Bucket:
    """So many a minute, and so many at once."""

    def __init__(self) -> None:
        self._taken = 0.0
        self._at = time.monotonic()

    def take(self, a_minute: float, burst: int) -> float:
        """Take one and return 0, or return the seconds until there is one."""
        if not a_minute:
            return 0.0
        now = time.monotonic()
        self._taken = max(0.0, self._taken - (now - self._at) * a_minute / 60)
        self._at = now
        if self._taken + 1 > burst:
            return max(1.0, math.ceil((self._taken + 1 - burst) * 60 / a_minute))
        self._taken += 1
        return 0.0


class Door:
    """Lets requests in, or raises the Refusal that they get."""

    def __init__(self, provider: Provider) -> None:
        self._settings, self._script = provider.settings, provider.script
        self._creates, self._reads = Bucket(), Bucket()

    def check_token(self, request: Request) -> None:
        """Refuse whoever does not name the account's token."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind not in ("Bearer", "Token") or token != self._settings.token:
            raise refusals.unauthenticated()

    def check_read(self, request: Request) -> None:
        """Refuse a request that creates nothing: by its rate, or by the script."""
        fault = self._script.draw("read")
        if fault and fault.name == "read_429":
            raise self._throttled(fault)
        if fault and fault.name == "read_5xx":
            raise refusals.broken(fault.status)
        if fault:
            raise refusals.Refusal("lost", refusals.HangUp(request))
        if seconds := self._reads.take(self._settings.reads_a_minute, self._settings.read_burst):
            raise refusals.throttled("body", seconds)

    def check_create(self) -> None:
        """Refuse a create: by the account, or by its rate."""
        settings = self._settings
        if settings.refuse:
            raise _ACCOUNT[settings.refuse]()
        if seconds := self._creates.take(settings.creates_a_minute, settings.create_burst):
            raise refusals.throttled("body", seconds)

    def strike(self, fault: Fault | None) -> None:
        """Refuse a create as the script says."""
        if fault is None or fault.name == "slow_accept":
            return
        if fault.name == "429":
            raise self._throttled(fault)
        raise _ACCOUNT[fault.name]() if fault.name in _ACCOUNT else refusals.broken(fault.status)

    def _throttled(self, fault: Fault) -> refusals.Refusal:
        form = fault.form or self._script.choose_form()
        return refusals.throttled(form, 1.0 if fault.seconds is None else fault.seconds)
