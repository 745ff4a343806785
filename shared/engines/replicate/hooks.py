"""Webhooks: the address that a run is given to call, and what such a call says. Pure.

A call is only a reason to look: what has become of the run is asked of the provider itself. So a
forged, late or doubled one can do no harm beyond a question.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from shared.story.errors import BadInput, PermanentError

PATH = "/hooks/replicate"

WINDOW_SECONDS = 300
"""So old, or so far ahead, a call may be: a recorded one is good for no longer."""

SECRET = "STORYWAVE_REPLICATE_WEBHOOK_SECRET"


class Forged(PermanentError):
    """A call that the provider has not signed, or not lately."""


@dataclass(frozen=True)
class Call:
    """What a signed call is about."""

    job: str
    attempt: int
    run: str


def hook_base(public_url: str, secret: str) -> str:
    """Return where runs are to call; empty where nobody can call us: then asking is enough.

    Refuses an address that the provider would refuse, with each run.
    """
    if not public_url or not secret:
        return ""
    if urlsplit(public_url).scheme != "https":
        raise BadInput(
            f"Replicate calls only addresses with https, and STORYWAVE_PUBLIC_URL is {public_url}: "
            f"write it with https, or leave {SECRET} empty: its webhooks are not needed",
            "STORYWAVE_PUBLIC_URL",
        )
    if not _is_secret(secret):
        raise BadInput(f"{SECRET} is no signing secret: those begin with whsec_", SECRET)
    return public_url.rstrip("/") + PATH


def _is_secret(text: str) -> bool:
    try:
        Webhook(text)
    except (ValueError, EmptyWebhookSecretError):
        return False
    return text.startswith("whsec_")


def hook_url(base: str, job: str, attempt: int) -> str:
    """Return the address for the run of one attempt."""
    return f"{base}?{urlencode({'job': job, 'attempt': attempt})}"


def read_call(
    query: str, headers: Mapping[str, str], body: bytes, secret: str, now_seconds: float
) -> Call:
    """Return what a call is about; raise `Forged` where its signature or its time is not right.

    `headers` are named in small letters.
    """
    _check_signature(headers, body, secret, now_seconds)
    asked = parse_qs(query)
    try:
        said = json.loads(body)
        return Call(asked["job"][0], int(asked["attempt"][0]), str(said["id"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Forged("the call names no job") from error


def _check_signature(
    headers: Mapping[str, str], body: bytes, secret: str, now_seconds: float
) -> None:
    given = headers.get("webhook-signature", "").encode(errors="replace").split()
    try:
        seconds = int(headers.get("webhook-timestamp", ""))
        at = datetime.fromtimestamp(seconds, UTC)
        # the library's own check of the time reads a clock: only its signature is used
        right = Webhook(secret).sign(headers.get("webhook-id", ""), at, body.decode())
    except (ValueError, OverflowError, OSError, EmptyWebhookSecretError) as error:
        raise Forged("the call is not signed as its sender signs") from error
    if abs(now_seconds - seconds) > WINDOW_SECONDS:
        raise Forged("the call is too old, or from the future")
    if not any(hmac.compare_digest(each, right.encode()) for each in given):
        raise Forged("the call is not signed with our secret")
