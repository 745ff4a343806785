"""Moments of a script: what might be said and seen in one beat, and how much speaks for it. Pure.

All scores follow from the words alone, so the same script always makes the same trailer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.story.script.cast import list_names, read_names
from shared.story.script.headings import calm
from shared.story.script.parts import Character, Line, Scene, Script
from shared.story.script.words import ADDRESSES, STAKES, TURNS

FEWEST_LETTERS = 8
LETTERS_A_SECOND = 13.0
"""Of a line, as it is spoken."""
BREATH = 0.4  # seconds around a line

_SHORTENED = "Mr|Mrs|Ms|Dr|Prof|St|Sr|Sra|Mme|M|Capt|Lt|Sgt|Gen|Rev|Jr"
_NO_END = "".join(rf"(?<!\b(?i:{word})\.)" for word in _SHORTENED.split("|"))
_SENTENCE_END = re.compile(rf"(?<=[.!?…]){_NO_END}[\"'”’)]*\s+")
_CAPITALS = re.compile(r"\b[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ'’-]+\b")
_ASIDE = re.compile(
    r"\s*\([^()\d]{0,20}\d{1,2}(?:['’]?s)?\)(?:,(?=[^,]+$))?"
    r"|(?<=[^\W\d]),\s\d{1,2}(?:['’]?s)?(?:(?=,[^,]+,)|,(?=[^,]+$)|(?=,))"
)  # an age; with its second comma, where that parts nothing else: "Ivo, 60, stands up."
_CLAUSE = re.compile(r"(?<=[,;:—–])\s+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


@dataclass(frozen=True)
class Moment:
    """A line of a scene that could be a beat."""

    scene: Scene
    at: float
    """Where in the script it is, 0 to 1, by letters."""
    words: str
    speaker: str
    weight: float
    """How much its speaker matters in the script, 0 to 1; 0 where nobody speaks."""
    people: tuple[str, ...]
    """Who is seen: the speaker first."""
    arrivals: tuple[str, ...]
    """The place, and whoever speaks, where they are met for the first time."""
    unseen: bool = False
    """Whether its speaker is only heard."""

    @property
    def stakes(self) -> float:
        """Return how much is at stake in the words."""
        words = _WORD.findall(self.words.lower())
        return min(2.0, sum(word in STAKES for word in words)) + 0.4 * self.words.count("!")

    @property
    def hook(self) -> float:
        """Return how much it makes one ask what comes next."""
        words = _WORD.findall(self.words.lower())
        asks = 1.5 if "?" in self.words else 0.0
        calls = 0.4 if any(word in ADDRESSES for word in words) else 0.0
        return asks + calls + 0.6 * self.stakes + 0.5 * bool(self.arrivals)

    @property
    def turn(self) -> float:
        """Return how much changes with it."""
        words = _WORD.findall(self.words.lower())
        turns = min(2, sum(word in TURNS for word in words))
        return 0.8 * turns + 1.0 * bool(self.arrivals) + 0.3 * self.stakes

    @property
    def faces(self) -> float:
        """Return how much there is of the people whom the script is about."""
        return (1.0 if self.speaker else 0.0) + 1.2 * self.weight + 0.1 * min(3, len(self.people))

    @property
    def stake_words(self) -> list[str]:
        """Return the words in which something is at stake."""
        return [word for word in _WORD.findall(self.words) if word.lower() in STAKES]


def list_moments(script: Script, cast: Sequence[Character], longest: float) -> tuple[Moment, ...]:
    """Return all moments whose words can be said in so many seconds, in the order of the script."""
    people = name_people(script, cast)
    most = max((each.speeches for each in cast), default=1) or 1
    weights = {each.name: each.speeches / most for each in cast}
    whole = sum(len(line.text) for scene in script.scenes for line in scene.lines) or 1
    told, known = 0, set[str]()
    found: list[Moment] = []
    for scene in script.scenes:
        present = list(dict.fromkeys(people[n] for n in list_names(scene) if n in people))
        for line in scene.lines:
            speaker = next((people[n] for n in read_names(line.speaker) if n in people), "")
            new = [name for name in (speaker, scene.place) if name and name not in known]
            if words := choose_words(line, longest):
                seen = dict.fromkeys([*([speaker] if speaker else []), *present])
                found.append(
                    Moment(
                        scene,
                        told / whole,
                        words,
                        speaker,
                        weights.get(speaker, 0.0),
                        tuple(seen),
                        tuple(new),
                        line.unseen,
                    )
                )
                known.update(new)
            told += len(line.text)
    return tuple(found)


def name_people(script: Script, cast: Iterable[Character]) -> Mapping[str, str]:
    """Return each name that stands over a speech → the character's own name."""
    listed = {each.name.upper(): each.name for each in cast}
    listed |= {alias.upper(): each.name for each in cast for alias in each.aliases}
    return listed


def choose_words(line: Line, longest: float) -> str:
    """Return the part of a line that says most and fits; whole sentences, or a clause of one."""
    most = int((longest - BREATH) * LETTERS_A_SECOND)
    sentences = [each.strip() for each in _SENTENCE_END.split(line.text) if each.strip()]
    if not line.speaker:
        # what the action begins with shows the place; capitals and "(40s)" are meant for readers
        sentences = [_ASIDE.sub("", soften(each)) for each in sentences[:2]]
    best = max(_list_runs(sentences, most), key=_judge, default="")
    if best or not sentences:
        return best
    # half a sentence may end too soon, but never begin in the middle
    begun = _list_runs(_CLAUSE.split(sentences[0]), most, starts=1)
    return max(begun, key=len, default="").rstrip(",;:—– ")


def soften(text: str) -> str:
    """Return a text in which words in capitals are written as names are."""
    return _CAPITALS.sub(lambda found: calm(found[0]), text)


def _list_runs(parts: Sequence[str], most: int, starts: int = 40) -> Iterator[str]:
    """Yield all parts that follow each other and are together short enough to be said."""
    for start in range(min(len(parts), starts)):
        run = ""
        for part in parts[start : start + 4]:
            run = f"{run} {part}".strip()
            if len(run) > most:
                break
            if len(run) >= FEWEST_LETTERS:
                yield run


def _judge(words: str) -> tuple[float, int]:
    found = _WORD.findall(words.lower())
    stakes = sum(word in STAKES for word in found) + ("?" in words) + 0.5 * ("!" in words)
    return (stakes + min(len(words), 60) / 60, -len(words))


def measure(words: str) -> float:
    """Return the seconds that it takes to say these words."""
    return len(words) / LETTERS_A_SECOND + BREATH if words else 0.0
