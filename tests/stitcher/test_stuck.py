"""A service that breaks over a video: the video fails, with the service and its error."""

from importlib import import_module
from typing import Any

import pytest

from services.stitcher import SERVICE
from shared.story.beats import WrongImageCount
from shared.story.events import DeadLettered, Event, RevisionRequested, VideoCompleted, VideoFailed
from tests.histories import VIDEO, Story, image, plan, requested
from tests.stitcher.test_decide import made


def letter(event: Event, service: str = "chunker", **known: Any) -> DeadLettered:
    given = {"at": 5_000, "error": "KeyError: 7", "stuck": True, **known}
    return DeadLettered(
        video_id=VIDEO, service=service, topic=type(event).__name__, position=event.slot, **given
    )


def failures(told: Story) -> list[tuple[int, str, str]]:
    ends = [end for end in told.of(VideoFailed) if isinstance(end, VideoFailed)]
    return [(end.rev, end.phase, end.error) for end in ends]


def test_it_fails_the_video_with_phase_and_cause() -> None:
    of = plan(2)
    told = Story(SERVICE, requested(), of)
    told.hear(letter(of))
    assert failures(told) == [(1, "chunker", "KeyError: 7")]
    assert told.done


def test_before_there_is_a_plan() -> None:
    told = Story(SERVICE, requested())
    told.hear(letter(requested(), "planner"))
    assert failures(told) == [(1, "planner", "KeyError: 7")]


def test_the_stitcher_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*given: object) -> None:
        raise RuntimeError("it can't be laid out")

    of = plan(1)
    monkeypatch.setattr(import_module("services.stitcher.decide"), "find_waves", breaks)
    told = Story(SERVICE, requested(), of)
    with pytest.raises(RuntimeError):
        told.decide()
    told.hear(letter(of, "stitcher", error="RuntimeError: it can't be laid out"))
    assert failures(told) == [(1, "stitcher", "RuntimeError: it can't be laid out")]


def test_a_letter_about_a_message_that_was_none_ends_nothing() -> None:
    of = plan(2)
    told = Story(SERVICE, requested(), of)
    told.hear(letter(of, stuck=False))
    assert failures(told) == [] and not told.done


def test_what_is_whole_is_not_failed_afterwards() -> None:
    of = plan(2)
    told = Story(SERVICE, *made(of))
    told.play()
    told.hear(letter(of))
    assert failures(told) == [] and told.of(VideoCompleted)


def test_a_cut_that_waits_for_the_broken_service_does_not_wait_for_ever() -> None:
    of = plan(2)
    facts = [fact for fact in made(of) if type(fact).__name__ != "WavesCompleted"]
    told = Story(SERVICE, *facts)
    told.play()
    assert not told.of(VideoCompleted)
    told.hear(letter(of))
    assert failures(told) == [(1, "chunker", "KeyError: 7")]


def test_a_later_plan_starts_afresh_and_may_break_again() -> None:
    of, again = plan(2), plan(2, rev=2).model_copy(update={"at": 9_000})
    told = Story(SERVICE, requested(), of)
    told.hear(letter(of))
    told.hear(again)
    assert failures(told) == [(1, "chunker", "KeyError: 7")] and not told.done
    # told by a clock that is a little behind: it is about this very plan all the same
    told.hear(letter(again, at=8_999))
    assert [rev for rev, *_ in failures(told)] == [1, 2]


def test_a_revision_that_the_planner_breaks_over_fails_as_that_revision() -> None:
    of = plan(2)
    asked = RevisionRequested(video_id=VIDEO, rev=2, action="skip", beat=0)
    told = Story(SERVICE, *made(of))
    told.play()
    told.hear(letter(asked, "planner"))
    assert told.of(VideoCompleted) and failures(told) == [(2, "planner", "KeyError: 7")]


@pytest.mark.parametrize(
    ("wrong", "count"),
    [({"job": f"{VIDEO}/image/1/1/0", "n": 1}, 3), ({"job": f"{VIDEO}/image/7/0/0", "beat": 7}, 3)],
)
def test_a_wrong_count_of_images_is_an_error_with_both_numbers(
    wrong: dict[str, Any], count: int
) -> None:
    of = plan(2)
    extra = image(of, 1).model_copy(update=wrong)
    told = Story(SERVICE, *made(of), extra)
    with pytest.raises(WrongImageCount, match=f"2 beats need 2 images.* {count}$"):
        told.play()


def test_images_of_former_takes_and_of_skipped_beats_do_not_count() -> None:
    before = plan(3)
    of = plan(3, rev=2, takes={"image/0": 1}, skipped=[2])
    told = Story(SERVICE, *made(before)[1:], *made(of))
    told.play()
    assert told.of(VideoCompleted)


def test_nothing_is_made_for_a_video_that_has_failed() -> None:
    of = plan(2)
    told = Story(SERVICE, *made(of))
    told.hear(letter(of))
    (end,) = told.of(VideoFailed)
    told.jobs.clear()
    assert told.hear(end) == [] and told.done
    told.facts = [fact for fact in told.facts if not isinstance(fact, DeadLettered)]
    assert told.decide() == [] and told.done
