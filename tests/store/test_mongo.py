"""What is the MongoDB adapter's own: a server that is away, and who won when many write at once."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import monitoring

from shared.jobs import ledger
from shared.ports import Doc, Index, Is, Update
from shared.store import bulk, mongo
from shared.store.mongo import MongoStore
from shared.story.errors import StoreUnavailable


@dataclass
class Wire(monitoring.CommandListener):
    """What the driver sends; a test may do something after a command of some name."""

    sent: list[Doc] = field(default_factory=list)
    after: dict[str, Callable[[], object]] = field(default_factory=dict)

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.sent.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if act := self.after.pop(event.command_name, None):
            act()

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...

    def last(self, name: str) -> Doc:
        """The last command of this name, without what belongs to its session."""
        kept = {"filter", "sort", "writeConcern", name}
        return next(
            {key: value for key, value in command.items() if key in kept}
            for command in reversed(self.sent)
            if name in command
        )


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Listens to every client that is made in this test."""
    wire = Wire()

    def client(*given: Any, **options: Any) -> AsyncIOMotorClient[Doc]:
        return AsyncIOMotorClient(*given, event_listeners=[wire], **options)

    monkeypatch.setattr(mongo, "AsyncIOMotorClient", client)
    return wire


@pytest.fixture
def name() -> str:
    return f"own_{uuid4().hex[:12]}"


@pytest.fixture
async def raw(name: str) -> AsyncIterator[AsyncIOMotorDatabase[Doc]]:
    """The store's database, as anybody else sees it; it is gone at the end."""
    client: AsyncIOMotorClient[Doc] = AsyncIOMotorClient(os.environ["STORYWAVE_MONGO"])
    yield client[name]
    await client.drop_database(name)
    client.close()


@pytest.fixture
async def store(name: str, raw: AsyncIOMotorDatabase[Doc], wire: Wire) -> AsyncIterator[MongoStore]:
    store = replica(name)
    await store.open(ledger.INDEXES)
    yield store
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
    store: MongoStore, wire: Wire
) -> None:
    """Another writer comes between the bulk write and the look at who won."""
    await store.insert("jobs", [{"_id": id_, "n": 0} for id_ in "abc"])
    loop, overtaken = asyncio.get_running_loop(), list[set[str]]()

    def overtake() -> None:
        """In the driver's thread, which goes on when this is done."""
        later = store.update("jobs", [Update(i, inc={"n": 10}) for i in "abc"])
        overtaken.append(asyncio.run_coroutine_threadsafe(later, loop).result(10))

    wire.after["update"] = overtake
    updates = [Update("a", {"n": 0}, inc={"n": 1}), Update("b", {"n": 5}), Update("c", {"n": 0})]
    assert await store.update("jobs", updates) == {"a", "c"}
    assert overtaken == [{"a", "b", "c"}]


@pytest.mark.cluster
async def test_tokens_stay_few_and_hidden(
    store: MongoStore, raw: AsyncIOMotorDatabase[Doc]
) -> None:
    await store.update("jobs", [Update("a", set={"n": 0}, upsert=True)])
    for _ in range(20):
        await store.update("jobs", [Update("a", inc={"n": 1})])
    assert await store.get("jobs", ["a"]) == {"a": {"_id": "a", "n": 20}}
    assert await store.find("jobs", {}) == [{"_id": "a", "n": 20}]
    row = await raw["jobs"].find_one({"_id": "a"})
    assert row and len(row[bulk.TOKENS]) == bulk.TOKENS_KEPT


@pytest.mark.cluster
async def test_only_a_lone_update_is_one_that_the_driver_repeats(
    store: MongoStore, wire: Wire
) -> None:
    """For each that it may repeat the server keeps a note, which many pay for and few need."""
    await store.insert("jobs", [{"_id": id_, "n": 0} for id_ in "abc"])
    update = Update("a", {"n": 0}, set={"n": 1})
    assert await store.update("jobs", [update]) == {"a"}
    assert "txnNumber" in wire.sent[-1]
    many = [Update(id_, {"n": 0}, inc={"x": 1}) for id_ in "abc"]
    assert await store.update("jobs", many) == {"b", "c"}
    (command,) = [sent for sent in wire.sent if len(sent.get("updates", ())) == 3]
    assert "txnNumber" not in command
    assert await store.update("jobs", [Update("d", set={"n": 1}, upsert=True), update]) == {"d"}


