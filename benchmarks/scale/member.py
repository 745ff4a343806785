"""One replica as it is, but for its engines: `python -m benchmarks.scale.member service …`.

Each kind of job takes some seconds, and a replica has a few hands: as with real models, more
replicas do more. The seconds are such that the load of this benchmark needs between three and four.
"""

import sys
from collections.abc import Mapping, Sequence
from unittest.mock import patch

from services.cli import main
from shared.base.pool import Pool
from shared.engines.rehearsal import RehearsalEngine
from shared.jobs.engine import Engine
from shared.jobs.job import Job
from shared.runtime import compose
from shared.runtime.service import Service
from shared.runtime.settings import Settings
from shared.story.kinds import PLAN, AnyKind

HANDS: Mapping[str, int] = {"planner": 1, "storyboard": 2, "soundtrack": 2, "chunker": 4}
"""Jobs of a kind at once; the stitcher has as many as the chunker."""
SECONDS: Mapping[str, float] = {"plan": 11.0, "card": 0.5, "music": 0.5, "cut": 0.5}
OTHERS = 2.8


def find_seconds(job: Job) -> float:
    """Return how long a job takes."""
    return SECONDS.get(job.spec.kind, OTHERS)


def choose_engines(
    settings: Settings, services: Sequence[Service], pool: Pool
) -> Mapping[AnyKind, Engine]:
    """Return who does what: everything is rehearsed, but for plans."""
    made = dict[AnyKind, Engine]()
    for service in services:
        real = {kind: work for kind, work in service.work.items() if kind is PLAN}
        hands = HANDS.get(service.name, HANDS["chunker"])
        engine = RehearsalEngine(real, find_seconds, hands)
        made.update(dict.fromkeys(service.kinds, engine))
    return made


if __name__ == "__main__":
    with patch.object(compose, "engines", choose_engines):
        sys.exit(main())
