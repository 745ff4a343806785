"""What is the SQLite adapter's own: indexes that are used, a file in trouble, one process."""

import asyncio
import os
import shutil
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from shared.jobs import ledger, relay
from shared.ports import EXPIRES_AT, EXPIRY, Index, Is, Update
from shared.store import sql
from shared.store.sqlite import SqliteStore
from shared.story.errors import BadInput, StoreUnavailable, Unstorable
from tests.clock import Clock

INDEXES = {
    **ledger.INDEXES,
    **relay.INDEXES,
    "views.x": (Index(("check_at",), present="check_at"),),
}
CHECKOUT = Path(__file__).resolve().parents[2]
HOLDS_THE_FOLDER = """
import asyncio, sys
from pathlib import Path
from shared.store.sqlite import SqliteStore
async def main():
    store = SqliteStore(Path(sys.argv[1]))
    await store.open({})
    print("open", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "a.db"


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Every connection that is made: a test may ask the store's own, and change what it may do."""
    made, connect = list[sqlite3.Connection](), sqlite3.connect

    def note(path: Path, **options: Any) -> sqlite3.Connection:
        made.append(connect(path, check_same_thread=False, **options))
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", note)
    return made


@pytest.fixture
async def store(path: Path, connections: list[sqlite3.Connection]) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    await store.open(INDEXES)
    yield store
    await store.close()


@pytest.fixture
def db(store: SqliteStore, connections: list[sqlite3.Connection]) -> sqlite3.Connection:
    """The store's own connection; SQLite itself keeps two threads apart on it."""
    assert sqlite3.threadsafety == 3
    return connections[0]


# ── indexes ─────────────────────────────────────────────────────────────────────────────────────

DUE = Is("<=", 5)
QUEUE = {"spec.kind": "clip", "tag": Is("present")}
QUERIES = [
    ("jobs", QUEUE, ["tag"], "spec.kind, tag where tag"),
    ("jobs", {**QUEUE, "spec.kind": Is("in", ["a", "b"])}, [], "tag where tag"),
    ("jobs", {**QUEUE, "spec.owner": "o"}, ["-tag"], "spec.kind, spec.owner, tag where tag"),
    ("jobs", {"spec.kind": Is("in", ["a", "b"]), "due_at": DUE}, ["due_at"], "spec.kind, due_at"),
    ("jobs", {"spec.kind": Is("in", ["a"]), "publish_at": DUE}, [], "spec.kind, publish_at"),
    ("jobs", {"external_id": "x"}, [], "external_id where external_id"),
    ("jobs", {"external_id": Is("in", ["x", "y"])}, [], "external_id where external_id"),
    ("jobs", {"spec.video_id": "v"}, [], "jobs by spec.video_id"),
    ("jobs", {"_id": "v"}, [], "sqlite_autoindex"),
    ("jobs", {"_id": Is("in", ["v", "w"])}, [], "sqlite_autoindex"),
    ("outbox", {"service": "s", "publish_at": DUE}, [], "service, publish_at"),
    ("outbox", {"video_id": "v"}, [], "outbox by video_id"),
    ("untold", {"service": "s", "publish_at": DUE}, [], "service, publish_at"),
    ("views.x", {"check_at": DUE}, ["check_at"], "check_at where check_at"),
    ("views.x", {"check_at": Is("present")}, [], "check_at where check_at"),
]


@pytest.mark.parametrize(("collection", "where", "order", "index"), QUERIES)
async def test_finds_use_their_index(
    db: sqlite3.Connection,
    collection: str,
    where: dict[str, object],
    order: list[str],
    index: str,
) -> None:
    clause, values = sql.spell_where(where)
    order_by = sql.spell_order(order)
    query = f"SELECT doc FROM {sql.quote(collection)} WHERE {clause}{order_by} LIMIT 9"
    plan = "; ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values))
    assert f"USING INDEX {'' if 'auto' in index else collection}" in plan
    assert index in plan
    assert "SCAN" not in plan or order or "present" in repr(where)
    one_range = "in" not in repr(where)
    assert not (one_range and order and "TEMP B-TREE" in plan)


async def test_indexes_no_longer_declared_are_dropped(store: SqliteStore, path: Path) -> None:
    await store.close()
    again = SqliteStore(path)
    await again.open({"jobs": (Index(("n",)),)})
    await again.close()
    query = "SELECT name FROM sqlite_master WHERE tbl_name = 'jobs' AND sql NOT NULL"
    with closing(sqlite3.connect(path)) as db:
        names = db.execute(query).fetchall()
    assert sorted(names) == [("jobs",), ("jobs by n",)]


