"""`storywave keys`: API keys, in the store of a data folder or of a cluster."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime

from pydantic import ValidationError

from services.cli.environment import read_settings
from services.cli.outcome import say, tell
from services.gateway.errors.problems import explain_input
from services.gateway.keys.apikeys import ApiKey, ApiKeys, NewApiKey
from services.gateway.keys.audit import Audit
from services.gateway.keys.caller import Role
from services.gateway.keys.links import NAME
from services.gateway.keys.requests import KeyRequest
from services.gateway.keys.secret import Secrets
from shared.ports import Store
from shared.runtime.compose import open_store
from shared.story.errors import BadInput
from shared.story.money import say_dollars

HOUR_MS = 3_600_000


def create(given: argparse.Namespace) -> int:
    """Make a key, and show its token."""
    names = KeyRequest.model_fields
    options = {name: value for name in names if (value := getattr(given, name, None)) is not None}
    try:
        asked = KeyRequest.model_validate(options)
    except ValidationError as error:
        raise explain_input(error, KeyRequest.model_fields, _name_option) from error

    async def make(store: Store) -> None:
        made = await ApiKeys(store).make(asked.owner, Role(asked.role), asked.name, asked.limits)
        await Audit(store).note_key(made.owner, "KeyMade", made.id, made.role)
        _show_token(made)

    return _run(given, make)


def list_all(given: argparse.Namespace) -> int:
    """Show all keys."""

    async def show(store: Store) -> None:
        keys = await ApiKeys(store).list_all()
        say(*map(format_row, keys) if keys else ("there is no key yet",))

    return _run(given, show)


def rotate(given: argparse.Namespace) -> int:
    """Give a key another token."""

    async def replace(store: Store) -> None:
        made = await ApiKeys(store).replace(given.id, round(given.grace_hours * HOUR_MS))
        await Audit(store).note_key(made.owner, "KeyRotated", made.id)
        _show_token(made)

    return _run(given, replace)


def revoke(given: argparse.Namespace) -> int:
    """Revoke a key."""

    async def end(store: Store) -> None:
        gone = await ApiKeys(store).revoke(given.id)
        await Audit(store).note_key(gone.owner, "KeyRevoked", gone.id)
        say(f"{gone.id} lets nobody in any more")

    return _run(given, end)


def rotate_links(given: argparse.Namespace) -> int:
    """Sign links with another secret from now on."""

    async def replace(store: Store) -> None:
        await Secrets(store).rotate(NAME, forget=given.now)
        left = "no link of before is good" if given.now else "links of before go on to their end"
        say(f"links are signed with another secret: {left}")

    return _run(given, replace)


def format_row(key: ApiKey) -> str:
    """Return a key in one line."""
    made = datetime.fromtimestamp(key.created_at / 1000, UTC).strftime("%Y-%m-%d")
    state = "revoked" if key.revoked_at else str(key.role)
    cells = (key.id, made, key.owner, state, key.name, ", ".join(_list_limits(key)))
    return "  ".join(cell for cell in cells if cell)


def _list_limits(key: ApiKey) -> Iterator[str]:
    limits = key.limits
    if limits.requests_a_minute is not None:
        yield f"{limits.requests_a_minute} requests a minute"
    if limits.active_videos is not None:
        yield f"{limits.active_videos} videos at once"
    if limits.spend_a_day is not None:
        yield f"${say_dollars(limits.spend_a_day)} a day"


def _show_token(made: NewApiKey) -> None:
    say(made.token)  # alone on stdout, for a pipe
    tell(f"the key {made.id} of {made.owner} ({made.role}): its token is shown this once")


def _name_option(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _run(given: argparse.Namespace, use: Callable[[Store], Awaitable[None]]) -> int:
    chosen = read_settings(given)

    async def run() -> None:
        async with open_store(chosen) as store:
            await use(store)

    try:
        asyncio.run(run())
    except BadInput as error:
        if error.field != "data":
            raise
        # a data folder has one process: it is the server that makes keys while it runs
        advice = "ask the server that runs there (POST /v1/keys, DELETE /v1/keys/KEY)"
        raise BadInput(f"{error}; or {advice}", "data") from error
    return 0
