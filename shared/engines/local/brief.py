"""Reads a user's prompt: what it is about, what is said of it, and who is in it. Pure.

There is no language model here: patterns and lists of words must do. They stand in one file for
each language; a prompt in any other is only cut into sentences.
"""

import re
import unicodedata

from shared.engines.local.directions import Settings, read_settings, split_directions
from shared.engines.local.foreign import drop_order, read_wishes, split_wishes
from shared.engines.local.grammar import grammar_of
from shared.engines.local.language import ENGLISH, language_of
from shared.engines.local.reader import Reader, find_home
from shared.engines.local.reading import Line, Reading, name_for_pictures
from shared.engines.local.sentences import (
    ENDS,
    calm_capitals,
    drop_markup,
    split_long,
    split_sentences,
)
from shared.engines.local.topics import (
    hero_elsewhere,
    hero_of,
    scene_elsewhere,
    scene_of,
)
from shared.engines.local.wish import Part, read_parts
from shared.story.errors import BadInput
from shared.story.texts import VISIBLE, clean_text, looks_like_file

_EMOJI_ONLY = 40  # letters of a title made of the names of pictures


def read(prompt: str) -> Reading:
    """Return a reading of any prompt; refuses only what is no text at all."""
    text = _check_text(prompt)
    if not any(c.isalnum() for c in text):
        return _read_signs(text)
    text = calm_capitals(drop_markup(text))
    language = language_of(text)
    grammar = grammar_of(language)
    sentences = split_sentences(text, grammar)
    if grammar is None:
        return _read_foreign(text, sentences, language)
    everything = [*read_parts(sentences, grammar)]
    settings = read_settings([part.order for part in everything], grammar)
    parts = [part for part in everything if part.text]
    if not parts:  # all of it was for us: there is nothing to say, but something to show
        shown = [split_directions(sentence, grammar)[0] for sentence in sentences or (text,)]
        parts = [Part("show", sentence.strip(ENDS)) for sentence in shown]
    return Reader(grammar, parts, with_people="people" not in settings.without).read()


def find_settings(prompt: str) -> Settings:
    """Return what a prompt asks for beside its story, in a language that is read."""
    text = calm_capitals(drop_markup(clean_text(prompt)))
    grammar = grammar_of(language_of(text))
    if grammar is None:
        wishes = (split_wishes(sentence)[1] for sentence in split_sentences(text, None))
        return read_wishes([wish for wish in wishes if wish])
    parts = read_parts(split_sentences(text, grammar), grammar)
    return read_settings([part.order for part in parts], grammar)


def _check_text(prompt: str) -> str:
    """Return the prompt without what can't be seen; refuse nothing at all, and what is no text."""
    text = clean_text(prompt)
    if not re.search(VISIBLE, text):
        raise BadInput("the prompt is empty: say what the video is about", field="prompt")
    if looks_like_file(prompt):
        raise BadInput(
            "the prompt is no text, it looks like a file: write what the video is about", "prompt"
        )
    return text


def _read_signs(text: str) -> Reading:
    """Return a reading of a text without letters: what its signs are called is shown, not said."""
    names = [unicodedata.name(c, "").lower() for c in text if unicodedata.category(c) == "So"]
    names = [
        re.sub(r"\b(?:face|with|symbol|sign|emoji|modifier)\b.*", "", n).strip() for n in names
    ]
    topic = ", ".join(dict.fromkeys(name for name in names if name)) or text
    topic = topic[:_EMOJI_ONLY].rpartition(", ")[0] or topic[:_EMOJI_ONLY]
    found = hero_of(topic)
    drawn = name_for_pictures(found, "topic", (), ENGLISH, with_people=False)
    lines = (Line("", topic),)
    scene = scene_of(topic) or "shapes"
    return Reading("topic", ENGLISH, topic, lines, False, (), drawn, "", scene, "")


def _read_foreign(text: str, sentences: tuple[str, ...], language: str) -> Reading:
    """Return a reading in a language without a grammar: it is told in its own words."""
    told = [rest for sentence in sentences if (rest := split_wishes(sentence)[0])]
    told[:1] = [drop_order(sentence) for sentence in told[:1]]
    said = [part for sentence in told for part in split_long(sentence, None)]
    lines = tuple(Line(part, part.strip(ENDS), n) for n, part in enumerate(said))
    topic = told[0].strip(ENDS) if told else text
    text = " ".join(told) or text
    found = hero_of(text) or hero_elsewhere(text)
    drawn = name_for_pictures(found, "foreign", (), ENGLISH, with_people=False)
    scene = scene_of(text) or scene_elsewhere(text) or find_home(found, "foreign")
    return Reading("foreign", language, topic, lines, True, (), drawn, "", scene, "")
