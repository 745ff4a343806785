"""One run: the provider, our processes, their users, and all that happens to them."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos import truth
from benchmarks.chaos.course import Course
from benchmarks.chaos.faults import RATES, SCRIPT
from benchmarks.chaos.outcome import Outcome
from benchmarks.chaos.roles import Role, cast
from benchmarks.chaos.target import Target
from benchmarks.chaos.trouble import Trouble
from benchmarks.chaos.users import Users
from benchmarks.provider import StandInProcess
from shared.media import verify
from tests.cluster.proxy import open_network
from tests.cluster.report import recoveries
from tests.cluster.servers import Servers

SHRINK = 8
"""Pictures and clips have their sides divided by this."""
LIST_LAG = 1.5
"""Seconds after which a run shows up in the provider's list."""


async def play(course: Course, seed: int, folder: Path, servers: Servers | None = None) -> Outcome:
    """Play a course in a folder, on these servers or in one process, and return what came of it."""
    provider = StandInProcess(folder / "replicate", course.pace)
    with open_network(servers.ports()) if servers else nullcontext() as network:
        target = Target(folder, provider.environment, servers, network, clocks=course.clocks)
        try:
            return await Run(course, seed, folder, provider, target).play()
        finally:
            provider.stop()


@dataclass
class Run:
    """What takes part."""

    course: Course
    seed: int
    folder: Path
    provider: StandInProcess
    target: Target

    async def play(self) -> Outcome:
        """Return what came of it."""
        draw, began = random.Random(self.seed), time.monotonic()
        outcome = Outcome(self.course.name)
        limits = {"create_burst": 30, "list_lag": LIST_LAG, "shrink": SHRINK}
        await self.provider.start(self.seed, **limits)
        try:
            await self.target.start()
            await self.provider.misbehave(RATES, SCRIPT)
            users = Users(self.target.fleet.gateways(), draw)
            target = self.target
            trouble = Trouble(target.fleet, draw, target.lease_seconds, target.servers)
            trouble.network = target.network
            left = self.course.limit - (time.monotonic() - began)
            await self._let_happen(users, trouble, draw, left)
            outcome.lost += truth.find_wrong_ends(users.videos, users.ended)
            if users.ended.keys() == users.videos.keys():
                await users.settle(self.course.limit - (time.monotonic() - began))
            outcome.lost += await self._check_films(users)
        finally:
            await asyncio.to_thread(self.target.stop)
        outcome.left_behind += self.target.list_leftovers()
        outcome.videos, outcome.retries = len(users.videos), users.retries
        outcome.kills, outcome.stops = len(trouble.kills), trouble.stops
        outcome.restarts, outcome.cuts = trouble.restarts, trouble.cuts
        await self._judge(outcome, trouble.kills)
        return outcome

    async def _let_happen(
        self, users: Users, trouble: Trouble, draw: random.Random, seconds: float
    ) -> None:
        """Let everything happen at once, and wait until all videos have ended."""
        course = self.course
        watching = asyncio.create_task(users.watch())
        happening = [
            trouble.kill_at_random(course.kills, course.seconds)
            if self.target.servers
            else trouble.kill_often(course.kills),
            trouble.stop_at_random(course.stops, course.seconds),
            trouble.restart_at_random(course.restarts, course.seconds),
            trouble.cut_at_random(course.cuts, course.seconds),
            self._ask(users, cast(course.videos, course.real), draw),
        ]
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
                    for each in happening:
                        tasks.create_task(each)
        finally:
            watching.cancel()

    async def _ask(self, users: Users, roles: Sequence[Role], draw: random.Random) -> None:
        pause = self.course.asking / len(roles)
        async with asyncio.TaskGroup() as playing:
            for role in roles:
                playing.create_task(users.play(role))
                await asyncio.sleep(draw.uniform(0.5, 1.5) * pause)

    async def _check_films(self, users: Users) -> list[str]:
        """Return the films that were made in earnest, and are not good."""
        found = []
        for video, role in users.videos.items():
            if role.name == "real" and video in users.ended:
                path = self.folder / f"{video}.mp4"
                path.write_bytes(await users.download(video))
                made = await asyncio.to_thread(verify.report, path)
                found += [] if made.ok else [f"film of {video}: {line}" for line in made.lines()]
        return found

    async def _judge(self, outcome: Outcome, kills: list[int]) -> None:
        rows = await self.target.read_rows()
        outcome.provider_faults = sum((await self.provider.count_faults()).values())
        outcome.duplicate_events, missing = await self.target.count_events(rows)
        outcome.lost += [f"event {event} is on no topic" for event in missing]
        ended = [job for job in rows.jobs if "finished_at" in job]
        outcome.recoveries = recoveries(kills, ended, rows.facts)
        truth.compare(outcome, rows, self.provider.read_runs(), self.provider.judge())
