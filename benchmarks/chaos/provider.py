"""The stand-in for Replicate as a process of its own: its faults, and what its books say."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shared.engines.replicate.catalog import load
from tests.cluster.processes import free_ports
from tests.cluster.servers import CHECKOUT
from tests.standins.replicate import Run, Settings, Verdict, judge, key_of, read_runs

RATES: Mapping[str, float] = {
    "429": 0.02,
    "5xx": 0.02,
    "5xx_after": 0.02,
    "lost": 0.02,
    "cut": 0.02,
    "unreadable": 0.01,
    "fails": 0.02,
    "canceled": 0.01,
    "aborted": 0.01,
    "no_output": 0.01,
    "truncated": 0.01,
    "hook_lost": 0.1,
    "hook_late": 0.05,
    "hook_doubled": 0.1,
    "hook_forged": 0.02,
    "hook_stale": 0.02,
    "read_429": 0.01,
    "read_5xx": 0.02,
    "read_lost": 0.02,
    "download_5xx": 0.03,
    "download_cut": 0.02,
}
"""What happens by chance, all the time."""

SCRIPT = (
    {"name": "slow_accept", "seconds": 4, "after": 30, "times": 4},
    {"name": "slow_answer", "seconds": 6, "after": 60, "times": 4},
    {"name": "fails", "error": "E005", "kind": "clip", "after": 20, "pays": True},
    {"name": "fails", "error": "E005", "kind": "image", "after": 20},
    {"name": "fails", "error": "RISK", "kind": "clip", "after": 60},
    {"name": "fails", "error": "E001", "kind": "clip", "after": 90},
    {"name": "slow_run", "seconds": 15, "kind": "clip", "after": 40, "times": 3},
)
"""What happens once, or a few times."""


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

    async def misbehave(self, rates: Mapping[str, float], script: Any = SCRIPT) -> None:
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

    def judge(self) -> Verdict:
        """Return its verdict: a job is what its webhook names."""
        return judge(self.read_runs(), key_of("webhook.job"))
