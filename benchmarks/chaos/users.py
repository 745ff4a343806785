"""Users: each asks for one video, changes his mind as his role says, and waits for its end."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.chaos.roles import LITTLE, MORE, Role
from tests.cluster.fleet import Replica

LOOK_SECONDS = 2.0
AGAIN_SECONDS = 0.3
MOST_RETRIES = 3

FINAL = frozenset({"completed", "failed", "cancelled"})

Shown = dict[str, Any]


@dataclass
class Users:
    """All of them, and what the gateways have last told of their videos."""

    gateways: list[Replica]
    draw: random.Random
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=5))
    videos: dict[str, Role] = field(default_factory=dict)
    shown: dict[str, Shown] = field(default_factory=dict)
    ended: dict[str, Shown] = field(default_factory=dict)
    retries: int = 0

    async def watch(self) -> None:
        """Keep looking at all videos, until it is cancelled."""
        while True:
            cursor: str | None = ""
            while cursor is not None:
                query = {"limit": "100", **({"cursor": cursor} if cursor else {})}
                page = (await self._ask("GET", "/v1/videos", params=query)).json()
                self.shown |= {video["id"]: video for video in page["videos"]}
                cursor = page["next"]
            await asyncio.sleep(LOOK_SECONDS)

    async def play(self, role: Role) -> None:
        """Ask for a video and do what the role says, to the end."""
        key = {"Idempotency-Key": f"chaos-{role.number}"}
        answer = await self._ask("POST", "/v1/videos", json=role.request, headers=key)
        assert answer.status_code == 202, answer.text
        video = answer.json()["id"]
        self.videos[video] = role
        match role.name:
            case "rests":
                await self._rest(video)
            case "cancels":
                await self._cancel(video)
            case "regrets":
                await self._cancel(video)
                await self._wish(video, "retry", lambda seen: seen["status"] not in FINAL)
            case "poor":
                await self._pay_little(video)
        await self._see_to_its_end(video, role)

    async def settle(self, seconds: float) -> None:
        """Wait until no video holds money for what goes on; after so long, let it be judged."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for video in self.videos:
                    while await self._has_open_rows(video):
                        await asyncio.sleep(AGAIN_SECONDS)

    async def _has_open_rows(self, video: str) -> bool:
        receipt = (await self._ask("GET", f"/v1/videos/{video}/receipt")).json()
        return any(row["state"] == "open" for row in receipt["rows"])

    async def download(self, video: str) -> bytes:
        """Return the film of a video."""
        answer = await self._ask("GET", f"/v1/videos/{video}/media")
        return answer.content

    async def _rest(self, video: str) -> None:
        """Pause it in the middle, and let it go on."""
        await self._get_somewhere(video)
        await self._wish(video, "pause", lambda seen: seen["status"] in {"paused", *FINAL})
        await asyncio.sleep(self.draw.uniform(2, 6))
        await self._wish(video, "resume", lambda seen: seen["status"] != "paused")

    async def _cancel(self, video: str) -> None:
        await self._get_somewhere(video)
        await self._wish(video, "cancel", lambda seen: seen["status"] in FINAL)

    async def _pay_little(self, video: str) -> None:
        """Raise its budget whenever it is out of money, by too little."""
        budget = LITTLE
        stands = {"budget_exceeded", *FINAL}
        while True:
            seen = await self._wait(video, lambda seen: seen["status"] in stands)
            if seen["status"] in FINAL:
                return
            budget += MORE
            await self._ask("PATCH", f"/v1/videos/{video}", json={"budget": str(budget)})

    async def _get_somewhere(self, video: str) -> None:
        """Wait until a random part of it is made."""
        part = self.draw.randint(3, 70)
        await self._wait(video, lambda seen: seen["percent"] >= part or seen["status"] in FINAL)

    async def _see_to_its_end(self, video: str, role: Role) -> None:
        """Wait for its end; a video whose luck was bad is retried, as its user would."""
        for _ in range(MOST_RETRIES):
            seen = await self._wait(video, lambda seen: seen["status"] in FINAL)
            if role.is_done(seen):
                break
            self.retries += 1
            await self._wish(video, "retry", lambda seen: seen["status"] not in FINAL)
        self.ended[video] = await self._wait(video, lambda seen: seen["status"] in FINAL)

    async def _wish(self, video: str, wish: str, is_met: Callable[[Shown], bool]) -> None:
        """Ask for something until it is accepted; a refusal may mean that it is met already."""
        while True:
            answer = await self._ask("POST", f"/v1/videos/{video}/{wish}")
            if answer.status_code == 202:
                break
            assert answer.status_code == 409, answer.text
            if is_met(await self._read(video)):
                return
            await asyncio.sleep(AGAIN_SECONDS)
        await self._wait(video, is_met)

    async def _wait(self, video: str, is_met: Callable[[Shown], bool]) -> Shown:
        """Return the video once it is as it should be."""
        self.shown.pop(video, None)  # what was seen before the wish says nothing
        while not ((seen := self.shown.get(video)) and is_met(seen)):
            await asyncio.sleep(AGAIN_SECONDS)
        return seen

    async def _read(self, video: str) -> Shown:
        shown: Shown = (await self._ask("GET", f"/v1/videos/{video}")).json()
        return shown

    async def _ask(self, method: str, path: str, **known: Any) -> httpx.Response:
        """Return the first answer that is none of a server in trouble."""
        while True:
            url = self.draw.choice(self.gateways).url
            try:
                answer = await self.client.request(method, f"{url}{path}", **known)
            except httpx.HTTPError:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            # a gateway that has just taken a video may be ahead of what is read of it
            if answer.status_code < 500 and answer.status_code not in (404, 429):
                return answer
            await asyncio.sleep(AGAIN_SECONDS)
