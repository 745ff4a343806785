"""Reads a user's prompt: its topic, the kind of video it asks for, and who is in it. Pure.

There is no language model here: patterns and lists of words must do. They are made for English; a
prompt in another language is only cut into sentences.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shared.engines.local.language import ENGLISH, language_of
from shared.engines.local.topics import LIVING, NOBODY, Hero, Scene, hero_of, scene_of

# "Make me a short video about …": an order to us, not a part of the topic.
_VIDEO = (
    r"(?:video|ad|advert|advertisement|commercial|promo|clip|film|movie|reel|trailer|teaser|short"
    r"|spot|story|animation)"
)
_REQUEST = re.compile(
    r"^(?:please\s+)?(?:can you\s+)?"
    r"(?:(?:make|create|generate|produce|show|give|tell|write)\s+(?:me\s+|us\s+)?)?"
    rf"(?:an?\s+|the\s+)?(?:[\w-]+\s+){{0,4}}?{_VIDEO}s?(?:\s+{_VIDEO})?\s+"
    r"(?:about|for|of|on|showing|where|in which|that shows)\s+",
    re.IGNORECASE,
)
_SHOW = re.compile(r"^(?:please\s+)?(?:show|introducing|meet|presenting|imagine)\b[\s:]+", re.I)
_SELLS = re.compile(
    r"\b(?:ad|advert|advertisement|commercial|promo|brand|product|launch|introducing|meet|shop"
    r"|store|sale|buy|app|startup|service|subscription)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"^(?:how|why|what|when|where|who)\b", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?:called|named|[Ii]ntroducing|[Mm]eet|[Pp]resenting)\s+((?:[A-Z][\w'’-]*\s?){1,3})"
)
_PRONOUN = re.compile(r"\b(?:he|him|his|she|her|hers|I|me|we|us|someone|somebody|everyone)\b")
# "Mia finds a door": a word with a capital and a verb after it are most likely someone's name.
_NAME_ACTS = re.compile(r"([A-Z][a-z]+) [a-z]+s (?:an?|the|his|her)\b")
_FUNCTION_WORDS = frozenset(
    {"a", "an", "the", "my", "our", "your", "his", "her", "their", "its", "this", "that", "these"}
    | {"those", "one", "two", "three", "some", "every", "in", "on", "of", "at", "with", "for"}
    | {"from", "to", "and", "how", "why", "what", "when", "where", "who", "i", "we", "you", "he"}
    | {"she", "they", "it", "there"}
)
_JOINING = (
    "in on at with for from into onto over under through across along around behind beside between "
    "beyond by near during before after until against among above below towards toward without "
    "within inside outside past about like and or but nor so yet while when where because if than "
    "as who which that whose whom"
)
_DANGLING = (
    "of to a an the my our your his her their its this these those every each some any no very too "
    "not is are was were be been being has have had do does did can could will would shall should "
    "may might must how why what i we he she they it one two three"
)
JOINING = frozenset(_JOINING.split())
"""Words that begin another part of a sentence: before them, it may be cut."""
DANGLING = JOINING | frozenset(_DANGLING.split())
"""Words that need another one after them: nothing may end with them."""

_WHOLE = 7  # up to this many words, a clause may be a title as it is
_ENOUGH = (6, 5, 4, 3, 7, 8, 9)  # lengths to try for a longer one, the best first
# Letters of a title: in a language whose phrases we do not know, and in any.
_LETTERS, _AT_MOST = 40, 60
_SMALL_ENDS = re.compile(r"(?:\s+[a-zà-ÿа-яё’']{1,3})+$", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;:—–(、，；：（]")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+|(?<=[。！？])|\n+")

Kind = Literal["tale", "product", "topic", "question", "foreign"]


@dataclass(frozen=True)
class Reading:
    """A prompt as the planner understands it."""

    kind: Kind
    topic: str
    sentences: tuple[str, ...]
    spoken_name: str
    """The hero's name for narrations: "Pip", "the fox", or "it all" where nobody is in it."""
    drawn_name: str
    """The hero's name for the prompts of pictures: "Pip fox", "a person"."""
    name: str
    scene: Scene


def read(prompt: str) -> Reading:
    """Return a reading of any prompt; none is refused, because any text is about something."""
    kind = _find_kind(prompt)
    prompt = _REQUEST.sub("", prompt.strip())
    sentences = tuple(s.strip() for s in _SENTENCE_END.split(prompt) if s and s.strip())
    topic = _find_topic(sentences[0] if sentences else prompt)
    found = hero_of(topic) or hero_of(prompt)
    name = _find_name(prompt)
    # A product stands on a stage; hills suit any other story.
    scene = scene_of(topic) or scene_of(prompt) or ("stage" if kind == "product" else "hills")
    alive = found is not None and found[0] in LIVING
    spoken_name = (name or f"the {found[1]}") if found and alive else "it all"
    drawn_name = _name_for_pictures(found, kind, name, prompt)
    return Reading(kind, topic, sentences, spoken_name, drawn_name, name, scene)


def _name_for_pictures(found: tuple[Hero, str] | None, kind: Kind, name: str, prompt: str) -> str:
    if found:
        hero, word = found
        return f"{name or 'the'} {word}" if hero in LIVING else f"a {hero}"
    if kind == "product":
        return "a box"
    return "a person" if name or _mentions_person(prompt) else NOBODY


def _mentions_person(prompt: str) -> bool:
    """Return whether there is a pronoun, or something that looks like a name."""
    opening = _NAME_ACTS.match(prompt)
    return bool(_PRONOUN.search(prompt) or (opening and not scene_of(opening.group(1))))


def _find_kind(prompt: str) -> Kind:
    """Return the kind of video that the prompt asks for."""
    if language_of(prompt) != ENGLISH:
        return "foreign"
    if _ASKS.match(_REQUEST.sub("", prompt.strip())):
        return "question"
    if _SELLS.search(prompt):
        return "product"
    found = hero_of(prompt)
    return "tale" if found and found[0] in LIVING else "topic"


def _find_topic(sentence: str) -> str:
    """Return the sentence in a form that can stand inside another one: "our cat's first day"."""
    topic = _SHOW.sub("", sentence).strip(" .!?…:;,\"'“”。！？")
    topic = topic or sentence.strip()
    # A narrator speaks for the people behind the video.
    topic = re.sub(r"\bmy\b", "our", topic, flags=re.IGNORECASE)
    first = topic.split(maxsplit=1)[0] if topic else ""
    return topic[0].lower() + topic[1:] if first.lower() in _FUNCTION_WORDS - {"i"} else topic


def _find_name(prompt: str) -> str:
    """Return the name that the prompt gives to someone or something; empty if it gives none."""
    match = _NAMED.search(prompt)
    words = match.group(1).split() if match else []
    return " ".join(word for word in words if word.lower() not in _FUNCTION_WORDS)


def title_of(reading: Reading) -> str:
    """Return a few words for a title card: a whole phrase, never half of one."""
    clause = _CLAUSE_END.split(reading.topic.strip())[0].strip()
    if reading.kind == "foreign":
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
    while end > 1 and lower[end - 1] in DANGLING:
        end -= 1
    return words[:end]


def _ends_phrase(words: Sequence[str], end: int) -> bool:
    """Return whether the first words, up to this number, are a phrase of their own."""
    may_cut = end == len(words) or (end < len(words) and words[end] in JOINING)
    return may_cut and words[end - 1] not in DANGLING


def _capitalise(word: str) -> str:
    small = word.lower() in _FUNCTION_WORDS and len(word) < 4
    return word if small else word[:1].upper() + word[1:]