@pytest.mark.cluster
async def test_writes_wait_for_a_journaled_majority(store: MongoStore, wire: Wire) -> None:
    await store.insert("jobs", [{"_id": "a"}])
    await store.update("jobs", [Update("a", set={"n": 1})])
    await store.delete("jobs", ["a"])
    for name in ("insert", "update", "delete"):
        concern = wire.last(name)["writeConcern"]
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
async def test_finds_use_their_index(
    store: MongoStore, raw: AsyncIOMotorDatabase[Doc], wire: Wire, where: Doc, index: str
) -> None:
    await store.find("jobs", where)
    plan = await raw.command("explain", wire.last("find"))
    stages = repr(plan["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in stages
    assert f"'indexName': 'jobs {'unique' if 'external' in index else 'by'} {index}" in stages


@pytest.mark.cluster
async def test_replicas_may_prepare_the_same_indexes_at_once(
    name: str, raw: AsyncIOMotorDatabase[Doc]
) -> None:
    replicas = [replica(name) for _ in range(4)]
    indexes = {"fresh": (Index(("a", "b"), present="b"), Index(("c",), present="c", unique=True))}
    await asyncio.gather(*(replica.open(indexes) for replica in replicas))
    await asyncio.gather(*(replica.close() for replica in replicas))
    assert len(await raw["fresh"].index_information()) == 3


@pytest.mark.cluster
async def test_replicas_agree_on_the_time(
    store: MongoStore, name: str, raw: AsyncIOMotorDatabase[Doc]
) -> None:
    other = replica(name)
    await other.open({})
    assert abs(other.now() - store.now()) < 50
    hello = await raw.client.admin.command("hello")
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
async def test_what_has_one_guard_is_one_change_for_the_server(
    store: MongoStore, wire: Wire
) -> None:
    """Most of what a change costs is to read and to plan it."""
    ids = [f"j{n}" for n in range(20)]
    await store.insert("jobs", [{"_id": i, "state": "new", "tag": 1.0} for i in ids])
    ends = [Update(i, {"state": "new"}, {"state": i}, unset=["tag"]) for i in ids]
    assert await store.update("jobs", [*ends, Update("other", {"n": 1}, {"n": 2})]) == set(ids)
    assert len(wire.sent[-2]["updates"]) == 2  # and a look at who won, since one lost
    assert await store.get("jobs", ids) == {i: {"_id": i, "state": i} for i in ids}


@pytest.mark.cluster
async def test_what_is_set_at_once_fits_into_what_the_server_takes(
    store: MongoStore, wire: Wire
) -> None:
    await store.insert("jobs", [{"_id": i} for i in "abc"])
    large = {i: i * (6 << 20) for i in "abc"}
    updates = [Update(i, set={"text": text}) for i, text in large.items()]
    assert await store.update("jobs", updates) == set("abc")
    assert sum(len(sent["updates"]) for sent in wire.sent if "update" in sent) == 3
    assert {i: doc["text"] for i, doc in (await store.get("jobs", "abc")).items()} == large


def test_the_ids_of_what_is_written_at_once_count_as_well() -> None:
    """They are in the guard, and once more beside what is set."""
    parts = bulk.group_alike([Update(f"{n:0500}", {"n": 0}, {"n": 1}) for n in range(4_000)])
    assert len(parts) == 2 and sum(map(len, parts)) == 4_000


@pytest.mark.cluster
async def test_stamps_that_are_none_are_made_anew(
    store: MongoStore, raw: AsyncIOMotorDatabase[Doc]
) -> None:
    await raw["jobs"].insert_many([{"_id": i, bulk.TOKENS: "spoiled"} for i in "ab"])
    assert await store.update("jobs", [Update(i, set={"at": i}) for i in "ab"]) == set("ab")
    assert await store.get("jobs", "ab") == {i: {"_id": i, "at": i} for i in "ab"}


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
