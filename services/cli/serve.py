"""`storywave up` and `service NAME`: services and their HTTP side, until a signal."""

import argparse
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp

from services import NAMES, load
from services.cli.environment import settings
from services.cli.outcome import tell
from shared.app import App
from shared.errors import BadInput
from shared.serve import run
from shared.settings import Settings


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
    at = f"http://{chosen.host}:{chosen.port}"
    run(
        [load(name) for name in names],
        chosen,
        _front(names),
        started=lambda app: tell(f"{', '.join(names)} at {at}"),
    )
    return 0


def _front(names: Sequence[str]) -> Callable[[App], ASGIApp] | None:
    if "gateway" not in names:
        return None
    from services.gateway.wiring import front  # a web framework that the others do not need

    return front
