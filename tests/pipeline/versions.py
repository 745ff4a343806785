"""Two versions of all services on one store and one bus: this one, and one that knows more.

The newer one invents an event, a kind of job with its two events, a field and two literals.
"""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from shared.base.pool import Pool
from shared.blobs.disk import DiskBlobs
from shared.bus.local import LocalBus
from shared.jobs import gate, ledger, relay
from shared.ports import Handler, Health, Heard, Store
from shared.runtime.app import App, Parts, Ports, run_services
from shared.runtime.service import Service
from shared.story import events
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned, Event, Failed, JobEnd, Numbered, VideoRequested
from shared.story.kinds import (
    CLIP,
    IMAGE,
    KINDS,
    AnyKind,
    ClipOrder,
    ImageOrder,
    ImageReady,
    Kind,
    Kinds,
    Order,
    Stage,
    Success,
)
from shared.story.view import Decision, JobSpec, View
from tests.pipeline.world import PACE, QUICK, SERVICES, Counting

# ── what the newer version knows beyond ours ────────────────────────────────────────────────────


class SketchOrder(Order):
    text: str


class SketchReady(JobEnd):
    key: str


class SketchFailed(Failed):
    pass


SKETCH = Kind(
    name="sketch",
    order=SketchOrder,
    ready=SketchReady,
    failed=SketchFailed,
    build=lambda done: SketchReady.model_validate(done.facts("key")),
    stage=Stage.IMAGES,
    name_item=lambda item, plan: "the sketch",
    deadline_seconds=10,
)


class RevisionRequested(events.RevisionRequested):
    """The same event, with one more action."""

    action: Literal["regenerate", "skip", "edit", "retry", "reframe", "recolour"]  # type: ignore[assignment]


class VideoRecoloured(Numbered):
    """What the newer planner answers to the new action."""


class MoodyImageOrder(ImageOrder):
    mood: str = "calm"


class LoopOrder(ClipOrder):
    kind: Literal["reference", "continuous", "loop"]  # type: ignore[assignment]


def _moody_image(done: Success[Any]) -> ImageReady:
    return ImageReady.model_validate(done.facts("key") | {"mood": done.order.mood})


def _looped_clip(done: Success[Any]) -> Event:
    was = {"loop": "continuous"}.get(done.order.kind, done.order.kind)
    order = ClipOrder.model_validate(done.order.model_dump() | {"kind": was})
    return CLIP.build(replace(done, order=order))


NEW_IMAGE: AnyKind = replace(IMAGE, order=MoodyImageOrder, build=_moody_image)
NEW_CLIP: AnyKind = replace(CLIP, order=LoopOrder, build=_looped_clip)
_RENEWED: Mapping[AnyKind, AnyKind] = {IMAGE: NEW_IMAGE, CLIP: NEW_CLIP}


def _newer_kinds() -> Kinds:
    kinds = Kinds(*(_RENEWED.get(kind, kind) for kind in KINDS), SKETCH)
    more = {cls.__name__: cls for cls in (RevisionRequested, VideoRecoloured)}
    kinds.events = {**kinds.events, **more}
    return kinds


def _newer(service: Service) -> Service:
    reads = tuple(RevisionRequested if r is events.RevisionRequested else r for r in service.reads)
    finish = {_RENEWED.get(kind, kind): step for kind, step in service.finish.items()}
    service = replace(service, reads=reads, finish=finish)
    return _CHANGED.get(service.name, lambda same: same)(service)


def _newer_storyboard(service: Service) -> Service:
    """Ask for a sketch too, and for moody images."""

    def decide(view: View, plan: BeatsPlanned) -> Decision:
        decision = service.decide(view, plan)
        text = SKETCH.ask(plan, SketchOrder(text=plan.title))
        return replace(decision, jobs=(*_add(decision.jobs, IMAGE, {"mood": "dusk"}), text))

    return replace(service, decide=decide, finish={**service.finish, SKETCH: _keep_as_it_is})


def _newer_chunker(service: Service) -> Service:
    """Ask for loops where ours asks for clips that go on from another."""

    def decide(view: View, plan: BeatsPlanned) -> Decision:
        decision = service.decide(view, plan)
        return replace(decision, jobs=_loops(decision.jobs))

    return replace(service, decide=decide)


def _newer_planner(service: Service) -> Service:
    """Answer the new action."""

    def decide(view: View, plan: BeatsPlanned | None) -> Decision:
        decision = service.decide(view, plan)
        answers = [
            VideoRecoloured(video_id=view.video_id, rev=asked.rev)
            for asked in view.all(RevisionRequested)
        ]
        return replace(decision, events=(*decision.events, *answers))

    return replace(service, decide=decide, decides=(*service.decides, VideoRecoloured))


_CHANGED = {
    "storyboard": _newer_storyboard,
    "chunker": _newer_chunker,
    "planner": _newer_planner,
}


