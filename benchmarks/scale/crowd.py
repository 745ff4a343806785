"""Users: they ask for videos at a steady rate, whichever gateways there are at the moment."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from benchmarks.flow import STORY

SMALL = {"prompt": "A lighthouse keeper lights the lamp.", "duration": 8}
PATIENCE = 60.0
LOOK = 0.4
"""Seconds between two looks of a page at its video."""
ENDS = {"completed", "failed", "cancelled"}


@dataclass
class Crowd:
    """Everybody who asks."""

    find_gateways: Callable[[], Sequence[str]]
    accepted: list[str] = field(default_factory=list)
    """Videos that were accepted."""
    full: set[str] = field(default_factory=set)
    """Those of them with all beats."""
    ended: set[str] = field(default_factory=set)
    """Those of which their users have seen the end."""
    refused: int = 0
    _turn: "itertools.count[int]" = field(default_factory=itertools.count)

    async def ask(self, rate: float, seconds: float, *, small: bool = False) -> None:
        """Ask so many times a second, and return when all are answered."""
        async with httpx.AsyncClient(timeout=5) as http, asyncio.TaskGroup() as asking:
            for _ in range(round(rate * seconds)):
                asking.create_task(self._ask_once(http, small=small))
                await asyncio.sleep(1 / rate)

    async def watch(self) -> None:
        """Look at every video that has not ended, as its user's page does, until cancelled."""
        async with httpx.AsyncClient(timeout=5) as http:
            while True:
                pause = asyncio.sleep(LOOK)
                open_ = [video for video in self.accepted if video not in self.ended]
                await asyncio.gather(pause, *(self._look_at(http, video) for video in open_))

    async def _look_at(self, http: httpx.AsyncClient, video: str) -> None:
        with suppress(httpx.HTTPError):
            answer = await http.get(f"{self._choose_gateway()}/v1/videos/{video}")
            if answer.status_code == 200 and answer.json()["status"] in ENDS:
                self.ended.add(video)

    def _choose_gateway(self) -> str:
        gateways = self.find_gateways()
        return gateways[next(self._turn) % len(gateways)]

    async def _ask_once(self, http: httpx.AsyncClient, *, small: bool) -> None:
        """Ask until it is answered: a gateway may be leaving just now, and one key is one video."""
        key = {"Idempotency-Key": str(uuid4())}
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not await self._try(http, key, small=small):
                    await asyncio.sleep(0.3)
                return
        self.refused += 1

    async def _try(self, http: httpx.AsyncClient, key: dict[str, str], *, small: bool) -> bool:
        url = f"{self._choose_gateway()}/v1/videos"
        try:
            answer = await http.post(url, json=SMALL if small else STORY, headers=key)
        except httpx.HTTPError:
            return False
        if answer.status_code != 202:
            return False
        video = answer.json()["id"]
        self.accepted.append(video)
        if not small:
            self.full.add(video)
        return True
