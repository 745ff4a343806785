"""The chunker as it is, but for who generates its clips: `python -m benchmarks.flight.member`.

SIGUSR1 ends all runs.
"""

import signal
import sys
from collections.abc import Mapping, Sequence
from unittest.mock import patch

from benchmarks.flight.engine import FlightEngine
from services.cli import main
from shared.base.pool import Pool
from shared.jobs.engine import Engine
from shared.runtime import compose
from shared.runtime.service import Service
from shared.runtime.settings import Settings
from shared.story.kinds import AnyKind

ENGINE = FlightEngine()


def choose_engines(
    settings: Settings, services: Sequence[Service], pool: Pool
) -> Mapping[AnyKind, Engine]:
    """Return who does what: all of it is the provider's."""
    return {kind: ENGINE for service in services for kind in service.kinds}


def end_all(number: int, frame: object) -> None:
    """Let every run end."""
    ENGINE.is_over = True


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, end_all)
    with patch.object(compose, "engines", choose_engines):
        sys.exit(main(["service", "chunker"]))
