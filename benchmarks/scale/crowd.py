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
PATIENCE = 30.0


@dataclass
class Crowd:
    """Everybody who asks."""

    find_gateways: Callable[[], Sequence[str]]
    accepted: list[str] = field(default_factory=list)
    """Videos that were accepted."""
    full: set[str] = field(default_factory=set)
    """Those of them with all beats."""
    refused: int = 0
    _turn: "itertools.count[int]" = field(default_factory=itertools.count)

    async def ask(self, rate: float, seconds: float, *, small: bool = False) -> None:
        """Ask so many times a second, and return when all are answered."""
        async with asyncio.TaskGroup() as asking, httpx.AsyncClient(timeout=5) as http:
            for _ in range(round(rate * seconds)):
                asking.create_task(self._ask_once(http, small=small))
                await asyncio.sleep(1 / rate)

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
        gateways = self.find_gateways()
        if not gateways:
            return False
        url = gateways[next(self._turn) % len(gateways)]
        try:
            body = SMALL if small else STORY
            answer = await http.post(f"{url}/v1/videos", json=body, headers=key)
        except httpx.HTTPError:
            return False
        if answer.status_code != 202:
            return False
        video = answer.json()["id"]
        self.accepted.append(video)
        if not small:
            self.full.add(video)
        return True
