"""`make bench-gateway`: 200 watchers and 8 requests a second, and what both have to wait.

The server is `storywave up` in a process of its own, with an engine that makes nothing. Every video
runs through. Each watcher follows the newest video to its end, then the next one. At the end comes
a burst of 200 requests in 4 s. A figure beyond its bound is a failure.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import uvloop

from benchmarks.attack.target import Target, Wrong
from benchmarks.attack.wire import HOST, write_request

WATCHERS = 200
DESCRIPTORS = 4096
POSTS_A_SECOND = 8
BURST, BURST_SECONDS = 200, 4.0
SETTINGS: Mapping[str, str] = {
    "STORYWAVE_ENGINE": "rehearsal",
    "STORYWAVE_REHEARSAL_SECONDS": "2",  # a video takes 10 s: 80 of them are under way
    "STORYWAVE_ACTIVE_AN_OWNER": "0",
    "STORYWAVE_LOG_LEVEL": "WARNING",
}
ASKED = {"prompt": "A lighthouse keeper paints the sea. A storm comes up. He saves a boat."}
END_SECONDS = 120.0
"""After the last request, all videos must have ended."""

MOST_POST_MS, MOST_LAG_MS, MOST_BURST_MS, MOST_DRIFT_MIB = 100.0, 1_000.0, 1_000.0, 100.0
"""The last one for a run of ten minutes: rows that a process keeps at hand are not yet at their
limits when the count begins.
"""


@dataclass
class Seen:
    """What was measured."""

    posts_ms: list[float] = field(default_factory=list)
    burst_ms: list[float] = field(default_factory=list)
    refused: int = 0
    lags_ms: list[float] = field(default_factory=list)
    broken_off: int = 0
    """Streams that ended before their video."""
    videos: list[str] = field(default_factory=list)
    drift_mib: float = 0.0
    cores: float = 0.0
    """How many processors the server kept busy: what others on the machine do changes it least."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway")
    parser.add_argument("--seconds", type=float, default=600.0, help="of requests: 600 by default")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="storywave-gateway-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        try:
            seen = runner.run(_measure(given.seconds, Path(folder)))
        except Wrong as wrong:
            print(f"error: {wrong}", file=sys.stderr)
            return 1
    return report(seen, given.seconds)


async def _measure(seconds: float, folder: Path) -> Seen:
    seen, target = Seen(), Target(folder, SETTINGS, DESCRIPTORS)
    async with (
        target.run() as pid,
        httpx.AsyncClient(base_url=f"http://{HOST}:{target.port}", timeout=60) as client,
    ):
        await _post(client, seen, [])  # whatever is loaded at the first one
        watchers = [asyncio.create_task(_watch(target.port, seen)) for _ in range(WATCHERS)]
        try:
            spent, drifting = _read_cpu(pid), asyncio.create_task(_measure_drift(pid, seconds))
            await _post_steadily(client, seen, seen.posts_ms, POSTS_A_SECOND, seconds)
            seen.drift_mib = await drifting
            seen.cores = (_read_cpu(pid) - spent) / seconds
            await _post_steadily(client, seen, seen.burst_ms, BURST / BURST_SECONDS, BURST_SECONDS)
            await _wait_for_all(client, seen)
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)
        if errors := target.read_errors():
            raise Wrong(f"the server logged an error: {errors[0][:500]}")
    return seen


async def _post_steadily(
    client: httpx.AsyncClient, seen: Seen, into: list[float], rate: float, seconds: float
) -> None:
    """Post at this rate, whatever the answers take: who waits for them would measure himself."""
    began, posting = time.monotonic(), set[asyncio.Task[None]]()
    for number in range(round(rate * seconds)):
        await asyncio.sleep(began + number / rate - time.monotonic())
        posting.add(asyncio.create_task(_post(client, seen, into)))
    await asyncio.gather(*posting)


async def _post(client: httpx.AsyncClient, seen: Seen, into: list[float]) -> None:
    began = time.monotonic()
    answer = await client.post("/v1/videos", json=ASKED)
    into.append((time.monotonic() - began) * 1000)
    if answer.status_code == 202:
        seen.videos.append(answer.json()["id"])
    else:
        seen.refused += 1


async def _watch(port: int, seen: Seen) -> None:
    """Follow one video after the other."""
    while True:
        try:
            ended = await _follow(port, seen.videos[-1], seen)
        except OSError:
            ended = False
        seen.broken_off += not ended


async def _follow(port: int, video: str, seen: Seen) -> bool:
    """Read a stream to its end; tell whether the end of the video came with it."""
    reader, writer = await asyncio.open_connection(HOST, port)
    sort = ""
    try:
        writer.write(write_request("GET", f"/v1/videos/{video}/events"))
        while line := await reader.readline():
            if line.startswith(b"event: "):
                sort = line[7:].decode().strip()
            elif line.startswith(b"data: ") and sort == "progress":
                at = datetime.fromisoformat(json.loads(line[6:])["time"])
                seen.lags_ms.append((time.time() - at.timestamp()) * 1000)
        return sort in {"completed", "failed", "cancelled"}
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _measure_drift(pid: int, seconds: float) -> float:
    """Return by how many MiB the server has grown, from a third of the run on to its end."""
    await asyncio.sleep(seconds / 3)
    before = _read_mib(pid)
    await asyncio.sleep(seconds * 2 / 3)
    return _read_mib(pid) - before


def _read_cpu(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


async def _wait_for_all(client: httpx.AsyncClient, seen: Seen) -> None:
    """Wait until every video is completed."""
    until = time.monotonic() + END_SECONDS
    for video in seen.videos:
        while (status := (await client.get(f"/v1/videos/{video}")).json()["status"]) != "completed":
            if status in {"failed", "cancelled"} or time.monotonic() > until:
                raise Wrong(f"a video is {status} {END_SECONDS:g} s after the last request")
            await asyncio.sleep(0.2)


def report(seen: Seen, seconds: float) -> int:
    """Print the figures; return 1 where one is beyond its bound, else 0."""
    post, burst, lag = (_p95(each) for each in (seen.posts_ms, seen.burst_ms, seen.lags_ms))
    print(f"{len(seen.videos)} videos, all completed; {len(seen.lags_ms):,} messages were read")
    print(f"the server kept {seen.cores:.2f} processors busy")
    print(f"burst of {BURST} in {BURST_SECONDS:g} s: p95 {burst:.0f} ms")
    print(f"latest message: {max(seen.lags_ms, default=0):.0f} ms behind what it tells of")
    print(
        f"FIGURE gateway posts_per_s={len(seen.posts_ms) / seconds:.1f} post_p95_ms={post:.0f} "
        f"event_lag_p95_ms={lag:.0f} drift_mib={seen.drift_mib:.0f}"
    )
    faults = {
        f"{seen.refused} requests were refused": seen.refused > 0,
        f"{seen.broken_off} streams broke off": seen.broken_off > 0,
        f"a request took more than {MOST_POST_MS:g} ms at p95": post > MOST_POST_MS,
        f"a message came more than {MOST_LAG_MS:g} ms late at p95": lag > MOST_LAG_MS,
        f"a request of the burst took more than {MOST_BURST_MS:g} ms": burst > MOST_BURST_MS,
        f"memory grew by more than {MOST_DRIFT_MIB:g} MiB": seen.drift_mib > MOST_DRIFT_MIB,
    }
    for fault in (said for said, is_so in faults.items() if is_so):
        print(f"beyond its bound: {fault}", file=sys.stderr)
    return int(any(faults.values()))


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * len(values))] if values else 0.0


if __name__ == "__main__":
    sys.exit(main())
