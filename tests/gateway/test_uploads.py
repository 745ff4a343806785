"""Pictures from outside: read in processes apart, and removed when nobody uses them."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from services.gateway import images
from services.gateway.images import Images, make_picture_pool, read_picture
from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.ports import Blobs
from shared.runtime.keeping import DAY_MS
from shared.story.errors import BadInput, BlobMissing, WorkersUnavailable
from shared.story.images import UPLOADS, Picture, image_key
from tests.base import calls
from tests.base.processes import is_gone, process_at
from tests.contracts.adapters import BLOBS, Buckets
from tests.gateway import reading
from tests.gateway.conftest import Api, open_api
from tests.gateway.test_http import is_problem
from tests.gateway.test_images import PNG
from tests.pictures import bomb, encoded, jpeg_of_scans, product


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = make_picture_pool()
    yield pool
    pool.close()


# ── processes of their own ──────────────────────────────────────────────────────────────────────


async def test_one_owners_pictures_do_not_hold_up_anothers(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are, and however long they take."""
    monkeypatch.setattr(images, "prepare", reading.hang)
    names = [str(tmp_path / f"{n}").encode() for n in range(9)]
    anns = [asyncio.create_task(api.parts.images.take(name, "ann")) for name in names]
    await process_at(tmp_path / "0")
    async with asyncio.timeout(10):
        assert (await api.parts.images.take(product(), "bob")).width == 300
    for task in anns:
        task.cancel()
    await asyncio.wait(anns)


async def test_a_picture_that_takes_too_long_is_refused_and_its_process_is_gone(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "prepare", reading.hang)
    monkeypatch.setattr(images, "SECONDS", 1)
    answer = await api.http.post("/v1/images", content=str(tmp_path / "slow").encode(), headers=PNG)
    assert "not within 1 s: scale it down" in is_problem(answer, 422, "bad-input")["detail"]
    assert is_gone(await process_at(tmp_path / "slow"))


async def test_a_picture_that_kills_its_process_is_refused_when_it_does_so_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "prepare", reading.crash)
    answer = await api.http.post("/v1/images", content=b"crash", headers=PNG)
    assert "save it anew" in is_problem(answer, 422, "bad-input")["detail"]
    assert (await api.http.post("/v1/images", content=product(), headers=PNG)).status_code == 201


async def test_one_bad_moment_of_the_machine_is_not_laid_at_a_pictures_door(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "prepare", reading.crash_once)
    marked = str(tmp_path / "mark").encode() + b"\n" + product()
    assert (await read_picture(marked, pool)).width == 300


async def test_where_the_machine_has_no_memory_a_picture_may_come_again_later(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "prepare", reading.be_killed)
    answer = await api.http.post("/v1/images", content=product(), headers=PNG)
    is_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "5"


async def test_a_picture_is_never_read_where_encodes_are_made(api: Api) -> None:
    """So that one which ends its process costs no encode a try."""
    encodes = api.app.pool
    await asyncio.gather(encodes.run(calls.pid), api.parts.images.take(product(), "ann"))
    pids = {
        await encodes.run(calls.pid),
        await api.parts.images.pool.run(calls.pid),
    }
    assert len(pids) == 2


LARGEST = {
    "PNG": lambda: bomb(8000, 5000),
    "JPEG": lambda: jpeg_of_scans(50, side=6320),
    "WEBP": lambda: encoded(Image.new("RGBA", (8000, 4000), "red"), "WEBP", lossless=True),
}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("form", LARGEST)
async def test_the_largest_pictures_fit_into_what_one_process_may_take(form: str) -> None:
    """And it has imported nothing but what reads pictures."""
    pool = make_picture_pool(1)
    held, mapped, imported = await pool.run(reading.peak_of, LARGEST[form](), seconds=60)
    pool.close()
    print(f"FIGURE picture form={form} held_mib={held:.0f} mapped_mib={mapped:.0f}")
    assert held < mapped < 640
    assert imported & packages_distributions().keys() <= {"PIL", "shared", "_distutils_hack"}


# ── a day to be used ────────────────────────────────────────────────────────────────────────────


