"""What a video will cost, before it is made."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import NAMES, load
from shared.jobs.outcomes import Quote
from shared.story.brief import Brief, EndCard
from shared.story.errors import BadInput, PermanentError
from shared.story.estimate import estimate_plan, estimate_video, price_request
from shared.story.events import Event
from shared.story.kinds import CLIP, CONFORM, IMAGE, KINDS, ConformOrder
from shared.story.plan import active_beats, active_chunks
from shared.story.shape import expect_plan
from shared.story.view import JobSpec
from tests.histories import Story, full_plan, plan, requested
from tests.prices import CENT, ask


def test_every_item_of_a_plan_is_on_the_list() -> None:
    made = full_plan(beats=3, chunks=2, characters=[["Ada"], ["Ada", "Bob"], []])
    priced = estimate_plan(made, ask)
    lines = {line.kind: (line.items, line.ceiling, line.total) for line in priced.lines}
    assert lines == {
        "reference": (2, 4 * CENT, 8 * CENT),
        "image": (3, 4 * CENT, 12 * CENT),
        "card": (1, 4 * CENT, 4 * CENT),
        "voice": (3, CENT, 3 * CENT),
        "music": (1, 5 * CENT, 5 * CENT),
        "clip": (6, 25 * CENT, 150 * CENT),
    }
    assert priced.total == 182 * CENT == sum(line.total for line in priced.lines)
    assert (priced.clips, priced.seconds, priced.is_complete) == (6, 32.5, True)


def test_what_is_left_out_costs_nothing() -> None:
    silent = plan(3, 1, narration="", skipped=[1])
    lines = {line.kind: line.items for line in estimate_plan(silent, ask).lines}
    assert lines == {"image": 2, "clip": 2}


def test_a_video_costs_its_planning_too() -> None:
    shape = expect_plan("v", Brief(prompt="the sea", duration=30))
    whole, rest = estimate_video(shape, ask), estimate_plan(shape, ask)
    assert whole.total == rest.total + 2 * CENT
    assert "compared with the budget" in whole.notes[-1]


def test_two_models_of_one_kind_are_two_lines_and_the_dearest_item_is_named() -> None:
    def uneven(spec: JobSpec) -> Quote:
        first = spec.kind == CLIP.name and spec.n == 0
        return Quote(7 if first else 3 + spec.n, "a" if first else "b")

    lines = [line for line in estimate_plan(plan(3, 1), uneven).lines if line.kind == "clip"]
    assert [(line.model, line.items, line.ceiling, line.total) for line in lines] == [
        ("a", 1, 7, 7),
        ("b", 2, 5, 9),
    ]


def test_what_has_no_ceiling_is_named_and_the_estimate_says_that_it_lacks_something() -> None:
    def unbounded(spec: JobSpec) -> Quote:
        return Quote(None, "maker/odd") if spec.kind == IMAGE.name else ask(spec)

    priced = estimate_plan(plan(2, 1), unbounded)
    assert not priced.is_complete
    [note] = priced.notes
    assert note.startswith("image: maker/odd") and "not run" in note


def test_what_can_never_be_made_is_named_once_and_not_counted() -> None:
    def refusing(spec: JobSpec) -> Quote:
        if spec.kind == CLIP.name:
            raise PermanentError("there is no model “fast”")
        return ask(spec)

    priced = estimate_plan(plan(3, 1), refusing)
    assert priced.notes == ("clip: there is no model “fast”",)
    assert "clip" not in {line.kind for line in priced.lines}


@pytest.mark.parametrize("seed", range(3))
def test_the_jobs_that_are_priced_are_the_jobs_that_are_asked_for(seed: int) -> None:
    """Whatever a decision asks of an engine, its price was known from the plan."""
    made = full_plan(beats=3, chunks=2, characters=[["Ada"], ["Ada", "Bob"], []])
    expected = {job.id: job for kind in KINDS for job in kind.expect(made)}
    asked: dict[str, JobSpec] = {}
    facts: list[Event] = [requested(), made]
    for name in (name for name in NAMES if name in {"storyboard", "soundtrack", "chunker"}):
        story = Story(load(name), *facts)
        story.play(seed=seed)
        asked |= story.jobs
        facts = story.facts
    assert asked.keys() == expected.keys()
    for id_, job in asked.items():
        assert job.input == expected[id_].input, id_
        assert job.files.keys() == expected[id_].files.keys(), id_


def test_a_wish_for_models_goes_with_each_job_of_its_kind() -> None:
    asked: dict[str, set[tuple[str, ...]]] = {}

    def note(spec: JobSpec) -> Quote:
        asked.setdefault(spec.kind, set()).add(spec.models)
        return ask(spec)

    models = {"image": "maker/brush", "plan": "maker/mind"}
    made = full_plan(characters=[["Ada"], [], []], tier="draft", models=models)
    estimate_video(made, note)
    assert asked == {
        "plan": {("maker/mind",)},
        # a picture is a picture
        **{kind: {("maker/brush",)} for kind in ("reference", "image", "card")},
        **{kind: {("draft",)} for kind in ("voice", "music", "clip")},
    }


def test_without_a_wish_any_model_will_do_and_own_work_has_none() -> None:
    assert {job.models for kind in KINDS for job in kind.expect(full_plan())} == {()}
    order = ConformOrder(width=2, height=2, frames=1)
    assert CONFORM.ask(full_plan(tier="best"), order).models == ()


def test_a_request_for_models_that_there_are_not_is_refused_and_each_is_named_once() -> None:
    def refuse(spec: JobSpec) -> Quote:
        if spec.kind in ("clip", "music"):
            raise BadInput(f"no model for {spec.kind}", "models")
        return ask(spec)

    shape = expect_plan("v", Brief(prompt="the sea"))
    with pytest.raises(BadInput) as caught:
        price_request(shape, refuse)
    assert str(caught.value) == "no model for music; no model for clip"
    assert caught.value.field == "models"
    # what was accepted once is not refused any more: it is said, and costs nothing
    assert not estimate_video(shape, refuse).is_complete


@settings(deadline=None)
@given(st.floats(5, 180), st.floats(1, 10))
def test_a_shape_fills_its_duration(duration: float, card: float) -> None:
    shape = expect_plan(
        "v", Brief(prompt="the sea", duration=duration, end_card=EndCard(seconds=card))
    )
    assert estimate_video(shape, ask).seconds == pytest.approx(duration, abs=0.002)
    assert len(active_beats(shape)) <= len(active_chunks(shape))


@pytest.mark.parametrize(("duration", "clips"), [(5, 1), (15, 3), (30, 6), (60, 12), (180, 36)])
def test_longer_videos_have_more_clips(duration: float, clips: int) -> None:
    assert (
        estimate_video(expect_plan("v", Brief(prompt="x", duration=duration)), ask).clips == clips
    )
