"""The plan job: from a brief to all that BeatsPlanned carries."""

import logging
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.planner.report import report
from services.planner.work import make_plan
from shared.jobs.engine import Workspace
from shared.story.beats import count_frames
from shared.story.brief import Brief, EndCard
from shared.story.errors import BadInput
from shared.story.events import BeatsPlanned
from shared.story.formats import frame_at
from shared.story.kinds import PLAN, PlanOrder, Success
from shared.story.plan import active_chunks
from shared.story.view import JobSpec

TEN = " ".join(f"Scene number {n} shows another part of the story." for n in range(10))


def planned(
    folder: Path, prompt: str = "A lighthouse keeper who paints the sea", **brief: object
) -> BeatsPlanned:
    wanted = Brief.model_validate({"prompt": prompt, **brief})
    made = make_plan(PlanOrder(video_id="v1", brief=wanted), Workspace(folder))
    assert made.files == {}
    order = PlanOrder(video_id="v1", brief=wanted)
    spec = JobSpec(kind=PLAN.name, video_id="v1", owner="local", take=1)
    event = PLAN.build(Success(spec, order, made.data, cost=0, at=1_000))
    assert isinstance(event, BeatsPlanned)
    return event


@pytest.mark.parametrize("duration", [5, 6.4, 10, 15, 30, 61, 180])
@pytest.mark.parametrize("card", [None, EndCard()])
def test_beats_chunks_and_card_fill_the_duration_to_the_frame(
    tmp_path: Path, duration: float, card: EndCard | None
) -> None:
    made = planned(tmp_path, duration=duration, end_card=card)
    last = made.beats[-1]
    story = sum(count_frames(chunk) for chunk in active_chunks(made))
    assert story == frame_at(last.start + last.duration)
    settled = made.brief.end_card
    assert (settled is None) == (card is None)
    ending = settled.seconds if settled else 0
    assert round(last.start + last.duration + ending, 3) == duration
    assert all(beat.duration >= 5 for beat in made.beats[:-1])


def test_ten_beats_for_15_seconds_are_cut_to_three_and_that_is_recorded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counted = metric("storywave_plans_truncated_total")
    made = planned(tmp_path, TEN, duration=15, end_card=None)
    with caplog.at_level(logging.WARNING, logger="storywave.planner"):
        report(made)
    assert [(b.start, b.duration) for b in made.beats] == [(0, 5), (5, 5), (10, 5)]
    assert made.truncation is not None
    assert (made.truncation.video_id, made.truncation.before, made.truncation.after) == (
        "v1",
        10,
        3,
    )
    assert made.truncation.at == 1_000
    assert metric("storywave_plans_truncated_total") == counted + 1
    (warning,) = caplog.records
    told = vars(warning)
    assert (told["video_id"], told["stage"], told["action"]) == ("v1", "plan", "truncate")


def test_a_plan_that_was_made_for_another_video_names_the_one_it_is_of(tmp_path: Path) -> None:
    """As a copy does, where the same was asked for before."""
    brief = Brief(prompt=TEN, duration=15)
    made = make_plan(PlanOrder(video_id="v1", brief=brief), Workspace(tmp_path))
    spec = JobSpec(kind=PLAN.name, video_id="v2", owner="local", take=1)
    copied = PLAN.build(
        Success(spec, PlanOrder(video_id="v2", brief=brief), made.data, cost=0, at=1_000)
    )
    assert isinstance(copied, BeatsPlanned) and copied.truncation is not None
    assert (copied.video_id, copied.truncation.video_id) == ("v2", "v2")


def test_what_fits_is_not_truncated(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = planned(tmp_path, TEN, duration=60)
    report(made)
    assert (len(made.beats), made.truncation, caplog.records) == (10, None, [])


def metric(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


def test_the_card_says_what_the_story_says_where_the_user_left_it_open(tmp_path: Path) -> None:
    asked = EndCard(call_to_action="Come and see", product_image="abc")
    open_card = planned(tmp_path, end_card=asked).brief.end_card
    assert open_card is not None
    assert open_card.headline
    assert open_card.call_to_action == "Come and see"
    assert open_card.product_image == "abc"


def test_an_unknown_style_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cinematic"):
        planned(tmp_path, style="baroque")
