"""Who speaks in a script, and where it is played. Pure.

One person may speak under several names: MR. HOLMES, SHERLOCK HOLMES, HOLMES' VOICE. Two names are
one person only where no third could be meant: of FIRST WITCH and SECOND WITCH, neither is WITCH.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

from shared.story.script.cues import drop_extensions
from shared.story.script.headings import calm
from shared.story.script.parts import Character, Scene, Script, Setting
from shared.story.script.told import join_told
from shared.story.script.words import AGED, ARTICLES, CROWD, RELATIVES, ROLES, TITLES

_VOICE = re.compile(r"(?:VOICE OF |LA VOZ DE )(.+)|(.+?)['’]S? VOICE", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:/|&|\+|,| AND | ET | Y | UND | E )\s*")
_LONGEST_LOOK = 140  # letters

MOST = 200
"""Characters and settings that are told of: those that matter most."""


def find_characters(script: Script) -> tuple[Character, ...]:
    """Return everybody who speaks, whoever says most first."""
    counts = Counter(name for scene in script.scenes for name in list_names(scene))
    together = [frozenset(list_names(scene)) for scene in script.scenes]
    people = join_told(script, merge_names(counts, together), together)
    spelt = _find_spellings(script)
    groups: dict[str, list[str]] = defaultdict(list)
    for name, person in people.items():
        groups[person].append(name)
    found = [
        Character(
            name=spelt.get(person, calm(person)),
            aliases=tuple(sorted(spelt.get(n, calm(n)) for n in names if n != person)),
            speeches=sum(counts[name] for name in names),
            look=_find_look(script.scenes, names),
        )
        for person, names in groups.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.speeches, each.name))[:MOST])


def _find_spellings(script: Script) -> dict[str, str]:
    """Return name → how it is written, of those that are not all in capitals: McAvoy."""
    cues = (line.speaker for scene in script.scenes for line in scene.lines)
    names = {drop_extensions(cue).strip(" .:-^") for cue in cues}
    return {name.upper(): name for name in names if any(c.islower() for c in name)}


def list_names(scene: Scene) -> list[str]:
    """Return the name over each speech of a scene, in one spelling; of two at once, both."""
    return [name for line in scene.lines if line.speaker for name in read_names(line.speaker)]


def read_names(cue: str) -> list[str]:
    """Return the names in what stands over a speech; none where a crowd speaks."""
    parts = _BETWEEN.split(drop_extensions(cue).upper())
    return [name for part in parts if (name := _read_name(part)) and name.lower() not in CROWD]


def _read_name(part: str) -> str:
    voice = _VOICE.fullmatch(part)
    name = (voice[1] or voice[2]) if voice else part
    return name.replace("’", "'").strip(" .:-^")


def merge_names(
    counts: Mapping[str, int], together: Collection[frozenset[str]] = ()
) -> dict[str, str]:
    """Return name → the fullest name of the same person. `together`: who speaks in each scene."""
    parts = {name: _split_title(name) for name in counts}
    bare = {name: _find_bare(name, parts, together) for name in counts}
    full = {name: _find_full(short, bare.values()) for name, short in bare.items()}
    for name, short in bare.items():
        full[name] = _find_aged(short, bare, together) or full[name]
    groups: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        groups[full[name]].append(name)
    return {
        name: max(names, key=lambda each: (len(parts[each][1]), counts[each], len(each)))
        for names in groups.values()
        for name in names
    }


def _split_title(name: str) -> tuple[str, str]:
    """Return the title before a name, in one spelling, and the name alone."""
    first, _, rest = name.partition(" ")
    title = TITLES.get(first.rstrip(".").lower(), "")
    if not title or not rest.strip():
        return "", name
    return ("" if title in ARTICLES else title), rest.strip()


def _find_bare(
    name: str, parts: Mapping[str, tuple[str, str]], together: Collection[frozenset[str]]
) -> str:
    """Return the name without its title, where nobody else has this name with another."""
    title, short = parts[name]
    alike = {other: t for other, (t, s) in parts.items() if s == short}
    titles = set(alike.values()) - {""}
    if len(titles) > 1:  # MR. and MRS. SMITH; SMITH alone may be either
        return f"{title} {short}".strip()
    without = {other for other, t in alike.items() if not t}
    if titles & RELATIVES and any(
        without & scene and (alike.keys() - without) & scene for scene in together
    ):
        return f"{title} {short}".strip()
    return short


def _find_full(short: str, others: Iterable[str]) -> str:
    """Return the only longer name that begins or ends with a short one; else the name itself."""
    if " " in short or len(short) < 3 or short.lower() in ROLES:
        return short
    longer = {
        other
        for other in others
        if " " in other
        and short in (other.split()[0], other.split()[-1])
        # LADY MACBETH was kept apart, and YOUNG WILL is another WILL
        and other.split()[0].lower() not in TITLES.keys() | set(TITLES.values()) | ROLES
    }
    return longer.pop() if len(longer) == 1 else short


def _find_aged(short: str, bare: Mapping[str, str], together: Collection[frozenset[str]]) -> str:
    """Return OLD MAGS for MAGS, where both speak in one scene and there is no other MAGS."""
    longer = [name for name in bare.values() if name.split()[1:] == [short]]
    if short.lower() in ROLES:
        return ""
    if len(set(longer)) != 1 or longer[0].split()[0].lower() not in AGED:
        return ""
    names = {name for name, other in bare.items() if other in (short, longer[0])}
    return longer[0] if any(len(names & scene) > 1 for scene in together) else ""


def _find_look(scenes: Iterable[Scene], names: list[str]) -> str:
    """Return the words with which the action describes a person: "FRANCISCO (40s), a sentinel"."""
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b(?:{_DESCRIBES})")
    for scene in scenes:
        for line in scene.lines:
            found = None if line.speaker else pattern.search(line.text)
            look = ", ".join(filter(None, found.groups())) if found else ""
            # an age alone may be that of one scene, and capitals are the next of a list of people
            if re.search(r"[^\W\d_]{3}", look) and not re.search(r"[A-Z]{2}", look):
                return look[:_LONGEST_LOOK].strip()
    return ""


_DESCRIBES = (
    r"\s*\(([^()]{1,60})\)(?:,\s*((?:an?|the|in|with)\s[^,.;!?]{2,90}))?"
    r"|,\s*((?:an?|the|in|with)\s[^,.;!?]{2,90})"
)


def find_settings(script: Script) -> tuple[Setting, ...]:
    """Return the places of a script, in the order in which they come."""
    found: dict[str, Setting] = {}
    for scene in script.scenes:
        known = found.get(key := scene.place.casefold())
        scenes = (*(known.scenes if known else ()), scene.number)
        found[key] = Setting(name=known.name if known else scene.place, scenes=scenes)
    return tuple(found.values())[:MOST]
