"""Reads a user's prompt: what it is about, what is said of it, and who is in it. Pure.

There is no language model here: patterns and lists of words must do. They stand in one file for
each language; a prompt in any other is only cut into sentences.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shared.engines.local.grammar import Grammar, grammar_of
from shared.engines.local.language import ENGLISH, language_of
from shared.engines.local.names import describe, find_characters, find_product
from shared.engines.local.sentences import (
    ENDS,
    drop_markup,
    finish,
    split_clauses,
    split_long,
    split_sentences,
)
from shared.engines.local.telling import (
    is_price_only,
    offer_pattern,
    speak_for_us,
    split_offer,
    tell_product,
    tell_question,
    tell_subject,
)
from shared.engines.local.topics import LIVING, NOBODY, Hero, Scene, hero_of, scene_of
from shared.engines.local.wish import Part, is_call, read_parts
from shared.story.errors import BadInput
from shared.story.texts import clean_text

Kind = Literal["tale", "product", "topic", "question", "foreign"]

_READABLE = 0.3  # of the characters of a text may be none, before it is no text
_EMOJI_ONLY = 40  # letters of a title made of the names of pictures


@dataclass(frozen=True)
class Line:
    """What is said in one beat, and what is seen; lines of one `group` follow each other closely."""

    text: str
    shows: str
    group: int = 0


@dataclass(frozen=True)
class Reading:
    """A prompt as the planner understands it."""

    kind: Kind
    language: str
    topic: str
    lines: tuple[Line, ...]
    is_script: bool
    """Whether it has several sentences of its own: then each of them is a beat."""
    characters: tuple[str, ...]
    drawn_name: str
    """The hero's name for the prompts of pictures: "Pip the fox", "a person"."""
    name: str
    scene: Scene
    call: str


def read(prompt: str) -> Reading:
    """Return a reading of any prompt; refuses only what is no text at all."""
    text = _check_text(prompt)
    if not any(c.isalnum() for c in text):
        return _read_signs(text)
    text = drop_markup(text)
    language = language_of(text)
    grammar = grammar_of(language)
    sentences = split_sentences(text, grammar)
    if grammar is None:
        return _read_foreign(text, sentences, language)
    parts = [*read_parts(sentences, grammar)]
    if not parts:  # all of it was for us: then it is what the video is about after all
        parts = [Part("say", sentence) for sentence in sentences]
    return _Reader(grammar, parts, text).read()


def _check_text(prompt: str) -> str:
    """Return the prompt without what can't be seen; refuse nothing at all, and what is no text."""
    text = clean_text(prompt)
    if not text.strip():
        raise BadInput("the prompt is empty: say what the video is about", field="prompt")
    odd = sum(c == "\ufffd" or unicodedata.category(c) in ("Cc", "Cs", "Cn", "Co")
              for c in prompt if c not in "\n\r\t")  # fmt: skip
    if odd > _READABLE * len(prompt) or text.startswith(("%PDF-", "PK\x03\x04")):
        raise BadInput("the prompt is no text, it looks like a file: write what the video is about",
                       field="prompt")  # fmt: skip
    return text


def _read_signs(text: str) -> Reading:
    """Return a reading of a text without letters: what its signs are called is shown, not said."""
    names = [unicodedata.name(c, "").lower() for c in text if unicodedata.category(c) == "So"]
    names = [re.sub(r"\b(?:face|with|symbol|sign|emoji|modifier)\b.*", "", n).strip() for n in names]
    topic = ", ".join(dict.fromkeys(name for name in names if name)) or text
    topic = topic[:_EMOJI_ONLY].rpartition(", ")[0] or topic[:_EMOJI_ONLY]
    found = hero_of(topic)
    drawn = _name_for_pictures(found, "topic", (), ENGLISH, with_people=False)
    lines = (Line("", topic),)
    scene = scene_of(topic) or "shapes"
    return Reading("topic", ENGLISH, topic, lines, False, (), drawn, "", scene, "")


