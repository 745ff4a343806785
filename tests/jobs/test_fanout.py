"""Several outputs of one run: each is stored on its own, and none is lost with another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shared.jobs import gate, ledger, rates, relay, reuse
from shared.jobs.engine import Task
from shared.jobs.job import Job, State
from shared.jobs.outcomes import Accepted, Made, Produced
from shared.jobs.rows import end_event
from shared.ports import Store
from shared.story.kinds import KINDS, ImageReady
from tests.contracts.adapters import STORES, Stores
from tests.jobs.shelf import Shelf, shelf
from tests.jobs.test_worker import RULES, LoneWorker, Scripted, made

INDEXES = {
    **ledger.INDEXES,
    **relay.INDEXES,
    **gate.INDEXES,
    **rates.INDEXES,
    **reuse.INDEXES,
}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    stores = Stores(request.param, tmp_path, INDEXES)
    async with stores.opened() as opened:
        yield opened
    await stores.drop()


def worker(store: Store, folder: Path, at: Shelf) -> LoneWorker:
    """A worker whose provider has made all that lies on the shelf, for 7."""
    return LoneWorker(store, folder, Scripted(Accepted("p1"), Produced(urls=at.urls(), cost=7)))


def image(job: Job) -> ImageReady:
    event = end_event(job, KINDS)
    assert isinstance(event, ImageReady)
    return event


async def read_all(w: LoneWorker, job: Job) -> list[bytes]:
    told = image(job)
    return [await w.blobs.get(key) for key in (told.key, *told.others)]


async def test_all_outputs_are_on_their_way_at_once_and_the_job_ends_when_all_are_in(
    store: Store, tmp_path: Path
) -> None:
    async with shelf(b"one", b"two", b"three") as at:
        at.held = {0, 1, 2}
        w = worker(store, tmp_path, at)
        ending = asyncio.create_task(w.ends())
        for number in at.outputs:
            await at.wait_for(number)  # none of them waits for another
        assert not (await w.row()).has_ended
        at.release()
        job = await ending
        assert await read_all(w, job) == [b"one", b"two", b"three"]
        assert image(job).lost == () and await w.spent() == 7


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs are kept for so long that nothing is lost, however busy this machine is."""
    monkeypatch.setattr("tests.jobs.test_worker.RULES", replace(RULES, outputs_ms=600_000))


@pytest.mark.usefixtures("patience")
async def test_an_output_in_trouble_is_asked_for_again_alone(store: Store, tmp_path: Path) -> None:
    async with shelf(b"one", 503, b"three") as at:
        w = worker(store, tmp_path, at)
        ending = asyncio.create_task(w.ends())
        await at.wait_for(1, times=3)
        assert (at.asked[0], at.asked[2]) == (1, 1)
        at.outputs[1] = b"two"
        job = await ending
        assert await read_all(w, job) == [b"one", b"two", b"three"]
        assert (at.asked[0], at.asked[2]) == (1, 1)
        assert (job.tries, w.engine.submits, await w.spent()) == (0, 1, 7)


@pytest.mark.usefixtures("patience")
async def test_what_is_stored_is_not_fetched_again_after_a_crash(
    store: Store, tmp_path: Path
) -> None:
    async with shelf(b"one", b"two", b"three") as at:
        at.held = {1}
        w = worker(store, tmp_path, at)
        before = await w.runs_until(lambda job: set(job.kept) == {"0", "2"})
        at.release()
        again = LoneWorker(store, tmp_path, Scripted())
        await again.ledger.release()
        job = await again.ends()
        assert job.attempt > before.attempt and job.state is State.DONE
        assert at.asked == {0: 1, 1: 2, 2: 1}
        assert await read_all(again, job) == [b"one", b"two", b"three"]
        assert await again.spent() == 7


@pytest.mark.parametrize("gone", [0, 1, 2])
async def test_an_output_that_is_lost_takes_no_other_with_it(
    store: Store, tmp_path: Path, gone: int
) -> None:
    there = [b"one", b"two", b"three"]
    async with shelf(*there) as at:
        at.outputs[gone] = 404
        w = worker(store, tmp_path, at)
        job = await w.ends()
        assert (job.state, job.tries, job.cost) == (State.DONE, 0, 7)
        assert image(job).lost == (gone,)
        assert await read_all(w, job) == [each for each in there if each != there[gone]]
        kept = [n for n in range(3) if n != gone]
        found = [await w.blobs.get(image(job).pick(n)) for n in kept]
        assert found == [there[n] for n in kept], "each has its number, whatever is lost"
        assert image(job).pick(gone) == image(job).key


async def test_a_run_whose_outputs_are_all_lost_has_failed_and_has_its_price(
    store: Store, tmp_path: Path
) -> None:
    async with shelf(404, 404) as at:
        script = Accepted("p1"), Produced(urls=at.urls(), cost=7), made(cost=4)
        w = LoneWorker(store, tmp_path, Scripted(*script))
        job = await w.ends()
        assert (job.state, job.tries, job.cost, await w.spent()) == (State.DONE, 1, 11, 11)
        assert (image(job).lost, image(job).others) == ((), ()), "the second run has made one"


async def test_an_output_that_is_too_large_is_no_reason_to_lose_the_others(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.jobs.outputs.MOST_BYTES", 100)
    async with shelf(b"one", b"x" * 101) as at:
        w = worker(store, tmp_path, at)
        job = await w.ends()
        assert (await read_all(w, job), image(job).lost, at.asked[1]) == ([b"one"], (1,), 1)


async def test_only_so_many_outputs_are_fetched_at_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.jobs.storing.FETCHES", 3)
    async with shelf(*[b"%d" % n for n in range(12)]) as at:
        w = worker(store, tmp_path, at)
        job = await w.ends()
        assert await read_all(w, job) == [b"%d" % n for n in range(12)]
        assert 1 < at.most_at_once <= 3


def make_three(bad: int | None = None) -> Callable[[Task], Produced]:
    def make(task: Task) -> Produced:
        files = {f"key/{n}" if n else "key": task.folder / f"{n}.png" for n in range(3)}
        for n, path in enumerate(files.values()):
            if n != bad:  # there is no such file: it can't be stored
                path.write_bytes(b"%d" % n)
        return Produced(Made(files), cost=7)

    return make


async def test_what_an_engine_hands_over_is_kept_output_by_output(
    store: Store, tmp_path: Path
) -> None:
    w = LoneWorker(store, tmp_path, Scripted(make_three()))
    job = await w.ends()
    assert await read_all(w, job) == [b"0", b"1", b"2"]
    assert not [key for key in await w.blobs.keys("v/") if "/raw/" in key]
    assert await w.spent() == 7


async def test_work_that_is_done_here_may_make_several(store: Store, tmp_path: Path) -> None:
    w = LoneWorker(store, tmp_path, Scripted(make_three()))
    w.engine.repeatable = True
    assert await read_all(w, await w.ends()) == [b"0", b"1", b"2"]
