"""A handler that remembers, and events to send to it: what tests of any bus need."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.ports import Heard
from shared.story.events import Event, VideoDeleted, VideoSteered
from shared.story.kinds import MusicReady

PATIENCE = 30.0


@dataclass
class Listener:
    """A handler that remembers; it can be told to fail, to wait, and to be slow."""

    failures: list[Exception] = field(default_factory=list)
    batches: list[list[Heard]] = field(default_factory=list)
    refused: list[list[Heard]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def __call__(self, batch: Sequence[Heard]) -> None:
        self.entered.set()
        await self.gate.wait()
        if self.failures:
            self.refused.append(list(batch))
            raise self.failures.pop(0)
        self.batches.append(list(batch))

    @property
    def heard(self) -> Counter[str]:
        return Counter(event.id for batch in self.batches for event in batch)


async def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.002)


def deleted(count: int, prefix: str = "v") -> list[Event]:
    return [VideoDeleted(video_id=f"{prefix}{i}") for i in range(count)]


def steered(videos: int, revs: int) -> list[Event]:
    """Revision by revision over all videos: each video's own are in order."""
    return [
        VideoSteered(video_id=f"v{video}", rev=rev)
        for rev in range(revs)
        for video in range(videos)
    ]


def music(count: int) -> list[Event]:
    return [
        MusicReady(video_id=f"v{i}", job=f"v{i}/music/0/0/0", key="k", seconds=1.0)
        for i in range(count)
    ]


def ids(events: Sequence[Heard]) -> set[str]:
    return {event.id for event in events}
