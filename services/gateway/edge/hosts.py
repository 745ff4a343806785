"""Whom the API answers: requests for a host of ours, and writes that no other site has sent.

A browser on this machine, or in this network, reaches what its user's other pages can't. A page of
another site could write to us through it, and read from us once its own name leads to our address.
Both show in headers that no page can forge: `Host`, `Origin` and `Sec-Fetch-Site`. What is not a
browser sends no such headers but the first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.errors.handlers import answer
from services.gateway.errors.problems import CrossSite, Refusal, WrongHost, explain_error
from shared.runtime.probes import PROBES
from shared.runtime.settings import Settings

READS = frozenset({"GET", "HEAD", "OPTIONS"})

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Hosts:
    """The hosts that a process answers for."""

    names: frozenset[str] = frozenset()
    """Beside localhost."""
    any_address: bool = False
    """Also addresses that are not of the loopback: a name can be led to another address by whoever
    owns it, but an address is what it is.
    """
    public: str = ""
    """The host of the public address, with its port where it names one."""

    def serve(self, host: str) -> bool:
        """Tell whether a request for this host, with or without a port, is meant for us."""
        parsed = _HOST.fullmatch(host)
        if parsed is None:
            return False
        name = parsed[1].lower().rstrip(".")
        try:
            return ip_address(name.strip("[]")).is_loopback or self.any_address
        except ValueError:
            return name == "localhost" or name in self.names

    def refuse(self, method: str, headers: Mapping[str, str]) -> Refusal | None:
        """Return why a request is not answered; None where it is."""
        host = headers.get("host", "")
        if not self.serve(host):
            return WrongHost(host)
        if method not in READS and self._is_cross_site(headers, host):
            return CrossSite()
        return None

    def _is_cross_site(self, headers: Mapping[str, str], host: str) -> bool:
        """Tell whether a browser says that a page of another origin has sent this."""
        if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            return True
        origin = headers.get("origin")
        # A proxy may have ended TLS, or asked by a name of its own: the scheme says nothing here,
        # and the public address is ours under whatever name we are asked.
        return origin is not None and _host_of(origin) not in {host.lower(), self.public} - {""}


def _host_of(origin: str) -> str:
    """Return the host of an origin, with its port; empty where it names none, as "null" does."""
    try:
        return urlsplit(origin.lower()).netloc
    except ValueError:
        return ""


def hosts_of(settings: Settings) -> Hosts:
    """Return the hosts that the settings name."""
    public = urlsplit(settings.public_url.lower())
    named = {*settings.hosts.lower().split(","), public.hostname or ""} - {""}
    return Hosts(frozenset(named), not settings.on_loopback, public.netloc)


class HostGuard:
    """Refuses what the hosts refuse, before any route hears of it."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in PROBES:  # a kubelet asks by address
            await self._app(scope, receive, send)
            return
        # a page of another site could open a WebSocket, and read what comes: so it is no mere read
        method = scope.get("method", "WEBSOCKET")
        refusal = self._hosts.refuse(method, Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send)
            return
        problem = explain_error(refusal, scope["path"])
        await answer(scope, problem)(scope, receive, send)
