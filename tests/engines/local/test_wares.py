"""Everyday products are drawn as what they are, and not as a box."""

import pytest

from shared.engines.local.grammar import grammars
from shared.engines.local.plan import plan
from shared.engines.local.topics import hero_of, hero_of_beat


@pytest.mark.parametrize(
    ("prompt", "thing"),
    [
        ("Introducing the Aero kettle: boils in two minutes", "kettle"),
        ("Der Wasserkocher Aero kocht in zwei Minuten. 20 % Rabatt", "kettle"),
        ("Una tetera que silba. 20 % de descuento", "kettle"),
        ("Une bouilloire en inox. -20 %", "kettle"),
        ("A chaleira Aura ferve em dois minutos. 20 % de desconto", "kettle"),
        ("Un bollitore silenzioso. Sconto del 20 %", "kettle"),
        ("A cast iron pan for life, 20% off", "pan"),
        ("Our washing machine is quiet. 20% off", "washer"),
        ("A wool coat made in Porto", "shirt"),
        ("A cordless drill, 20% off", "drill"),
    ],
)
def test_a_product_is_drawn_as_its_kind(prompt: str, thing: str) -> None:
    assert {hero_of_beat(beat.prompt) for beat in plan(prompt, "cinematic", 12, 1).beats} == {thing}


@pytest.mark.parametrize(
    ("words", "language", "thing"),
    [
        ("our new desk lamp", "en-us", "lamp"),
        ("a bread knife", "en-us", "knife"),
        ("a dog bed", "en-us", "mattress"),
        ("a 3 bed house", "en-us", "house"),
        ("the lamp on the desk", "en-us", "lamp"),
        ("eine Schreibtischlampe", "de", "lamp"),
        ("die Regenjacke", "de", "shirt"),
    ],
)
def test_the_last_part_of_a_name_says_what_a_thing_is(
    words: str, language: str, thing: str
) -> None:
    found = hero_of(words, language)
    assert found is not None and found[0] == thing


@pytest.mark.parametrize("language", grammars())
def test_whatever_may_end_a_name_can_be_drawn(language: str) -> None:
    grammar = grammars()[language]
    assert grammar.words("heads") <= {*grammar.hero_of}
