"""A service whose decision breaks over one video: that video fails, another is finished."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from shared.runtime.service import Service
from shared.story.events import BeatsPlanned, VideoCompleted, VideoFailed
from shared.story.kinds import ChunkReady
from shared.story.view import Decision, View
from tests.pipeline.world import SERVICES, brief, world

BREAKS: dict[str, Callable[[View], bool]] = {
    "planner": lambda view: True,
    "storyboard": lambda view: view.latest(BeatsPlanned) is not None,
    "soundtrack": lambda view: view.latest(BeatsPlanned) is not None,
    "chunker": lambda view: len(view.all(ChunkReady)) > 1,
}


def breaking(service: Service) -> Service:
    if service.name not in BREAKS:
        return service

    def decide(view: View, plan: BeatsPlanned | None) -> Decision:
        if view.video_id == service.name and BREAKS[service.name](view):
            raise LookupError(f"{service.name} finds no way")
        return service.decide(view, plan)

    return replace(service, decide=decide)


def breaking_late(service: Service) -> Service:
    """The stitcher has code of its own before which it hears of its letters."""
    if service.name != "stitcher":
        return service

    def decide(view: View, plan: BeatsPlanned | None) -> Decision:
        decision = service.decide(view, plan)
        if view.video_id == "stitcher" and not decision.done and view.all(ChunkReady):
            raise LookupError("stitcher finds no way")
        return decision

    return replace(service, decide=decide)


async def test_each_breaks_over_one_of_six_videos(tmp_path: Path) -> None:
    table = [breaking_late(breaking(service)) for service in SERVICES]
    async with world(tmp_path, table=table) as w:
        videos = [*BREAKS, "stitcher", "whole"]
        for video in videos:
            await w.request(video, brief(2, 2))
        ends = dict(zip(videos, await asyncio.gather(*map(w.ended, videos)), strict=True))
    assert isinstance(ends.pop("whole"), VideoCompleted)
    for service, end in ends.items():
        assert isinstance(end, VideoFailed), service
        assert (end.rev, end.phase) == (1, service)
        assert end.error == f"LookupError: {service} finds no way"
