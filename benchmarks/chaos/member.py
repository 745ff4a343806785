"""One process of Storywave as it is, but for the engines: `python -m benchmarks.chaos.member …`.

What models make is bought at the stand-in for Replicate. Conforming and cutting are rehearsed, save
for square videos, which are made in earnest. All else is what `storywave` would run.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from threading import Thread
from typing import Any
from unittest.mock import patch

from services.cli import main
from shared.base.pool import Pool
from shared.engines.local.engine import LocalEngine
from shared.engines.rehearsal import RehearsalEngine
from shared.engines.replicate.hooks import PATH
from shared.jobs.engine import Engine, Task
from shared.jobs.job import Rules
from shared.jobs.outcomes import Produced
from shared.runtime import compose, paid
from shared.runtime.service import Service
from shared.runtime.settings import Settings
from shared.story.kinds import AnyKind

GRACE_MS = 10_000
"""A submit that was lost shows up in the stand-in's list much sooner."""
NICE = 5
"""Servers, network and provider are elsewhere: they are not to wait for us where all is on one
machine.
"""


class Mostly(RehearsalEngine):
    """Rehearses, but for the work of square videos."""

    def __init__(self, local: LocalEngine) -> None:
        super().__init__({}, latency=lambda job: 0.05)
        self._local = local

    async def submit(self, task: Task, prepared: None) -> Produced:
        """Return what was made, or made up."""
        order: Any = task.order
        if order.width == order.height:
            return await self._local.submit(task, prepared)
        return await super().submit(task, prepared)


def choose_engines(
    settings: Settings, services: Sequence[Service], pool: Pool
) -> Mapping[AnyKind, Engine]:
    """Return who does what is not bought."""
    own = {kind: work for service in services for kind, work in service.work.items()}
    engine = Mostly(LocalEngine(pool, own))
    return {kind: engine for service in services for kind in service.kinds}


def follow_parent() -> None:
    """End with whoever started this process: nobody else would ever stop it."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    follow_parent()
    os.nice(NICE)
    rules = partial(Rules, grace_ms=GRACE_MS)
    with (
        patch.object(compose, "engines", choose_engines),
        patch.object(compose, "Rules", rules),
        # the stand-in calls this machine, without TLS
        patch.object(paid, "hook_base", lambda public_url, secret: public_url + PATH),
    ):
        sys.exit(main())
