"""Everything that is bought, while all goes wrong: the short form of `make chaos`."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.chaos.course import SHORT
from benchmarks.chaos.run import play
from tests.cluster.figures import FIGURES
from tests.cluster.servers import Servers
from tests.engines.replicate.provider import needs_client

pytestmark = [pytest.mark.cluster, needs_client]

SEED = random.SystemRandom().randrange(10**6)
PATIENT = replace(SHORT, limit=400)
"""It takes as long as it takes: how long that may be is for `make chaos` to say."""


async def test_nothing_is_lost_or_paid_twice_whatever_goes_wrong(tmp_path: Path) -> None:
    print(f"seed={SEED}")
    servers = Servers.of_this_run()
    servers.up()
    try:
        outcome = await play(PATIENT, SEED, tmp_path, servers)
    finally:
        servers.up()  # whatever it has killed
    FIGURES.others.append(outcome.line)
    assert not outcome.faults
