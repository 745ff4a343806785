"""One run: a server, videos in flight, everything at once against it, and a stop amid all of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from benchmarks.attack.bodies import make_bodies
from benchmarks.attack.crowd import STALLED, WATCHER, Crowd
from benchmarks.attack.gauges import watch
from benchmarks.attack.oddities import make_oddities
from benchmarks.attack.outcome import Outcome
from benchmarks.attack.pictures import make_pictures
from benchmarks.attack.target import Target
from benchmarks.attack.videos import Videos, write_real_requests, write_requests
from benchmarks.attack.wire import ask
from shared.media.verify import report
from tests.pictures import product

CLIENTS = {"body": 6, "picture": 4, "oddity": 4}
"""So many send inputs of a sort at the same time."""
CROWD = 1_000
LATE_CROWD = 40
"""It comes when the server is about to be stopped: in that moment, none of it has been hung up."""
FINISH_SECONDS = 120.0
"""For the videos that were in flight at the stop."""


@dataclass(frozen=True)
class Plan:
    """What one server has to endure."""

    inputs: Mapping[str, int]
    """Sort → how many."""
    seconds: float
    """Inputs that have not been sent by then are left out."""
    rehearsed: int
    """Videos in flight at the same time that are only rehearsed; with none, two are real."""

    @property
    def settings(self) -> dict[str, str]:
        """Return the environment of the server."""
        engine = "rehearsal" if self.rehearsed else "local"
        quick = {"STORYWAVE_REHEARSAL_SECONDS": "0.2", "STORYWAVE_ACTIVE_AN_OWNER": "0"}
        return {"STORYWAVE_ENGINE": engine, "STORYWAVE_PAID": "false", **quick}


async def attack(plan: Plan, seed: int, folder: Path) -> Outcome:
    """Return what came of this plan; the server has its data and its log in the folder."""
    outcome = Outcome()
    target = Target(folder, plan.settings)
    videos = Videos(target.port, Random(seed))
    crowd = Crowd(target.port, Random(seed), videos.newest)
    async with target.run() as pid, _have_in_flight(plan, seed, videos), crowd.gather(CROWD):
        async with watch(target.port, pid) as outcome.gauges:
            await _send_all(plan, seed, videos, target.port, outcome)
        async with crowd.gather(LATE_CROWD, (STALLED, WATCHER)):
            await asyncio.sleep(1)
            outcome.term_seconds = await target.stop()
    async with target.run():
        await videos.wait_for(list(videos.status), FINISH_SECONDS)
        outcome.failed = videos.list_failed()
        if not plan.rehearsed:
            outcome.failed += await _verify_films(videos, folder)
        await target.stop()
    outcome.videos, outcome.connections = len(videos.status), crowd.connections
    outcome.server_errors += target.read_errors()
    return outcome


@asynccontextmanager
async def _have_in_flight(plan: Plan, seed: int, videos: Videos) -> AsyncIterator[None]:
    """Have videos made for as long as the block lasts; those begun last are not waited for."""
    if plan.rehearsed:
        requests = [write_requests(Random(seed + n)) for n in range(plan.rehearsed)]
    else:
        picture = await videos.give_picture(product())
        requests = [iter([request]) for request in write_real_requests(picture)]
    making = [asyncio.create_task(videos.make_one_after_another(each)) for each in requests]
    try:
        yield
    finally:
        for task in making:
            task.cancel()
        await asyncio.wait(making)
        videos.refused += [
            repr(t.exception()) for t in making if not t.cancelled() and t.exception()
        ]


async def _send_all(plan: Plan, seed: int, videos: Videos, port: int, outcome: Outcome) -> None:
    """Send all inputs, those of each sort by several clients, for as long as there is time."""
    endless = {
        "body": make_bodies(Random(seed), videos.pick),
        "picture": make_pictures(Random(seed)),
        "oddity": make_oddities(Random(seed), videos.pick),
    }
    bounded = {sort: islice(endless[sort], count) for sort, count in plan.inputs.items()}
    until = time.monotonic() + plan.seconds

    async def send(sort: str) -> None:
        for given in bounded[sort]:
            answers = await ask(port, given)
            outcome.note(given, answers)
            videos.accept(answers)
            if time.monotonic() > until:
                return

    async with asyncio.TaskGroup() as group:
        for sort in bounded:
            for _ in range(CLIENTS[sort]):
                group.create_task(send(sort))


async def _verify_films(videos: Videos, folder: Path) -> list[str]:
    """Return what is wrong with the films that were really made."""
    wrong = []
    for id_ in videos.status:
        path = folder / f"{id_}.mp4"
        path.write_bytes(await videos.fetch_film(id_))
        findings = (await asyncio.to_thread(report, path)).findings
        wrong += [f"{id_} has a wrong {f.name}: {f.value}" for f in findings if not f.ok]
    return wrong
