"""`make demo-paid`: the demo with everything bought, at the stand-in for Replicate.

The command runs as a process of its own, as a user runs it with a token: what is bought, and how,
is the same code as at the real provider. Only the pictures are drawn here, and nothing costs
anything. Then the film is decoded, and the receipt is compared with the provider's own books.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.demo import PROMPT, SECONDS
from benchmarks.provider import StandInProcess
from services.cli.look import format_stored
from shared.jobs.gate import MONEY
from shared.jobs.receipt import Receipt, read_receipt
from shared.media import verify
from shared.store.sqlite import SqliteStore
from shared.story.money import say_dollars

FILM = Path("demo-paid.mp4")
BUDGET = "8.00"
PACE = 20.0


async def main() -> int:
    """Make the film, print its receipt, and return 0 if all is as it must be."""
    with tempfile.TemporaryDirectory(prefix="storywave-demo-paid-") as name:
        folder = Path(name)
        provider = StandInProcess(folder / "replicate", PACE)
        await provider.start(0)
        try:
            seconds = await asyncio.to_thread(make, provider, folder / "data")
        finally:
            provider.stop()
        receipt = await read(folder / "data")
        print(*format_stored(receipt), sep="\n")
        return 0 if check(provider, receipt, seconds) else 1


def make(provider: StandInProcess, data: Path) -> float:
    """Run the command, and return how long it took."""
    command = [sys.executable, "-m", "services.cli", "make", PROMPT, "--duration", f"{SECONDS:g}"]
    command += ["--aspect", "9:16", "--draft", "--paid", "--budget", BUDGET]
    command += ["-o", str(FILM), "--data", str(data)]
    bought = {**provider.environment, "STORYWAVE_LLM_URL": ""}
    began = time.monotonic()
    if code := subprocess.run(command, env=os.environ | bought, check=False).returncode:
        raise SystemExit(code)
    return time.monotonic() - began


async def read(data: Path) -> Receipt:
    """Return the receipt of the one video in a data folder."""
    store = SqliteStore(data / "storywave.db")
    await store.open({})
    try:
        [money] = await store.find(MONEY, {})
        return await read_receipt(store, money["_id"])
    finally:
        await store.close()


def check(provider: StandInProcess, receipt: Receipt, seconds: float) -> bool:
    """Print the figures, and return whether they are as they must be."""
    made, verdict = verify.report(FILM), provider.judge()
    figures = {
        "seconds": f"{seconds:.1f}",
        "runs": verdict.runs,
        "rows": len(receipt.rows),
        "paid": say_dollars(receipt.paid),
        "billed": say_dollars(verdict.billed),
        "paid_twice": len(verdict.paid_twice),
        "held": say_dollars(receipt.held),
        "film": int(made.ok),
    }
    if not made.ok:
        print(*made.lines(), sep="\n", file=sys.stderr)
    print("FIGURE demo-paid " + " ".join(f"{name}={value}" for name, value in figures.items()))
    is_right = receipt.paid == receipt.recorded == verdict.billed and not receipt.held
    return made.ok and is_right and not verdict.paid_twice


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
