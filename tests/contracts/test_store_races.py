"""What every Store promises to replicas that write at the same time."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.ports import Index, Is, Store, Update
from tests.contracts.adapters import STORES, Stores

INDEXES = {"jobs": (Index(("spec.kind", "tag"), present="tag"),)}


@pytest.fixture(params=STORES)
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    stores = Stores(request.param, tmp_path, INDEXES)
    yield stores
    await stores.drop()


async def test_of_racing_inserts_each_document_is_new_once(stores: Stores) -> None:
    async with stores.racers(8) as racers:
        docs = [{"_id": str(i)} for i in range(100)]
        new = await asyncio.gather(*(store.insert("jobs", docs) for store in racers))
        assert sorted(id_ for ids in new for id_ in ids) == sorted(str(i) for i in range(100))
        assert await racers[0].count("jobs", {}) == 100


async def test_racers_never_pass_a_cap_and_the_sum_is_exact(stores: Stores) -> None:
    async with stores.racers(8) as racers:
        await racers[0].insert("jobs", [{"_id": "a", "left": 100}, {"_id": "b", "left": 100}])

        async def take(store: Store) -> int:
            guard = {"left": Is(">=", 3)}
            wanted = [Update(id_, guard, inc={"left": -3, "taken": 3}) for id_ in "ab"]
            return sum([len(await store.update("jobs", wanted)) for _ in range(25)])

        won = await asyncio.gather(*(take(store) for store in racers))
        docs = await racers[0].get("jobs", ["a", "b"])
        assert [(doc["left"], doc["taken"]) for doc in docs.values()] == [(1, 99), (1, 99)]
        assert sum(won) == 66


async def test_racers_claim_each_job_once(stores: Stores) -> None:
    async with stores.racers(8) as racers:
        queued = [{"_id": str(i), "spec": {"kind": "clip"}, "tag": i, "n": 0} for i in range(300)]
        await racers[0].insert("jobs", queued)

        async def claim(number: int, store: Store) -> list[str]:
            chance, mine = random.Random(number), list[str]()
            queue = {"spec.kind": "clip", "tag": Is("present")}
            while rows := await store.find("jobs", queue, order=["tag"], limit=40):
                rows = chance.sample(rows, min(10, len(rows)))
                claims = [
                    Update(r["_id"], {"n": 0}, {"by": number}, ["tag"], {"n": 1}) for r in rows
                ]
                mine += await store.update("jobs", claims)
            return mine

        claimed = await asyncio.gather(*(claim(i, store) for i, store in enumerate(racers)))
        assert sorted(id_ for ids in claimed for id_ in ids) == sorted(str(i) for i in range(300))
        for number, ids in enumerate(claimed):
            assert await racers[0].count("jobs", {"by": number, "n": 1}) == len(ids)


async def test_racing_upserts_all_arrive(stores: Stores) -> None:
    async with stores.racers(8) as racers:
        for video in range(10):

            async def upsert(number: int, store: Store, id_: str) -> set[str]:
                change = Update(id_, set={f"parts.{number}": number}, inc={"n": 1}, upsert=True)
                return await store.update("jobs", [change])

            won = await asyncio.gather(*(upsert(i, s, str(video)) for i, s in enumerate(racers)))
            assert won == [{str(video)}] * 8
            doc = (await racers[0].get("jobs", [str(video)]))[str(video)]
            assert doc["n"] == 8
            assert doc["parts"] == {str(i): i for i in range(8)}
