"""`make bench-clips`: six clips at a provider, three at a time, against what no schedule can beat.

One `storywave up` buys at the stand-in for Replicate, where a clip takes 25 s. The ratio is the
time from the first clip's release to the last one's end, to the time that clips take alone: two
rounds of three. All between is ours: inputs sent, webhooks heard, outputs fetched, looked at and
stored, and the next clip begun. A video with quick clips comes first, and does not count: with it
everything is loaded that a server which has run for a while has.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.chaos.target import Target
from benchmarks.provider import StandInProcess
from shared.story.kinds import CLIP

CLIPS, AT_ONCE, CLIP_SECONDS = 6, 3, 25.0
WARM_SECONDS = 0.5
NAMES = ("One", "Two")
"""Of the keepers in the videos that count: no two are alike."""
MOST_RATIO = 1.05
PATIENCE_SECONDS = 150.0

REQUEST = {
    "duration": 32.5,  # six beats of just one clip, and the end card
    "clips_at_once": AT_ONCE,
    "end_card": {"seconds": 2.5},
    "budget": "20.00",
}
PROMPT = (
    "Keeper {} paints the sea in 6 beats. A storm comes. The lamp goes out. Boats wait. Morning."
)


class Wrong(Exception):
    """The run was not the one to be measured, so there is no figure."""


async def measure(folder: Path) -> list[float]:
    """Return the seconds that the clips of each video took."""
    provider = StandInProcess(folder / "replicate", pace=20)
    target = Target(folder, provider.environment)
    try:
        await provider.start(0, latency={"clip": [0.0, WARM_SECONDS]}, jitter=0.0, shrink=8)
        await target.start()
        (gateway,) = target.fleet.gateways()
        async with httpx.AsyncClient(base_url=gateway.url) as client:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await make(client, PROMPT.format("Zero"))
                await provider.change(latency={"clip": [0.0, CLIP_SECONDS]})
                videos = [await make(client, PROMPT.format(name)) for name in NAMES]
    finally:
        target.stop()
        provider.stop()
    rows = (await target.read_rows()).jobs
    return [measure_clips([row for row in rows if is_clip(row, video)]) for video in videos]


async def make(client: httpx.AsyncClient, prompt: str) -> str:
    """Make a video, and return its id."""
    asked = await client.post("/v1/videos", json={**REQUEST, "prompt": prompt})
    video: str = asked.raise_for_status().json()["id"]
    while (now := (await client.get(f"/v1/videos/{video}")).json())["status"] != "completed":
        if now["status"] == "failed":
            raise Wrong(f"the video failed: {now['error']}")
        await asyncio.sleep(0.5)
    return video


def is_clip(row: Any, video: str) -> bool:
    return bool(row["spec"]["video_id"] == video and row["spec"]["kind"] == CLIP.name)


def measure_clips(rows: Sequence[Any]) -> float:
    """Return the seconds from the first release to the last end."""
    if len(rows) != CLIPS or any(row.get("tries") for row in rows):
        raise Wrong(f"the video had {len(rows)} clips, not {CLIPS} that came at once")
    began = min(row["created_at"] for row in rows)
    return float(max(row["finished_at"] for row in rows) - began) / 1000


def report(seconds: Sequence[float]) -> bool:
    """Print the figure, and return whether it is as it must be."""
    bound = CLIP_SECONDS * CLIPS / AT_ONCE
    ratio = median(seconds) / bound
    print(
        f"FIGURE clips seconds={median(seconds):.1f} bound={bound:.1f} ratio={ratio:.3f} "
        f"worst={max(seconds) / bound:.3f} videos={len(seconds)}"
    )
    return ratio <= MOST_RATIO


def main() -> int:
    os.environ.pop("STORYWAVE_LLM_URL", None)
    with tempfile.TemporaryDirectory(prefix="storywave-clips-") as name:
        try:
            return 0 if report(asyncio.run(measure(Path(name)))) else 1
        except (Wrong, TimeoutError) as error:
            print(f"error: {error or 'the videos did not end in time'}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
