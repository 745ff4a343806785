"""What is the MongoDB adapter's own: a server that is away, and who won when many write at once."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from motor.motor_asyncio import AsyncIOMotorCollection

from shared.jobs import ledger
from shared.ports import Doc, Index, Is, Update
from shared.store import mongo
from shared.store.mongo import MongoStore
from shared.story.errors import StoreUnavailable


@pytest.fixture
async def store() -> AsyncIterator[MongoStore]:
    store = MongoStore(os.environ["STORYWAVE_MONGO"], f"own_{uuid4().hex[:12]}")
    await store.open(ledger.INDEXES)
    yield store
    await store._client.drop_database(store._name)
    await store.close()


async def test_a_server_that_is_away_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mongo, "PATIENCE_MS", 300)
    with socket.socket() as taken:  # bound and not listening: nobody answers here
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        store = MongoStore(f"mongodb://someone:hidden@{host}/?replicaSet=rs0", "storywave")
        with pytest.raises(StoreUnavailable, match=f"MongoDB at {host} takes no work") as caught:
            await store.open({})
        assert "hidden" not in str(caught.value)


@pytest.mark.cluster
async def test_a_winner_that_is_overtaken_before_it_looks_still_knows_that_it_won(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another writer comes between the bulk write and the look at who won."""
    await store.insert("jobs", [{"_id": id_, "n": 0} for id_ in "abc"])
    real, overtaken = mongo._winners, 0

    async def overtake(target: AsyncIOMotorCollection[Doc], *rest: object) -> set[str]:
        nonlocal overtaken
        monkeypatch.setattr(mongo, "_winners", real)
        overtaken = len(await store.update("jobs", [Update(i, inc={"n": 10}) for i in "abc"]))
        return await real(target, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(mongo, "_winners", overtake)
    updates = [Update("a", {"n": 0}, inc={"n": 1}), Update("b", {"n": 5}), Update("c", {"n": 0})]
    assert await store.update("jobs", updates) == {"a", "c"}
    assert overtaken == 3


@pytest.mark.cluster
async def test_stamps_stay_few_and_hidden(store: MongoStore) -> None:
    await store.update("jobs", [Update("a", set={"n": 0}, upsert=True)])
    for _ in range(20):
        await store.update("jobs", [Update("a", inc={"n": 1})])
    assert await store.get("jobs", ["a"]) == {"a": {"_id": "a", "n": 20}}
    assert await store.find("jobs", {}) == [{"_id": "a", "n": 20}]
    raw = await store._of("jobs").find_one({"_id": "a"})
    assert raw and len(raw[mongo.TOKENS]) == mongo.TOKENS_KEPT


@pytest.mark.cluster
async def test_writes_wait_for_a_journaled_majority(store: MongoStore) -> None:
    concern = store._of("jobs").write_concern.document
    assert (concern["w"], concern["j"]) == ("majority", True)


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("where", "index"),
    [
        ({"spec.kind": "clip", "tag": Is("present")}, "spec.kind, tag where tag"),
        ({"spec.kind": Is("in", ["a", "b"]), "due_at": Is("<=", 5)}, "spec.kind, due_at where"),
        ({"external_id": "x"}, "external_id where"),
        ({"spec.video_id": "v"}, "spec.video_id"),
    ],
)
async def test_finds_use_their_index(store: MongoStore, where: Doc, index: str) -> None:
    plan = await store._of("jobs").find(mongo._filter(where)).explain()
    stages = repr(plan["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in stages
    assert f"'indexName': 'jobs {'unique' if 'external' in index else 'by'} {index}" in stages


@pytest.mark.cluster
async def test_replicas_may_prepare_the_same_indexes_at_once(store: MongoStore) -> None:
    replicas = [MongoStore(store._uri, store._name) for _ in range(4)]
    indexes = {"fresh": (Index(("a", "b"), present="b"), Index(("c",), present="c", unique=True))}
    await asyncio.gather(*(replica.open(indexes) for replica in replicas))
    await asyncio.gather(*(replica.close() for replica in replicas))
    assert len(await store._of("fresh").index_information()) == 3


@pytest.mark.cluster
async def test_replicas_agree_on_the_time(store: MongoStore) -> None:
    other = MongoStore(store._uri, store._name)
    await other.open({})
    assert abs(other.now() - store.now()) < 50
    hello = await store._client.admin.command("hello")
    assert abs(hello["localTime"].timestamp() * 1000 - store.now()) < 24 * 3_600_000
    await other.close()


@pytest.mark.cluster
async def test_updates_that_are_alike_win_and_lose_one_by_one(store: MongoStore) -> None:
    """The server gets them as one: a collision in the middle must not stop the rest."""
    ids = [f"j{n}" for n in range(20)]
    await store.insert("jobs", [{"_id": id_, "n": n % 2} for n, id_ in enumerate(ids)])
    odd = set(ids[1::2])
    assert await store.update("jobs", [Update(i, {"n": 1}, {"n": 2}) for i in ids]) == odd
    adopted = [Update(i, {"n": 2}, {"external_id": "one"}) for i in ids]
    winner = await store.update("jobs", adopted)
    assert len(winner) == 1
    found = await store.find("jobs", {"external_id": "one"})
    assert {doc["_id"] for doc in found} == winner <= odd
    numbers = [Update(i, set={"n": True if n % 2 else 1}) for n, i in enumerate(ids)]
    assert await store.update("jobs", numbers) == set(ids)
    kept = {id_: doc["n"] for id_, doc in (await store.get("jobs", ids)).items()}
    assert all(kept[i] is (True if i in odd else 1) for i in ids)
