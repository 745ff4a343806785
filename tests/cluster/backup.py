"""A backup by hand: every row of a database and every blob of a bucket, into a folder and back.

Operators use mongodump and their object store's own copy; what matters here is what a copy needs.
"""

from pathlib import Path

import bson
from pymongo import MongoClient

from shared.blobs.s3 import S3Blobs
from tests.cluster import config

Row = dict[str, object]


def dump_rows(uri: str, database: str, folder: Path) -> int:
    """Write every row; return how many there are."""
    folder.mkdir()
    count = 0
    with MongoClient[Row](uri) as client:
        for name in client[database].list_collection_names():
            rows = list(client[database][name].find())
            (folder / f"{name}.bson").write_bytes(b"".join(map(bson.encode, rows)))
            count += len(rows)
    return count


def restore_rows(uri: str, database: str, folder: Path) -> int:
    """Write all of them into a database that has none; return how many there are."""
    count = 0
    with MongoClient[Row](uri) as client:
        for file in folder.glob("*.bson"):
            rows = bson.decode_all(file.read_bytes())
            if rows:
                client[database][file.stem].insert_many(rows)
            count += len(rows)
    return count


def bucket(endpoint: str) -> S3Blobs:
    """Return the bucket of the services, not opened yet."""
    return S3Blobs(endpoint, config.BUCKET, config.ACCESS_KEY, config.SECRET_KEY)


async def dump_blobs(endpoint: str, folder: Path) -> int:
    """Write every blob into a file; return how many there are."""
    blobs = bucket(endpoint)
    await blobs.open()
    try:
        keys = await blobs.keys("")
        for key in keys:
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            await blobs.fetch(key, folder / key)
        return len(keys)
    finally:
        await blobs.close()


async def restore_blobs(endpoint: str, folder: Path) -> int:
    """Put every file back; return how many there are."""
    blobs = bucket(endpoint)
    await blobs.open()
    try:
        files = _list_files(folder)
        for path in files:
            await blobs.put(str(path.relative_to(folder)), path)
        return len(files)
    finally:
        await blobs.close()


def _list_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
