"""What happens to a video, as events: asked for, planned, made part by part, and ended.

Every test of a decision, of the read model or of the API builds its history from these.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from shared.jobs.job import Job, State
from shared.jobs.rows import end_event
from shared.runtime.service import Service
from shared.story.beats import Beat, Truncation, plan_chunks
from shared.story.brief import Brief
from shared.story.events import BeatsPlanned, Event, VideoCompleted, VideoRequested, WavesCompleted
from shared.story.kinds import (
    CARD,
    CLIP,
    CONFORM,
    CUT,
    IMAGE,
    KINDS,
    MUSIC,
    VOICE,
    AnyKind,
    ChunkReady,
    ClipConformed,
    ImageReady,
    VideoCut,
)
from shared.story.view import JobSpec, View

VIDEO = "v1"

E = TypeVar("E", bound=Event)


def view(events: Iterable[Event], video_id: str = VIDEO) -> View:
    return View(video_id, events)


def requested(video_id: str = VIDEO, **brief: Any) -> VideoRequested:
    wanted = Brief.model_validate({"prompt": "p", **brief})
    return VideoRequested(video_id=video_id, at=1_000, brief=wanted)


def plan(
    beats: int = 3,
    chunks: int = 1,
    *,
    video_id: str = VIDEO,
    rev: int = 1,
    takes: dict[str, int] | None = None,
    narration: str = "Words are spoken here.",
    characters: Sequence[Sequence[str]] = (),
    skipped: Iterable[int] = (),
    truncation: Truncation | None = None,
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
    first = rev == 1
    return BeatsPlanned(
        video_id=video_id,
        rev=rev,
        at=2_000 * rev,
        job=f"{video_id}/plan/0/0/1" if first else None,
        brief=Brief.model_validate({"prompt": "p", "duration": duration, **known}),
        title="A title",
        beats=made,
        chunks=plan_chunks(made, 5.0),
        takes=takes or {},
        truncation=truncation,
        cost=7 if first else 0,
    )


def full_plan(beats: int = 3, chunks: int = 2, **known: Any) -> BeatsPlanned:
    """A plan as a request without any wishes gets it: with music and an end card."""
    return plan(beats, chunks, **{"music": True, "end_card": {}, "min_clips": 3, **known})


# ── jobs and how they end ───────────────────────────────────────────────────────────────────────

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


def broken(spec: JobSpec, error: str = "the model is tired", cost: int = 3, at: int = 0) -> Event:
    """How this job ends when it goes badly."""
    job = Job(spec=spec, state=State.FAILED, error=error, tries=3, cost=cost, finished_at=at)
    return end_event(job, KINDS)


def image(plan: BeatsPlanned, beat: int) -> Event:
    return done(spec(plan, IMAGE, beat=beat))


def no_image(plan: BeatsPlanned, beat: int, error: str = "refused") -> Event:
    return broken(spec(plan, IMAGE, beat=beat), error)


# ── a video that goes well, part by part ────────────────────────────────────────────────────────


def images(plan: BeatsPlanned) -> list[ImageReady]:
    return _all(ImageReady, plan, IMAGE, at=3_000, cost=10)


def sounds(plan: BeatsPlanned) -> list[Event]:
    voices = _all(Event, plan, VOICE, at=3_500)
    return [*voices, *_all(Event, plan, MUSIC, at=3_600)]


def clips(plan: BeatsPlanned) -> list[ChunkReady]:
    kinds = {chunk.index: chunk.kind for chunk in plan.chunks}
    return [
        clip.model_copy(update={"kind": kinds[clip.chunk], "key": f"clip-{clip.chunk}.mp4"})
        for clip in _all(ChunkReady, plan, CLIP, at=4_000, cost=100)
    ]


def waves(plan: BeatsPlanned) -> WavesCompleted:
    total = len(plan.chunks)
    return WavesCompleted(
        video_id=plan.video_id, at=5_000, rev=plan.rev, total=total, succeeded=total
    )


def segments(plan: BeatsPlanned) -> list[ClipConformed]:
    return _all(ClipConformed, plan, CONFORM, at=5_500)


def cut(plan: BeatsPlanned) -> VideoCut:
    [film] = _all(VideoCut, plan, CUT, at=6_000)
    return film


def _all(ready: type[E], plan: BeatsPlanned, kind: AnyKind, *, at: int, cost: int = 0) -> list[E]:
    """All jobs of a kind that a plan wants, done a millisecond apart."""
    jobs = (spec(plan, kind, beat=item.beat, n=item.n) for item in kind.items(plan))
    ends = [done(job, cost, at + n) for n, job in enumerate(jobs)]
    return [end for end in ends if isinstance(end, ready)]


def completed(plan: BeatsPlanned, **known: Any) -> VideoCompleted:
    beside = ("captions.srt", "captions.vtt", "contact.png", "hls.m3u8", "hls_media.m4s")
    return VideoCompleted(
        video_id=plan.video_id,
        at=6_500,
        rev=plan.rev,
        key="final.mp4",
        poster_key="poster.jpg",
        outputs=dict(zip(("srt", "vtt", "contact", "hls", "hls_media"), beside, strict=True)),
        seconds=30.0,
        total=len(plan.chunks),
        succeeded=len(plan.chunks),
        generation_ms=5_000,
        **known,
    )


def whole(plan: BeatsPlanned) -> list[Event]:
    """Everything that happens to a video that goes well."""
    return [
        requested(plan.video_id),
        plan,
        *images(plan),
        *_all(Event, plan, CARD, at=3_200),
        *sounds(plan),
        *clips(plan),
        waves(plan),
        *segments(plan),
        cut(plan),
        completed(plan),
    ]


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
