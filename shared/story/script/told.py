"""What the action of a script tells of who is who. Pure.

Scripts write somebody in capitals where they come in: LUIS, the guard; WILLIAM “BILLY” TANNER;
FATHER JOHN O'BRIEN. So names over speeches that are other names of them are known for that.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from shared.story.script.parts import Script
from shared.story.script.words import RELATIVES, ROLES

_NICKNAME = re.compile(r"[A-ZÀ-Þ] [\"“]([A-ZÀ-Þ]+)[\"”] ([A-ZÀ-Þ][A-ZÀ-Þ'’-]+)")

Together = Collection[frozenset[str]]
"""Who speaks in each scene."""


def join_told(script: Script, people: Mapping[str, str], together: Together) -> dict[str, str]:
    """Return name → person, after what the action tells."""
    texts = [line.text for scene in script.scenes for line in scene.lines if not line.speaker]
    pairs = (
        *_list_roles(texts, people, together),
        *_list_nicknames(texts, people),
        *_list_titled(texts, people),
    )
    found = dict(people)
    for one, other in pairs:
        joined = found[one], found[other]
        found = {name: joined[1] if who == joined[0] else who for name, who in found.items()}
    return found


def _list_roles(
    texts: Sequence[str], people: Mapping[str, str], together: Together
) -> Iterator[tuple[str, str]]:
    """Yield GUARD and LUIS for "LUIS, the guard", unless both speak in one scene."""
    for role in [name for name in people if name.lower() in ROLES]:
        told = re.compile(rf"\b([A-ZÀ-Þ][A-ZÀ-Þ .'’-]*[A-ZÀ-Þ]), the {role.lower()}\b")
        names = {match[1].strip() for text in texts for match in told.finditer(text)}
        name = names.pop() if len(names) == 1 else ""
        if name in people and not any({name, role} <= scene for scene in together):
            yield role, name


def _list_nicknames(texts: Sequence[str], people: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield TANNER and BILLY for "WILLIAM “BILLY” TANNER", where there is one TANNER only."""
    for nickname, last in {found for text in texts for found in _NICKNAME.findall(text)}:
        others = {people[name]: name for name in people if name.split()[-1] == last}
        others.pop(people.get(nickname, ""), None)
        if nickname in people and len(others) == 1:
            yield others.popitem()[1], nickname


def _list_titled(texts: Sequence[str], people: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield O'BRIEN and FATHER O'BRIEN, where the action knows only FATHER JOHN O'BRIEN."""
    for name in people:
        title, _, short = name.partition(" ")
        is_apart = short in people and people[short] != people[name]
        if title.lower().rstrip(".") not in RELATIVES or not is_apart:
            continue
        whole = re.compile(rf"((?:[A-ZÀ-Þ][A-ZÀ-Þ.'’-]* )*){re.escape(short)}\b")
        told = [match[1] for text in texts for match in whole.finditer(text)]
        before = [each.split() for each in told if each]
        if before and all(w[0] == title for w in before) and any(len(w) > 1 for w in before):
            yield short, name
