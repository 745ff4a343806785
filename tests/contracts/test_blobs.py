"""What every Blobs promises, on one body."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from shared.ports import Blob, Blobs
from shared.story.errors import BlobMissing
from tests.contracts.adapters import BLOBS, CHECKOUT, Buckets

LARGE = bytes(range(256)) * (40 << 12)  # 40 MiB: more than one part
KILLED_WHILE_PUTTING = """
import asyncio, os, signal, threading
from pathlib import Path
from tests.contracts import adapters
async def main():
    blobs = {source}.make()
    await blobs.open()
    await blobs.put("known", b"before")
    whole = Path("{folder}/whole")
    whole.write_bytes(b"0" * (40 << 20))
    await blobs.put("large", whole)
    asyncio.get_running_loop().call_later({after}, os.kill, os.getpid(), signal.SIGKILL)
    for attempt in range(1000):
        await asyncio.gather(*(blobs.put(f"half/{{attempt}}/{{i}}", whole) for i in range(3)))
asyncio.run(main())
"""


@pytest.fixture(params=BLOBS)
async def buckets(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Buckets]:
    buckets = Buckets(request.param, tmp_path)
    yield buckets
    await buckets.drop()


@pytest.fixture
async def blobs(buckets: Buckets) -> AsyncIterator[Blobs]:
    async with buckets.opened() as blobs:
        yield blobs


async def read(blobs: Blobs, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in blobs.stream(key, start, end)])


def described(key: str, data: bytes) -> Blob:
    return Blob(key, len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("data", [b"", b"x", os.urandom(300_000)], ids=["empty", "one", "many"])
@pytest.mark.parametrize("as_file", [False, True], ids=["bytes", "file"])
async def test_bytes_come_back_every_way(
    blobs: Blobs, tmp_path: Path, data: bytes, as_file: bool
) -> None:
    source = tmp_path / "source"
    source.write_bytes(data)
    key = "video/clip/0.mp4"
    assert await blobs.put(key, source if as_file else data) == described(key, data)
    assert await blobs.get(key) == data
    assert await read(blobs, key) == data
    await blobs.fetch(key, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == data
    stat = await blobs.stat(key)
    assert (stat.key, stat.size) == (key, len(data))
    assert stat.sha256 in ("", described(key, data).sha256)


async def test_large_files_are_sent_and_read_in_pieces(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "large"
    source.write_bytes(LARGE)
    assert await blobs.put("large", source) == described("large", LARGE)
    pieces = [len(piece) async for piece in blobs.stream("large")]
    assert sum(pieces) == len(LARGE)
    assert max(pieces) <= 4 << 20
    await blobs.fetch("large", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == LARGE
    assert (await blobs.stat("large")).size == len(LARGE)


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, None), (0, 10), (3, 7), (9, 10), (9, None), (5, 5), (10, None), (12, None), (4, 99)],
)
async def test_ranges(blobs: Blobs, start: int, end: int | None) -> None:
    await blobs.put("a", b"0123456789")
    assert await read(blobs, "a", start, end) == b"0123456789"[start:end]


async def test_a_range_of_a_large_file(blobs: Blobs) -> None:
    await blobs.put("large", LARGE)
    assert await read(blobs, "large", 3_000_001, 9_000_007) == LARGE[3_000_001:9_000_007]


async def test_what_is_missing_is_named(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put("video/there", b"x")
    for key in ("never/put ü.mp4", "video", "video/there/too"):
        calls = [
            blobs.get(key),
            blobs.fetch(key, tmp_path / "to"),
            blobs.stat(key),
            read(blobs, key),
        ]
        for call in calls:
            with pytest.raises(BlobMissing) as caught:
                await call
            assert caught.value.key == key
    with pytest.raises(BlobMissing):
        await read(blobs, "never", 5, 5)
    left = await asyncio.to_thread(lambda: {path.name for path in tmp_path.iterdir()})
    assert left <= {"blobs"}


async def test_a_failed_fetch_leaves_what_was_there(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "to").write_bytes(b"before")
    with pytest.raises(BlobMissing):
        await blobs.fetch("never", tmp_path / "to")
    assert (tmp_path / "to").read_bytes() == b"before"


async def test_a_put_replaces_the_whole(blobs: Blobs) -> None:
    for data in (b"first, and longer", b"second", b"second", b""):
        assert await blobs.put("a/b", data) == described("a/b", data)
        assert await blobs.get("a/b") == data
    assert await blobs.keys("") == ["a/b"]


async def test_readers_never_see_half_of_a_put(blobs: Blobs) -> None:
    versions = [bytes([i]) * 2_000_000 for i in range(4)]
    await blobs.put("a", versions[0])
    putting = asyncio.gather(*(blobs.put("a", version) for version in versions))
    while not putting.done():
        assert await blobs.get("a") in versions
    await putting
    assert await blobs.get("a") in versions


@pytest.mark.parametrize(
    "key",
    [
        "Größe/Weiß 😀.mp4",
        "a b/c+d&e=f?g#h%20i",
        "quote'\"<x>",
        "v/clip/0/0/0-1/video.mp4",
        "..a/b..",
    ],
)
async def test_keys_are_any_text(blobs: Blobs, tmp_path: Path, key: str) -> None:
    await blobs.put(key, b"x")
    assert await blobs.get(key) == b"x"
    assert await blobs.keys(key[:2]) == [key]
    await blobs.fetch(key, tmp_path / "to")
    await blobs.delete([key])
    assert await blobs.keys("") == []


async def test_keys_by_prefix(blobs: Blobs) -> None:
    keys = ["v1/clip/0", "v1/clip/1", "v1/image/0", "v10/clip/0", "v2"]
    await asyncio.gather(*(blobs.put(key, b"x") for key in keys))
    assert sorted(await blobs.keys("")) == keys
    assert sorted(await blobs.keys("v1")) == keys[:4]
    assert sorted(await blobs.keys("v1/")) == keys[:3]
    assert sorted(await blobs.keys("v1/clip/")) == keys[:2]
    assert sorted(await blobs.keys("v1/clip/1")) == ["v1/clip/1"]
    assert await blobs.keys("nothing/") == []


async def test_delete_takes_missing_keys_in_its_stride(blobs: Blobs) -> None:
    await blobs.put("a", b"x")
    await blobs.put("b", b"x")
    await blobs.delete(["a", "never", "never/this"])
    await blobs.delete(["a"])
    await blobs.delete([])
    assert await blobs.keys("") == ["b"]
    with pytest.raises(BlobMissing):
        await blobs.get("a")


async def test_a_thousand_and_more_keys(blobs: Blobs) -> None:
    keys = [f"many/{i:04}" for i in range(1100)]
    for first in range(0, len(keys), 50):
        await asyncio.gather(*(blobs.put(key, key.encode()) for key in keys[first : first + 50]))
    assert sorted(await blobs.keys("many/")) == keys
    assert await blobs.get(keys[-1]) == keys[-1].encode()
    await blobs.delete(keys)
    assert await blobs.keys("") == []


async def test_puts_in_parallel_into_one_new_folder(blobs: Blobs) -> None:
    made = await asyncio.gather(*(blobs.put(f"new/er/{i}", bytes([i]) * 1000) for i in range(50)))
    assert [blob.size for blob in made] == [1000] * 50
    got = await asyncio.gather(*(blobs.get(f"new/er/{i}") for i in range(50)))
    assert got == [bytes([i]) * 1000 for i in range(50)]


@pytest.mark.parametrize("after", [0.05, 0.3])
async def test_a_kill_leaves_each_blob_whole_or_absent(
    buckets: Buckets, tmp_path: Path, after: float
) -> None:
    program = KILLED_WHILE_PUTTING.format(source=buckets.source(), folder=tmp_path, after=after)
    child = await asyncio.to_thread(
        partial(subprocess.run, capture_output=True, cwd=CHECKOUT, timeout=60),
        [sys.executable, "-c", program],
    )
    assert child.returncode == -signal.SIGKILL, child.stderr
    async with buckets.opened() as blobs:
        assert await blobs.get("known") == b"before"
        assert (await blobs.stat("large")).size == 40 << 20
        for key in await blobs.keys("half/"):
            assert (await blobs.stat(key)).size == 40 << 20


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/./b", "a/"])
async def test_keys_that_are_no_paths_are_refused(blobs: Blobs, key: str) -> None:
    with pytest.raises(ValueError, match="cannot be a key"):
        await blobs.put(key, b"x")


async def test_what_is_stored_is_listed_with_its_size_and_time(blobs: Blobs) -> None:
    before = time.time() * 1000
    for key, data in (("v/a", b"123"), ("v/b/c", b"1"), ("w/a", b"")):
        await blobs.put(key, data)
    listed = {each.key: each for each in await blobs.list_stored("v/")}
    assert {key: each.size for key, each in listed.items()} == {"v/a": 3, "v/b/c": 1}
    # the clock of a place may tell whole seconds
    assert all(before - 2_000 < each.at < time.time() * 1000 + 2_000 for each in listed.values())
    assert await blobs.list_stored("nothing/") == []


async def test_keys_are_put_where_others_were_just_deleted(blobs: Blobs) -> None:
    async def put_and_delete(n: int) -> None:
        for _ in range(20):
            await blobs.put(f"v/kind/{n}/key", b"x")
            await blobs.delete([f"v/kind/{n}/key", f"v/kind/{n}/missing", f"v/none/{n}"])
        await blobs.put(f"v/kind/{n}/key", b"x")

    await asyncio.gather(*map(put_and_delete, range(8)))
    assert len(await blobs.keys("v/")) == 8
