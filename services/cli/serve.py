"""`storywave up` and `service NAME`: services and their HTTP side, until a signal."""

import argparse
import logging
from collections.abc import Sequence
from functools import partial

from services import NAMES, load
from services.cli.environment import read_settings
from services.cli.outcome import tell
from shared.runtime.serve import Front, run
from shared.runtime.settings import Settings
from shared.story.errors import BadInput

log = logging.getLogger("storywave.serve")


def up(given: argparse.Namespace) -> int:
    """Serve all services in this process, until a signal."""
    return _serve(read_settings(given, mode="embedded"), NAMES)


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


def _announce(chosen: Settings, names: Sequence[str]) -> None:
    tell(f"{', '.join(names)} at http://{chosen.host}:{chosen.port}")
    if "gateway" in names and not chosen.on_loopback:
        warning = _OPEN.format(host=chosen.host)
        tell(f"warning: {warning}")
        log.warning(warning, extra={"action": "open"})


_OPEN = (
    "{host} is not this machine alone, and no key is asked for: whoever reaches it can make "
    "and see videos. Serve on 127.0.0.1, or let only whom you trust reach it"
)


def _choose_front(chosen: Settings, names: Sequence[str]) -> Front | None:
    """Return the API for a process that runs the gateway; any other has only its probes."""
    if "gateway" not in names:
        return None
    from services.gateway.app import open_front  # a web framework that the others do not need
    from services.gateway.edge.hosts import hosts_of

    secret = chosen.replicate_webhook_secret
    return partial(
        open_front,
        hosts=hosts_of(chosen),
        hook_secret=secret,
        loopback=chosen.fetch_loopback,
    )
