"""Histories of events for tests of decisions: a plan, what became of it, and a video carried on."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from shared.jobs.machine import Job, State
from shared.jobs.rows import end_event
from shared.runtime.service import Service
from shared.story.beats import Beat, plan_chunks
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned, Event, VideoRequested
from shared.story.kinds import IMAGE, KINDS, AnyKind
from shared.story.view import JobSpec, View

VIDEO = "v1"


def plan(
    beats: int = 3,
    chunks: int = 1,
    *,
    rev: int = 1,
    takes: dict[str, int] | None = None,
    narration: str = "Words are spoken here.",
    characters: Sequence[Sequence[str]] = (),
    skipped: Iterable[int] = (),
    **brief: Any,
) -> BeatsPlanned:
    """So many beats of so many chunks of five seconds each, and by default nothing around them."""
    known = {"end_card": None, "music": False, "min_clips": 1, **brief}
    length = 5.0 * chunks
    made = tuple(
        Beat(
            index=i,
            start=i * length,
            duration=length,
            prompt=f"scene {i}",
            narration=narration,
            characters=tuple(characters[i]) if characters else (),
            skipped=i in set(skipped),
        )
        for i in range(beats)
    )
    card = Brief.model_validate({"prompt": "p", **known}).end_card
    duration = beats * length + (card.seconds if card else 0)
    return BeatsPlanned(
        video_id=VIDEO,
        rev=rev,
        job=f"{VIDEO}/plan/0/0/{rev}" if rev == 1 else None,
        brief=Brief.model_validate({"prompt": "p", "duration": duration, **known}),
        title="A title",
        beats=made,
        chunks=plan_chunks(made, 5.0),
        takes=takes or {},
        cost=1,
    )


def requested(**brief: Any) -> VideoRequested:
    return VideoRequested(
        video_id=VIDEO, at=1_000, brief=Brief.model_validate({"prompt": "p", **brief})
    )


def done(spec: JobSpec, cost: int = 10, at: int = 2_000) -> Event:
    """How this job ends when it goes well."""
    ready = KINDS[spec.kind].ready.__name__
    key = f"{ready}/{spec.beat}-{spec.n}-{spec.take}"
    result = {
        "key": key,
        "last_frame_key": f"{key}/last" if spec.input.get("wants_last_frame") else None,
        "poster_key": f"{key}/poster",
        "seconds": spec.input.get("seconds", 2.0),
        "frames": spec.input.get("frames", 1),
        "name": spec.input.get("name", ""),
    }
    job = Job(spec=spec, state=State.DONE, result=result, cost=cost, finished_at=at)
    return end_event(job, KINDS)


def broken(spec: JobSpec, error: str = "the model is tired", cost: int = 3) -> Event:
    """How this job ends when it goes badly."""
    return end_event(Job(spec=spec, state=State.FAILED, error=error, tries=3, cost=cost), KINDS)


ANY_ORDER = {
    "style": "cinematic",
    "seed": 0,
    "width": 720,
    "height": 1280,
    "name": "Ada",
    "prompt": "p",
    "index": 0,
    "total": 1,
    "text": "Words.",
    "title": "A title",
    "seconds": 2.0,
    "frames": 1,
    "chunk": 0,
    "kind": "reference",
    "segments": (),
}
"""Values for the orders of all kinds: each takes what it knows."""


def spec(plan: BeatsPlanned, kind: AnyKind, *, beat: int = 0, n: int = 0, **given: Any) -> JobSpec:
    """The job that a plan wants, as far as another service needs to know it."""
    order = kind.order.model_validate({**ANY_ORDER, "chunk": n, **given})
    return kind.ask(plan, order, beat=beat, n=n)


def image(plan: BeatsPlanned, beat: int) -> Event:
    return done(spec(plan, IMAGE, beat=beat))


def no_image(plan: BeatsPlanned, beat: int, error: str = "refused") -> Event:
    return broken(spec(plan, IMAGE, beat=beat), error)


class Story:
    """One service's life with one video: what it has heard, what it has released."""

    def __init__(self, service: Service, *facts: Event) -> None:
        self._service = service
        self.facts: list[Event] = list(facts)
        self.jobs: dict[str, JobSpec] = {}
        self.events: dict[str, Event] = {}
        self.done = False

    @property
    def view(self) -> View:
        return View(VIDEO, [*self.events.values(), *self.facts], self.jobs)

    @property
    def open(self) -> list[JobSpec]:
        """Released and not settled, in the order of release."""
        return [spec for id_, spec in self.jobs.items() if id_ in self.view.in_flight]

    def decide(self) -> list[JobSpec]:
        """Decide once, as the shell does; gives the work that is new."""
        decision = self._service.decide_on(self.view)
        new = [job for job in decision.jobs if job.id not in self.jobs]
        self.jobs.update((job.id, job) for job in new)
        for event in decision.events:
            self.events.setdefault(event.id, event)
        self.done = decision.done
        return new

    def hear(self, *facts: Event) -> list[JobSpec]:
        """Hear each of them, twice, deciding every time; gives the work that is new."""
        new = []
        for fact in facts:
            for _ in range(2):
                self.facts.append(fact)
                new += self.decide()
        return new

    def play(
        self, fails: Callable[[JobSpec], bool] = lambda spec: False, seed: int | None = None
    ) -> None:
        """Finish open jobs one by one, in order or at random, until nothing is open."""
        chance = random.Random(seed)
        self.decide()
        while self.open:
            spec = self.open[0] if seed is None else chance.choice(self.open)
            self.hear(broken(spec) if fails(spec) else done(spec))

    def of(self, cls: type[Event]) -> list[Event]:
        """The events of a type that were decided."""
        return [event for event in self.events.values() if isinstance(event, cls)]


def retold(facts: Sequence[Event]) -> st.SearchStrategy[list[Event]]:
    """The same facts in any order, any of them any number of times."""
    again = st.lists(st.sampled_from(facts), max_size=2 * len(facts))
    return again.flatmap(lambda more: st.permutations([*facts, *more]))
