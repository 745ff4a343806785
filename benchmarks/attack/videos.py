"""Videos that are made all the while: whatever else is sent, each of them has to be completed."""

import asyncio
import json
import time
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from benchmarks.attack.target import Wrong
from benchmarks.attack.texts import STORY, write_lines, write_prompt, write_text
from benchmarks.attack.wire import Answer, Input, ask, write_request

FINAL = frozenset({"completed", "failed", "cancelled"})
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
"""For one request to be served at all: others have all the places, and that is said."""


class Videos:
    """All videos that a server has accepted, and what became of them."""

    def __init__(self, port: int, rng: Random) -> None:
        self._port = port
        self._rng = rng
        self._keys = iter(range(1_000_000))
        self.status: dict[str, str] = {}
        """Id → status, as it was last seen."""
        self.refused: list[str] = []
        """Right requests that no video came of, and why."""

    def accept(self, answers: Iterable[Answer]) -> None:
        """Take in what odd requests have been accepted for: they are videos like others."""
        for answer in answers:
            if answer.status == 202:
                self.status[json.loads(answer.body)["id"]] = "queued"

    def pick(self) -> str:
        """Return the id of any video."""
        return self._rng.choice([*self.status, "0" * 32])

    def newest(self) -> str:
        """Return the id of a video that has only begun."""
        return next(reversed(self.status), "0" * 32)

    async def make_one_after_another(self, requests: Iterator[dict[str, Any]]) -> None:
        """Ask for the next when one has ended."""
        for request in requests:
            try:
                await self.wait_for([await self._ask_for(request)])
            except Wrong as wrong:
                self.refused.append(str(wrong))

    async def _ask_for(self, request: dict[str, Any]) -> str:
        """Return the id of a new video."""
        body = json.dumps(request).encode()
        key = ("Idempotency-Key", f"video {next(self._keys)}")
        headers = [key, ("Content-Type", "application/json")]
        answer = await self._serve(write_request("POST", "/v1/videos", headers, body))
        if answer.status != 202:
            raise Wrong(f"a right request was refused: {answer.body.decode()[:300]}")
        self.accept([answer])
        return str(json.loads(answer.body)["id"])

    async def give_picture(self, data: bytes) -> str:
        """Return the id of a picture that is kept."""
        headers = [("Content-Type", "image/png")]
        answer = await self._serve(write_request("POST", "/v1/images", headers, data))
        return str(json.loads(answer.body)["id"])

    async def wait_for(self, ids: Iterable[str], seconds: float = float("inf")) -> None:
        """Return when these have ended, or after so many seconds."""
        until = time.monotonic() + seconds
        for id_ in ids:
            while await self._look(id_) not in FINAL and time.monotonic() < until:
                await asyncio.sleep(LOOK_SECONDS)

    async def fetch_film(self, id_: str) -> bytes:
        """Return a film that has been made."""
        return (await self._serve(write_request("GET", f"/v1/videos/{id_}/media"))).body

    def list_failed(self) -> list[str]:
        """Return what has not become a complete video, and what became of it."""
        ended = [f"{id_} is {now}" for id_, now in self.status.items() if now != "completed"]
        return [*ended, *self.refused]

    async def _look(self, id_: str) -> str:
        answer = await self._serve(write_request("GET", f"/v1/videos/{id_}"))
        self.status[id_] = json.loads(answer.body).get("status", f"answered {answer.status}")
        return self.status[id_]

    async def _serve(self, request: bytes) -> Answer:
        """Return the answer, asked for until there is one: who is busy says so."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            answers = await ask(self._port, Input("video", request))
            if answers and not answers[0].asks_to_wait:
                return answers[0]
            await asyncio.sleep(LOOK_SECONDS)
        raise Wrong(f"a right request was not served for {PATIENCE_SECONDS:g} s")


def write_requests(rng: Random) -> Iterator[dict[str, Any]]:
    """Yield right requests without end, with odd words in them."""
    while True:
        card = {"headline": write_text(rng, 3)[:120], "call_to_action": write_text(rng, 3)[:120]}
        yield {"prompt": f"{STORY} {write_text(rng)}", "duration": 20, "end_card": card}


def write_real_requests(picture: str) -> list[dict[str, Any]]:
    """Return requests for two short videos that hold every odd sign between them."""
    lines = write_lines()
    tall = {"headline": lines[0], "call_to_action": lines[1], "product_image": picture}
    square = {"headline": lines[2], "call_to_action": lines[3]}
    return [
        {"prompt": write_prompt(), "duration": 8, "end_card": tall},
        {"prompt": write_prompt()[::-1], "duration": 8, "end_card": square, "aspect": "1:1"},
    ]
