"""Ads without a language model: what is said of a product, where it is, what the card asks."""

from typing import Any

import pytest

from shared.engines.local.ads import advertise, name_host
from shared.engines.local.pace import speaking_seconds
from shared.story.brief import Brief
from shared.story.drafts import Story
from shared.story.looks import STYLES
from shared.story.product import Product, write_wish

SHOE = {"name": "AirFlex", "about": "a running shoe made of recycled fishing nets"}


def ad(seconds: float = 27.5, style: str = "bold", **told: Any) -> Story:
    product = Product(**{**SHOE, **told})
    return advertise(Brief(prompt=write_wish(product), product=product, style=style), seconds)


def said(story: Story) -> list[str]:
    return [beat.narration for beat in story.beats]


def test_thirty_seconds_have_four_scenes_that_say_what_it_is_and_what_to_do() -> None:
    story = ad(offer="20% off until Sunday", call_to_action="Shop now")
    assert said(story) == [
        "AirFlex.",
        "A running shoe made of recycled fishing nets.",
        "",
        "AirFlex: 20% off until Sunday. Shop now.",
    ]
    assert (story.headline, story.cta) == ("AirFlex", "Shop now")


def test_facts_and_the_price_have_their_scenes_in_order() -> None:
    story = ad(facts=("Weighs 310 grams", "Lasts 800 kilometres"), price="$89", offer="20% off")
    assert said(story)[0] == "AirFlex, a running shoe made of recycled fishing nets."
    between = " ".join(said(story)[1:3])
    assert between == "Weighs 310 grams. Lasts 800 kilometres. AirFlex: $89."
    assert said(story)[3] == "AirFlex: 20% off."


@pytest.mark.parametrize(
    ("told", "call"),
    [
        ({"call_to_action": "Try it on"}, "Try it on"),
        ({"url": "https://www.AirFlex.example/shoe?x=1"}, "Visit airflex.example"),
        ({"offer": "20% off until Sunday"}, "Get 20% off"),
        ({}, "Discover more"),
        ({"price": "$89"}, "$89"),
        ({"price": "$89", "offer": "The second pair is free"}, "The second pair is free"),
        ({"offer": "so long an offer that no button can hold all of it"}, "Discover more"),
        ({"about": "eine Handcreme mit Olivenöl"}, "Mehr entdecken"),
        ({"about": "une crème pour les mains", "url": "creme.example"},
         "Rendez-vous sur creme.example"),
    ],
)  # fmt: skip
def test_a_call_to_action_is_written_where_none_is_given(told: dict[str, Any], call: str) -> None:
    assert ad(**told).cta == call


def test_every_picture_holds_the_same_words_for_the_product_and_is_another_one() -> None:
    story = ad()
    prompts = [beat.prompt for beat in story.beats]
    assert all("AirFlex, a running shoe made of recycled fishing nets" in each for each in prompts)
    assert all(each.endswith("featuring a shoe") for each in prompts)
    assert len({beat.setting for beat in story.beats}) == 4


def test_the_scenes_suit_what_the_product_is() -> None:
    shoe, cup = ad(), ad(about="fresh coffee at your door")
    assert [beat.setting for beat in shoe.beats] != [beat.setting for beat in cup.beats]
    assert "kitchen table" in cup.beats[0].setting


@pytest.mark.parametrize("style", STYLES)
def test_a_style_moves_the_camera_in_its_own_way(style: str) -> None:
    moves = {beat.camera.partition(", ")[2] for beat in ad(style=style).beats}
    assert moves <= set(STYLES[style].camera)


@pytest.mark.parametrize(
    ("seconds", "scenes"), [(3.75, 1), (8, 2), (12.5, 3), (27.5, 4), (57.5, 8)]
)
def test_longer_ads_have_more_scenes_and_no_two_alike(seconds: float, scenes: int) -> None:
    story = ad(seconds, facts=("Light", "Dry"), offer="20% off")
    assert len({beat.prompt for beat in story.beats}) == len(story.beats) == scenes
    assert "20% off" in story.beats[-1].narration


def test_too_many_facts_leave_room_for_the_offer() -> None:
    facts = tuple(f"Fact number {n} takes its time to be told in full" for n in range(12))
    story = ad(facts=facts, offer="20% off", call_to_action="Shop now")
    assert len(story.beats) == 4
    assert said(story)[-1] == "AirFlex: 20% off. Shop now."


@pytest.mark.parametrize(
    ("told", "last"),
    [
        ({"offer": "20% off until Sunday"}, "20% off until Sunday."),
        ({"price": "$89", "call_to_action": "Try it on today"}, "AirFlex: $89."),
    ],
)
def test_where_time_is_short_the_offer_is_said_before_the_name(
    told: dict[str, str], last: str
) -> None:
    assert said(ad(12.5, **told))[-1] == last


LANTERN: dict[str, Any] = {
    "name": "Lumo",
    "about": "A solar lantern that folds flat, survives rain and sand, and charges your phone "
    "through a hidden port in its base. It was designed by two climbers who were tired of heavy "
    "gear. Every part of it can be repaired at home with a coin.",
}


@pytest.mark.parametrize("seconds", [12.5, 27.5])
def test_a_long_description_pushes_out_no_offer_no_price_and_no_number(seconds: float) -> None:
    facts = ("60 hours of light", "Weighs little")
    story = ad(seconds, **LANTERN, facts=facts, price="$29", offer="20% off")
    heard = " ".join(said(story))
    assert all(each in heard for each in ("Lumo, a solar lantern", "60 hours", "$29", "20% off"))
    assert said(story)[-1].endswith("20% off.")
    assert sum(max(5.0, speaking_seconds(each)) for each in said(story)[:-1]) <= seconds - 2


def test_a_long_opening_is_cut_at_the_end_of_a_phrase() -> None:
    about = "Tote 9 is the bag for whoever carries a laptop and a lunch through a long day outside"
    story = ad(12.5, name="Tote 9", about=about, facts=("Weighs 300 grams",), price="$40")
    assert said(story) == [
        "Tote 9 is the bag for whoever carries a laptop.",
        "Weighs 300 grams.",
        "$40.",
    ]


def test_a_name_alone_is_enough() -> None:
    story = advertise(Brief(prompt="x", product=Product(name="Zed 3")), 27.5)
    assert said(story) == ["Zed 3.", "", "", "Zed 3."]


def test_in_a_language_without_a_grammar_it_is_told_in_its_own_words() -> None:
    story = ad(name="暖", about="朝の一杯のためのカップ", offer="20%オフ")
    assert "朝の一杯のためのカップ" in said(story)[0] + said(story)[1]
    assert story.cta


def test_the_host_is_what_a_person_says() -> None:
    assert name_host("https://www.shop.example/a?b") == "shop.example"