def _read_foreign(text: str, sentences: tuple[str, ...], language: str) -> Reading:
    """Return a reading in a language without a grammar: it is told in its own words."""
    said = [part for sentence in sentences for part in split_long(sentence, None)]
    lines = tuple(Line(part, part.strip(ENDS), n) for n, part in enumerate(said))
    topic = sentences[0].strip(ENDS) if sentences else text
    found = hero_of(text)
    drawn = _name_for_pictures(found, "foreign", (), ENGLISH, with_people=False)
    scene = scene_of(text) or "hills"
    return Reading("foreign", language, topic, lines, True, (), drawn, "", scene, "")


class _Reader:
    """Reads the parts of a prompt in a language that has a grammar."""

    def __init__(self, grammar: Grammar, parts: Sequence[Part], text: str) -> None:
        self._g, self._parts, self._text = grammar, parts, text
        self._told = [part for part in parts if part.purpose not in ("name", "call")]
        about = next((p for p in parts if p.purpose == "subject"), None)
        self._about = about or next(iter(self._told), parts[0])
        self._kind = self._find_kind()

    def read(self) -> Reading:
        """Return the reading."""
        g, kind, about = self._g, self._kind, self._about
        content = " ".join(finish(part.text) for part in self._told)
        people = _mentions_people(content, g)
        characters = () if kind == "product" else find_characters(content, g, people)
        if characters and kind == "topic":
            kind = self._kind = "tale"
        name = self._find_name(content) if kind == "product" else next(iter(characters), "")
        lines = self._write_lines(name)
        topic = self._find_topic(name)
        found = self._find_hero(topic, content, name)
        scene = scene_of(topic, g.code) or scene_of(content, g.code) or _DEFAULT_SCENES[kind]
        drawn = _name_for_pictures(found, kind, characters, g.code, people)
        return Reading(
            kind, g.code, topic, tuple(lines), self._is_script(), characters, drawn,
            name, scene, self._find_call(content),
        )  # fmt: skip

    def _find_hero(self, topic: str, content: str, name: str) -> tuple[Hero, str] | None:
        """Return the hero: of somebody named what they are, else what the text names."""
        g = self._g
        if name and self._kind != "product":
            return hero_of(describe(name, content, g), g.code)
        # what a product is called says nothing of what it is
        return next((f for t in (topic, content) if (f := hero_of(t.replace(name, ""), g.code))), None)

    def _find_kind(self) -> Kind:
        about, g = self._about, self._g
        kinds = {part.kind for part in self._parts}
        named = any(part.purpose == "name" for part in self._parts)
        if _asks(about.text, g) and about.purpose == "subject" or _is_question(about.text, g):
            return "question"
        if named or "product" in kinds:
            return "product"
        if "lesson" in kinds:
            return "topic"
        words = " ".join(part.text for part in self._parts)
        sells = re.search(rf"(?<!\w){g.any_of('sells')}(?!\w)", words, re.I)
        short = len(self._told) < _FEW and not find_characters(words, g, with_people=False)
        if short and (sells or offer_pattern(g).search(words)):
            return "product"
        found = hero_of(words, g.code)
        return "tale" if found and found[0] in LIVING else "topic"

    def _find_name(self, content: str) -> str:
        named = next((part.text for part in self._parts if part.purpose == "name"), "")
        wished = self._about.purpose == "subject"
        about = find_product(self._about.text, self._g, opens=wished)
        return named or about or find_product(content, self._g, opens=False)

    def _find_topic(self, name: str) -> str:
        """Return what it is about in a form that can stand inside another sentence."""
        topic = split_offer(self._about.text, self._g)[0] if self._kind == "product" else self._about.text
        topic = topic.strip(ENDS) or name or self._about.text.strip(ENDS)
        topic = speak_for_us(topic, self._g)
        if name and self._about.purpose != "subject" and self._kind == "product" and name not in topic:
            topic = f"{name}: {topic}"
        first = re.split(r"[\s'’]", topic)[0]
        small = first.lower() in self._g.words("small") | self._g.words("dangling") | self._g.words("joining")
        starts_low = small or self._g.has("articles", first)
        return topic[0].lower() + topic[1:] if starts_low and first.lower() != "i" else topic

    def _find_call(self, content: str) -> str:
        """Return what whoever watches is asked to do: in the prompt's words, if it says so."""
        g = self._g
        asked = [part.text for part in self._parts if part.purpose == "call"]
        if self._kind == "product":
            asked += [s for s in split_sentences(content, g) if is_call(s, g)]
        if asked:
            return asked[0].strip(ENDS)[:60]
        if self._kind == "product":
            _, offer = split_offer(content, g)
            found = re.match(g.any_of("percent", "free"), offer, re.IGNORECASE)
            if found:
                said = found.group().strip()
                lower = said[0].lower() + said[1:] if g.code != "de" else said
                return g.text("call_offer").format(offer=lower)
            return g.text("call_product")
        return g.text("call_tale" if self._kind == "tale" else "call_topic")

    def _is_script(self) -> bool:
        return len([part for part in self._told if part.purpose != "show"]) > 1

    # ── what is said ──

    def _write_lines(self, name: str) -> list[Line]:
        """Return the lines of all parts in order."""
        lines: list[Line] = []
        for part in self._parts:
            if part.purpose == "name":
                continue
            if part.purpose == "show":
                lines.append(Line("", part.text, len(lines)))
                continue
            for text in self._say(part, name):
                lines += self._split(text, len(lines))
        named = any(part.purpose == "name" for part in self._parts)
        if named and not any(name in line.text for line in lines):
            lines.insert(0, Line(finish(name), name, -1))
        return lines

    def _say(self, part: Part, name: str) -> list[str]:
        """Return the sentences that say a part."""
        g, text = self._g, part.text
        if part.purpose == "call":
            return [finish(text)]
        if part.purpose == "say" and (len(self._told) > 1 or text.endswith((".", "!", "?"))):
            return [finish(speak_for_us(text, g) if self._kind == "product" else text)]
        if _is_question(text, g) or (part.purpose == "subject" and _asks(text, g)):
            return [" ".join(tell_question(text, g))]
        if self._kind == "product":
            text = speak_for_us(text, g)
            head, offer = split_offer(text, g)
            if offer and is_price_only(offer, g) and head.strip(ENDS):
                head, offer = text, ""
            said = tell_product(head, name, g)
            offers = [part for part in re.split(r"\s*[,;]\s+", offer) if part.strip(ENDS)]
            return [*said, *(finish(part) for part in offers)]
        return [tell_subject(text, g)]

    def _split(self, text: str, group: int) -> list[Line]:
        """Return a sentence in the parts that are heard one after another."""
        parts = [text]
        if not self._is_script() and self._kind != "product":
            parts = split_clauses(text, self._g)
        parts = [piece for part in parts for piece in split_long(part, self._g)]
        return [Line(part, self._show(part), group) for part in parts]

    def _show(self, text: str) -> str:
        """Return what is seen while this is said; empty for what can't be seen: an offer, "How?"."""
        if self._kind == "product" and not split_offer(text, self._g)[0].strip(ENDS):
            return ""
        return re.sub(r"\.\s+¿?[\w ]+\?$", "", text).strip(ENDS)


