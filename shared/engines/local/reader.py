"""Reads the parts of a prompt in a language that has a grammar. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace

from shared.engines.local.grammar import Grammar
from shared.engines.local.language import ENGLISH
from shared.engines.local.names import (
    describe,
    find_characters,
    find_coined,
    find_product,
    is_ware,
)
from shared.engines.local.opening import find_opening
from shared.engines.local.reading import Kind, Line, Reading, name_for_pictures
from shared.engines.local.sentences import (
    ENDS,
    finish,
    split_clauses,
    split_long,
)
from shared.engines.local.sketches import sketches
from shared.engines.local.telling import (
    offer_pattern,
    speak_for_us,
    split_offer,
    tell_question,
    tell_subject,
    tell_with_offer,
)
from shared.engines.local.topics import (
    LIVING,
    NOBODY,
    NOWHERE,
    PEOPLE,
    UNDRAWN,
    Hero,
    Scene,
    drop_denied,
    drop_names,
    hero_of,
    scene_of,
    thing_of,
    words_of,
)
from shared.engines.local.wish import Part, is_call

_FEW = 8  # sentences; a longer text is a story, whatever single words of it say
_DEFAULT_SCENES: dict[Kind, Scene] = {
    "tale": "hills",
    "product": "stage",
    "topic": "shapes",
    "question": "shapes",
    "foreign": "hills",
}


class Reader:
    """Reads the parts of a prompt in a language that has a grammar."""

    def __init__(self, grammar: Grammar, parts: Sequence[Part], with_people: bool = True) -> None:
        self._g, self._with_people = grammar, with_people
        self._parts = [each for part in parts for each in _split_name(part)]
        self._told = [part for part in self._parts if part.purpose not in ("name", "call")]
        self._about = self._find_about()
        # who begins by asking to come is nobody's name, and "Book now" no book
        self._content = " ".join(
            _lower(finish(part.text)) if is_call(part.text, grammar) else finish(part.text)
            for part in self._told
        )
        self._kind = self._find_kind()

    def _find_about(self) -> Part:
        """Return the part that says what it is about: what is asked for, else the first told."""
        subjects = [part for part in self._parts if part.purpose == "subject"]
        told = [part for part in self._told if part.purpose != "show"]
        asked = (part for part in subjects if part.kind)
        return [*asked, *told, *subjects, *self._told, *self._parts][0]

    def read(self) -> Reading:
        """Return the reading."""
        g, kind = self._g, self._kind
        content = self._content
        people = _mentions_people(drop_denied(content), g)
        named = self._with_people and kind != "product"
        characters = find_characters(content, g, people) if named else ()
        if characters and kind == "topic":
            kind = self._kind = "tale"
        name = self._find_name() if kind == "product" else next(iter(characters), "")
        self._join_name(name)
        lines = self._write_lines(name)
        topic = self._find_topic(name)
        found = self._find_hero(topic, content, name)
        # who lives somewhere does not live among shapes
        besides = NOWHERE if kind == "tale" else ()
        told = (drop_names(text, g.code) for text in (topic, content))
        places = (scene_of(text, g.code, besides) for text in told)
        scene = next((place for place in places if place), None) or find_home(found, kind)
        drawn = name_for_pictures(found, kind, characters, g.code, people)
        if not self._with_people and (people or not found or found[0] in PEOPLE):
            drawn = NOBODY if kind != "product" else drawn
        drawn = self._describe_unknown(name) or drawn if characters and not found else drawn
        looks = {name: drawn, **{each: self._draw_other(each) for each in characters[1:]}}
        return Reading(
            kind, g.code, topic, tuple(lines), self._is_script(), characters, drawn,
            name, scene, self._find_call(), self._find_opening(lines, characters, name),
            self._varies(found, topic), looks if characters else {},
        )  # fmt: skip

    def _varies(self, found: tuple[Hero, str] | None, topic: str) -> bool:
        """Tell whether the hero is a thing of one sentence only, and not what all is about."""
        is_list = self._kind in ("topic", "question") and self._is_script()
        return bool(
            is_list and found and found[0] not in LIVING and not hero_of(topic, self._g.code)
        )

    def _draw_other(self, name: str) -> str:
        """Return the words for somebody beside the hero."""
        found = hero_of(describe(name, self._content, self._g), self._g.code)
        unknown = "" if found else self._describe_unknown(name)
        return unknown or name_for_pictures(found, "tale", (name,), self._g.code, with_people=True)

    def _describe_unknown(self, name: str) -> str:
        """Return a name with what it is, which nobody here can draw, but others may."""
        word = describe(name, self._content, self._g) if self._g.code == ENGLISH else ""
        return f"{name} the {word}" if word else ""

    def _find_opening(self, lines: Sequence[Line], characters: Sequence[str], name: str) -> str:
        """Return what is said first, where there is only one sentence."""
        if len({line.group for line in lines}) != 1 or len(self._told) != 1:
            return ""
        names = characters or ([name] if name else [])
        # "a fox who learns to fly": as it was asked for, it tells whom it is about
        asked = self._told[0].text
        asked = speak_for_us(asked, self._g) if self._kind == "product" else asked
        said = " ".join(line.text for line in lines)
        found = find_opening(asked, names, self._g)
        return found if found else find_opening(said, names, self._g)

    def _join_name(self, name: str) -> None:
        """Say what a product is called together with what it is: "Lumo, a lamp"."""
        for at, part in enumerate(self._parts):
            first = part.text.split()[0] if part in self._told[:1] and part.text else ""
            what = part.purpose == "subject" or self._g.has("indefinite", first)
            about = what and not split_offer(part.text, self._g)[1]
            if about and any(each.purpose == "name" for each in self._parts):
                if name not in part.text:
                    self._parts[at] = replace(part, text=f"{name}, {self._calm(part.text)}")
                return

    def _calm(self, text: str) -> str:
        """Return a text that may stand behind a name: its article has no capital."""
        return _lower(text) if self._g.has("articles", text.split()[0]) else text

    def _find_hero(self, topic: str, content: str, name: str) -> tuple[Hero, str] | None:
        """Return the hero: of somebody named what they are, else what the text names."""
        g = self._g
        if name and self._kind != "product":
            return hero_of(describe(name, content, g), g.code)
        # what a product is called says little of what it is: an owl sells coffee
        words = (found for word in name.split() if (found := hero_of(word, g.code)))
        thing = next((found for found in words if found[0] not in LIVING), None)
        told = (
            (topic, content) if not name else (topic.replace(name, ""), content.replace(name, ""))
        )
        shown = (each for each in self._told if not is_call(each.text, g))
        own = {word for part in shown for word in words_of(part.text)}
        seen = next((found for text in told if (found := hero_of(drop_denied(text), g.code))), None)
        named = next((found for text in told if (found := hero_of(text, g.code))), None)
        # "a city without dogs" shows the city; "a world without bees" is about bees
        is_place = any(scene_of(drop_denied(text), g.code) for text in told)
        found = seen or (named if named and named[0] not in PEOPLE and not is_place else None)
        if self._kind == "product" and found and found[0] in LIVING:
            # whom it is for, or what it runs on, is not what it is
            found = hero_of(told[0], g.code)
            # "food for hamsters", "Mother's Day at our shop"
            if found and (found[0] in UNDRAWN or found[1] not in own):
                found = next((each for text in told if (each := thing_of(text, g.code))), found)
        return found if found and own.issuperset(found[1].split("_")) else thing

    def _find_kind(self) -> Kind:
        about, g = self._about, self._g
        kinds = {part.kind for part in self._parts}
        named = any(part.purpose == "name" for part in self._parts)
        if (_asks(about.text, g) and about.purpose == "subject") or _is_question(about.text, g):
            return "question"
        if named or "product" in kinds:
            return "product"
        if "lesson" in kinds:
            return "topic"
        words = self._content
        if len(self._told) < _FEW and re.search(
            rf"(?<!\w){g.any_of('business')}(?!\w)", about.text, re.I
        ):
            return "product"
        sells = re.search(rf"(?<!\w){g.any_of('sells')}(?!\w)", words, re.I)
        acting = find_characters(words, g, with_people=False)
        short = len(self._told) < _FEW and not [a for a in acting if not is_ware(a, words, g)]
        if short and (sells or offer_pattern(g).search(words)):
            return "product"
        found = hero_of(words, g.code)
        return "tale" if found and found[0] in LIVING else "topic"

    def _find_name(self) -> str:
        named = next((part.text for part in self._parts if part.purpose == "name"), "")
        wished = self._about.purpose == "subject"
        about = find_product(self._about.text, self._g, opens=wished)
        # whom to call is not yet what it is called
        told = " ".join(finish(p.text) for p in self._told if not is_call(p.text, self._g))
        found = named or about or find_product(told, self._g, opens=False)
        return found or find_coined(" ".join(part.text for part in self._told))

    def _find_topic(self, name: str) -> str:
        """Return what it is about in a form that can stand inside another sentence."""
        topic = (
            split_offer(self._about.text, self._g)[0]
            if self._kind == "product"
            else self._about.text
        )
        topic = topic.strip(ENDS) or name or self._about.text.strip(ENDS)
        topic = speak_for_us(topic, self._g) if self._kind == "product" else topic
        if (
            name
            and self._about.purpose != "subject"
            and self._kind == "product"
            and name not in topic
        ):
            topic = f"{name}: {topic}"
        first = re.split(r"[\s'’]", topic)[0]
        small = first.lower() in self._g.words("small") | self._g.words("dangling") | self._g.words(
            "joining"
        )
        starts_low = small or self._g.has("articles", first)
        return topic[0].lower() + topic[1:] if starts_low and first.lower() != "i" else topic

    def _find_call(self) -> str:
        """Return what whoever watches is asked to do: in the prompt's words, if it says so."""
        g = self._g
        asked = [part.text for part in self._parts if part.purpose == "call"]
        if self._kind == "product":
            asked += [part.text for part in self._told if is_call(part.text, g)]
        if asked:
            asked[0] = asked[0].strip(ENDS)[:60]
            return asked[0][:1].upper() + asked[0][1:]
        if self._kind == "product":
            _, offer = split_offer(self._content, g)
            found = re.match(g.any_of("percent", "free"), offer, re.IGNORECASE)
            if found:
                said = found.group().strip()
                lower = said[0].lower() + said[1:] if g.code != "de" else said
                return g.text("call_offer").format(offer=lower)
            return g.text("call_product")
        return ""  # there is nothing to open: a button would promise something

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
            return tell_with_offer(text, name, g, is_about=part is self._about)
        return [tell_subject(text, g)]

    def _split(self, text: str, group: int) -> list[Line]:
        """Return a sentence in the parts that are heard one after another."""
        parts = [text]
        if not self._is_script() and self._kind != "product":
            parts = split_clauses(text, self._g)
        parts = [piece for part in parts for piece in split_long(part, self._g)]
        return [Line(part, self._show(part), group) for part in parts]

    def _show(self, text: str) -> str:
        """Return what is seen while this is said: nothing of an offer, or of a "How?"."""
        if self._kind == "product" and not split_offer(text, self._g)[0].strip(ENDS):
            return ""
        return re.sub(r"\.\s+¿?[\w ]+\?$", "", text).strip(ENDS)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _split_name(part: Part) -> list[Part]:
    """Return a name, and apart from it what is told with it: "Product: Nook, a lamp"."""
    name, comma, told = part.text.partition(", ")
    if part.purpose != "name" or not comma:
        return [part]
    return [replace(part, text=name), Part("subject", told)]


def find_home(found: tuple[Hero, str] | None, kind: Kind) -> Scene:
    """Return where a story is that names no place: where its hero is at home."""
    sketch = sketches().get(found[0]) if found and kind != "tale" else None
    return sketch.home if sketch else _DEFAULT_SCENES[kind]


def _asks(text: str, g: Grammar) -> bool:
    return bool(re.match(rf"{g.any_of('ask')}(?!\w)", text.strip("¿ "), re.IGNORECASE))


def _is_question(text: str, g: Grammar) -> bool:
    """Tell whether a text alone is what somebody wonders: "how bees make honey"."""
    return _asks(text, g) and not text.rstrip().endswith((".", "!")) and "," not in text[:25]


def _mentions_people(text: str, g: Grammar) -> bool:
    people = hero_of(text, g.code)
    return bool(
        re.search(rf"(?<!\w){g.any_of('pronouns')}(?!\w)", text, re.IGNORECASE)
        or (people and people[0] in PEOPLE)
    )
