"""A plain caller of the API, as tests need it: not the client that our engine uses."""

import asyncio
from typing import Any

import httpx

from tests.standins.replicate.server import StandIn

Shown = dict[str, Any]

SCHNELL = "black-forest-labs/flux-schnell"


class Caller:
    """Speaks to a stand-in with its token."""

    def __init__(self, replicate: StandIn, token: str | None = None) -> None:
        self.replicate = replicate
        headers = {"authorization": f"Bearer {token or replicate.token}"}
        self.http = httpx.AsyncClient(
            base_url=replicate.url, headers=headers, trust_env=False, verify=False, timeout=20
        )

    async def __aenter__(self) -> "Caller":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def ask(self, model: str = SCHNELL, **given: Any) -> httpx.Response:
        """Create a run of an official model, with a prompt unless there is one."""
        return await self.post(model, {"prompt": "a red fox", **given})

    async def post(
        self, model: str, given: Shown, headers: dict[str, str] | None = None, **body: Any
    ) -> httpx.Response:
        """Create a run with exactly this input."""
        path = f"/v1/models/{model}/predictions"
        return await self.http.post(path, json={"input": given, **body}, headers=headers)

    async def get(self, run_id: str) -> Shown:
        """Return a run as it stands."""
        shown: Shown = (await self.http.get(f"/v1/predictions/{run_id}")).json()
        return shown

    async def finish(self, answer: httpx.Response) -> Shown:
        """Return a run that was created, once it is over."""
        answer.raise_for_status()
        return await self.end(answer.json()["id"])

    async def end(self, run_id: str) -> Shown:
        """Return a run once it is over."""
        while (shown := await self.get(run_id))["status"] in ("starting", "processing"):
            await asyncio.sleep(0.01)
        return shown

    async def download(self, url: str) -> bytes:
        """Return the bytes of an output."""
        return (await self.http.get(url)).raise_for_status().content

    async def make(self, model: str, **given: Any) -> bytes:
        """Return the one file that a run makes."""
        shown = await self.finish(await self.ask(model, **given))
        return await self.download(shown["output"])
