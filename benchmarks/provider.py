"""The stand-in for Replicate as a process of its own, which outlives whatever buys there."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shared.engines.replicate.catalog import load
from tests.cluster.processes import free_ports
from tests.cluster.servers import CHECKOUT
from tests.standins.replicate import Run, Settings, Verdict, judge, read_runs
from tests.standins.replicate.ledger import NAME as LEDGER


@dataclass
class StandInProcess:
    """The provider. Its books outlive it."""

    folder: Path
    pace: float
    process: subprocess.Popen[bytes] | None = None
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Return what our processes must know to buy here."""
        defaults = Settings()
        return {
            "REPLICATE_BASE_URL": self.url,
            "REPLICATE_API_TOKEN": defaults.token,
            "STORYWAVE_REPLICATE_WEBHOOK_SECRET": defaults.secret,
            "STORYWAVE_PAID": "true",
        }

    async def start(self, seed: int, **known: Any) -> None:
        """Start it on its folder, and wait until it can be asked."""
        self._spawn({"seed": seed, **known})
        async with httpx.AsyncClient(timeout=2) as client:
            for _ in range(150):
                try:
                    await client.get(f"{self.url}/_standin/clock")
                except httpx.HTTPError:
                    await asyncio.sleep(0.1)
                else:
                    return
        raise TimeoutError("the stand-in did not get ready")

    def _spawn(self, known: Mapping[str, Any]) -> None:
        versions = {model.version: model.name for model in load().models if model.version}
        settings = json.dumps({"versions": versions, **known})
        command = [sys.executable, "-m", "tests.standins.replicate", "--state", str(self.folder)]
        command += ["--port", str(self.port), "--pace", str(self.pace), "--settings", settings]
        with (self.folder.parent / "standin.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=CHECKOUT, stdout=log, stderr=log)

    async def change(self, **known: Any) -> None:
        """Change some of its settings."""
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.post(f"{self.url}/_standin/settings", json=known)
        assert answer.status_code == 200, answer.text

    async def misbehave(
        self, rates: Mapping[str, float], script: Sequence[Mapping[str, Any]]
    ) -> None:
        """Let things go wrong from now on."""
        body = {"rates": dict(rates), "next": list(script)}
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.post(f"{self.url}/_standin/faults", json=body)
        assert answer.status_code == 200, answer.text

    async def count_faults(self) -> dict[str, int]:
        """Return how often each fault has struck, and who was refused for coming too fast."""
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.get(f"{self.url}/_standin/ledger")
        told = answer.json()
        assert not told["trouble"], told["trouble"]
        return dict(told["struck"])

    def stop(self) -> None:
        """End it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def read_runs(self) -> list[Run]:
        """Return every run that it has accepted."""
        return read_runs(self.folder)

    def read_answers_to_hooks(self) -> list[str]:
        """Return what was answered to each webhook that it has sent."""
        lines = map(json.loads, (self.folder / LEDGER).read_text().splitlines())
        return [line["answer"] for line in lines if line["line"] == "hook" and line["answer"]]

    def judge(self) -> Verdict:
        """Return its verdict."""
        return judge(self.read_runs())