@dataclass
class Clock:
    """The store's, which tests set."""

    now: int = 20_000 * DAY_MS + DAY_MS // 2

    def __call__(self) -> int:
        return self.now


PICTURE = Picture("0123", 3, 2, b"a picture")


@pytest.fixture(params=BLOBS)
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Blobs]:
    buckets = Buckets(request.param, tmp_path)
    async with buckets.opened() as blobs:
        yield blobs
    await buckets.drop()


async def test_a_picture_that_no_video_uses_is_removed_after_a_day(blobs: Blobs) -> None:
    clock = Clock()
    kept = Images(blobs, clock)
    await kept.keep(PICTURE, "ann")
    for hours in (0, 12, 24):
        clock.now += hours * 3_600_000
        await kept.sweep()
        key = await kept.find(PICTURE.id, "ann")
        assert key and await blobs.get(key) == PICTURE.data
        clock.now -= hours * 3_600_000
    clock.now += 2 * DAY_MS
    await kept.sweep()
    assert await blobs.keys("") == []
    assert await kept.find(PICTURE.id, "ann") is None
    assert not await kept.use(PICTURE.id, "ann")


async def test_a_picture_that_a_video_uses_is_never_removed(blobs: Blobs) -> None:
    clock = Clock()
    kept = Images(blobs, clock)
    await kept.keep(PICTURE, "ann")
    assert await kept.use(PICTURE.id, "ann")
    assert not await kept.use(PICTURE.id, "bob")
    clock.now += 400 * DAY_MS
    await kept.sweep()
    assert await blobs.keys("") == [image_key("ann", PICTURE.id)]
    assert await kept.find(PICTURE.id, "ann") == image_key("ann", PICTURE.id)
    assert await kept.use(PICTURE.id, "ann")


async def test_a_picture_given_again_has_its_day_anew(blobs: Blobs) -> None:
    clock = Clock()
    kept = Images(blobs, clock)
    for _ in range(4):
        await kept.keep(PICTURE, "ann")
        clock.now += DAY_MS
        await kept.sweep()
        assert await kept.find(PICTURE.id, "ann")
    assert len(await blobs.keys(UPLOADS)) == 1


@dataclass
class Raced:
    """Blobs before whose call of this number a picture's day ends, and another replica sweeps."""

    blobs: Blobs
    clock: Clock
    number: int
    calls: int = field(default=0)

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any) -> Any:
            self.calls += 1
            if self.calls == self.number:
                self.clock.now += 2 * DAY_MS
                await Images(self.blobs, self.clock).sweep()
            return await getattr(self.blobs, name)(*args)

        return call


async def test_no_sweep_takes_a_picture_from_a_video_that_was_accepted_with_it(
    blobs: Blobs,
) -> None:
    """At whichever point of its acceptance the sweep comes: it is refused, or keeps its picture."""
    accepted = []
    for number in range(1, 8):
        clock = Clock(number * 10 * DAY_MS)
        owner = f"owner {number}"
        await Images(blobs, clock).keep(PICTURE, owner)
        used = await Images(Raced(blobs, clock, number), clock).use(PICTURE.id, owner)
        accepted.append(used)
        await Images(blobs, clock).sweep()
        if used:
            assert await blobs.get(image_key(owner, PICTURE.id)) == PICTURE.data
        else:
            with pytest.raises(BlobMissing):
                await blobs.get(image_key(owner, PICTURE.id))
    assert {True, False} == set(accepted), "the sweep came before and after"


async def test_a_gateway_sweeps_by_itself(tmp_path: Path) -> None:
    blobs = DiskBlobs(tmp_path / "blobs")
    await blobs.open()
    await Images(blobs, Clock()).keep(PICTURE, "ann")
    async with asyncio.timeout(10), open_api(tmp_path):
        while await blobs.keys(UPLOADS):
            await asyncio.sleep(0.01)


async def test_what_can_not_be_used_is_refused_in_the_words_of_the_reader(pool: Pool) -> None:
    with pytest.raises(BadInput, match="give a PNG, JPEG or WebP"):
        await read_picture(b"no picture", pool)


async def test_a_machine_that_starts_no_process_says_so(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(WorkersUnavailable):
        await read_picture(product(), pool)
