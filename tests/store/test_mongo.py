"""What is the MongoDB adapter's own: a server that is away, and who won when many write at once."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import monitoring

from shared.jobs import ledger
from shared.ports import Doc, Index, Is, Update
from shared.store import bulk, mongo
from shared.store.mongo import MongoStore
from shared.story.errors import StoreUnavailable


class Commands(monitoring.CommandListener):
    """The commands that clients have sent since it was registered."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.sent.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


@pytest.fixture
def commands() -> Commands:
    listener = Commands()
    monitoring.register(listener)
    return listener


@pytest.fixture
def name() -> str:
    return f"own_{uuid4().hex[:12]}"


@pytest.fixture
async def client() -> AsyncIterator[Any]:
    client: Any = AsyncIOMotorClient(os.environ["STORYWAVE_MONGO"])
    yield client
    client.close()


@pytest.fixture
async def store(name: str, client: Any) -> AsyncIterator[MongoStore]:
    store = replica(name)
    await store.open(ledger.INDEXES)
    yield store
    await client.drop_database(name)
    await store.close()


def replica(name: str) -> MongoStore:
    return MongoStore(os.environ["STORYWAVE_MONGO"], name)


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
    write, overtaken = AsyncIOMotorCollection.bulk_write, 0

    async def write_and_be_overtaken(*asked: object, **options: object) -> object:
        nonlocal overtaken
        monkeypatch.setattr(AsyncIOMotorCollection, "bulk_write", write)
        answer = await write(*asked, **options)
        overtaken = len(await store.update("jobs", [Update(i, inc={"n": 10}) for i in "abc"]))
        return answer

    monkeypatch.setattr(AsyncIOMotorCollection, "bulk_write", write_and_be_overtaken)
    updates = [Update("a", {"n": 0}, inc={"n": 1}), Update("b", {"n": 5}), Update("c", {"n": 0})]
    assert await store.update("jobs", updates) == {"a", "c"}
    assert overtaken == 3


@pytest.mark.cluster
async def test_tokens_stay_few_and_hidden(store: MongoStore, client: Any, name: str) -> None:
    await store.update("jobs", [Update("a", set={"n": 0}, upsert=True)])
    for _ in range(20):
        await store.update("jobs", [Update("a", inc={"n": 1})])
    assert await store.get("jobs", ["a"]) == {"a": {"_id": "a", "n": 20}}
    assert await store.find("jobs", {}) == [{"_id": "a", "n": 20}]
    raw = await client[name]["jobs"].find_one({"_id": "a"})
    assert len(raw[bulk.TOKENS]) == bulk.TOKENS_KEPT


@pytest.mark.cluster
async def test_writes_wait_for_a_journaled_majority(commands: Commands, store: MongoStore) -> None:
    await store.insert("jobs", [{"_id": "a", "n": 1}])
    await store.update("jobs", [Update("a", set={"n": 2})])
    await store.delete("jobs", ["a"])
    writes = [each for each in commands.sent if {"insert", "update", "delete"} & each.keys()]
    concerns = [each["writeConcern"] for each in writes]
    assert [(each["w"], each["j"]) for each in concerns] == [("majority", True)] * 3


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
@pytest.mark.usefixtures("store")
async def test_finds_use_their_index(client: Any, name: str, where: Doc, index: str) -> None:
    plan = await client[name]["jobs"].find(bulk.make_filter(where)).explain()
    stages = repr(plan["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in stages
    assert f"'indexName': 'jobs {'unique' if 'external' in index else 'by'} {index}" in stages


@pytest.mark.cluster
async def test_replicas_may_prepare_the_same_indexes_at_once(client: Any, name: str) -> None:
    replicas = [replica(name) for _ in range(4)]
    indexes = {"fresh": (Index(("a", "b"), present="b"), Index(("c",), present="c", unique=True))}
    await asyncio.gather(*(replica.open(indexes) for replica in replicas))
    await asyncio.gather(*(replica.close() for replica in replicas))
    assert len(await client[name]["fresh"].index_information()) == 3
    await client.drop_database(name)


@pytest.mark.cluster
async def test_replicas_agree_on_the_time(store: MongoStore, client: Any, name: str) -> None:
    other = replica(name)
    await other.open({})
    assert abs(other.now() - store.now()) < 50
    hello = await client.admin.command("hello")
    assert abs(hello["localTime"].timestamp() * 1000 - store.now()) < 24 * 3_600_000
    await other.close()


@pytest.mark.cluster
async def test_a_document_that_would_grow_too_large_fails_its_own_update(store: MongoStore) -> None:
    """To a store that is away it would be sent again for ever, and with it all of its batch."""
    large = {f"part{n}": "x" * (1 << 20) for n in range(9)}
    await store.insert("jobs", [{"_id": "a", **large}, {"_id": "b"}])
    more = {f"more{n}": "x" * (1 << 20) for n in range(9)}
    with pytest.raises(ValueError, match="MongoDB refuses this"):
        await store.update("jobs", [Update("a", set=more), Update("b", set={"n": 1})])
    assert (await store.get("jobs", ["a"]))["a"] == {"_id": "a", **large}


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