def _add(jobs: Sequence[JobSpec], kind: AnyKind, more: Mapping[str, str]) -> tuple[JobSpec, ...]:
    return tuple(
        job.model_copy(update={"input": {**job.input, **more}}) if job.kind == kind.name else job
        for job in jobs
    )


def _loops(jobs: Sequence[JobSpec]) -> tuple[JobSpec, ...]:
    goes_on = [job for job in jobs if job.input["kind"] == "continuous"]
    rest = [job for job in jobs if job not in goes_on]
    return (*rest, *_add(goes_on, CLIP, {"kind": "loop"}))


def _keep_as_it_is(order: Order, space: object, made: Any) -> Any:
    return made


@dataclass(frozen=True)
class Version:
    """All that differs between two versions of the processes."""

    kinds: Kinds
    services: Sequence[Service]


OURS = Version(KINDS, SERVICES)
NEWER = Version(_newer_kinds(), tuple(map(_newer, SERVICES)))


# ── one bus and one store for processes of both ─────────────────────────────────────────────────


class Hub:
    """Deals each event out to one process of each service that reads its type, as Kafka does.

    What nobody reads yet waits; what a process has not handled when it stops goes to another.
    """

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._sides: list[Side] = []
        self._waiting: list[tuple[str, Event]] = []

    async def join(self, side: "Side") -> None:
        self._sides.append(side)
        waiting, self._waiting = self._waiting, []
        for service, event in waiting:
            await self._deal(service, event)

    async def leave(self, side: "Side") -> None:
        self._sides.remove(side)
        for service, pending in side.pending.items():
            for event in list(pending.values()):
                await self._deal(service, event)

    async def publish(self, told: Sequence[Event]) -> None:
        for event in told:
            for service in SERVICES:
                await self._deal(service.name, event)

    async def _deal(self, service: str, event: Event) -> None:
        name = type(event).__name__
        readers = [side for side in self._sides if name in side.names.get(service, ())]
        if readers:
            await self._draw.choice(readers).put(service, event)
        else:
            self._waiting.append((service, event))


class Side:
    """The bus as one process sees it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._buses: dict[str, LocalBus] = {}
        self.names: dict[str, set[str]] = {}
        self.pending: dict[str, dict[str, Event]] = {}

    def subscribe(
        self,
        service: str,
        types: Sequence[type[Event]],
        handle: Handler,
        *,
        is_patient: bool = False,
    ) -> None:
        pending = self.pending.setdefault(service, {})

        async def handle_and_note(batch: Sequence[Heard]) -> None:
            await handle(batch)
            for each in batch:
                pending.pop(each.id, None)

        self.names[service] = {cls.__name__ for cls in types}
        self._buses[service] = LocalBus(graceful_seconds=1.0)
        self._buses[service].subscribe(service, types, handle_and_note)

    async def put(self, service: str, event: Event) -> None:
        self.pending[service][event.id] = event
        await self._buses[service].publish([event])

    async def start(self) -> None:
        for bus in self._buses.values():
            await bus.start()
        await self._hub.join(self)

    async def stop(self) -> None:
        for bus in self._buses.values():
            await bus.stop()
        await self._hub.leave(self)

    async def publish(self, told: Sequence[Event]) -> None:
        await self._hub.publish(told)

    def health(self, service: str) -> Health:
        return self._buses[service].health(service)

    async def measure_lag(self, service: str) -> int:
        return await self._buses[service].measure_lag(service)


class Opened:
    """A store that is open for longer than any of the processes on it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def open(self, indexes: Mapping[str, object]) -> None:
        pass

    async def close(self) -> None:
        pass


INDEXES = dict(
    chain(
        ledger.INDEXES.items(),
        relay.INDEXES.items(),
        gate.INDEXES.items(),
        *(service.indexes.items() for service in SERVICES),
    )
)


@dataclass
class Shared:
    """What the processes of both versions share."""

    store: Store
    folder: Path
    hub: Hub
    engines: list[Counting] = field(default_factory=list)

    @asynccontextmanager
    async def process(self, version: Version, hands: int = 2) -> AsyncIterator["Process"]:
        """Run all services of one version. With few hands there is work left for others."""
        store: Any = Opened(self.store)
        engine = Counting(self.store, latency=lambda job: 0.01, slots=hands)
        self.engines.append(engine)
        parts = Parts(
            Ports(store, Side(self.hub), DiskBlobs(self.folder / "blobs")),
            version.kinds,
            dict.fromkeys(version.kinds, engine),
            self.folder / "work" / str(len(self.engines)),
            Pool(1),
            rules=QUICK,
            pace=PACE,
            drain_seconds=1.0,
            alone=False,
        )
        async with run_services(parts, version.services) as app:
            yield Process(app)


@dataclass
class Process:
    """One process with all services of one version."""

    app: App

    async def request(self, video_id: str, wanted: Brief) -> None:
        await self.app.gate.open(video_id, wanted.owner)
        await self.emit(VideoRequested(video_id=video_id, brief=wanted))

    async def emit(self, event: Event) -> None:
        await self.app.shell("gateway").emit([event])
