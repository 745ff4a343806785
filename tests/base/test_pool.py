"""Work in processes apart: what hangs, dies or grows is ended alone."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from shared.base.pool import Pool
from shared.base.worker import Bounds
from shared.story.errors import BadInput, WorkerDied, WorkersUnavailable, WorkTimedOut
from tests.base import calls
from tests.base.processes import is_gone, process_at

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(2)
    yield pool
    pool.close()


async def start_to_hang(pool: Pool, path: Path) -> tuple["asyncio.Task[None]", int]:
    task = asyncio.create_task(pool.run(calls.hang, path))
    return task, await process_at(path)


async def test_a_call_that_hangs_is_killed_at_its_deadline_and_its_sibling_goes_on(
    pool: Pool, tmp_path: Path
) -> None:
    sibling = asyncio.create_task(pool.run(calls.hang, tmp_path / "sibling"))
    sibling_pid = await process_at(tmp_path / "sibling")
    with pytest.raises(WorkTimedOut, match=r"took more than 0\.5 s"):
        await pool.run(calls.hang, tmp_path / "hung", seconds=0.5)
    assert is_gone(await process_at(tmp_path / "hung"))
    assert await pool.run(calls.same, "next") == "next"
    assert not sibling.done() and not is_gone(sibling_pid)
    sibling.cancel()


async def test_a_turn_that_is_waited_for_does_not_count(tmp_path: Path) -> None:
    pool = Pool(1)
    first, _ = await start_to_hang(pool, tmp_path / "first")
    second = asyncio.create_task(pool.run(calls.same, 2, seconds=10))
    late = asyncio.create_task(pool.run(calls.hang, tmp_path / "late", seconds=0.2))
    await asyncio.wait({late}, timeout=0.6)
    assert not late.done(), "its time begins with its turn"
    first.cancel()
    assert await second == 2
    with pytest.raises(WorkTimedOut):
        await late
    pool.close()


@pytest.mark.parametrize(
    ("work", "given", "said"),
    [
        (calls.die, signal.SIGKILL, "killed (SIGKILL), perhaps for lack of memory"),
        (calls.die, signal.SIGSEGV, "killed (SIGSEGV)"),
        (calls.leave, 3, "ended in the midst of it (code 3)"),
    ],
)
async def test_when_a_process_dies_its_call_fails_alone_and_says_why(
    pool: Pool, tmp_path: Path, work: Any, given: int, said: str
) -> None:
    sibling, pid = await start_to_hang(pool, tmp_path / "sibling")
    with pytest.raises(WorkerDied) as caught:
        await pool.run(work, given)
    assert said in str(caught.value)
    assert caught.value.code == (given if work is calls.leave else -given)
    assert await pool.run(calls.same, "next") == "next"
    assert not sibling.done() and not is_gone(pid)
    sibling.cancel()


async def test_a_caller_who_no_longer_waits_leaves_no_process_at_work(
    pool: Pool, tmp_path: Path
) -> None:
    task, pid = await start_to_hang(pool, tmp_path / "hung")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_gone(pid)
    assert await asyncio.gather(*(pool.run(calls.same, n) for n in range(9))) == list(range(9))


async def test_who_leaves_before_its_turn_takes_nothing_from_others(tmp_path: Path) -> None:
    pool = Pool(1)
    first, pid = await start_to_hang(pool, tmp_path / "first")
    second = asyncio.create_task(pool.run(calls.same, 2))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({second})
    assert second.cancelled() and not is_gone(pid)
    first.cancel()
    assert await pool.run(calls.same, 3) == 3
    pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_what_outgrows_its_memory_is_ended_alone(tmp_path: Path) -> None:
    pool = Pool(2, Bounds(resident=200 << 20))
    small = asyncio.create_task(pool.run(calls.hold, 100, tmp_path / "small"))
    pid = await process_at(tmp_path / "small")
    with pytest.raises(WorkerDied, match="needed more memory than 200 MiB"):
        await pool.run(calls.hold, 300, tmp_path / "large")
    assert not small.done() and not is_gone(pid)
    small.cancel()
    await asyncio.wait({small})
    pool.close()


@pytest.mark.skipif(sys.platform != "linux", reason="bounds what is mapped")
async def test_a_process_can_be_told_how_much_it_may_map() -> None:
    pool = Pool(1, Bounds(mapped=200 << 20))
    before = await pool.run(calls.pid)
    with pytest.raises(MemoryError):
        await pool.run(calls.map_memory, 300)
    assert await pool.run(calls.pid) == before, "it was told no, and lives on"
    pool.close()


async def test_processes_start_when_they_are_needed_and_are_used_again(pool: Pool) -> None:
    first = await pool.run(calls.pid)
    assert [await pool.run(calls.pid) for _ in range(5)] == [first] * 5
    both = await asyncio.gather(*(pool.run(calls.pid) for _ in range(8)))
    assert len({first, *both}) == 2


async def test_a_process_that_died_while_it_waited_costs_nobody_a_call(pool: Pool) -> None:
    first = await pool.run(calls.pid)
    os.kill(first, signal.SIGKILL)
    await asyncio.to_thread(os.waitid, os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert await pool.run(calls.pid) != first


async def test_nothing_but_the_standard_library_is_there_before_a_call_brings_it(
    pool: Pool,
) -> None:
    found = await pool.run(calls.modules)
    site = {"_distutils_hack"}  # what an environment itself loads
    assert (found & packages_distributions().keys()) - site <= {"shared"}


async def test_large_values_go_both_ways(pool: Pool) -> None:
    large = os.urandom(30 << 20)
    assert await pool.run(calls.same, large) == large


async def test_errors_come_through_with_the_place_where_they_were_raised(pool: Pool) -> None:
    with pytest.raises(BadInput) as caught:
        await pool.run(refuse, "size")
    assert (str(caught.value), caught.value.field) == ("give a smaller one", "size")
    assert "in refuse" in caught.value.__notes__[0]


def refuse(field: str) -> None:
    raise BadInput("give a smaller one", field)


async def test_an_error_that_can_not_be_sent_comes_in_words(pool: Pool) -> None:
    for work, given, said in (
        (calls.break_rules, ("size",), "Demanding: give another one"),
        (calls.ask_to_leave, (), "SystemExit: enough"),
    ):
        with pytest.raises(Exception, match=said) as caught:
            await pool.run(work, *given)
        assert not isinstance(caught.value, WorkerDied)


async def test_a_machine_without_room_for_a_process_is_nobodys_fault(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(WorkersUnavailable, match="no process can be started"):
        await pool.run(calls.pid)
    monkeypatch.undo()
    assert await pool.run(calls.same, 1) == 1


async def test_after_closing_no_process_is_left() -> None:
    pool = Pool(2)
    pids = set(await asyncio.gather(*(pool.run(calls.pid) for _ in range(8))))
    pool.close()
    assert all(map(is_gone, pids))


PARENT = """
import asyncio
from pathlib import Path
from shared.base.pool import Pool
from tests.base import calls
from tests.base.processes import is_gone, process_at
async def main():
    pool = Pool(2)
    await asyncio.gather(pool.run(calls.hang, Path({0!r})), pool.run(calls.hang, Path({1!r})))
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
async def test_processes_end_with_the_one_that_started_them(
    number: signal.Signals, tmp_path: Path
) -> None:
    """Killed, or asked to stop together with them, as a terminal does."""
    both = tmp_path / "a", tmp_path / "b"
    source = PARENT.format(*map(str, both))
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        source,
        cwd=CHECKOUT,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    pids = [await process_at(path) for path in both]
    os.kill(parent.pid, number) if number == signal.SIGKILL else os.killpg(parent.pid, number)
    await parent.wait()
    async with asyncio.timeout(10):
        while not all(map(is_gone, pids)):
            await asyncio.sleep(0.05)
