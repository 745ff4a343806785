"""`storywave sweep`: what no row names is found, and nothing that anybody needs."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.cli import main
from services.cli.sweep import find_left_over
from services.gateway.intake import REQUESTS
from shared.blobs.disk import DiskBlobs
from shared.jobs.job import Job, State
from shared.jobs.ledger import JOBS
from shared.jobs.rows import to_doc
from shared.store.sqlite import SqliteStore
from shared.story.kinds import IMAGE
from shared.story.view import JobSpec


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    one = SqliteStore(tmp_path / "storywave.db")
    await one.open({})
    yield one
    await one.close()


async def test_only_what_no_row_names_and_is_a_day_old_is_left_over(
    tmp_path: Path, store: SqliteStore
) -> None:
    blobs = DiskBlobs(tmp_path / "blobs")
    await blobs.open()

    async def put(key: str, *, days: int = 2) -> str:
        await blobs.put(key, b"bytes")
        at = store.now() / 1000 - days * 24 * 3600
        os.utime(tmp_path / "blobs" / key, (at, at))
        return key

    done = JobSpec(kind=IMAGE.name, video_id="v", beat=0)
    named = await put("v/image/0-0-0-2/key.png")
    result = {"key": named, "stored": {"key": {"key": named, "size": 5, "sha256": ""}}}
    jobs = [
        Job(spec=done, state=State.DONE, attempt=2, result=result),
        Job(spec=done.model_copy(update={"beat": 1}), state=State.STORING, attempt=3),
    ]
    await store.insert(JOBS, [to_doc(job) for job in jobs])
    await put(f"{named}.small.webp")
    await put("v/image/1-0-0-1/raw/key.png")  # its job has not ended
    await put("v/image/0-0-0-1/young.png", days=0)
    await put("uploads/1/waiting.png")
    lost = await put("v/image/0-0-0-1/key.png")
    stray = await put("no-video/clip/0-0-0-1/key.mp4")
    unused = await put("images/unused.webp")
    found = await find_left_over(store, blobs, tmp_path)
    assert [each.key for each in found.known] == [lost]
    assert sorted(each.key for each in found.strange) == sorted([stray, unused])


async def put_old_film(data: Path) -> Path:
    """Put a film of two days ago, of which no row tells, into a data folder; return its file."""
    store, blobs = SqliteStore(data / "storywave.db"), DiskBlobs(data / "blobs")
    await store.open({})
    await store.close()
    await blobs.open()
    await blobs.put("v/cut/0-0-1-1/key.mp4", b"film")
    film = data / "blobs" / "v/cut/0-0-1-1/key.mp4"
    at = film.stat().st_mtime - 2 * 24 * 3600
    os.utime(film, (at, at))
    return film


async def know_a_video(data: Path) -> None:
    store = SqliteStore(data / "storywave.db")
    await store.open({})
    await store.insert(REQUESTS, [{"_id": "other"}])
    await store.close()


def test_a_database_that_does_not_know_a_film_does_not_take_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where its name has a wrong letter, or it is an older copy."""
    film = asyncio.run(put_old_film(tmp_path))
    sweep = ["sweep", "--data", str(tmp_path), "--delete"]
    assert main(sweep) == 0
    told = capsys.readouterr().out
    assert "0 files of 0 bytes and 0 folders are deleted" in told
    assert "1 files of 4 bytes are of nothing that the database knows, and stay" in told
    assert main([*sweep, "--strange"]) == 2
    assert "STORYWAVE_MONGO_DATABASE" in capsys.readouterr().err
    assert film.exists()
    asyncio.run(know_a_video(tmp_path))
    assert main([*sweep, "--strange"]) == 0
    assert not film.exists()


def test_strange_files_are_deleted_only_where_something_is_deleted(tmp_path: Path) -> None:
    asyncio.run(put_old_film(tmp_path))
    assert main(["sweep", "--data", str(tmp_path), "--strange"]) == 2
