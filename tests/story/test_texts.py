"""Texts from outside do no harm, and what people write stays as they wrote it."""

import json
import re
import unicodedata

import pytest
from hypothesis import given

from shared.story.texts import VISIBLE, clean_text, escape_controls, escape_line, make_one_line
from tests.unicode import OBEYED, any_text

ORDINARY = [
    "Wake up slow",
    "Quoi\u00a0? Déjà vu",
    "静かな街で　「最初の一杯」",
    "مرحبا بالعالم",
    "می\u200cخواهم",
    "नमस्ते क्\u200dष",
    "שָׁלוֹם",
    "👩\u200d👩\u200d👧 ✌🏽 1\ufe0f\u20e3",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England
    "a \u2068אב\u2069 b \u202bאב\u202c",
    "Việt Nam, Zürich, e\u0301te\u0301",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_what_people_write_stays(text: str) -> None:
    assert make_one_line(text) == clean_text(text) == text


@pytest.mark.parametrize(
    "end", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"]
)
def test_every_end_of_a_line_is_one(end: str) -> None:
    assert clean_text(f"  one{end}two {end}") == "one\ntwo"
    assert make_one_line(f"{end} one{end}\ttwo  three{end}") == "one two three"
    assert escape_line(f"one{end}two") == "one two"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("pay \u202eevil\u202c now", "pay evil now"),  # an override, ended or not
        ("pay \u202eevil", "pay evil"),
        ("a \u2067b", "a b"),  # never ended
        ("a \u202bb\u2069 c\u202c", "a b c"),  # ended by another's end
        ("\u2067a \u202bb\u2069", "\u2067a b\u2069"),
        ("a\u202c b\u2069", "a b"),  # never begun
        ("a\ud800\x1b[31m\x9b\x00\ufeffb", "a[31mb"),
        ("\u0301a \u0301b \u200dc", "a b c"),  # on no letter
        ("a" + "\u0301" * 4000, "a" + "\u0301" * 8),
        ("\u200b \u2060\u200e", ""),
        ("\u0301\ufe0f", ""),
    ],
)
def test_what_is_not_seen_and_does_harm_is_taken_out(text: str, left: str) -> None:
    assert make_one_line(text) == left


@given(any_text())
def test_a_clean_text_is_no_longer_and_stays_clean(text: str) -> None:
    for clean in (clean_text, make_one_line):
        once = clean(text)
        assert clean(once) == once and len(once) <= len(text)
        once.encode()  # no surrogate is left
        assert not any(c for c in once if unicodedata.category(c) == "Cc" and c not in "\n\t")
    assert not re.search(r"[\n\t\u2028\u2029]|  ", make_one_line(text))


@given(any_text())
def test_a_text_without_anything_to_see_is_known_before_it_is_cleaned(text: str) -> None:
    text = text.encode(errors="ignore").decode()  # half of a character never gets this far
    assert bool(re.search(VISIBLE, clean_text(text))) == bool(re.search(VISIBLE, text))


@given(any_text())
def test_a_terminal_gets_one_line_that_it_does_not_obey(text: str) -> None:
    assert not OBEYED.search(escape_line(text))
    escape_line(text).encode()


@given(any_text())
def test_escapes_within_json_mean_the_same(text: str) -> None:
    shown = escape_controls(json.dumps({"prompt": text}, ensure_ascii=False))
    assert not OBEYED.search(shown)
    assert json.loads(shown) == json.loads(json.dumps({"prompt": text}))
