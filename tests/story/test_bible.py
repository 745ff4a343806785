"""The bible: what comes again in a video has one number, one description, one reference."""

from shared.story.beats import Beat
from shared.story.bible import Bible, Entry, describe_beat, enter_product, is_seen, write_bible
from shared.story.product import Product, ProductLook, describe_product, name_colour, write_wish

BEATS = [
    Beat(index=0, start=0, duration=5, prompt="a", characters=("Mia",), setting="in a harbour"),
    Beat(index=1, start=5, duration=5, prompt="b", characters=("Tom", "Mia"), setting="at sea"),
    Beat(index=2, start=10, duration=5, prompt="c", setting="in a harbour"),
]
SHOE = Product(name="AirFlex", about="a running shoe", picture="w1")


def test_the_product_comes_first_then_people_then_places_that_come_again() -> None:
    product = enter_product(SHOE, None, "ada")
    bible = write_bible("noir", BEATS, {}, product)
    assert [(entry.what, entry.name) for entry in bible.entries] == [
        ("product", "AirFlex"),
        ("character", "Mia"),
        ("character", "Tom"),
        ("setting", "in a harbour"),
    ]
    assert bible.product == product and product.picture.startswith("images/")
    assert "Noir" in bible.style


def test_a_beat_has_the_descriptions_of_all_that_it_shows_word_for_word() -> None:
    looks = {"Mia": "a girl in a yellow coat", "in a harbour": "a harbour of stone, with nets"}
    bible = write_bible("noir", BEATS, looks, enter_product(SHOE, None, "ada"))
    assert describe_beat(bible, BEATS[0]) == (
        "AirFlex, a running shoe",
        "Mia: a girl in a yellow coat",
        "in a harbour: a harbour of stone, with nets",
    )
    assert describe_beat(bible, BEATS[2])[1:] == ("in a harbour: a harbour of stone, with nets",)


def test_a_product_is_seen_in_every_beat_a_person_only_where_named() -> None:
    assert is_seen(Entry(name="AirFlex", what="product"), [BEATS[2]])
    assert not is_seen(Entry(name="Mia"), [BEATS[2]])


def test_a_plan_of_before_has_no_bible() -> None:
    assert Bible() == Bible.model_validate({})


def test_the_colours_that_were_seen_are_part_of_the_description() -> None:
    look = ProductLook(key="k", palette=("#cc1e28", "#24242a", "#ffffff"))
    assert describe_product(SHOE, look) == "AirFlex, a running shoe, in red and black"
    told = Product(name="Tidewatch", about="Tidewatch shows the next good wave. It works offline.")
    assert describe_product(told) == "Tidewatch shows the next good wave"


def test_colours_have_everyday_names() -> None:
    names = {
        "cc1e28": "red", "f08020": "orange", "6b3a1a": "brown", "f0d020": "yellow",
        "208040": "green", "2050c0": "blue", "202020": "black", "f4f4f0": "white",
        "808080": "grey", "e060a0": "pink",
    }  # fmt: skip
    assert {digits: name_colour(bytes.fromhex(digits)) for digits in names} == names


def test_a_wish_tells_all_that_there_is_of_a_product() -> None:
    told = write_wish(SHOE.model_copy(update={"facts": ("Light",), "price": "$49"}))
    assert told == "Product: AirFlex\nAbout: a running shoe\nFact: Light\nPrice: $49"