# ── commits ─────────────────────────────────────────────────────────────────────────────────────


async def test_commits_are_synchronous(db: sqlite3.Connection) -> None:
    assert db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_what_waits_together_is_committed_together(
    store: SqliteStore, db: sqlite3.Connection
) -> None:
    commits: list[str] = []
    db.set_trace_callback(commits.append)
    await asyncio.gather(*(store.insert("jobs", [{"_id": str(i)}]) for i in range(300)))
    assert await store.count("jobs", {}) == 300
    assert 1 <= commits.count("COMMIT") <= 10


async def test_a_callers_mistake_fails_that_caller_alone(store: SqliteStore) -> None:
    answers = await asyncio.gather(
        store.insert("jobs", [{"_id": "a", "n": 1}]),
        store.insert("jobs", [{"_id": "b", "n": float("nan")}]),
        store.update("jobs", [Update("a", set={"n.m": 1})]),
        store.find("jobs", {"n": [1, 2]}),
        store.insert("jobs", [{"_id": "c"}]),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [set, Unstorable, ValueError, ValueError, set]
    assert await store.get("jobs", ["a", "b", "c"]) == {
        "a": {"_id": "a", "n": 1},
        "c": {"_id": "c"},
    }


async def test_a_cancelled_caller_leaves_the_store_in_order(store: SqliteStore) -> None:
    task = asyncio.create_task(store.insert("jobs", [{"_id": "a"}]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await store.insert("jobs", [{"_id": "a"}]) == set()


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.count("jobs", {})
    await store.open({})
    waiting = asyncio.gather(*(store.insert("jobs", [{"_id": str(i)}]) for i in range(20)))
    await asyncio.sleep(0)
    await store.close()
    assert len(await waiting) == 20
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.count("jobs", {})
    await store.close()


# ── one process ─────────────────────────────────────────────────────────────────────────────────


async def test_a_second_process_is_told_who_holds_the_folder(path: Path) -> None:
    program = [sys.executable, "-c", HOLDS_THE_FOLDER, str(path)]
    child = await asyncio.create_subprocess_exec(*program, stdout=PIPE, cwd=CHECKOUT)
    assert child.stdout
    assert await child.stdout.readline() == b"open\n"
    wanted = rf"data folder .*data is in use by process {child.pid}: .*--data"
    with pytest.raises(BadInput, match=wanted):
        await SqliteStore(path).open({})
    child.kill()
    await child.wait()
    store = SqliteStore(path)
    await store.open({})
    assert await store.count("jobs", {}) == 0
    await store.close()


async def test_a_second_store_in_one_process_is_refused_too(store: SqliteStore, path: Path) -> None:
    with pytest.raises(BadInput, match=f"process {os.getpid()}"):
        await SqliteStore(path).open({})


# ── other users ─────────────────────────────────────────────────────────────────────────────────


def modes(folder: Path) -> dict[str, str]:
    return {path.name: f"{path.stat().st_mode & 0o777:o}" for path in [folder, *folder.iterdir()]}


CLOSED = {"data": "700", "lock": "600", "a.db": "600", "a.db-wal": "600", "a.db-shm": "600"}


async def test_the_data_folder_is_readable_by_its_owner_alone(
    store: SqliteStore, path: Path
) -> None:
    await store.insert("jobs", [{"_id": "a"}])
    assert modes(path.parent) == CLOSED


async def test_a_data_folder_of_before_is_closed_when_it_is_opened(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    await store.insert("jobs", [{"_id": "a"}])
    folder = tmp_path / "copy" / "data"
    shutil.copytree(path.parent, folder)  # with the files that a process leaves when it is killed
    assert set(modes(folder)) == set(CLOSED)
    for each in (folder, *folder.iterdir()):
        each.chmod(0o755 if each.is_dir() else 0o644)
    again = SqliteStore(folder / "a.db")
    await again.open({})
    assert await again.count("jobs", {}) == 1
    assert modes(folder) == CLOSED
    await again.close()


# ── trouble ─────────────────────────────────────────────────────────────────────────────────────


def limit(db: sqlite3.Connection, pages: int) -> int:
    """Let the file have so many pages, as a full disk does; 0 only tells how many it may have."""
    return int(db.execute(f"PRAGMA max_page_count = {pages}").fetchone()[0])


async def test_a_full_disk_loses_nothing_and_work_goes_on_when_there_is_room(
    store: SqliteStore, db: sqlite3.Connection
) -> None:
    await store.insert("jobs", [{"_id": "first", "n": 1}])
    usual = limit(db, 0)
    limit(db, 200)
    stored = ["first"]

    async def fill() -> None:
        for i in range(1000):
            await store.insert("jobs", [{"_id": str(i), "text": "x" * 20_000}])
            stored.append(str(i))

    with pytest.raises(StoreUnavailable, match=r"a\.db takes no work: the disk is full"):
        await fill()
    outcomes = await asyncio.gather(
        store.insert("jobs", [{"_id": "lost", "text": "x" * 900_000}]),
        store.update("jobs", [Update("first", set={"n": 2})]),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], StoreUnavailable)
    expected = 1 if isinstance(outcomes[1], StoreUnavailable) else 2
    assert sorted(await store.get("jobs", [*stored, "lost"])) == sorted(stored)
    assert (await store.get("jobs", ["first"]))["first"]["n"] == expected

    limit(db, usual)
    assert await store.insert("jobs", [{"_id": "after", "text": "x" * 900_000}]) == {"after"}
    assert await store.count("jobs", {}) == len(stored) + 1


async def test_a_rolled_back_collection_is_made_again(
    store: SqliteStore, db: sqlite3.Connection
) -> None:
    usual = limit(db, 0)
    limit(db, 1)
    with pytest.raises(StoreUnavailable):
        await store.insert("new", [{"_id": "a", "text": "x" * 500_000}])
    limit(db, usual)
    assert await store.insert("new", [{"_id": "a"}]) == {"a"}


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(StoreUnavailable, match=r"a\.db takes no work: it is not a database"):
        await SqliteStore(tmp_path / "a.db").open({})
    (tmp_path / "a.db").unlink()
    store = SqliteStore(tmp_path / "a.db")  # and the folder is free again
    await store.open({})
    await store.close()


async def test_a_damaged_database_says_what_to_do(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    await store.open(INDEXES)
    await store.insert("jobs", [{"_id": str(i), "text": "x" * 500} for i in range(2000)])
    await store.close()
    with (tmp_path / "a.db").open("r+b") as file:
        file.seek(4096 * 64)  # behind the names of its tables
        file.write(os.urandom(4096 * 200))
    damaged = SqliteStore(tmp_path / "a.db")
    await damaged.open({})
    with pytest.raises(StoreUnavailable, match="it is damaged"):
        await damaged.find("jobs", {"text": "y"})
    await damaged.close()


async def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match=r"data folder .*file.* cannot be used .*--data"):
        await SqliteStore(tmp_path / "file" / "a.db").open({})
    (tmp_path / "b.db").mkdir()
    with pytest.raises(StoreUnavailable, match=r"b\.db takes no work: it cannot be opened"):
        await SqliteStore(tmp_path / "b.db").open({})


async def test_a_database_locked_by_another_program(
    store: SqliteStore, db: sqlite3.Connection, path: Path
) -> None:
    db.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="another program holds it locked"):
        await store.insert("jobs", [{"_id": "a"}])
    other.execute("ROLLBACK")
    other.close()
    assert await store.insert("jobs", [{"_id": "a"}]) == {"a"}


async def test_a_read_only_database(store: SqliteStore, db: sqlite3.Connection) -> None:
    db.execute("PRAGMA query_only = 1")
    with pytest.raises(StoreUnavailable, match="it is read-only"):
        await store.insert("jobs", [{"_id": "a"}])
    assert await store.count("jobs", {}) == 0


async def test_what_users_read_of_the_trouble_names_no_path(
    store: SqliteStore, db: sqlite3.Connection, path: Path
) -> None:
    db.execute("PRAGMA query_only = 1")
    with pytest.raises(StoreUnavailable) as caught:
        await store.insert("jobs", [{"_id": "a"}])
    assert str(path.parent) not in str(caught.value)


async def test_what_has_expired_is_deleted_once_somebody_asks(tmp_path: Path) -> None:
    clock = Clock()
    store = SqliteStore(tmp_path / "data" / "storywave.db", clock)
    await store.open({"c": (EXPIRY,)})
    await store.insert("c", [{"_id": "a", EXPIRES_AT: clock() + 10}, {"_id": "b"}])
    assert await store.expire("c") == 0
    clock.move(10)
    assert await store.expire("c") == 1
    assert set(await store.get("c", ["a", "b"])) == {"b"}
    await store.close()
