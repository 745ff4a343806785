"""A store that a test fills, and where commands then look."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.adapters import STORES, Stores


@pytest.fixture(params=STORES)
def stores(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stores]:
    """A data folder's store, and a cluster's: named in the environment."""
    stores = Stores(request.param, tmp_path)
    if stores.adapter == "sqlite":
        monkeypatch.setenv("STORYWAVE_MODE", "embedded")
        monkeypatch.setenv("STORYWAVE_DATA", str(tmp_path / "data"))
    else:
        monkeypatch.setenv("STORYWAVE_MODE", "cluster")
        monkeypatch.setenv("STORYWAVE_MONGO_DATABASE", stores.name)
    yield stores
    asyncio.run(stores.drop())
