"""The storyboard: one image a beat, references before it, a card where one is wanted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.storyboard import SERVICE
from shared.story.beats import WrongImageCount
from shared.story.bible import Entry, write_bible
from shared.story.brief import EndCard
from shared.story.events import BeatsPlanned
from shared.story.kinds import CARD, IMAGE, REFERENCE, PlanFailed
from shared.story.view import Decision, View
from tests.histories import VIDEO, Story, broken, done, plan, retold

CAST = [("Ada",), (), ("Ben", "Ada")]


def test_without_a_plan_there_is_nothing_to_draw() -> None:
    assert SERVICE.decide_on(View(VIDEO)) == Decision()
    assert SERVICE.decide_on(
        View(VIDEO, [PlanFailed(video_id=VIDEO, job="v1/plan/0/0/1", error="x")])
    ).done


@pytest.mark.parametrize("beats", [1, 2, 3, 4, 5, 7])
def test_exactly_one_image_a_beat_mapped_by_its_index(beats: int) -> None:
    told = Story(SERVICE)
    jobs = told.hear(plan(beats, 2))
    assert [(job.kind, job.beat) for job in jobs] == [(IMAGE.name, b) for b in range(beats)]
    assert [job.input["prompt"] for job in jobs] == [f"scene {b}" for b in range(beats)]
    assert {job.input["total"] for job in jobs} == {beats}


def test_the_size_follows_aspect_and_quality() -> None:
    (job,) = Story(SERVICE).hear(plan(1, aspect="16:9", quality="full"))
    assert (job.input["width"], job.input["height"]) == (1920, 1080)


def test_a_card_where_one_is_wanted() -> None:
    told = Story(SERVICE)
    jobs = told.hear(plan(1, end_card=EndCard()))
    assert [job.kind for job in jobs] == [IMAGE.name, CARD.name]
    assert jobs[1].input["title"] == "A title"


def test_it_is_done_when_all_has_settled_well_or_badly() -> None:
    told = Story(SERVICE)
    first, second = told.hear(plan(2))
    told.hear(done(first))
    assert not told.done
    told.hear(broken(second))
    assert told.done


def test_a_skipped_beat_has_no_image() -> None:
    assert [job.beat for job in Story(SERVICE).hear(plan(3, skipped=[1]))] == [0, 2]


def test_images_wait_for_the_references_they_need() -> None:
    told = Story(SERVICE)
    jobs = told.hear(plan(3, characters=CAST))
    assert [(j.kind, j.n, j.beat) for j in jobs] == [
        (REFERENCE.name, 0, 0), (REFERENCE.name, 1, 0), (IMAGE.name, 0, 1),
    ]  # fmt: skip
    assert [j.input["name"] for j in jobs[:2]] == ["Ada", "Ben"]
    (ada,) = told.hear(done(jobs[0]))
    assert (ada.beat, ada.files) == (0, {"reference/0": "ReferenceReady/0-0-0"})
    told.hear(done(jobs[2]), done(ada))
    assert not told.done
    (both,) = told.hear(done(jobs[1]))
    assert (both.beat, sorted(both.files)) == (2, ["reference/0", "reference/1"])


def test_an_image_goes_on_without_a_reference_that_failed() -> None:
    told = Story(SERVICE)
    jobs = told.hear(plan(3, characters=CAST))
    images = told.hear(done(jobs[0]), broken(jobs[1]))
    assert [(j.beat, sorted(j.files)) for j in images] == [
        (0, ["reference/0"]), (2, ["reference/0"]),
    ]  # fmt: skip


def ad(**entry: str) -> BeatsPlanned:
    """A plan for a product; in its first and last beat the place is the same."""
    made = plan(3)
    places = ("by the sea", "on a street", "by the sea")
    beats = [b.model_copy(update={"setting": s}) for b, s in zip(made.beats, places, strict=True)]
    product = Entry(name="AirFlex", what="product", looks="AirFlex, a shoe", **entry)
    bible = write_bible("bold", beats, {}, product)
    return made.model_copy(update={"beats": tuple(beats), "bible": bible})


def test_a_given_picture_of_a_product_is_a_reference_that_nobody_has_to_make() -> None:
    told = Story(SERVICE)
    place, street = told.hear(ad(picture="images/p.webp", cutout="cut.png"))
    assert (place.kind, place.n, place.input["what"]) == (REFERENCE.name, 1, "setting")
    assert (street.kind, street.beat) == (IMAGE.name, 1)
    assert street.files == {"reference/0": "images/p.webp", "product": "cut.png"}
    assert street.input["looks"] == ["AirFlex, a shoe"]
    first, last = told.hear(done(place))
    assert [*first.files] == [*last.files] == ["reference/0", "reference/1", "product"]


def test_a_product_without_a_picture_is_drawn_once_before_its_images() -> None:
    told = Story(SERVICE)
    jobs = told.hear(ad())
    assert [(job.kind, job.n) for job in jobs] == [(REFERENCE.name, 0), (REFERENCE.name, 1)]
    assert jobs[0].input["looks"] == "AirFlex, a shoe"
    (street,) = told.hear(done(jobs[0]))
    assert street.files == {"reference/0": "ReferenceReady/0-0-0"}


def test_a_skipped_beat_needs_no_reference() -> None:
    jobs = Story(SERVICE).hear(plan(3, characters=CAST, skipped=[2]))
    assert [j.input["name"] for j in jobs if j.kind == REFERENCE.name] == ["Ada"]


def test_a_regenerated_beat_is_drawn_at_its_new_take() -> None:
    told = Story(SERVICE)
    told.hear(plan(2))
    (job,) = told.hear(plan(2, rev=2, takes={"image/1": 1}))
    assert job.id == f"{VIDEO}/image/1/0/1"


def test_a_plan_with_two_beats_of_one_number_is_an_error_with_both_numbers() -> None:
    of = plan(2)
    twice = of.model_copy(update={"beats": (of.beats[0], of.beats[0])})
    with pytest.raises(WrongImageCount, match="2 beats need 2 images"):
        SERVICE.decide_on(View(VIDEO, [twice]))


@settings(deadline=None)
@given(st.integers(0, 6), st.data())
def test_any_order_and_any_duplicates_give_the_same_decision(
    settled: int, data: st.DataObject
) -> None:
    told = Story(SERVICE)
    told.hear(plan(3, characters=CAST, end_card=EndCard()))
    for _ in range(settled):
        if told.open:
            job = data.draw(st.sampled_from(told.open))
            told.hear(data.draw(st.sampled_from([done(job), broken(job)])))
    facts = list({fact.id: fact for fact in told.facts}.values())
    again = data.draw(retold(facts))
    assert SERVICE.decide_on(View(VIDEO, facts)) == SERVICE.decide_on(View(VIDEO, again))
