"""The videos of this benchmark: one beat, one clip; what ends is followed by the next."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.flight.engine import CEILING, name_video
from shared.jobs.gate import Gate
from shared.ports import Bus, Heard
from shared.story.beats import Beat, plan_chunks
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned, Event
from shared.story.kinds import IMAGE, ImageReady

AT_ONCE = 250
PROMPT = "A lighthouse keeper climbs the long stair with a lamp in her hand while the storm beats."

Lasting = Callable[[int], int]
"""The milliseconds that the clip of a video takes, by its number."""


def plan_video(video_id: str, owner: str, now: int) -> list[Event]:
    """Return what the chunker has to know of a video before it asks for its clip."""
    beats = (Beat(index=0, start=0.0, duration=5.0, prompt=PROMPT),)
    plan = BeatsPlanned(
        video_id=video_id,
        at=now,
        rev=1,
        brief=Brief(prompt=PROMPT, duration=5.0, owner=owner),
        beats=beats,
        chunks=plan_chunks(beats, 5.0),
    )
    job = IMAGE.job(plan, beat=0)
    image = ImageReady(video_id=video_id, at=now, job=job, beat=0, key=f"flight/{video_id}")
    return [plan, image]


@dataclass
class Crowd:
    """Keeps so many videos in flight."""

    bus: Bus
    gate: Gate
    now: Callable[[], int]
    owners: int
    keep: int = 0
    """As many as have ended are begun again, up to so many."""
    ms: int = 0
    """The time that a clip takes of one that takes the place of another."""
    begun: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def in_flight(self) -> int:
        """Return how many have begun and not ended."""
        return len(self.begun) - len(self.ended)

    async def handle(self, ends: Sequence[Heard]) -> None:
        """Hear what has ended, and begin the next."""
        self.ended |= {end.video_id for end in ends} & self.begun
        missing = self.keep - self.in_flight
        if missing > 0:
            await self.begin(missing, lambda number: self.ms, self._take_turns)

    async def begin(
        self, count: int, lasting: Lasting, owner: Callable[[int], str]
    ) -> Sequence[str]:
        """Begin so many videos; return them."""
        numbers = list(itertools.islice(self._numbers, count))
        named = {name_video(lasting(i), n): owner(i) for i, n in enumerate(numbers)}
        self.begun |= named.keys()
        videos = list(named)
        for first in range(0, count, AT_ONCE):
            some = videos[first : first + AT_ONCE]
            await asyncio.gather(*(self.gate.open(v, named[v], 2 * CEILING) for v in some))
            events = [event for v in some for event in plan_video(v, named[v], self.now())]
            await self.bus.publish(events)
        return videos

    def _take_turns(self, number: int) -> str:
        return f"owner-{number % self.owners}"
