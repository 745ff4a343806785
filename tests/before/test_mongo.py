"""Documents of an earlier version are taken up, by processes that are not alone on their store."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

import services
from services.gateway.app import open_front
from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.bus.local import LocalBus
from shared.jobs.ledger import JOBS
from shared.jobs.relay import OUTBOX
from shared.ports import Doc, Store
from shared.runtime.app import Parts, Ports, run_services
from shared.runtime.compose import engines
from shared.runtime.settings import Settings
from shared.store.bulk import TOKENS
from shared.store.clock import LocalClock
from shared.story.kinds import KINDS
from tests.before.recorded import find_finished, read_ids, read_indexes, read_mongo, tell_ids
from tests.contracts.adapters import STORES, Stores
from tests.pipeline.world import PACE, QUICK

HERE = "http://localhost"
VIDEOS = (
    "43001e53e68d4b768973c503135a942b",  # finished
    "6bfd028875c2408d8559a3b999c783e9",  # killed in mid-work
    "8d0bb0380aa14395aeb1944bfe0fb751",  # accepted; the bus has lost its event
    "afe64acf078d40d28fcec2b503910a54",  # accepted; its event is not published yet
)
STOPPED_MS = 15 * 60_000
"""How long nothing has run: leases have ended, and what waits for a lost event counts as silent."""


async def load_mongo(database: str, docs: Mapping[str, Sequence[Doc]]) -> None:
    """Put documents and indexes into MongoDB as the earlier version had left them."""
    client: AsyncIOMotorClient[Doc] = AsyncIOMotorClient(os.environ["STORYWAVE_MONGO"])
    for name, rows in docs.items():
        await client[database][name].insert_many(rows)
    for name, indexes in read_indexes().items():
        for index, options in indexes.items():
            if index != "_id_":
                keys = [tuple(key) for key in options["key"]]
                known = {k: v for k, v in options.items() if k not in {"v", "key"}}
                await client[database][name].create_index(keys, name=index, **known)
    client.close()


async def load_sqlite(stores: Stores, docs: Mapping[str, Sequence[Doc]]) -> None:
    """Put the same documents into SQLite, without what MongoDB alone has in them."""
    async with stores.opened() as store:
        for name, rows in docs.items():
            plain = [{key: value for key, value in row.items() if key != TOKENS} for row in rows]
            await store.insert(name, plain)


@asynccontextmanager
async def serve(store: Store, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run all services on a store that they may share with others; nothing is made in earnest."""
    table = [services.load(name) for name in services.NAMES]
    pool = Pool(1)
    parts = Parts(
        Ports(store, LocalBus(), DiskBlobs(folder / "blobs")),
        KINDS,
        engines(Settings(engine="rehearsal"), table, pool),
        folder / "work",
        pool,
        rules=QUICK,
        pace=PACE,
        drain_seconds=1.0,
        alone=False,
    )
    async with run_services(parts, table) as app:
        with open_front(app) as front:
            transport = httpx.ASGITransport(front)
            async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
                yield client


async def all_completed(api: httpx.AsyncClient) -> None:
    """Return when all four videos are completed."""
    async with asyncio.timeout(30):
        for video in VIDEOS:
            while (await api.get(f"/v1/videos/{video}")).json()["status"] != "completed":
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("adapter", STORES)
async def test_all_is_finished_and_nothing_done_is_run_again(adapter: str, tmp_path: Path) -> None:
    stores = Stores(adapter, tmp_path)
    docs = read_mongo(latest=LocalClock()() - STOPPED_MS)
    try:
        if adapter == "mongo":
            await load_mongo(stores.name, docs)
        else:
            await load_sqlite(stores, docs)
        store: Store = stores.make()
        async with serve(store, tmp_path) as api:
            await all_completed(api)
            jobs = {row["_id"]: row for row in await store.find(JOBS, {})}
            events = {row["_id"]: row for row in await store.find(OUTBOX, {})}
    finally:
        await stores.drop()

    done = find_finished({row["_id"]: row for row in docs[JOBS]})
    after = find_finished(jobs)
    assert len(done) == 21
    for id_, row in done.items():
        assert {k: v for k, v in row.items() if k != TOKENS} == after[id_]
    assert tell_ids(jobs, events) == read_ids("mongo")
    assert tell_ids(after, events) == read_ids("mongo"), "a job is not done"