_FEW = 8  # sentences; a longer text is a story, whatever single words of it say
_DEFAULT_SCENES: dict[Kind, Scene] = {
    "tale": "hills", "product": "stage", "topic": "shapes", "question": "shapes", "foreign": "hills",
}  # fmt: skip


def _asks(text: str, g: Grammar) -> bool:
    return bool(re.match(rf"{g.any_of('ask')}(?!\w)", text.strip("¿ "), re.IGNORECASE))


def _is_question(text: str, g: Grammar) -> bool:
    """Tell whether a text alone is what somebody wonders: "how bees make honey"."""
    return _asks(text, g) and not text.rstrip().endswith((".", "!")) and "," not in text[:25]


def _mentions_people(text: str, g: Grammar) -> bool:
    people = hero_of(text, g.code)
    return bool(
        re.search(rf"(?<!\w){g.any_of('pronouns')}(?!\w)", text)
        or (people and people[0] in ("person", "child", "elder"))
    )


def _name_for_pictures(
    found: tuple[Hero, str] | None, kind: Kind, characters: Sequence[str], language: str,
    with_people: bool,
) -> str:  # fmt: skip
    """Return the words for the hero, in English, because models of pictures read it best."""
    name = next(iter(characters), "")
    if found and (found[0] in LIVING or not name):
        hero, word = found
        if hero == "person":
            word = word if language == ENGLISH and not word.endswith("s") else "person"
            return f"{name}, a {word}" if name else f"a {word}" if language != ENGLISH else f"the {word}"
        if hero in LIVING:
            word = word if language == ENGLISH else hero
            return f"{name} the {word}" if name else f"the {word}"
        return f"a {hero}"
    if kind == "product":
        return "a box"
    return f"{name}, a person" if name else "a person" if with_people and kind != "question" else NOBODY


