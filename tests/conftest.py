"""Fixtures that every test may use."""

from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path

import pytest

from shared.jobs import ledger, relay
from shared.store.sqlite import SqliteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An empty store with the collections of the job ledger."""
    opened = SqliteStore(tmp_path / "storywave.db")
    await opened.open(dict(chain(ledger.INDEXES.items(), relay.INDEXES.items())))
    yield opened
    await opened.close()
