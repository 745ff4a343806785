"""What is said is what a person would say, and captions still show what is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.story.speech.rules import RULES
from shared.story.speech.spoken import say


def said(text: str) -> str:
    return " ".join(say(text).text.split())


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("$19.99", "nineteen dollars and ninety-nine cents"),
        ("$1", "one dollar"),
        ("£0.50", "fifty pence"),
        ("20 €", "twenty euros"),
        ("$1.5 million", "one point five million dollars"),
        ("$3bn", "three billion dollars"),
        ("$20/month", "twenty dollars per month"),
        ("$5–$10", "five dollars to ten dollars"),
        ("99¢", "ninety-nine cents"),
        ("20% off", "twenty percent off"),
        ("20-30%", "twenty to thirty percent"),
        ("1,250 people", "one thousand two hundred fifty people"),
        ("3.05", "three point zero five"),
        ("007", "zero zero seven"),
        ("1,000,000", "one million"),
        ("in 1969", "in nineteen sixty-nine"),
        ("in 2005", "in two thousand five"),
        ("in 1905", "in nineteen oh five"),
        ("the 1990s", "the nineteen nineties"),
        ("the '80s", "the eighties"),
        ("Nov. 27, 2026", "November twenty-seventh, twenty twenty-six"),
        ("2026-11-27", "November twenty-seventh, twenty twenty-six"),
        ("12/25/2026", "December twenty-fifth, twenty twenty-six"),
        ("27 November", "November twenty-seventh"),
        ("the 21st", "the twenty-first"),
        ("at 9:30 am", "at nine thirty A M"),
        ("at 9:05", "at nine oh five"),
        ("at 10:00", "at ten o'clock"),
        ("doors 7.30pm, 10am-2pm", "doors seven thirty P M, ten A M to two P M"),
        ("on 21.06.2025", "on June twenty-first, twenty twenty-five"),
        ("Sat 7 Dec", "Saturday December seventh"),
        ("the 80s", "the eighties"),
        ("call 01273 555 123", "call zero one two seven three, five five five, one two three"),
        ("+44 7700 900123", "four four, seven seven zero zero, nine zero zero one two three"),
        ("98220 12345", "nine eight two two zero, one two three four five"),
        ("a 14 kg bike", "a fourteen kilogram bike"),
        ("7 million km²", "seven million square kilometers"),
        ("Henry VIII in WWII", "Henry the eighth in World War Two"),
        ("open 24/7", "open twenty-four seven"),
        ("5kg", "five kilograms"),
        ("1 km", "one kilometer"),
        ("26.2 miles at 10 km/h", "twenty-six point two miles at ten kilometers per hour"),
        ("-5°C", "minus five degrees Celsius"),
        ("in 4K", "in four K"),
        ("3x faster", "three times faster"),
        ("3/4 cup", "three quarters cup"),
        ("Dr. Smith vs. Mrs. Jones", "Doctor Smith versus Missus Jones"),
        ("on Main St. near St. Mary", "on Main Street near Saint Mary"),
        ("cheese, ham, etc.", "cheese, ham, et cetera."),
        ("the U.S. team", "the U S team"),
        ("World War II", "World War two"),
        ("version 2.0.1", "version two point zero point one"),
        ("airflex.com/sale", "airflex dot com slash sale"),
        ("info@airflex.com", "info at airflex dot com"),
        ("555-1234", "five five five, one two three four"),
        ("bread & butter", "bread and butter"),
        ("#AirFlex is #1", "hashtag AirFlex is number one"),
        ("AirFlex™ 🦊 runs", "AirFlex runs"),
        ("Wait. I may go.", "Wait. I may go."),
    ],
)
def test_english_is_said_as_a_person_would(written: str, spoken: str) -> None:
    assert said(written) == spoken


def test_other_languages_keep_their_numbers_for_their_own_voice() -> None:
    assert say("Ahorra un 20 % hoy", "es").text == "Ahorra un 20 % hoy"


def test_a_name_is_said_as_it_was_given_in_any_case_but_not_within_words() -> None:
    names = {"AirFlex": "air flex", "AirFlex Pro": "air flex pro"}
    assert say("AIRFLEX, airflexes and AirFlex Pro", names=names).text == (
        "air flex, airflexes and air flex pro"
    )
    assert say("¡AirFlex!", "es", names).text == "¡air flex!"


def test_each_spoken_word_knows_where_it_is_written() -> None:
    text = "Pay $19.99 for AirFlex today"
    spoken = say(text, names={"airflex": "air flex"})
    found = {
        word: text[spoken.find_written(spoken.text.index(word)) :].split()[0]
        for word in ("Pay", "nineteen", "cents", "air", "flex", "today")
    }
    assert found == {
        "Pay": "Pay",
        "nineteen": "$19.99",
        "cents": "$19.99",
        "air": "AirFlex",
        "flex": "AirFlex",
        "today": "today",
    }


@given(st.text(max_size=80) | st.from_regex(r"[$€ 0-9.,:/%°A-Za-z-]{0,40}", fullmatch=True))
def test_any_text_can_be_said_and_every_place_is_in_it(text: str) -> None:
    spoken = say(text)
    places = [spoken.find_written(at) for at in range(len(spoken.text))]
    assert all(0 <= place <= len(text) for place in places)
    assert places == sorted(places)


AROUND = [
    "$",
    "€",
    "¢",
    "%",
    "#",
    "'",
    "-",
    "–",
    ".",
    ",",
    ":",
    "/",
    "K",
    "k",
    "M",
    "am",
    "pm",
    "a.m.",
    "to",
    "th",
    "st",
    "s",
    "No.",
    "Nov.",
    "November",
    "kg",
    "percent",
    "million",
    "month",
    "half",
    "dollars",
    "°C",
    "x",
    "the",
    "of",
]
"""What stands around the figures that rules find."""


@given(st.lists(st.sampled_from(AROUND), max_size=8), st.sampled_from(["", " "]))
def test_a_rule_of_figures_finds_nothing_where_there_is_none(parts: list[str], gap: str) -> None:
    text = gap.join(parts)
    assert not [rule for rule in RULES if rule.is_of_figures and rule.pattern.search(text)]
    assert any(rule.is_of_figures and rule.pattern.search(f"{text} 5") for rule in RULES)
