"""`storywave sweep`: what no row names is found, and nothing that anybody needs."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.cli.sweep import find_left_over
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
    assert sorted(each.key for each in found) == sorted([lost, stray, unused])
