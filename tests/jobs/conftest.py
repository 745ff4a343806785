"""Two replicas and their provider, for all tests that attack the ledger."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.adapters import STORES
from tests.jobs.replicas import Pair, make_pair


@pytest.fixture(params=STORES)
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pair]:
    async with make_pair(request.param, tmp_path) as pair:
        yield pair
