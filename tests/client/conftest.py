"""A gateway on a real socket, and clients of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.client import Client
from tests.gateway.conftest import Api, open_api
from tests.gateway.serving import Gate, serve


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with open_api(tmp_path) as one:
        yield one


@pytest.fixture
async def gate(api: Api) -> AsyncIterator[Gate]:
    async with serve(api.asgi) as [one]:
        yield one


@pytest.fixture
async def client(gate: Gate) -> AsyncIterator[Client]:
    async with open_client(gate.port) as one:
        yield one


@asynccontextmanager
async def open_client(port: int, key: str = "", patience: float = 10.0) -> AsyncIterator[Client]:
    url = f"http://127.0.0.1:{port}"
    async with Client(url, key, patience=patience, look_seconds=0.05) as client:
        yield client