# ── the title ───────────────────────────────────────────────────────────────────────────────────

_WHOLE = 7  # up to this many words, a clause may be a title as it is
_ENOUGH = (6, 5, 4, 3, 7, 8, 9)  # lengths to try for a longer one, the best first
# Letters of a title: in a language whose phrases we do not know, and in any.
_LETTERS, _AT_MOST = 40, 60
_SMALL_ENDS = re.compile(r"(?:\s+[a-zà-ÿа-яё’']{1,3})+$", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;:—–(、，；：（]\s|[、，；：（]")


def title_of(reading: Reading) -> str:
    """Return a few words for a title card: a whole phrase, never half of one."""
    clause = _CLAUSE_END.split(reading.topic.strip())[0].strip(ENDS + "\"“”«»„")
    if reading.language != ENGLISH:
        title = _cut_words(clause)
    else:
        words = re.sub(r"^(?:an?|the|our)\s+", "", clause, flags=re.IGNORECASE).split()
        # Half of a question asks nothing: it is kept whole, if there is room.
        whole = reading.kind == "question" and len(clause) <= _AT_MOST
        title = " ".join(map(_capitalise, words if whole else _cut_phrase(words)))
        title = title[:_AT_MOST].strip()
    return title[:1].upper() + title[1:]


def _cut_words(clause: str) -> str:
    """Return as many whole words as there is room for, without small ones at the end."""
    if len(clause) <= _LETTERS:
        return clause
    cut = clause[: _LETTERS + 1].rpartition(" ")[0] or clause[:_LETTERS]
    return _SMALL_ENDS.sub("", cut)


def _cut_phrase(words: Sequence[str]) -> Sequence[str]:
    """Return the first words, up to the end of a phrase."""
    if len(words) <= _WHOLE:
        return words
    lower = [word.lower() for word in words]
    end = next((end for end in _ENOUGH if _ends_phrase(lower, end)), _ENOUGH[0])
    # No length ended a phrase: at least the last word must not need another one.
    while end > 1 and lower[end - 1] in _waiting():
        end -= 1
    return words[:end]


def _ends_phrase(words: Sequence[str], end: int) -> bool:
    """Return whether the first words, up to this number, are a phrase of their own."""
    may_cut = end == len(words) or (end < len(words) and words[end] in _english().words("joining"))
    return may_cut and words[end - 1] not in _waiting()


def _waiting() -> frozenset[str]:
    return _english().words("joining") | _english().words("dangling")


def _english() -> Grammar:
    found = grammar_of(ENGLISH)
    assert found is not None, "English is there"
    return found


def _capitalise(word: str) -> str:
    small = len(word) < 4 and (word.lower() in _waiting())
    return word if small else word[:1].upper() + word[1:]
