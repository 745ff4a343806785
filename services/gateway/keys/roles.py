"""Which role a request needs: one table, and what no row names is refused to viewers. Pure."""

import re

from services.gateway.keys.caller import Role

READS = frozenset({"GET", "HEAD", "OPTIONS"})

GUARDED = ("/v1/", "/ws/", "/openai/")
"""Paths below these need a key where keys are needed. All others hold no user's data."""

_ANY = re.compile(r".*", re.DOTALL)
_GET = re.compile("GET|HEAD|OPTIONS")
_POST = re.compile("POST")

_NEEDS: tuple[tuple[re.Pattern[str], re.Pattern[str], Role], ...] = (
    (_ANY, re.compile(r"/v1/keys(/.*)?", re.DOTALL), Role.ADMIN),
    (_POST, re.compile(r"/v1/estimates"), Role.VIEWER),
    (re.compile("PATCH"), re.compile(r"/v1/videos/[^/]+"), Role.PAYER),
    (_POST, re.compile(r"/v1/jobs/unresolved"), Role.PAYER),
    (_ANY, re.compile(r"/v1/webhook-secret"), Role.MAKER),
    (_GET, re.compile(r".*", re.DOTALL), Role.VIEWER),
    (_ANY, re.compile(r".*", re.DOTALL), Role.MAKER),
)
"""Methods, paths, and the role that they need: the first row that fits counts.

Paths may hold any character, also line breaks.
"""

_ON_A_VIDEO = re.compile(r"/v1/videos/(?P<video>[^/]+)/(?P<action>.+)", re.DOTALL)
_FREE = re.compile(r"pause|cancel|reframe|webhooks?(/.*)?")


def is_guarded(path: str) -> bool:
    """Tell whether a path is for callers with a key only."""
    return path.startswith(GUARDED)


def find_role(method: str, path: str) -> Role:
    """Return the role that a request needs."""
    return next(
        role
        for methods, paths, role in _NEEDS
        if methods.fullmatch(method) and paths.fullmatch(path)
    )


def find_spending(method: str, path: str) -> str | None:
    """Return the video that a request may spend the money of; None where it can't."""
    found = _ON_A_VIDEO.fullmatch(path)
    if method in READS or found is None or _FREE.fullmatch(found["action"]):
        return None
    return found["video"]
