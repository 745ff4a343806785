"""What is known of a video: its view goes on with the facts, and is never older than they are."""

import random

import pytest

from shared.runtime.known import Change, Facts, Known
from shared.story.events import (
    Event,
    VideoDeleted,
    VideoFailed,
    VideoRequested,
    WavesCompleted,
)
from shared.story.kinds import IMAGE, ImageFailed, ImageReady
from shared.story.view import Decision, JobSpec, View
from tests.runtime.test_shell import image, request


def waves(rev: int, at: int = 0) -> WavesCompleted:
    """The end of a revision's clips."""
    return WavesCompleted(video_id="v", rev=rev, total=1, succeeded=1, at=at)


def describe(view: View) -> object:
    """All that a decision can see."""
    types: tuple[type[Event], ...] = (VideoRequested, ImageReady, ImageFailed, WavesCompleted)
    facts = [view.all(cls) for cls in types]
    return facts, view.released, view.in_flight, dict(sorted(view.ends.items()))


def make_anew(known: Known) -> View:
    """The view of what is known, folded from the beginning."""
    facts: Facts = {**known.decided, **known.facts}
    return View(known.video_id, facts.values(), known.released)


@pytest.mark.parametrize("seed", range(20))
def test_the_view_that_went_on_is_the_one_that_is_made_anew(seed: int) -> None:
    rng, known = random.Random(seed), Known("v")
    failed = ImageFailed(video_id="v", job="v/image/7/0/0", beat=7, error="no")
    facts: list[Event] = [request(), *map(image, range(4)), failed, waves(1, at=5), waves(2, at=5)]
    spec = [JobSpec(kind=IMAGE.name, video_id="v", beat=n) for n in range(5)]
    for _ in range(12):
        heard = known.hear(rng.choices(facts, k=rng.randrange(3)))
        if rng.random() < 0.5:  # else nobody has looked at it in between
            assert describe(heard.view) == describe(make_anew(heard))
            assert heard.view.ends is not None
        jobs = tuple(rng.sample(spec, rng.randrange(3)))
        decision = Decision(jobs, tuple(waves(rev) for rev in rng.sample((1, 2), rng.randrange(3))))
        known = Change.of(known, heard, decision, now=9, patience=100).result
        assert describe(known.view) == describe(make_anew(known))


def test_what_was_heard_counts_and_not_what_is_decided_beside_it() -> None:
    heard = Known("v").hear([request(), waves(1, at=5)])
    assert heard.view.all(WavesCompleted) == [waves(1, at=5)]
    decided = Change.of(Known("v"), heard, Decision(events=(waves(1, at=7),)), 9, 100).result
    assert decided.view.all(WavesCompleted) == [waves(1, at=5)]


def test_what_was_decided_counts_as_it_was_told_once_that_is_heard() -> None:
    asked = Known("v").hear([request()])
    decided = Change.of(Known("v"), asked, Decision(events=(waves(1, at=7),)), 9, 100).result
    assert decided.view.all(WavesCompleted) == [waves(1, at=7)]
    assert decided.hear([waves(1, at=5)]).view.all(WavesCompleted) == [waves(1, at=5)]


def test_a_tombstone_shows_nothing_of_what_was() -> None:
    known = Known("v").hear([request(), image(0)])
    assert known.view.facts
    stone = VideoDeleted(video_id="v")
    assert known.hear([stone]).view.facts == [stone]
    assert not known.hear([stone]).view.ends


def test_a_view_is_not_changed_by_the_one_that_goes_on_from_it() -> None:
    view = View("v", [request(), image(0)], ["v/image/0/0/0"])
    before = describe(view)
    view.extend([image(1), VideoFailed(video_id="v", rev=1, phase="x", error="y")], ["v/image/1"])
    assert describe(view) == before
