"""`storywave keys`: API keys, by the server that is named; else in the store itself.

The store alone is enough, because the first key can't be asked for with a key.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from services.cli.environment import read_settings
from services.cli.outcome import say, tell
from services.cli.where import ask, name_server, say_json
from services.gateway.errors.problems import explain_input
from services.gateway.keys.apikeys import ApiKey as StoredKey
from services.gateway.keys.apikeys import ApiKeys, NewApiKey
from services.gateway.keys.audit import Audit
from services.gateway.keys.caller import Role
from services.gateway.keys.links import NAME
from services.gateway.keys.requests import KeyRequest
from services.gateway.keys.secret import Secrets
from shared.client import ApiKey, Client
from shared.ports import Store
from shared.runtime.compose import open_store
from shared.story.errors import BadInput

HOUR_MS = 3_600_000

OfStore = Callable[[Store], Awaitable[StoredKey | list[StoredKey]]]
OfServer = Callable[[Client], Awaitable[ApiKey | list[ApiKey]]]


def create(given: argparse.Namespace) -> int:
    """Make a key, and show its token."""
    names = KeyRequest.model_fields
    options = {name: value for name in names if (value := getattr(given, name, None)) is not None}
    try:
        asked = KeyRequest.model_validate(options)
    except ValidationError as error:
        raise explain_input(error, KeyRequest.model_fields, _name_option) from error

    async def make(store: Store) -> NewApiKey:
        made = await ApiKeys(store).make(asked.owner, Role(asked.role), asked.name, asked.limits)
        await Audit(store).note_key(made.owner, "KeyMade", made.id, made.role)
        return made

    return _run(given, make, lambda client: client.make_key(**options), _show_token)


def list_all(given: argparse.Namespace) -> int:
    """Show all keys."""

    def show(keys: Any) -> None:
        say(*map(format_key, keys) if keys else ("there is no key yet",))

    return _run(given, lambda store: ApiKeys(store).list_all(), Client.list_keys, show)


def rotate(given: argparse.Namespace) -> int:
    """Give a key another token."""

    async def replace(store: Store) -> NewApiKey:
        made = await ApiKeys(store).replace(given.id, round(given.grace_hours * HOUR_MS))
        await Audit(store).note_key(made.owner, "KeyRotated", made.id)
        return made

    def send(client: Client) -> Awaitable[ApiKey]:
        return client.rotate_key(given.id, given.grace_hours)

    return _run(given, replace, send, _show_token)


def revoke(given: argparse.Namespace) -> int:
    """Revoke a key."""

    async def end(store: Store) -> StoredKey:
        gone = await ApiKeys(store).revoke(given.id)
        await Audit(store).note_key(gone.owner, "KeyRevoked", gone.id)
        return gone

    def show(gone: Any) -> None:
        say(f"{gone.id} lets nobody in any more")

    return _run(given, end, lambda client: client.revoke_key(given.id), show)


def rotate_links(given: argparse.Namespace) -> int:
    """Sign links with another secret from now on."""

    async def replace(store: Store) -> None:
        await Secrets(store).rotate(NAME, forget=given.now)
        left = "no link of before is good" if given.now else "links of before go on to their end"
        say(f"links are signed with another secret: {left}")

    _use_store(given, replace)
    return 0


def format_key(key: ApiKey) -> str:
    """Return a key in one line."""
    made = datetime.fromtimestamp(key.created_at / 1000, UTC).strftime("%Y-%m-%d")
    state = "revoked" if key.revoked_at else key.role
    cells = (key.id, made, key.owner, state, key.name, ", ".join(_list_limits(key)))
    return "  ".join(cell for cell in cells if cell)


def _list_limits(key: ApiKey) -> Iterator[str]:
    limits = key.limits
    if limits.requests_a_minute is not None:
        yield f"{limits.requests_a_minute} requests a minute"
    if limits.active_videos is not None:
        yield f"{limits.active_videos} videos at once"
    if limits.spend_a_day is not None:
        yield f"${limits.spend_a_day} a day"


def _show_token(made: Any) -> None:
    say(made.token)  # alone on stdout, for a pipe
    tell(f"the key {made.id} of {made.owner} ({made.role}): its token is shown this once")


def _name_option(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _run(
    given: argparse.Namespace, use: OfStore, send: OfServer, show: Callable[[Any], None]
) -> int:
    """Do it by the server or on the store, and show the answer."""
    if not name_server(given, read_settings(given)):
        _show(given, _read(_use_store(given, use)), show)
        return 0

    async def send_and_show(client: Client) -> int:
        _show(given, await send(client), show)
        return 0

    return ask(given, send_and_show)


def _read(found: Any) -> Any:
    """Return stored keys as a server shows them."""
    if isinstance(found, list):
        return [_read(each) for each in found]
    return ApiKey.model_validate_json(found.model_dump_json())


def _show(given: argparse.Namespace, answer: Any, show: Callable[[Any], None]) -> None:
    if given.json:
        say_json(answer)
    else:
        show(answer)


def _use_store(given: argparse.Namespace, use: Callable[[Store], Awaitable[Any]]) -> Any:
    chosen = read_settings(given)

    async def run() -> Any:
        async with open_store(chosen) as store:
            return await use(store)

    try:
        return asyncio.run(run())
    except BadInput as error:
        if error.field != "data":
            raise
        # a data folder has one process: it is the server that makes keys while it runs
        advice = "ask the server that runs there (--server, or POST /v1/keys, DELETE /v1/keys/KEY)"
        raise BadInput(f"{error}; or {advice}", "data") from error
