"""Videos that are bought at the stand-in while something is wrong, and its verdict."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.chaos import truth
from benchmarks.chaos.outcome import Outcome
from benchmarks.chaos.roles import cast
from benchmarks.chaos.target import Target
from benchmarks.chaos.users import Users
from benchmarks.provider import StandInProcess
from shared.media import verify
from tests.cluster.fleet import Replica
from tests.truth import run_again

PACE = 10.0
"""The stand-in works so many times faster than the provider."""
MOST_SECONDS = 200.0  # a slow machine with twelve processes took 120 at times
"""In which all videos have ended after what was wrong is right again."""

Trouble = Callable[[], Awaitable[object]]


@dataclass
class Market:
    """Our processes, and the provider where they buy."""

    target: Target
    provider: StandInProcess
    asked: int = field(default=0)

    @property
    def replicas(self) -> list[Replica]:
        return self.target.fleet.replicas

    async def play(self, troubles: list[Trouble]) -> Users:
        """Let a user ask for a video as each trouble begins, one after the other, and wait until
        all have what they want. The first video is made in earnest, the others are rehearsed.
        """
        self.asked += 100  # no two calls have anything in common that could be used again
        users = Users(self.target.fleet.gateways(), random.Random(1))
        watching = asyncio.create_task(users.watch())
        try:
            async with asyncio.TaskGroup() as playing:
                for role, trouble in zip(cast(len(troubles) - 1, real=1), troubles, strict=True):
                    own = replace(role, number=self.asked + role.number)
                    playing.create_task(users.play(own))
                    await trouble()
                playing.create_task(self._have_patience(users, len(troubles)))
            await users.settle(MOST_SECONDS)
        finally:
            watching.cancel()
        return users

    async def _have_patience(self, users: Users, count: int) -> None:
        async with asyncio.timeout(MOST_SECONDS):
            while len(users.ended) < count:
                await asyncio.sleep(0.2)

    async def judge(self, users: Users, folder: Path) -> dict[str, list[str]]:
        """Return all that is wrong, by its sort."""
        bad = await self._find_bad_films(users, folder)
        await users.client.aclose()
        if self.target.servers is None:  # whoever has a database in a file has it alone
            await asyncio.to_thread(self.target.stop)
        rows, outcome = await self.target.read_rows(), Outcome("")
        truth.compare(outcome, rows, self.provider.read_runs(), self.provider.judge())
        outcome.lost += truth.find_wrong_ends(users.videos, users.ended)
        _, missing = await self.target.count_events(rows)
        outcome.lost += missing
        attempts = {job["_id"]: job["attempt"] for job in rows.jobs}
        rerun = run_again(self.target.fleet.lines(), attempts)
        ours = {"run again": rerun, "bad films": bad}
        return outcome.faults | {name: found for name, found in ours.items() if found}

    async def _find_bad_films(self, users: Users, folder: Path) -> list[str]:
        found = []
        for video, role in users.videos.items():
            if role.name == "real":
                path = folder / f"{video}.mp4"
                path.write_bytes(await users.download(video))
                made = await asyncio.to_thread(verify.report, path)
                found += [] if made.ok else made.lines()
        return found
