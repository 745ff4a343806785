"""A stand-in for each test, and a caller of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.standins.caller import Caller
from tests.standins.receiver import Receiver, receiver
from tests.standins.replicate import StandIn, standin


@pytest.fixture
async def replicate(tmp_path: Path) -> AsyncIterator[StandIn]:
    """A stand-in on a free port, 200 times faster than the real one."""
    async with standin(tmp_path / "replicate") as served:
        yield served
        assert not served.provider.trouble


@pytest.fixture
async def caller(replicate: StandIn) -> AsyncIterator[Caller]:
    """Somebody with the right token."""
    async with Caller(replicate) as asking:
        yield asking


@pytest.fixture
async def hooks() -> AsyncIterator[Receiver]:
    """Where webhooks go."""
    async with receiver() as taken:
        yield taken
