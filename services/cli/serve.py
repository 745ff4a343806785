"""`storywave up` and `service NAME`: services and their HTTP side, until a signal."""

import argparse
import asyncio
from collections.abc import Sequence

import uvloop

from services import NAMES, load
from services.cli.environment import settings
from services.cli.outcome import tell
from services.gateway.wiring import front
from shared.errors import BadInput
from shared.serve import serve
from shared.settings import Settings
from shared.telemetry import log_as_json


def up(given: argparse.Namespace) -> int:
    """All services in this process."""
    return _serve(settings(given, mode="embedded"), NAMES)


def service(given: argparse.Namespace) -> int:
    """One service; which servers it uses, the environment says."""
    if given.name not in NAMES:
        raise BadInput(f"unknown service {given.name!r}: use one of {', '.join(NAMES)}", "name")
    chosen = settings(given)
    if chosen.mode != "cluster":
        raise BadInput(
            "one service alone shares servers with the others: set STORYWAVE_MODE=cluster "
            "(and STORYWAVE_KAFKA, STORYWAVE_MONGO, STORYWAVE_S3_ENDPOINT), "
            "or run all of them here with `storywave up`"
        )
    return _serve(chosen, [given.name])


def _serve(chosen: Settings, names: Sequence[str]) -> int:
    log_as_json(chosen.log_level)
    at = f"http://{chosen.host}:{chosen.port}"
    serving = serve(
        [load(name) for name in names],
        chosen,
        front if "gateway" in names else None,
        started=lambda app: tell(f"{', '.join(names)} at {at}"),
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)
    return 0
