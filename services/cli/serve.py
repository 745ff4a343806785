"""`storywave up` and `service NAME`: services and their HTTP side, until a signal."""

import argparse
import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

from services import NAMES, load
from services.cli.address import find_server, write_address
from services.cli.environment import read_settings
from services.cli.outcome import tell
from shared.runtime.compose import open_store
from shared.runtime.serve import Front, run
from shared.runtime.settings import Settings
from shared.story.errors import BadInput

log = logging.getLogger("storywave.service")


def up(given: argparse.Namespace) -> int:
    """Serve all services in this process, until a signal."""
    chosen = read_settings(given, mode="embedded")
    if chosen.needs_key:
        asyncio.run(require_key(chosen))
    return _serve(chosen, NAMES)


def service(given: argparse.Namespace) -> int:
    """Serve one service, on the servers that the environment names, until a signal."""
    if given.name not in NAMES:
        raise BadInput(f"unknown service {given.name!r}: use one of {', '.join(NAMES)}", "name")
    chosen = read_settings(given)
    if chosen.mode != "cluster":
        raise BadInput(
            "one service alone shares servers with the others: set STORYWAVE_MODE=cluster "
            "(and STORYWAVE_KAFKA, STORYWAVE_MONGO, STORYWAVE_S3_ENDPOINT), "
            "or run all of them here with `storywave up`"
        )
    return _serve(chosen, [given.name])


def _serve(chosen: Settings, names: Sequence[str]) -> int:
    run(
        [load(name) for name in names],
        chosen,
        _choose_front(chosen, names),
        started=lambda app: _announce(chosen, names),
    )
    return 0


async def require_key(chosen: Settings) -> None:
    """Refuse to serve others where nobody could be let in, and say which command changes that."""
    from services.gateway.keys.apikeys import ApiKeys

    async with open_store(chosen) as store:
        if await ApiKeys(store).exist():
            return
    raise BadInput(
        "others than this machine can ask here, so a key is needed, and there is none: make one "
        f"with `storywave keys create --owner NAME --role admin --data {chosen.data}`, "
        "or serve on 127.0.0.1 alone",
        "host",
    )


def _announce(chosen: Settings, names: Sequence[str]) -> None:
    started = f"{', '.join(names)} at http://{chosen.host}:{chosen.port}"
    if chosen.mode != "embedded":
        log.info(started, extra={"action": "serve"})
        return
    tell(started)
    if chosen.port:
        write_address(chosen.data, find_server(chosen))


def _tell_first(chosen: Settings) -> Callable[[str], None]:
    """Return who tells the first key: a terminal, or the log of a service, which is all JSON."""
    # as a warning: it must not be lost where only warnings are logged
    return tell if chosen.mode == "embedded" else partial(log.warning, "%s")


def _choose_front(chosen: Settings, names: Sequence[str]) -> Front | None:
    """Return the API for a process that runs the gateway; any other has only its probes."""
    if "gateway" not in names:
        return None
    from services.gateway.app import open_front  # a web framework that the others do not need
    from services.gateway.edge.hosts import hosts_of

    return partial(
        open_front,
        hosts=hosts_of(chosen),
        hook_secret=chosen.replicate_webhook_secret,
        needs_key=chosen.needs_key,
        link_seconds=chosen.link_seconds,
        streams_a_key=chosen.streams_a_key,
        tell_first=_tell_first(chosen),
        loopback=chosen.fetch_loopback,
    )
