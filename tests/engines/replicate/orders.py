"""Jobs with orders of every kind that a model makes, as plain values and as a strategy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from shared.engines.replicate.wanted import Wanted, want_answer
from shared.jobs.job import Job
from shared.story.kinds import (
    KINDS,
    CardOrder,
    ClipOrder,
    ImageOrder,
    MusicOrder,
    Order,
    ReferenceOrder,
    VoiceOrder,
    WordsOrder,
)
from shared.story.view import JobSpec

LOOK = {"style": "noir", "seed": 3, "width": 720, "height": 1280}
BY_KIND: Mapping[str, Order] = {
    "reference": ReferenceOrder(name="Zed the robot", **LOOK),
    "image": ImageOrder(prompt="A fox on a hill", index=1, total=3, **LOOK),
    "card": CardOrder(title="A Fox", **LOOK),
    "clip": ClipOrder(chunk=0, kind="reference", prompt="A fox runs", seconds=5.0, **LOOK),
    "voice": VoiceOrder(text="A fox runs.", style="noir", seconds=5.0, seed=3),
    "words": WordsOrder(text="A fox runs."),
    "music": MusicOrder(prompt="a fox", style="noir", seconds=30.0, seed=3),
}


def job(order: Order, files: Mapping[str, str] | None = None, **known: Any) -> Job:
    """Return the job that such an order belongs to."""
    kind = next(kind.name for kind in KINDS if isinstance(order, kind.order))
    named = {name: known.pop(name) for name in ("models", "beat", "n", "take") if name in known}
    spec = JobSpec(
        kind=kind, video_id="v1", input=order.model_dump(mode="json"), files=files or {}, **named
    )
    return Job(spec=spec, **known)


@dataclass(frozen=True)
class Question:
    """A question to a language model."""

    user: str = "Plan three beats about a fox"
    system: str = "You plan short videos"
    max_tokens: int = 4_000
    schema: Mapping[str, object] = None  # type: ignore[assignment]


PLAN: Wanted = want_answer(Question(schema={"type": "object"}))

_text = st.text(max_size=3_000)
_look = {
    "style": st.sampled_from(["noir", "anime", ""]),
    "seed": st.integers(0, 2**31 - 1),
    "width": st.integers(16, 4_000),
    "height": st.integers(16, 4_000),
}
_seconds = st.floats(0.1, 400)
_orders: dict[str, st.SearchStrategy[Order]] = {
    "reference": st.builds(ReferenceOrder, name=_text, **_look),
    "image": st.builds(
        ImageOrder,
        prompt=_text,
        index=st.integers(0, 9),
        total=st.just(10),
        characters=st.lists(st.text(max_size=40), max_size=20).map(tuple),
        setting=_text,
        **_look,
    ),
    "card": st.builds(CardOrder, title=_text, **_look),
    "clip": st.builds(
        ClipOrder,
        chunk=st.integers(0, 99),
        kind=st.sampled_from(["reference", "continuous"]),
        prompt=_text,
        seconds=_seconds,
        sound=st.booleans(),
        **_look,
    ),
    "voice": st.builds(
        VoiceOrder,
        text=st.text(max_size=12_000),
        style=st.just("noir"),
        seconds=_seconds,
        seed=_look["seed"],
    ),
    "music": st.builds(
        MusicOrder, prompt=_text, style=st.just("noir"), seconds=_seconds, seed=_look["seed"]
    ),
}
_names = ["image", "last_frame", "end_frame", *(f"reference/{n}" for n in range(16))]


@st.composite
def jobs(draw: st.DrawFn) -> tuple[Job, Order]:
    """Draw a job of any kind, with any values and any of the files that jobs have."""
    order = draw(st.one_of(*_orders.values()))
    files = draw(st.dictionaries(st.sampled_from(_names), st.just("v1/key.png"), max_size=18))
    return job(order, files, tries=draw(st.integers(0, 8))), order
