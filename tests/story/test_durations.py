"""How long the parts of a video took, told from the ends of its jobs."""

from shared.story.beats import Beat, plan_chunks
from shared.story.brief import Brief
from shared.story.durations import (
    find_critical_ms,
    find_generation_ms,
    find_waves_ms,
    measure_stages,
)
from shared.story.events import BeatsPlanned, Event, RevisionRequested, Times, VideoRequested
from shared.story.kinds import CLIP, IMAGE, ChunkReady, ImageReady
from shared.story.view import View

BRIEF = Brief(prompt="Two scenes.", duration=20.0)
BEATS = tuple(Beat(index=n, start=10.0 * n, duration=10.0, prompt="A scene.") for n in range(2))
PLAN = BeatsPlanned(
    video_id="v",
    at=1_000,
    rev=1,
    brief=BRIEF,
    beats=BEATS,
    chunks=plan_chunks(BEATS, 5.0),
    job="v/plan/0/0/1",
    times=Times(running_ms=500),
)


def image(beat: int, at: int, ms: int) -> ImageReady:
    job = IMAGE.job(PLAN, beat=beat)
    times = Times(waiting_ms=10_000, running_ms=ms)
    return ImageReady(video_id="v", at=at, job=job, beat=beat, key="k", times=times)


def clip(n: int, at: int, ms: int, waited: int = 0) -> ChunkReady:
    chunk = PLAN.chunks[n]
    job = CLIP.job(PLAN, beat=chunk.beat, n=n)
    times = Times(waiting_ms=waited, running_ms=ms - 100, storing_ms=100)
    known = {"beat": chunk.beat, "n": n, "chunk": n, "kind": chunk.kind, "seconds": 5.0}
    return ChunkReady(video_id="v", at=at, job=job, key="k", times=times, **known)


FACTS: list[Event] = [
    VideoRequested(video_id="v", at=200, brief=BRIEF),
    PLAN,
    image(0, 12_000, 1_000),
    image(1, 13_000, 2_000),
    clip(0, 15_000, 3_000),
    clip(1, 18_000, 3_000),
    clip(2, 16_000, 2_000, waited=1_000),
    clip(3, 25_000, 2_000, waited=7_000),
]


def test_the_critical_path_is_the_longest_chain_with_its_image_and_without_the_waiting() -> None:
    assert find_critical_ms(View("v", FACTS), PLAN) == 1_000 + 3_000 + 3_000


def test_the_waves_last_from_the_plan_to_the_last_clip() -> None:
    assert find_waves_ms(View("v", FACTS), PLAN) == 24_000


def test_the_order_and_repetition_of_facts_change_nothing() -> None:
    twice = View("v", [*reversed(FACTS), *FACTS])
    assert find_critical_ms(twice, PLAN) == find_critical_ms(View("v", FACTS), PLAN)
    assert measure_stages(twice) == measure_stages(View("v", FACTS))


def test_the_generation_lasts_from_the_request_of_its_revision() -> None:
    asked = RevisionRequested(video_id="v", at=20_000, rev=2, action="regenerate")
    view = View("v", [*FACTS, asked])
    assert find_generation_ms(view, 1) == 25_000 - 200
    assert find_generation_ms(view, 2) == 5_000
    assert find_generation_ms(View("v", []), 1) == 0


def test_a_stage_lasts_from_the_creation_of_its_first_job_to_the_end_of_its_last() -> None:
    assert measure_stages(View("v", FACTS)) == {
        "plan": 500,
        "images": 13_000 - (12_000 - 11_000),
        "clips": 25_000 - (15_000 - 3_000),
    }


def test_facts_of_before_have_no_times_and_break_nothing() -> None:
    before = [fact.model_copy(update={"times": Times()}) for fact in FACTS[1:]]
    assert find_critical_ms(View("v", before), PLAN) == 0
    assert measure_stages(View("v", before))["plan"] == 0
