"""The planner: a first plan by a job, every later one as an answer to a revision."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.planner import SERVICE
from shared.story.events import (
    BeatsPlanned,
    Event,
    RevisionRequested,
    VideoRequested,
    VideoSteered,
)
from shared.story.images import image_key
from shared.story.kinds import PlanFailed
from shared.story.view import Decision, View
from tests.histories import VIDEO, Story, broken, done, plan, requested, retold


def revision(
    rev: int, action: str = "regenerate", beat: int = 0, **texts: Any
) -> RevisionRequested:
    return RevisionRequested.model_validate(
        {"video_id": VIDEO, "rev": rev, "action": action, "beat": beat, **texts}
    )


def planned(*facts: Event) -> Story:
    return Story(SERVICE, requested(), plan(3, 2), *facts)


def answers(told: Story) -> list[BeatsPlanned]:
    return [event for event in told.events.values() if isinstance(event, BeatsPlanned)]


def test_nothing_is_known_nothing_is_done() -> None:
    assert SERVICE.decide_on(View(VIDEO)) == Decision()


def test_a_request_is_planned_once_with_its_whole_brief() -> None:
    told = Story(SERVICE)
    (job,) = told.hear(requested(style="noir", owner="ada", priority=3))
    assert job.id == f"{VIDEO}/plan/0/0/1"
    assert (job.owner, job.priority) == ("ada", 3)
    assert job.input["brief"]["style"] == "noir"
    assert not told.done
    told.hear(plan())
    assert told.done


def test_a_failed_plan_ends_it() -> None:
    told = Story(SERVICE)
    (job,) = told.hear(requested())
    told.hear(broken(job))
    assert told.done
    assert told.events == {}


def test_a_revision_after_a_failed_plan_plans_anew() -> None:
    told = Story(SERVICE)
    (job,) = told.hear(requested())
    (again,) = told.hear(broken(job), revision(2, "retry"))
    assert again.id == f"{VIDEO}/plan/0/0/2"


def test_regenerating_a_beat_takes_its_image_and_its_clips_anew() -> None:
    told = planned(revision(2, beat=1))
    told.decide()
    (answer,) = answers(told)
    assert (answer.rev, answer.job, answer.cost) == (2, None, 0)
    assert answer.takes == {
        "image/1": 1, "clip/2": 1, "clip/3": 1, "conform/2": 1, "conform/3": 1,
    }  # fmt: skip
    assert told.done


def test_editing_the_narration_keeps_the_pictures() -> None:
    told = planned(revision(2, "edit", beat=0, narration="Other words."))
    told.decide()
    (answer,) = answers(told)
    assert answer.beats[0].narration == "Other words."
    assert answer.takes == {"voice/0": 1, "conform/0": 1, "conform/1": 1}


def test_editing_the_prompt_keeps_the_voice() -> None:
    told = planned(revision(2, "edit", beat=2, prompt="a whale"))
    told.decide()
    (answer,) = answers(told)
    assert answer.beats[2].prompt == "a whale"
    assert set(answer.takes) == {"image/2", "clip/4", "clip/5", "conform/4", "conform/5"}


def test_choosing_another_picture_draws_nothing_and_makes_the_clips_of_the_beat_again() -> None:
    told = planned(revision(2, "edit", beat=1, image=2))
    told.decide()
    (answer,) = answers(told)
    assert [beat.image for beat in answer.beats] == [0, 2, 0]
    assert set(answer.takes) == {"clip/2", "clip/3", "conform/2", "conform/3"}


def test_a_choice_is_over_once_there_are_other_pictures() -> None:
    told = planned(revision(2, "edit", beat=1, image=2), revision(3, "regenerate", beat=1))
    told.decide()
    assert answers(told)[-1].beats[1].image == 0


def test_an_edit_that_changes_nothing_makes_nothing_again() -> None:
    told = planned(revision(2, "edit", beat=0, prompt="scene 0"))
    told.decide()
    assert answers(told)[0].takes == {}


def test_retrying_a_beat_takes_all_of_it_anew() -> None:
    told = planned(revision(2, "retry", beat=0))
    told.decide()
    assert set(answers(told)[0].takes) == {
        "image/0", "voice/0", "clip/0", "clip/1", "conform/0", "conform/1",
    }  # fmt: skip


def test_retrying_a_video_raises_the_takes_that_it_names_and_no_others() -> None:
    asked = RevisionRequested(video_id=VIDEO, rev=2, action="retry", again=("clip/3", "image/1"))
    later = RevisionRequested(video_id=VIDEO, rev=3, action="retry", again=("clip/3",))
    told = planned(asked, later)
    told.decide()
    assert [a.takes for a in answers(told)] == [
        {"clip/3": 1, "image/1": 1},
        {"clip/3": 2, "image/1": 1},
    ]


def test_retrying_with_nothing_to_make_again_only_goes_on() -> None:
    told = planned(RevisionRequested(video_id=VIDEO, rev=2, action="retry", again=()))
    told.decide()
    (answer,) = answers(told)
    assert (answer.rev, answer.takes, answer.beats) == (2, {}, plan(3, 2).beats)


def test_a_cancelled_video_is_not_planned_until_a_revision_is_asked_for() -> None:
    cancelled = VideoSteered(video_id=VIDEO, rev=1, desired="cancelled")
    told = Story(SERVICE, cancelled)
    assert told.hear(requested()) == []
    assert told.done
    asked = RevisionRequested(video_id=VIDEO, rev=2, action="retry", again=())
    (job,) = told.hear(asked)
    assert job.id == f"{VIDEO}/plan/0/0/1"
    told.hear(plan(3, 2))
    assert [a.rev for a in answers(told)] == [2]


def test_skipping_a_beat_marks_it_and_regenerating_brings_it_back() -> None:
    told = planned(revision(2, "skip", beat=1), revision(3, beat=1))
    told.decide()
    assert [[b.skipped for b in answer.beats] for answer in answers(told)] == [
        [False, True, False],
        [False, False, False],
    ]
    assert answers(told)[0].takes == {}


def test_the_last_beat_that_is_left_can_not_be_skipped() -> None:
    told = planned(revision(2, "skip", 0), revision(3, "skip", 1), revision(4, "skip", 2))
    told.decide()
    assert [b.skipped for b in answers(told)[-1].beats] == [True, True, False]


def test_a_beat_that_does_not_exist_changes_nothing_but_is_answered() -> None:
    told = planned(revision(2, beat=9))
    told.decide()
    (answer,) = answers(told)
    assert (answer.rev, answer.beats, answer.takes) == (2, plan(3, 2).beats, {})


def test_revisions_apply_in_their_order_and_a_gap_waits() -> None:
    told = planned(revision(4, beat=0))
    told.decide()
    assert answers(told) == []
    assert not told.done
    told.hear(revision(3, beat=0))
    assert answers(told) == []
    told.hear(revision(2, beat=0))
    assert [(a.rev, a.takes["image/0"]) for a in answers(told)] == [(2, 1), (3, 2), (4, 3)]
    assert told.done


def test_reframing_makes_only_segments_anew() -> None:
    told = planned(revision(2, "reframe", aspect="1:1"), revision(3, "reframe", aspect="1:1"))
    told.decide()
    first, same = answers(told)
    assert (first.brief.aspect, first.rev, first.job) == ("1:1", 2, None)
    assert first.takes == {f"conform/{n}": 1 for n in range(6)}, "the plan has no end card"
    assert (same.brief, same.takes, same.rev) == (first.brief, first.takes, 3)


def test_an_answer_that_was_given_stands() -> None:
    given_before = plan(3, 2, rev=2, takes={"image/0": 7})
    told = planned(given_before, revision(2, beat=0), revision(3, beat=0))
    told.decide()
    assert [a.takes["image/0"] for a in answers(told)] == [7, 8]


FACTS: list[Event] = [
    requested(),
    plan(3, 2),
    revision(2, "edit", 1, prompt="other", narration="words"),
    revision(3, "skip", 0),
    revision(4, "retry", 2),
    revision(5, "reframe", aspect="16:9"),
    revision(7, "retry", 2),
    PlanFailed(video_id=VIDEO, job=f"{VIDEO}/plan/0/0/9", error="of another time"),
]


@settings(deadline=None)
@given(st.sets(st.sampled_from(range(len(FACTS))), min_size=1), st.data())
def test_any_order_and_any_duplicates_give_the_same_decision(
    which: set[int], data: st.DataObject
) -> None:
    facts = [FACTS[i] for i in sorted(which)]
    again = data.draw(retold(facts))
    assert SERVICE.decide_on(View(VIDEO, facts)) == SERVICE.decide_on(View(VIDEO, again))
    assert bool(SERVICE.decide_on(View(VIDEO, facts)).jobs) == any(
        isinstance(fact, VideoRequested) for fact in facts
    )


# ── from a script ───────────────────────────────────────────────────────────────────────────────

SCRIPT_ID = "s" + 32 * "0"


def test_a_script_is_read_before_its_characters_and_settings_are_found_side_by_side() -> None:
    told = Story(SERVICE)
    (read,) = told.hear(requested(script=SCRIPT_ID))
    assert read.kind == "script" and read.files["script"].startswith("scripts/")
    people, places = told.hear(done(read))
    assert (people.kind, places.kind) == ("characters", "settings")
    assert people.files == places.files, "both start from the scenes"
    assert told.hear(done(people)) == []
    (selection,) = told.hear(done(places))
    assert selection.kind == "selection"
    (job,) = told.hear(done(selection))
    assert job.id == f"{VIDEO}/plan/0/0/1"
    assert not told.done


def test_a_retry_does_again_only_the_step_that_failed() -> None:
    told = Story(SERVICE)
    (read,) = told.hear(requested(script=SCRIPT_ID))
    people, places = told.hear(done(read))
    told.hear(done(people))
    told.hear(broken(places))
    assert told.done
    (again,) = told.hear(revision(2, "retry"))
    assert again.id == f"{VIDEO}/settings/0/0/2"
    (selection,) = told.hear(done(again))
    assert selection.id == f"{VIDEO}/selection/0/0/2"


def test_the_picture_of_a_product_is_looked_at_before_the_plan() -> None:
    told = Story(SERVICE)
    shoe = {"name": "AirFlex", "picture": "w1"}
    (look,) = told.hear(requested(owner="ada", product=shoe))
    assert (look.kind, look.files) == ("product", {"picture": image_key("ada", "w1")})
    (job,) = told.hear(done(look))
    assert job.id == f"{VIDEO}/plan/0/0/1"
    assert job.input["look"]["key"] == "ProductSeen/0-0-1"
    told.hear(plan())
    assert told.done


def test_a_product_without_a_picture_is_planned_at_once() -> None:
    (job,) = Story(SERVICE).hear(requested(product={"name": "AirFlex"}))
    assert (job.kind, job.input["look"]) == ("plan", None)


def test_a_picture_that_was_looked_at_is_not_looked_at_again() -> None:
    told = Story(SERVICE)
    (look,) = told.hear(requested(product={"name": "AirFlex", "picture": "w1"}))
    (job,) = told.hear(done(look))
    (again,) = told.hear(broken(job), revision(2, "retry"))
    assert again.id == f"{VIDEO}/plan/0/0/2"
