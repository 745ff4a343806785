"""Says what MongoDB takes for the rows of jobs: as new ones, and as they end, apart and together.

The CPU of the server is read from the kernel. "Apart" is what the adapter did before it made one
change of all that have the same guard (decision 47).
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from benchmarks.orchestration import Wrong, cpu_seconds
from shared.jobs.ledger import INDEXES, JOBS
from shared.ports import Doc, Update
from shared.store import bulk
from shared.store.mongo import MongoStore
from tests.cluster.processes import Process
from tests.cluster.servers import FOLDER_VARIABLE, ServerFailed, Servers

ROWS = 6_000  # in each round: ticks of the kernel are a hundredth of a second
AT_ONCE = (50, 200)
ROUNDS = 3

Batch = Sequence[int]


@dataclass(frozen=True)
class Cost:
    """µs of the server's CPU for a row, the best of some rounds."""

    insert: float
    apart: float
    together: float


async def measure(uri: str, server: Process, at_once: int) -> Cost:
    """Return what rows cost with so many in a command."""
    best = [float("inf")] * 3
    for number in range(ROUNDS):
        found = []
        for apart in (True, False):
            store = MongoStore(uri, f"writes_{at_once}_{number}_{apart}")
            await store.open(INDEXES)
            try:
                with patch.object(bulk, "group_alike", _keep_apart) if apart else nullcontext():
                    found.append(await _measure_round(store, server, at_once))
            finally:
                await store.close()
        (insert, alone), (_, together) = found
        best = [min(pair) for pair in zip(best, (insert, alone, together), strict=True)]
    return Cost(*best)


async def _measure_round(store: MongoStore, server: Process, at_once: int) -> tuple[float, float]:
    """Insert all rows and end them; return what a row costs each time."""

    async def insert(batch: Batch) -> int:
        return len(await store.insert(JOBS, [_make_row(n) for n in batch]))

    async def end(batch: Batch) -> int:
        return len(await store.update(JOBS, [_make_end(n) for n in batch]))

    batches = [range(n, n + at_once) for n in range(0, ROWS, at_once)]
    return await _measure_cpu(insert, batches, server), await _measure_cpu(end, batches, server)


async def _measure_cpu(
    write: Callable[[Batch], Awaitable[int]], batches: Sequence[Batch], server: Process
) -> float:
    before, written = cpu_seconds([server]), 0
    for batch in batches:
        written += await write(batch)
    if written != ROWS:
        raise Wrong(f"{written} of {ROWS} rows were written")
    return (cpu_seconds([server]) - before) * 1e6 / ROWS


def _keep_apart(updates: Sequence[Update]) -> list[list[Update]]:
    return [[update] for update in updates]


def _make_row(number: int) -> Doc:
    order = {"prompt": "a lighthouse keeper lights the lamp " * 9, "seconds": 5, "seed": number}
    spec = {"kind": "clip", "video_id": f"v{number // 41}", "owner": "anyone", "n": number % 41}
    return {
        "_id": f"v{number // 41}/clip/0/{number % 41}/0",
        "spec": {**spec, "input": order, "files": {"image": f"v{number // 41}/image/0.png"}},
        "state": "submitting",
        "attempt": 1,
        "due_at": 1_700_000_000_000 + number,
        "created_at": 1_700_000_000_000,
    }


def _make_end(number: int) -> Update:
    key = f"v{number // 41}/clip/{number % 41}"
    result = {"key": f"{key}.mp4", "last_frame_key": f"{key}.png", "seconds": 5.0, "frames": 150}
    at = 1_700_000_000_100 + number
    return Update(
        _make_row(number)["_id"],
        where={"state": "submitting", "attempt": 1, "posted_attempt": None},
        set={"state": "done", "result": result, "finished_at": at, "storing_ms": 3},
        unset=["due_at"],
    )


def report(costs: Mapping[int, Cost]) -> None:
    """Print a table and the figure."""
    print(
        "\nµs of CPU in MongoDB for a row\n\n| rows in a command | insert | end, apart | together |"
    )
    print("|---|---|---|---|")
    for at_once, cost in costs.items():
        print(f"| {at_once} | {cost.insert:.0f} | {cost.apart:.0f} | {cost.together:.0f} |")
    known = " ".join(
        f"{name}_{at_once}_us={getattr(cost, name):.0f}"
        for at_once, cost in costs.items()
        for name in ("insert", "apart", "together")
    )
    print(f"FIGURE writes {known}")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="storywave-writes-") as folder:
        servers = Servers(Path(os.environ.get(FOLDER_VARIABLE) or folder))
        try:
            uri = servers.up()["STORYWAVE_MONGO"]
            server = servers.process("mongo")
            if server is None:
                raise Wrong("MongoDB has ended")
            report({n: asyncio.run(measure(uri, server, n)) for n in AT_ONCE})
        except (Wrong, ServerFailed) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        finally:
            servers.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
