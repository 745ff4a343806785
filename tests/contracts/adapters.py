"""Adapters to run contracts on: a database or bucket of their own for each test."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from shared.blobs.disk import DiskBlobs
from shared.blobs.s3 import S3Blobs
from shared.ports import Blobs, Index, Store
from shared.store.mongo import MongoStore
from shared.store.sqlite import SqliteStore

CHECKOUT = Path(__file__).resolve().parents[2]

BLOBS = ["disk", pytest.param("s3", marks=pytest.mark.cluster)]
STORES = ["sqlite", pytest.param("mongo", marks=pytest.mark.cluster)]


@dataclass
class Stores:
    """Makes adapters that share their documents; racers are replicas where there can be any."""

    adapter: str
    folder: Path
    indexes: Mapping[str, Sequence[Index]] = field(default_factory=dict)
    name: str = field(default_factory=lambda: f"contract_{uuid4().hex[:12]}")

    def make(self) -> Any:
        """A store, not opened yet."""
        if self.adapter == "sqlite":
            return SqliteStore(self.folder / "data" / "storywave.db")
        return MongoStore(os.environ["STORYWAVE_MONGO"], self.name)

    def source(self) -> str:
        """The same for a program of its own, in the checkout."""
        return f"adapters.Stores({self.adapter!r}, Path({str(self.folder)!r}), name={self.name!r})"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Store]:
        store = self.make()
        await store.open(self.indexes)
        try:
            yield store
        finally:
            await store.close()

    @asynccontextmanager
    async def racers(self, number: int) -> AsyncIterator[list[Store]]:
        """Replicas of one service: a SQLite file has one process, so they share its store."""
        async with AsyncExitStack() as stack:
            if self.adapter == "sqlite":
                yield [await stack.enter_async_context(self.opened())] * number
            else:
                yield [await stack.enter_async_context(self.opened()) for _ in range(number)]

    async def drop(self) -> None:
        """Leave nothing on the server."""
        if self.adapter == "mongo":
            from motor.motor_asyncio import AsyncIOMotorClient

            client: Any = AsyncIOMotorClient(os.environ["STORYWAVE_MONGO"])
            await client.drop_database(self.name)
            client.close()


@dataclass
class Buckets:
    """Makes adapters that share their bytes."""

    adapter: str
    folder: Path
    name: str = field(default_factory=lambda: f"contract-{uuid4().hex[:12]}")

    def make(self) -> Any:
        """Blobs, not opened yet."""
        if self.adapter == "disk":
            return DiskBlobs(self.folder / "blobs")
        endpoint, key, secret = (
            os.environ[f"STORYWAVE_S3_{name}"] for name in ("ENDPOINT", "KEY", "SECRET")
        )
        return S3Blobs(endpoint, self.name, key, secret)

    def source(self) -> str:
        """The same for a program of its own, in the checkout."""
        return f"adapters.Buckets({self.adapter!r}, Path({str(self.folder)!r}), {self.name!r})"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Blobs]:
        blobs = self.make()
        await blobs.open()
        try:
            yield blobs
        finally:
            await blobs.close()

    async def drop(self) -> None:
        """Leave nothing on the server."""
        if self.adapter == "s3":
            async with self.opened() as blobs:
                await blobs.delete(await blobs.keys(""))
